/** What the documents name has to exist. */
import { execFileSync } from 'child_process';
import { existsSync, readFileSync } from 'fs';
import { dirname, join } from 'path';

const ROOT = join(__dirname, '..');
const DOCUMENTS = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'docs/ARCHITECTURE.md', 'docs/PERFORMANCE.md'];
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const PARTS = execFileSync(join(ROOT, 'node_modules', '.bin', 'tsx'), ['tools/test.ts', '--list'], { cwd: ROOT, encoding: 'utf8' })
  .split('\n').map(line => line.trim().split(' ')[0]);
const exists = (path: string) => existsSync(join(ROOT, path));

/** The paths that a text names in code: those in `{a,b}` one by one, and of a pattern with `*` its directory. */
function pathsIn(text: string): string[] {
  return [...text.matchAll(/`((?:src|test|local|tools|integ|examples|docs|projenrc)\/[\w./{},*-]*)`/g)].flatMap(([, path]) => {
    const [, before, names, after] = /^(.*)\{(.*)\}(.*)$/.exec(path) ?? [path, path, '', ''];
    return names.split(',').map(name => before + name + after).map(one => one.includes('*') ? dirname(one) : one);
  });
}

describe.each(DOCUMENTS)('%s', (document) => {
  const text = readFileSync(join(ROOT, document), 'utf8');

  test('names paths that exist', () => {
    expect(pathsIn(text).filter(path => !exists(path))).toEqual([]);
  });

  test('links to files that exist', () => {
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, link]) => join(dirname(document), link));
    expect(links.filter(link => !exists(link))).toEqual([]);
  });

  test('names commands that exist', () => {
    const commands = [...text.matchAll(/\b(?:npm run|npx projen) ([a-z][\w:-]*)/g)].map(([, command]) => command);
    expect(commands.filter(command => !(command in scripts))).toEqual([]);
  });

  test('names parts of npm test that exist', () => {
    const parts = [...text.matchAll(/--only ([\w,-]+)/g)].flatMap(([, names]) => names.split(','));
    expect(parts.filter(part => !PARTS.includes(part))).toEqual([]);
  });
});

test('pathsIn() finds paths in code, with lists and patterns', () => {
  expect(pathsIn('see `src/{a,b}/c.ts`, `test/*.test.ts`, src/d.ts and `docs/e.md`')).toEqual(['src/a/c.ts', 'src/b/c.ts', 'test', 'docs/e.md']);
});
