/**
 * Runs the tests of the registration's handler on a Node.js that Lambda has: the bundle runs on it, and the tests on whatever they are started with.
 *
 *   tsx tools/handler-on-node.ts 22|24 --json FILE
 */
import { spawnSync } from 'child_process';
import { join, resolve } from 'path';
import { nodeBinary } from './nodes';

const ROOT = join(__dirname, '..');
const [, , version, flag, file] = process.argv;
const major = ([22, 24] as const).find(known => String(known) === version);
if (!major || flag !== '--json' || !file) {
  console.error('Usage: tsx tools/handler-on-node.ts 22|24 --json FILE');
  process.exit(2);
}

/** Suites of the construct side, which run no handler, and the repetition of others with another behaviour of the orchestrator. */
const IGNORED_SUITES = ['/node_modules/', 'test/registration/(code|network|alternative)\\.test\\.ts$'];

// Without the report of the project's own reporter: it belongs to the part that runs all tests.
// The tests mostly wait, so more workers than cores help.
const options = ['--ci', '--coverage=false', '--maxWorkers=3', '--reporters=default', '--json', '--outputFile', resolve(file)];
const { status, error } = spawnSync(join(ROOT, 'node_modules', '.bin', 'jest'), [...options, '--testPathIgnorePatterns', ...IGNORED_SUITES, '--', 'test/registration'], {
  cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, HANDLER_NODE: nodeBinary(major), HANDLER_NODE_MAJOR: String(major) },
});
if (error) {
  console.error(error.message);
}
process.exitCode = status ?? 1;
