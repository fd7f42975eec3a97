/** The Node.js versions of the Lambda runtimes, installed from npm into `.local/nodes` at first use and when the lock file changes. */
import { spawnSync } from 'child_process';
import { readFileSync } from 'fs';
import { join } from 'path';
import { installed, PackageTree } from './packages';

const NODES: PackageTree = {
  source: join(__dirname, 'nodes'),
  installMessage: 'Installing Node.js 22 and 24 into .local/nodes (once; about 100 MB)',
  // Each package supports one platform, so all are optional and npm installs only those of this platform.
  options: ['--include=optional'],
};

/** Returns the path of the `node` program of this major version. */
export function nodeBinary(major: 22 | 24): string {
  const name = `node-${major}-${process.platform}-${process.arch}`;
  const { optionalDependencies: known } = JSON.parse(readFileSync(join(NODES.source, 'package.json'), 'utf8'));
  if (!(name in known)) {
    throw new Error(`tools/nodes/package.json has no Node.js ${major} for ${process.platform}-${process.arch}: add it there as "${name}", if npm has one.`);
  }
  const binary = installed(NODES, join('node_modules', name, 'bin', 'node'));
  const { stdout, stderr, error } = spawnSync(binary, ['--version'], { encoding: 'utf8' });
  if (!stdout?.startsWith(`v${major}.`)) {
    throw new Error(`Expected ${binary} --version to print v${major}; it printed: ${(error?.message ?? `${stdout}${stderr}`).trim() || 'nothing'}`);
  }
  return binary;
}
