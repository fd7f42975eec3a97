/**
 * Installs npm packages that do not belong into the project's own node_modules. They go into `.local/` at first use, and again when their lock file
 * changes.
 */
import { spawnSync } from 'child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'fs';
import { basename, join } from 'path';

const LOCAL = join(__dirname, '..', '.local');
const FILES = ['package.json', 'package-lock.json'];

/** A separate directory of packages, with its own lock file. */
export interface PackageTree {
  /** The directory with package.json and package-lock.json. The packages go into `.local/` under the same name. */
  readonly source: string;
  /** Printed before the installation. */
  readonly installMessage: string;
  /** Additional options for `npm ci`. */
  readonly options?: string[];
}

/** The installation directory, which need not exist yet. */
export function treeDirectory(tree: PackageTree): string {
  return join(LOCAL, basename(tree.source));
}

/** Installs the tree unless the path `inside` exists in it and the lock file is unchanged. Returns the full path of `inside`. */
export function installed(tree: PackageTree, inside: string): string {
  if (!isInstalled(tree, inside)) {
    install(tree, inside);
  }
  return join(treeDirectory(tree), inside);
}

function isInstalled(tree: PackageTree, inside: string): boolean {
  const directory = treeDirectory(tree);
  return existsSync(join(directory, inside)) && FILES.every(file =>
    existsSync(join(directory, file)) && readFileSync(join(directory, file)).equals(readFileSync(join(tree.source, file))));
}

function install(tree: PackageTree, inside: string): void {
  console.log(tree.installMessage);
  const directory = treeDirectory(tree);
  // Installs into a temporary directory and renames it, so an interruption or a parallel installation never leaves an incomplete one.
  const fresh = `${directory}.${process.pid}`;
  mkdirSync(fresh, { recursive: true });
  try {
    FILES.forEach(file => cpSync(join(tree.source, file), join(fresh, file)));
    const options = [...tree.options ?? [], '--ignore-scripts', '--no-bin-links', '--no-audit', '--no-fund', '--loglevel=error'];
    const { status, error } = spawnSync('npm', ['ci', '--prefix', fresh, ...options], { cwd: fresh, stdio: ['ignore', 'inherit', 'inherit'] });
    if (status !== 0 || !existsSync(join(fresh, inside))) {
      throw new Error(`npm could not install ${inside}: ${error?.message ?? `its exit code is ${status}`}. Check that this machine can reach an npm registry.`);
    }
    if (!isInstalled(tree, inside)) {
      rmSync(directory, { recursive: true, force: true });
      renameSync(fresh, directory);
    }
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}
