/**
 * Compiles the library and runs the tests of its constructs on the newest CDK. All else runs on the lowest that users may have: the project's own.
 *
 *   tsx tools/newest-cdk.ts [--json FILE]
 */
import { spawnSync } from 'child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { ROOT } from './assembly';
import { check, Check, main } from './checks';
import { newestModules, newestTsconfig, newestVersion } from './newest';

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

interface Results {
  readonly testResults: { readonly name: string; readonly message: string; readonly assertionResults: { readonly fullName: string; readonly status: string }[] }[];
}

/** What the peers' ranges promise has to be what the project is compiled and tested with. */
function floor(): Check {
  const wrong = Object.entries<string>(manifest.peerDependencies).flatMap(([name, range]) => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8'));
    return range === `^${version}` ? [] : [`package.json promises ${name} ${range}; what is installed, and so tested, is ${version}`];
  });
  return check('the project itself has the lowest CDK that it promises', wrong, 'Run `npm ci`, or correct CDK_FLOOR and constructsVersion in .projenrc.ts.');
}

function compiles(): Check {
  const { status, stdout, stderr } = bin('tsc', ['--noEmit', '--incremental', '--tsBuildInfoFile', join(ROOT, '.local', 'newest.tsbuildinfo'), '-p', newestTsconfig()]);
  return check(`library and examples compile with aws-cdk-lib ${newestVersion()}`, status === 0 ? [] : [`${stdout}${stderr}`],
    'Write it so that both compile, or raise CDK_FLOOR and say for what.');
}

/** The suites of the constructs; the handler knows no CDK. */
function suites(): Check[] {
  const directory = mkdtempSync(join(tmpdir(), 'newest-'));
  try {
    const [config, output] = ['config.json', 'results.json'].map(name => join(directory, name));
    writeFileSync(config, JSON.stringify({
      ...manifest.jest,
      rootDir: ROOT,
      testMatch: ['<rootDir>/test/*.test.ts', '<rootDir>/test/{parts,inputs,common}/*.test.ts', '<rootDir>/test/registration/{code,network}.test.ts'],
      // These synthesize in processes of their own with the project's CDK. The static analysis synthesizes the examples with the newest CDK.
      testPathIgnorePatterns: [...manifest.jest.testPathIgnorePatterns, '/test/examples\\.test\\.ts$'],
      moduleNameMapper: { ...manifest.jest.moduleNameMapper, ...newestModules() },
      setupFiles: [join(__dirname, 'newest', 'loaded.ts')],
      collectCoverage: false,
      reporters: ['default'],
    }));
    const { status, stdout, stderr } = bin('jest', ['--ci', '--maxWorkers=2', '--config', config, '--json', '--outputFile', output]);
    if (!existsSync(output)) {
      return [check('the tests run', [`jest ended with ${status} and left no results: ${stdout}${stderr}`], 'Read its output.')];
    }
    const { testResults }: Results = JSON.parse(readFileSync(output, 'utf8'));
    return testResults.flatMap(({ name, message, assertionResults }) => assertionResults.length === 0
      ? [check(`${name} loads`, [message], 'A suite that does not load tests nothing.')]
      : assertionResults.map(({ fullName, status: result }) => check(fullName, result === 'passed' ? [] : [`it is ${result}: ${message}`],
        'It passes on the lowest CDK: find out what the newest does otherwise.')));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function bin(command: string, args: string[]) {
  return spawnSync(join(ROOT, 'node_modules', '.bin', command), args, {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 64_000_000,
    // The CDK's own validation of templates takes seconds for each; the static analysis runs it.
    env: { ...process.env, NEWEST_CDK: newestVersion(), CDK_VALIDATION: 'false' },
  });
}

main(() => [floor(), compiles(), ...suites()]);
