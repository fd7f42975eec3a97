/** The parts of `npm test`: what each checks, its command, and how its results are counted. */
import { readFileSync } from 'fs';
import { join } from 'path';
import type { Count, Part } from './run-parts';

export const ROOT = join(__dirname, '..');
export const RESULTS = join(ROOT, 'test-results');
const TSX = ['tsx', '--tsconfig', 'tsconfig.dev.json'];

/** The file into which a part writes its results. */
export function resultFile(part: string): string {
  return join(RESULTS, `${part}.json`);
}

function read(part: string) {
  return JSON.parse(readFileSync(resultFile(part), 'utf8'));
}

/** Counts Jest's results. */
function jestCount(part: string): () => Count {
  return () => {
    const { numPassedTests, numFailedTests, numPendingTests, numFailedTestSuites } = read(part);
    // A suite that cannot be loaded has no failed tests, so it is counted as a failure here.
    return { passed: numPassedTests, failed: Math.max(numFailedTests, numFailedTestSuites), skipped: numPendingTests };
  };
}

/** Counts a list of checks. */
function checkCount(part: string): () => Count {
  return () => {
    const { checks, skipped = 0 }: { checks: { ok: boolean }[]; skipped?: number } = read(part);
    const passed = checks.filter(({ ok }) => ok).length;
    return { passed, failed: checks.length - passed, skipped };
  };
}

/** A part whose program writes its checks to the file given with `--json`. */
function checksOf(name: string, description: string, cores: number, program: string[], more: Partial<Part> = {}): Part {
  return { name, description, cores, command: [...TSX, ...program, '--json', resultFile(name)], count: checkCount(name), ...more };
}

/** Long parts come first; parts that mostly wait run in parallel with them. `cores` is the measured CPU time divided by the duration. */
export const PARTS: readonly Part[] = [
  checksOf('lifecycle', 'the deployed Lambda when others change or delete its runner', 0.2, ['test/e2e/lifecycle.ts']),
  checksOf('outages', 'the deployed Lambda during outages of the API', 0.1, ['test/e2e/outages.ts']),
  checksOf('bindings', 'the packages of all four languages synthesize the same templates', 1.1, ['test/bindings/index.ts'], { writesLibrary: true }),
  checksOf('ownership', 'deployments in which a rule or registration could be taken for another one', 0.2, ['test/e2e/ownership.ts']),
  checksOf('doctor', '`doctor` finds each fault of a deployed runner, one at a time', 0.15, ['test/e2e/doctor.ts']),
  {
    name: 'unit',
    description: 'constructs, handler and local orchestrator',
    cores: 1.1,
    command: ['jest', '--ci', '--coverage=false', '--maxWorkers=3', '--json', '--outputFile', resultFile('unit')],
    count: jestCount('unit'),
    // Keeps `npm run check` below a minute. A change of the library rarely fails only these suites.
    inCheck: ['--testPathIgnorePatterns', '/node_modules/', 'test/hostile-inputs\\.', 'test/local/', 'test/doctor/', 'test/from-terraform/', 'test/registration/alternative\\.', 'test/bad-input/random\\.', 'test/tools/'],
  },
  checksOf('newest', 'the constructs on the newest CDK', 1.1, ['tools/newest-cdk.ts']),
  checksOf('soak', 'random stack operations with injected faults violate no invariant', 1.2, ['test/soak/index.ts', '--events', '3000', '--seed', '1']),
  checksOf('static-analysis', 'cdk-nag, the CDK, cfn-lint and checkov report no finding without a reason', 1, ['test/static-analysis/index.ts']),
  checksOf('prove', 'least privilege: real calls pass, hostile calls fail, and every condition is needed', 1, ['test/proof/index.ts']),
  ...['24', '22'].map((version): Part => ({
    ...checksOf(`node${version}`, `the handler on Node.js ${version}`, 0.6, ['tools/handler-on-node.ts', version]), count: jestCount(`node${version}`),
  })),
  checksOf('refused-deployments', 'deployments that must fail report the cause and leave nothing behind', 0.35, ['test/e2e/refused-deployments.ts']),
  checksOf('permissions', 'the deployed policies allow the calls of a deployment, and each permission is needed', 0.6, ['test/e2e/permissions.ts']),
  checksOf('undocumented', 'deployments with each behaviour that the AWS documentation leaves open', 0.6, ['test/e2e/undocumented.ts']),
  checksOf('emulator', 'the AWS emulator follows the rules of AWS that this project depends on', 0.3, ['test/emulator/index.ts']),
  checksOf('trial', '`npm run try`, as a user runs it', 0.25, ['local/try/index.ts']),
  checksOf('migration', 'the steps of docs/MIGRATING.md take over a runner of the Terraform module and give it back', 0.3, ['test/e2e/migration/index.ts']),
  checksOf('production', 'the production example is deployed and destroyed', 0.35, ['test/e2e/production.ts']),
  checksOf('api', 'the public API is documented, compatible, and shown in four languages', 1, ['tools/api.ts'], { writesLibrary: true }),
  checksOf('tarball', 'the published package is small, complete and reproducible', 1, ['tools/tarball.ts'], { writesLibrary: true }),
  {
    name: 'lint',
    description: 'the code follows the style rules',
    cores: 1,
    command: [
      'eslint', '--cache', '--cache-location', '.local/eslint-cache', '--cache-strategy', 'content', '--ext', '.ts', '--max-warnings', '0',
      'src', 'test', 'integ', 'local', 'tools', 'examples', '.projenrc.ts',
    ],
    env: { ESLINT_USE_FLAT_CONFIG: 'false' },
    inCheck: [],
  },
  {
    name: 'types',
    description: 'the project and the examples compile',
    cores: 1,
    command: ['tsc', '--noEmit', '--incremental', '--tsBuildInfoFile', '.local/types.tsbuildinfo', '-p', 'tsconfig.dev.json'],
    inCheck: [],
  },
  checksOf('integ', 'the integration test matches its snapshot', 1, ['tools/integ.ts']),
  checksOf('licenses', 'the licenses of all dependencies are known', 0.8, ['tools/licenses.ts', '--check']),
];
