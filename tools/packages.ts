/** Packages that are too special for the project's own node_modules: installed from a lock into `.local/` at first use, and again when it changes. */
import { spawnSync } from 'child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'fs';
import { basename, join } from 'path';

const LOCAL = join(__dirname, '..', '.local');
const FILES = ['package.json', 'package-lock.json'];

/** A tree of packages of its own. */
export interface PackageTree {
  /** The directory of its package.json and package-lock.json; the tree gets the same name in `.local/`. */
  readonly source: string;
  /** What the user reads while it is installed. */
  readonly installMessage: string;
  /** Options for npm beyond the usual. */
  readonly options?: string[];
}

/** Where the tree is installed, whether it is or not. */
export function treeDirectory(tree: PackageTree): string {
  return join(LOCAL, basename(tree.source));
}

/** Installs the tree unless it is there, looking for the given path inside it, and returns that path. */
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
  // Made beside and moved into place, so that an interrupted installation or a second process never leaves half of one.
  const fresh = `${directory}.${process.pid}`;
  mkdirSync(fresh, { recursive: true });
  try {
    FILES.forEach(file => cpSync(join(tree.source, file), join(fresh, file)));
    const options = [...tree.options ?? [], '--ignore-scripts', '--no-bin-links', '--no-audit', '--no-fund', '--loglevel=error'];
    const { status, error } = spawnSync('npm', ['ci', '--prefix', fresh, ...options], { cwd: fresh, stdio: ['ignore', 'inherit', 'inherit'] });
    if (status !== 0 || !existsSync(join(fresh, inside))) {
      throw new Error(`npm could not install ${inside}: ${error?.message ?? `its exit code is ${status}`}. It needs a registry that it can reach.`);
    }
    if (!isInstalled(tree, inside)) {
      rmSync(directory, { recursive: true, force: true });
      renameSync(fresh, directory);
    }
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}
