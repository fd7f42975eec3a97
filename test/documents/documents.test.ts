/** Paths, commands and links in the documents exist. */
import { execFileSync, spawnSync } from 'child_process';
import { existsSync } from 'fs';
import { dirname, join } from 'path';
import { anchorsOf, blocksOf, documents, Link, linksOf, read, ROOT } from './markdown';
import { filesBelow } from '../completeness/sources';

const { scripts } = JSON.parse(read('package.json'));
const PARTS = execFileSync(join(ROOT, 'node_modules', '.bin', 'tsx'), ['tools/test.ts', '--list'], { cwd: ROOT, encoding: 'utf8' })
  .split('\n').map(line => line.trim().split(' ')[0]);
const exists = (path: string) => existsSync(join(ROOT, path));

/** The paths in code spans of a text. `{a,b}` gives several paths; a pattern with `*` gives its directory. */
function pathsIn(text: string): string[] {
  return [...text.matchAll(/`((?:src|test|local|tools|integ|examples|docs|projenrc)\/[\w./{},*-]*)`/g)].flatMap(([, path]) => {
    const [, before, names, after] = /^(.*)\{(.*)\}(.*)$/.exec(path) ?? [path, path, '', ''];
    return names.split(',').map(name => before + name + after).map(one => one.includes('*') ? dirname(one) : one);
  });
}

describe.each(documents().map(document => [document.path, document] as const))('%s', (_, document) => {
  const { text } = document;

  test('names paths that exist', () => {
    expect(pathsIn(text).filter(path => !exists(path))).toEqual([]);
  });

  test('links to files that exist', () => {
    expect(linksOf(document).filter(({ file }) => file !== undefined && !exists(file)).map(({ url }) => url)).toEqual([]);
  });

  test('links to headings that exist', () => {
    const isBroken = ({ file, anchor }: Link) => file !== undefined && anchor !== undefined && exists(file) && !anchorsOf(read(file)).includes(anchor);
    expect(linksOf(document).filter(isBroken).map(({ url }) => url)).toEqual([]);
  });

  test('names commands that exist', () => {
    const commands = [...text.matchAll(/\b(?:npm run|npx projen) ([a-z][\w:-]*)/g)].map(([, command]) => command);
    expect(commands.filter(command => !(command in scripts))).toEqual([]);
  });

  test('names parts of npm test that exist', () => {
    const parts = [...text.matchAll(/--only ([\w,-]+)/g)].flatMap(([, names]) => names.split(','));
    expect(parts.filter(part => !PARTS.includes(part))).toEqual([]);
  });

  test('has commands that a shell can read', () => {
    // A shell would read placeholders such as <version id> as redirections.
    const scriptText = blocksOf(text, 'sh').map(block => block.replace(/<[a-z][\w ]*>/g, 'PLACEHOLDER')).join('\n');
    expect(spawnSync('bash', ['-n'], { input: scriptText, encoding: 'utf8' }).stderr).toBe('');
  });
});

test('README.md uses absolute URLs, because PyPI cannot resolve relative ones', () => {
  const relative = linksOf({ path: 'README.md', text: read('README.md') }).filter(({ url }) => !/^https:/.test(url));
  expect(relative.map(({ url }) => url)).toEqual([]);
});

test('test/documents/links.txt lists all external pages that documents and docstrings link to', () => {
  const inDocuments = documents().flatMap(document => linksOf(document).filter(({ file, url }) => file === undefined && /^https?:/.test(url)).map(({ url }) => url));
  const inDocstrings = filesBelow('src').flatMap(file => [...read(file).matchAll(/@see (https?:\S+)/g)].map(([, url]) => url));
  const pages = [...new Set([...inDocuments, ...inDocstrings].map(url => url.split('#')[0]))].sort();
  // Before you add a new page to the list, check that it exists and supports the text of the link.
  expect(read('test/documents/links.txt').trimEnd().split('\n')).toEqual(pages);
});

test('pathsIn() finds paths in code, with lists and patterns', () => {
  expect(pathsIn('see `src/{a,b}/c.ts`, `test/*.test.ts`, src/d.ts and `docs/e.md`')).toEqual(['src/a/c.ts', 'src/b/c.ts', 'test', 'docs/e.md']);
});

test('anchorsOf() names headings as GitHub does', () => {
  expect(anchorsOf('# Incident response: cutting `a` off\n## Limits\n```\n# no heading\n```\n## Limits\n')).toEqual(['incident-response-cutting-a-off', 'limits', 'limits-1']);
});
