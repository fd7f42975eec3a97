/**
 * Runs the handler's tests with the bundle on a Node.js version of Lambda. Jest itself keeps running on the current Node.js.
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

/** Suites that do not run the handler, and the suite that repeats others with another orchestrator behaviour. */
const IGNORED_SUITES = ['/node_modules/', 'test/registration/(code|network|alternative)\\.test\\.ts$'];

// The project's own Jest reporter is off, because its report belongs to the part that runs all tests.
// The tests mostly wait, so more workers than cores make them faster.
const options = ['--ci', '--coverage=false', '--maxWorkers=3', '--reporters=default', '--json', '--outputFile', resolve(file)];
const { status, error } = spawnSync(join(ROOT, 'node_modules', '.bin', 'jest'), [...options, '--testPathIgnorePatterns', ...IGNORED_SUITES, '--', 'test/registration'], {
  cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, HANDLER_NODE: nodeBinary(major), HANDLER_NODE_MAJOR: String(major) },
});
if (error) {
  console.error(error.message);
}
process.exitCode = status ?? 1;
