/** Checks the statements of SECURITY.md that a program can verify. */
import { readdirSync, readFileSync } from 'fs';
import { join } from 'path';
import * as ts from 'typescript';
import { comparisons } from './proof/reference';

const ROOT = join(__dirname, '..');
const text = readFileSync(join(ROOT, 'SECURITY.md'), 'utf8');

const named = [...text.matchAll(/`(test\/[^`]+\.test\.ts)`:\s+"([^"]+)"/g)].map(([, file, test]) => [file, test.replace(/\s+/g, ' ')]);

/** Whether a file has a test of exactly this name. `…` in either name matches any value of a table of tests. */
function hasTest(file: string, name: string): boolean {
  const titles: string[] = [];
  const literals: string[] = [];
  const visit = (node: ts.Node) => {
    if (ts.isCallExpression(node) && /^(?:test|describe|it)\b/.test(node.expression.getText()) && node.arguments[0] && ts.isStringLiteralLike(node.arguments[0])) {
      titles.push(node.arguments[0].text);
    } else if (ts.isStringLiteralLike(node)) {
      literals.push(node.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, readFileSync(join(ROOT, file), 'utf8'), ts.ScriptTarget.Latest, true));
  return titles.some((title) => {
    const [before, after] = title.split('%s');
    return title.replace('%s', '…') === name || after !== undefined && name.startsWith(before) && name.endsWith(after)
      && literals.includes(name.slice(before.length, name.length - after.length));
  });
}

test('SECURITY.md names the tests of its claims', () => {
  expect(named.length).toBeGreaterThan(12);
});

test.each(named)('%s has the test "%s"', (file, name) => {
  expect(hasTest(file, name)).toBe(true);
});

test('SECURITY.md explains every statement of the roles', () => {
  const sources = ['parts', 'inputs', 'registration'].flatMap(folder => readdirSync(join(ROOT, 'src', folder)).filter(file => file.endsWith('.ts'))
    .map(file => readFileSync(join(ROOT, 'src', folder, file), 'utf8'))).join('\n');
  const sids = [...sources.matchAll(/sid: '(\w+)'|'(ReadApiToken\w+)'|'[a-z]+:\w+': '([A-Z]\w+)'/g)].flatMap(match => match.slice(1).filter(Boolean));
  expect(sids.length).toBeGreaterThan(18);
  for (const sid of sids.filter(each => each !== 'Decrypt')) expect(text).toContain(`\`${sid}\``);
});

test('the comparison with the reference module equals the result of npm run prove', () => {
  const rows = [...text.matchAll(/^\| (?:hosted|self-hosted)[^|]*\| (\d+) of (\d+) \| (\d+) \| (\d+) of (\d+) \| (\d+) \|$/gm)].map(([, ...numbers]) => numbers.map(Number));
  expect(rows).toEqual(comparisons().map(({ real, hostile, denied, allowed }) =>
    [denied.theirs.length, real, denied.ours.length, allowed.theirs.length, hostile, allowed.ours.length]));
});
