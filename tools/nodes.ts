/** Node.js as the Lambda runtimes have it: installed from npm into `.local/nodes` at first use, and again when the lock changes. */
import { spawnSync } from 'child_process';
import { readFileSync } from 'fs';
import { join } from 'path';
import { installed, PackageTree } from './packages';

const NODES: PackageTree = {
  source: join(__dirname, 'nodes'),
  installMessage: 'Installing Node.js 22 and 24 into .local/nodes (once; about 100 MB)',
  // All packages are optional, since each is for one platform: npm leaves out those of others.
  options: ['--include=optional'],
};

/** Returns the path of a Node.js of this major version. */
export function nodeBinary(major: 22 | 24): string {
  const name = `node-${major}-${process.platform}-${process.arch}`;
  const { optionalDependencies: known } = JSON.parse(readFileSync(join(NODES.source, 'package.json'), 'utf8'));
  if (!(name in known)) {
    throw new Error(`tools/nodes/package.json has no Node.js ${major} for ${process.platform}-${process.arch}: add it there as "${name}", if npm has one.`);
  }
  const binary = installed(NODES, join('node_modules', name, 'bin', 'node'));
  const { stdout, stderr, error } = spawnSync(binary, ['--version'], { encoding: 'utf8' });
  if (!stdout?.startsWith(`v${major}.`)) {
    throw new Error(`${binary} --version should say v${major}, but: ${(error?.message ?? `${stdout}${stderr}`).trim() || 'nothing'}`);
  }
  return binary;
}
