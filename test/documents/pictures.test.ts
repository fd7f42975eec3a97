/** The pictures of the documents match their sources. */
import { existsSync, readFileSync } from 'fs';
import { basename, relative } from 'path';
import { documents, linksOf, ROOT } from './markdown';
import { draw, pictures } from '../../tools/pictures';

test.each(pictures().map(({ file, content }) => [relative(ROOT, file), content]))('%s is up to date (`npx projen pictures` redraws it)', (file, content) => {
  expect(existsSync(file) ? readFileSync(file, 'utf8') : '').toBe(content);
});

test('the documents show all pictures', () => {
  const shown = documents().flatMap(linksOf).map(({ file }) => file);
  expect(pictures().map(({ file }) => relative(ROOT, file)).filter(file => !shown.includes(file))).toEqual([]);
});

test('each document has an alternative text for its pictures', () => {
  const alternatives = documents().flatMap(({ path, text }) => [...text.matchAll(/!\[([^\]]*)\]\(([^)]+)\)/g)].map(([, alternative, url]) => ({ path, alternative, name: basename(url) })));
  expect(alternatives.length).toBeGreaterThan(1);
  expect(alternatives.filter(({ alternative }) => alternative.length < 20)).toEqual([]);
});

test('draw() rejects a call of an unknown actor and an unknown line', () => {
  expect(() => draw('actor a A\na -> b x')).toThrow('Define it above with "actor b NAME".');
  expect(() => draw('note a')).toThrow('Expected title, actor, group, end, section or a call; found "note a".');
});
