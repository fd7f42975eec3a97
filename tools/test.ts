/** `npm test`: all tests of the library, with one count of their results at the end. `--help` lists the options. */
import { mkdirSync, readFileSync, rmSync } from 'fs';
import { join } from 'path';
import { parseArgs } from 'util';
import { Count, Part, PartRunner } from './run-parts';

const ROOT = join(__dirname, '..');
const RESULTS = join(ROOT, 'test-results');
const TSX = ['tsx', '--tsconfig', 'tsconfig.dev.json'];

/** Parts that take long or mostly wait come first: the others run beside them. */
const PARTS: Part[] = [
  {
    name: 'lifecycle',
    cores: 0.3,
    says: 'the deployed Lambda on bad days',
    command: [...TSX, 'test/e2e/lifecycle.ts', '--json', result('lifecycle')],
    count: checks('lifecycle'),
  },
  {
    name: 'bindings',
    cores: 1.7,
    says: 'the packages of all four languages give one template',
    command: [...TSX, 'test/bindings/index.ts', '--json', result('bindings')],
    writesLibrary: true,
    count: checks('bindings'),
  },
  {
    name: 'soak',
    cores: 0.4,
    says: 'random stack operations with injected faults violate no invariant',
    command: [...TSX, 'test/soak/index.ts', '--events', '3000', '--seed', '1', '--json', result('soak')],
    count: checks('soak'),
  },
  {
    name: 'unit',
    cores: 1.3,
    says: 'construct, handler and local orchestrator',
    command: ['jest', '--ci', '--coverage=false', '--maxWorkers=2', '--json', '--outputFile', result('unit')],
    count: jest('unit'),
  },
  { name: 'node24', cores: 0.6, says: 'the handler on Node.js 24', command: [...TSX, 'tools/handler-on-node.ts', '24', '--json', result('node24')], count: jest('node24') },
  { name: 'node22', cores: 0.6, says: 'the handler on Node.js 22', command: [...TSX, 'tools/handler-on-node.ts', '22', '--json', result('node22')], count: jest('node22') },
  { name: 'failures', cores: 0.3, says: 'deployments that have to fail', command: [...TSX, 'test/e2e/failures.ts', '--json', result('failures')], count: checks('failures') },
  {
    name: 'judges',
    cores: 1,
    says: 'cdk-nag, the CDK, cfn-lint and checkov find nothing unexplained',
    command: [...TSX, 'test/judges/index.ts', '--json', result('judges')],
    count: checks('judges'),
  },
  { name: 'newest', cores: 1.2, says: 'the constructs on the newest CDK', command: [...TSX, 'tools/newest-cdk.ts', '--json', result('newest')], count: checks('newest') },
  {
    name: 'permissions',
    cores: 0.5,
    says: 'the deployed policies: the requests of the proof, and each permission is needed',
    command: [...TSX, 'test/e2e/permissions.ts', '--json', result('permissions')],
    count: checks('permissions'),
  },
  {
    name: 'undocumented',
    cores: 0.5,
    says: 'deployments with each behaviour that the AWS documentation leaves open',
    command: [...TSX, 'test/e2e/undocumented.ts', '--json', result('undocumented')],
    count: checks('undocumented'),
  },
  {
    name: 'emulator',
    cores: 0.4,
    says: 'the AWS emulator follows the rules of AWS that this project depends on',
    command: [...TSX, 'test/emulator/index.ts', '--json', result('emulator')],
    count: checks('emulator'),
  },
  { name: 'trial', cores: 0.5, says: '`npm run try`, as a user runs it', command: [...TSX, 'local/try/index.ts', '--json', result('trial')], count: checks('trial') },
  {
    name: 'production',
    cores: 0.5,
    says: 'the production example, deployed and destroyed',
    command: [...TSX, 'test/e2e/production.ts', '--json', result('production')],
    count: checks('production'),
  },
  {
    name: 'prove',
    cores: 1,
    says: 'least privilege: real calls pass, hostile ones fail, every condition counts',
    command: [...TSX, 'test/proof/index.ts', '--json', result('prove')],
    count: checks('prove'),
  },
  {
    name: 'api',
    cores: 1,
    says: 'what is public is documented, compatible, and shown in four languages',
    command: [...TSX, 'tools/api.ts', '--json', result('api')],
    writesLibrary: true,
    count: checks('api'),
  },
  {
    name: 'tarball',
    cores: 1,
    says: 'what is published is small, alone, reproducible, and works',
    command: [...TSX, 'tools/tarball.ts', '--json', result('tarball')],
    writesLibrary: true,
    count: checks('tarball'),
  },
  {
    name: 'lint',
    cores: 1,
    says: 'the code keeps to its style',
    command: ['eslint', '--ext', '.ts', '--max-warnings', '0', 'src', 'test', 'integ', 'local', 'tools', 'examples', '.projenrc.ts'],
    env: { ESLINT_USE_FLAT_CONFIG: 'false' },
  },
  { name: 'types', cores: 1, says: 'the whole project compiles, and so do the examples', command: ['tsc', '--noEmit', '-p', 'tsconfig.dev.json'] },
  { name: 'integ', cores: 1, says: 'the integration tests still give their snapshots', command: [...TSX, 'tools/integ.ts', '--json', result('integ')], count: checks('integ') },
  {
    name: 'licenses',
    cores: 0.8,
    says: 'what makes the library has licenses that we know, and does not ship',
    command: [...TSX, 'tools/licenses.ts', '--check', '--json', result('licenses')],
    count: checks('licenses'),
  },
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

const HELP = `Runs the tests of the library, several parts side by side.

  npm test                       all parts
  npm test -- --only unit,prove  some parts; a single one shows its output while it runs
  npm test -- --list             the parts
`;

function partsOf(only: string[] | undefined): Part[] {
  const unknown = only?.find(name => !PARTS.some(part => part.name === name));
  if (unknown !== undefined) {
    throw new Error(`There is no part "${unknown}": choose from ${PARTS.map(part => part.name).join(', ')}.`);
  }
  return PARTS.filter(part => only?.includes(part.name) ?? true);
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { only: { type: 'string', multiple: true }, list: { type: 'boolean' }, help: { type: 'boolean' } } });
  if (values.help || values.list) {
    console.log(values.help ? HELP : PARTS.map(part => `${part.name.padEnd(12)} ${part.says}`).join('\n'));
    return 0;
  }
  const parts = partsOf(values.only?.flatMap(names => names.split(',')));
  rmSync(RESULTS, { recursive: true, force: true });
  mkdirSync(RESULTS, { recursive: true });
  const counts = await new PartRunner(ROOT, RESULTS, result).run(parts);
  const sum = (of: (count: Count) => number) => counts.reduce((total, count) => total + of(count), 0);
  const total = { passed: sum(c => c.passed), failed: sum(c => c.failed), skipped: sum(c => c.skipped) };

  console.log('');
  parts.forEach((part, i) => console.log(`${part.name.padEnd(12)} ${String(counts[i].passed).padStart(4)} passed ${String(counts[i].failed).padStart(4)} failed`));
  console.log(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`);
  return total.failed > 0 ? 1 : 0;
}

main().then((code) => { process.exitCode = code; }, (error: Error) => {
  console.error(error.message);
  process.exitCode = 2;
});
