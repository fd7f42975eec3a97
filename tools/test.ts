/**
 * `npm test`: everything that proves the library, with one count of all results at the end.
 *
 *   npm test                all of it
 *   npm test -- --only X    one part, by its name in the list below
 */
import { spawnSync } from 'child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'fs';
import { join } from 'path';

const ROOT = join(__dirname, '..');
const RESULTS = join(ROOT, 'test-results');
const TSX = ['tsx', '--tsconfig', 'tsconfig.dev.json'];

interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** A part of the tests: a command, and how its results are counted. */
interface Part {
  readonly name: string;
  readonly says: string;
  readonly command: string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Reads the results that the command left; without it the part is one test, which its exit code decides. */
  readonly count?: () => Count;
}

const PARTS: Part[] = [
  { name: 'types', says: 'the whole project compiles, and so do the examples', command: ['tsc', '--noEmit', '-p', 'tsconfig.dev.json'] },
  {
    name: 'api',
    says: 'what is public is documented, compatible, and shown in four languages',
    command: [...TSX, 'tools/api.ts', '--json', result('api')],
    count: checks('api'),
  },
  {
    name: 'tarball',
    says: 'what is published is small, alone, reproducible, and works',
    command: [...TSX, 'tools/tarball.ts', '--json', result('tarball')],
    count: checks('tarball'),
  },
  {
    name: 'licenses',
    says: 'what makes the library has licenses that we know, and does not ship',
    command: [...TSX, 'tools/licenses.ts', '--check', '--json', result('licenses')],
    count: checks('licenses'),
  },
  {
    name: 'lint',
    says: 'the code keeps to its style',
    command: ['eslint', '--ext', '.ts', '--max-warnings', '0', 'src', 'test', 'integ', 'local', 'tools', 'examples', '.projenrc.ts'],
    env: { ESLINT_USE_FLAT_CONFIG: 'false' },
  },
  {
    name: 'unit',
    says: 'construct, handler and local orchestrator',
    command: ['jest', '--ci', '--coverage=false', '--json', '--outputFile', result('unit')],
    count: jest('unit'),
  },
  { name: 'node22', says: 'the handler on Node.js 22', command: [...TSX, 'tools/handler-on-node.ts', '22', '--json', result('node22')], count: jest('node22') },
  { name: 'node24', says: 'the handler on Node.js 24', command: [...TSX, 'tools/handler-on-node.ts', '24', '--json', result('node24')], count: jest('node24') },
  {
    name: 'soak',
    says: 'random histories of stacks in bad weather break no law',
    command: [...TSX, 'test/soak/index.ts', '--events', '3000', '--seed', '1', '--json', result('soak')],
    count: checks('soak'),
  },
  {
    name: 'prove',
    says: 'least privilege: real calls pass, hostile ones fail, every condition counts',
    command: [...TSX, 'test/proof/index.ts', '--json', result('prove')],
    count: checks('prove'),
  },
  {
    name: 'judges',
    says: 'cdk-nag, the CDK, cfn-lint and checkov find nothing unexplained',
    command: [...TSX, 'test/judges/index.ts', '--json', result('judges')],
    count: checks('judges'),
  },
  { name: 'newest', says: 'the constructs on the newest CDK', command: [...TSX, 'tools/newest-cdk.ts', '--json', result('newest')], count: checks('newest') },
  {
    name: 'bindings',
    says: 'the packages of all four languages give one template',
    command: [...TSX, 'test/bindings/index.ts', '--json', result('bindings')],
    count: checks('bindings'),
  },
  { name: 'integ', says: 'the integration tests still give their snapshots', command: [...TSX, 'tools/integ.ts', '--json', result('integ')], count: checks('integ') },
  { name: 'trial', says: '`npm run try`, as a user runs it', command: [...TSX, 'local/try/index.ts', '--json', result('trial')], count: checks('trial') },
  {
    name: 'production',
    says: 'the production example, deployed and destroyed',
    command: [...TSX, 'test/e2e/production.ts', '--json', result('production')],
    count: checks('production'),
  },
  {
    name: 'permissions',
    says: 'the deployed policies: the requests of the proof, and each permission is needed',
    command: [...TSX, 'test/e2e/permissions.ts', '--json', result('permissions')],
    count: checks('permissions'),
  },
  {
    name: 'lifecycle',
    says: 'the deployed Lambda on bad days',
    command: [...TSX, 'test/e2e/lifecycle.ts', '--json', result('lifecycle')],
    count: checks('lifecycle'),
  },
  { name: 'failures', says: 'deployments that have to fail', command: [...TSX, 'test/e2e/failures.ts', '--json', result('failures')], count: checks('failures') },
];

function result(part: string): string {
  return join(RESULTS, `${part}.json`);
}

function read(part: string) {
  return JSON.parse(readFileSync(result(part), 'utf8'));
}

/** Counts what Jest reports. */
function jest(part: string): () => Count {
  return () => {
    const { numPassedTests, numFailedTests, numPendingTests, numFailedTestSuites } = read(part);
    // A suite that does not even load has no tests that could fail.
    return { passed: numPassedTests, failed: Math.max(numFailedTests, numFailedTestSuites), skipped: numPendingTests };
  };
}

/** Counts a list of `{ name, ok }`. */
function checks(part: string): () => Count {
  return () => {
    const { checks: list, skipped = 0 }: { checks: { ok: boolean }[]; skipped?: number } = read(part);
    const passed = list.filter(check => check.ok).length;
    return { passed, failed: list.length - passed, skipped };
  };
}

function run(part: Part): Count {
  console.log(`\n== ${part.name}: ${part.says}`);
  const started = Date.now();
  const [command, ...args] = part.command;
  const { status, error } = spawnSync(join(ROOT, 'node_modules', '.bin', command), args, {
    cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, ...part.env },
  });
  if (error) {
    console.error(error.message);
  }
  let count: Count = { passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1, skipped: 0 };
  if (part.count) {
    // No results means that the command broke before it could fail a test; a bad exit code without a failed test likewise.
    const counted = existsSync(result(part.name)) ? part.count() : { passed: 0, failed: 1, skipped: 0 };
    count = status !== 0 && counted.failed === 0 ? { ...counted, failed: 1 } : counted;
    if (count.passed + count.failed === 0) {
      count = { ...count, failed: 1 };
    }
  }
  console.log(`== ${part.name}: ${count.passed} passed, ${count.failed} failed, ${Math.round((Date.now() - started) / 1000)} s`);
  return count;
}

const only = process.argv.indexOf('--only') > 0 ? process.argv[process.argv.indexOf('--only') + 1] : undefined;
const parts = PARTS.filter(part => only === undefined || part.name === only);
if (parts.length === 0) {
  console.error(`There is no part "${only}": choose one of ${PARTS.map(part => part.name).join(', ')}.`);
  process.exit(2);
}

rmSync(RESULTS, { recursive: true, force: true });
mkdirSync(RESULTS, { recursive: true });
const counts = parts.map(run);
const sum = (of: (count: Count) => number) => counts.reduce((total, count) => total + of(count), 0);
const total = { passed: sum(c => c.passed), failed: sum(c => c.failed), skipped: sum(c => c.skipped) };

console.log('');
parts.forEach((part, i) => console.log(`${part.name.padEnd(12)} ${String(counts[i].passed).padStart(4)} passed ${String(counts[i].failed).padStart(4)} failed`));
console.log(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`);
process.exitCode = total.failed > 0 ? 1 : 0;
