/** Node.js as the Lambda runtimes have it: installed from npm into `.local/nodes` at first use, and again when the lock changes. */
import { spawnSync } from 'child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'fs';
import { join } from 'path';

const SOURCE = join(__dirname, 'nodes');
const INSTALLED = join(__dirname, '..', '.local', 'nodes');
const FILES = ['package.json', 'package-lock.json'];

/** Returns the path of a Node.js of this major version. */
export function nodeBinary(major: 22 | 24): string {
  const name = `node-${major}-${process.platform}-${process.arch}`;
  const { optionalDependencies: known } = JSON.parse(readFileSync(join(SOURCE, 'package.json'), 'utf8'));
  if (!(name in known)) {
    throw new Error(`tools/nodes/package.json has no Node.js ${major} for ${process.platform}-${process.arch}: add it there as "${name}", if npm has one.`);
  }
  const inside = join('node_modules', name, 'bin', 'node');
  if (!isInstalled(inside)) {
    install(inside);
  }
  const binary = join(INSTALLED, inside);
  const { stdout, stderr, error } = spawnSync(binary, ['--version'], { encoding: 'utf8' });
  if (!stdout?.startsWith(`v${major}.`)) {
    throw new Error(`${binary} --version should say v${major}, but: ${(error?.message ?? `${stdout}${stderr}`).trim() || 'nothing'}`);
  }
  return binary;
}

function isInstalled(inside: string): boolean {
  return existsSync(join(INSTALLED, inside)) && FILES.every(file =>
    existsSync(join(INSTALLED, file)) && readFileSync(join(INSTALLED, file)).equals(readFileSync(join(SOURCE, file))));
}

function install(inside: string): void {
  console.log('Installing Node.js 22 and 24 into .local/nodes (once; about 100 MB)');
  // Made beside and moved into place, so that an interrupted installation or a second process never leaves half of one.
  const fresh = `${INSTALLED}.${process.pid}`;
  mkdirSync(fresh, { recursive: true });
  try {
    FILES.forEach(file => cpSync(join(SOURCE, file), join(fresh, file)));
    // All packages are optional, since each is for one platform: npm leaves out those of others.
    const options = ['--include=optional', '--ignore-scripts', '--no-bin-links', '--no-audit', '--no-fund', '--loglevel=error'];
    const { status, error } = spawnSync('npm', ['ci', '--prefix', fresh, ...options], { cwd: fresh, stdio: ['ignore', 'inherit', 'inherit'] });
    if (status !== 0 || !existsSync(join(fresh, inside))) {
      throw new Error(`npm could not install ${inside}: ${error?.message ?? `its exit code is ${status}`}. It needs a registry that it can reach.`);
    }
    if (!isInstalled(inside)) {
      rmSync(INSTALLED, { recursive: true, force: true });
      renameSync(fresh, INSTALLED);
    }
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}
