/**
 * Compiles the library and runs the construct tests with the newest CDK. All other tests use the lowest supported version.
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

/** The lowest version of each peer dependency must be the installed version, which is compiled and tested. */
function lowestVersions(): Check {
  const wrong = Object.entries<string>(manifest.peerDependencies).flatMap(([name, range]) => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8'));
    return range === `^${version}` ? [] : [`package.json supports ${name} ${range}; installed and tested is ${version}`];
  });
  return check('the lowest supported CDK version is installed', wrong, 'Run `npm ci`, or correct CDK_FLOOR and constructsVersion in .projenrc.ts.');
}

function compiles(): Check {
  const { status, stdout, stderr } = bin('tsc', ['--noEmit', '--incremental', '--tsBuildInfoFile', join(ROOT, '.local', 'newest.tsbuildinfo'), '-p', newestTsconfig()]);
  return check(`library and examples compile with aws-cdk-lib ${newestVersion()}`, status === 0 ? [] : [`${stdout}${stderr}`],
    'Write code that compiles with both versions, or raise CDK_FLOOR in .projenrc.ts and give the reason there.');
}

/** The construct test suites. The handler's suites do not use the CDK. */
function suites(): Check[] {
  const directory = mkdtempSync(join(tmpdir(), 'newest-'));
  try {
    const [config, output] = ['config.json', 'results.json'].map(name => join(directory, name));
    writeFileSync(config, JSON.stringify({
      ...manifest.jest,
      rootDir: ROOT,
      testMatch: ['<rootDir>/test/*.test.ts', '<rootDir>/test/{parts,inputs,common}/*.test.ts', '<rootDir>/test/registration/{code,network}.test.ts'],
      // This suite starts processes that use the lowest CDK version. The static analysis synthesizes the examples with the newest one.
      testPathIgnorePatterns: [...manifest.jest.testPathIgnorePatterns, '/test/examples\\.test\\.ts$'],
      moduleNameMapper: { ...manifest.jest.moduleNameMapper, ...newestModules() },
      setupFiles: [join(__dirname, 'newest', 'loaded.ts')],
      collectCoverage: false,
      reporters: ['default'],
    }));
    const { status, stdout, stderr } = bin('jest', ['--ci', '--maxWorkers=2', '--config', config, '--json', '--outputFile', output]);
    if (!existsSync(output)) {
      return [check('Jest writes its results', [`Jest ended with exit code ${status} and wrote no results: ${stdout}${stderr}`], 'Read its output.')];
    }
    const { testResults }: Results = JSON.parse(readFileSync(output, 'utf8'));
    return testResults.flatMap(({ name, message, assertionResults }) => assertionResults.length === 0
      ? [check(`${name} loads`, [message], 'Fix the error; none of its tests ran.')]
      : assertionResults.map(({ fullName, status: result }) => check(fullName, result === 'passed' ? [] : [`its status is ${result}: ${message}`],
        'If it passes with `npm test -- --only unit`, find the difference between the two CDK versions.')));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function bin(command: string, args: string[]) {
  return spawnSync(join(ROOT, 'node_modules', '.bin', command), args, {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 64_000_000,
    // The CDK's own template validation takes seconds per template. The static analysis runs it.
    env: { ...process.env, NEWEST_CDK: newestVersion(), CDK_VALIDATION: 'false' },
  });
}

main(() => [lowestVersions(), compiles(), ...suites()]);
