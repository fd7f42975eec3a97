/**
 * `npm run package`: builds the packages of all four languages in `dist/`. Publishes nothing.
 *
 *   npm run package                             all languages
 *   npm run package -- --target js --target go  some languages: js, python, java, go
 */
import { spawnSync } from 'child_process';
import { existsSync, readdirSync, rmSync, statSync } from 'fs';
import { join, relative } from 'path';
import { parseArgs } from 'util';
import { compile, runWith } from './assembly';
import { check, Check } from './checks';
import { Language, MAVEN_REPOSITORY, missing, ROOT, toolEnvironment } from './toolchains';

type Target = 'js' | Language;

export const DIST = join(ROOT, 'dist');
/** Size limits of the npm tarball, in bytes. The packages of the other languages include the tarball. */
const MAX_PACKED = 300_000;
const MAX_UNPACKED = 1_000_000;

/** The files that each language must have. */
const ARTIFACTS: Record<Target, { what: string; file: RegExp }[]> = {
  js: [{ what: 'npm tarball', file: /^js\/.*\.jsii\.tgz$/ }],
  python: [{ what: 'Python wheel', file: /^python\/.*\.whl$/ }, { what: 'Python sdist', file: /^python\/.*\.tar\.gz$/ }],
  java: [
    { what: 'Maven artifact', file: /^java\/.*\d\.jar$/ },
    { what: 'Maven POM', file: /^java\/.*\.pom$/ },
    { what: 'Java sources', file: /^java\/.*-sources\.jar$/ },
    { what: 'Javadoc', file: /^java\/.*-javadoc\.jar$/ },
  ],
  go: [{ what: 'Go module', file: /^go\/[^/]+\/go\.mod$/ }],
};
const TARGETS = Object.keys(ARTIFACTS) as Target[];

/** Compiles the library if necessary and builds the packages. `env` is added to the environment of jsii-pacmak. */
export function makePackages(targets: Target[], env: NodeJS.ProcessEnv = {}): void {
  const run = (command: string, ...args: string[]) =>
    // The build tools of the wheel run only once, so Python does not need to compile all their modules.
    runWith({ ...toolEnvironment(), PIP_CONSTRAINT: join(__dirname, 'package', 'constraints.txt'), PIP_COMPILE: '0', ...env }, command, ...args);
  run('tsx', 'tools/bundle.ts');
  compile();
  targets.forEach(target => rmSync(join(DIST, target), { recursive: true, force: true }));
  // One process builds all languages in parallel, because the builds mostly wait for package registries.
  run('jsii-pacmak', ...targets.flatMap(target => ['--target', target]), '--outdir', DIST, '--npmignore=false', '--maven-local-repository', MAVEN_REPOSITORY);
}

/** The artifacts, as paths in `dist/`. */
function artifacts(directory = DIST): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap(entry =>
    entry.isDirectory() ? artifacts(join(directory, entry.name)) : [relative(DIST, join(directory, entry.name))]);
}

/** The path of an artifact of `dist/`. */
export function artifact(what: string): string {
  const { file } = Object.values(ARTIFACTS).flat().find(known => known.what === what)!;
  const found = artifacts().find(path => file.test(path));
  if (!found) {
    throw new Error(`dist/ has no ${what} (expected a file like ${file}): run \`npm run package\` and read its output.`);
  }
  return join(DIST, found);
}

/** Prints the packages and checks that each exists and that the npm tarball is small enough. */
export function checkPackages(targets: Target[]): Check[] {
  const files = existsSync(DIST) ? artifacts() : [];
  console.log('');
  const checks: Check[] = targets.flatMap(target => ARTIFACTS[target].map(({ what, file }) => {
    const found = files.filter(path => file.test(path));
    found.forEach(path => console.log(`${what.padEnd(15)} ${String(sizeOf(target, path)).padStart(8)} bytes  dist/${target === 'go' ? join(path, '..') : path}`));
    return check(`package: ${what}`, found.length === 1 ? [] : [`expected one ${what}, a file like ${file}; found ${found.length}: ${found.join(', ')}`]);
  }));
  if (targets.includes('js') && checks[0].ok) {
    const { size, unpackedSize } = tarball(artifact('npm tarball'));
    console.log(`\nnpm tarball: ${size} bytes packed (at most ${MAX_PACKED}), ${unpackedSize} bytes unpacked (at most ${MAX_UNPACKED})`);
    const fix = 'List the files with `tar tvf`, and exclude files that users do not need with `npmignore` in .projenrc.ts.';
    checks.push(
      check('package: size of the npm tarball', size <= MAX_PACKED ? [] : [`expected at most ${MAX_PACKED} bytes packed; got ${size}.`], fix),
      check('package: unpacked size of the npm tarball', unpackedSize <= MAX_UNPACKED ? [] : [`expected at most ${MAX_UNPACKED} bytes unpacked; got ${unpackedSize}.`], fix),
    );
  }
  return checks;
}

function sizeOf(target: Target, path: string): number {
  const inside = target === 'go' ? artifacts(join(DIST, path, '..')) : [path];
  return inside.reduce((sum, file) => sum + statSync(join(DIST, file)).size, 0);
}

/** The packed and unpacked size, as npm counts them. */
function tarball(path: string): { size: number; unpackedSize: number } {
  const { stdout, stderr } = spawnSync('npm', ['pack', path, '--dry-run', '--json', '--ignore-scripts'], { cwd: DIST, encoding: 'utf8', env: toolEnvironment() });
  try {
    return JSON.parse(stdout)[0];
  } catch {
    throw new Error(`npm pack did not print the sizes of ${path}. It printed: ${stdout}${stderr}`);
  }
}

function main(): number {
  const { values: { target = TARGETS } } = parseArgs({ options: { target: { type: 'string', multiple: true } } });
  const targets = TARGETS.filter(known => target.includes(known));
  const unknown = target.filter(name => !TARGETS.includes(name as Target));
  if (unknown.length > 0) {
    console.error(`There is no target "${unknown[0]}": choose from ${TARGETS.join(', ')}.`);
    return 2;
  }
  const lacks = targets.flatMap(name => name === 'js' ? [] : missing(name) ?? []);
  if (lacks.length > 0) {
    console.error([...lacks, 'To build other languages only, name them: npm run package -- --target js'].join('\n'));
    return 1;
  }
  const began = Date.now();
  makePackages(targets);
  const failed = checkPackages(targets).filter(({ ok }) => !ok);
  failed.forEach(({ name, problem }) => console.error(`${name}: ${problem}`));
  console.log(`\n${targets.length} languages packaged in ${Math.round((Date.now() - began) / 1000)} s`);
  return failed.length > 0 ? 1 : 0;
}

if (require.main === module) {
  try {
    process.exitCode = main();
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
}
