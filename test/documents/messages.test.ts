/** The documents quote the library's messages correctly and explain all of them. */
import { documents, prose, read, rowsOf, tablesOf } from './markdown';
import { isSaid, SourceText, textsBelow } from './source-texts';
import { CHECKS } from '../../src/doctor/checks';
import { FAILURE_CLASSES, SLOW_START } from '../../src/monitoring/failure-classes';
import { filesBelow } from '../completeness/sources';
import { SAMPLE_FAILURES } from '../monitoring/sample-events';

const TEXTS = textsBelow('src');
const TROUBLESHOOTING = read('docs/TROUBLESHOOTING.md');
const MESSAGES = rowsOf(TROUBLESHOOTING, 'message').flatMap(([cell]) => codeIn(cell));

/** AWS messages in the documents. Sources: https://github.com/aws-actions/configure-aws-credentials/issues, and the AWS pages that the documents link to. */
const OF_AWS = [
  'No OpenIDConnect provider found in your account',
  'Not authorized to perform sts:AssumeRoleWithWebIdentity',
  'Couldn\'t retrieve verification key from your identity provider',
];
const OF_ECS = JSON.stringify(SAMPLE_FAILURES);

function codeIn(text: string): string[] {
  return [...text.matchAll(/`([^`\n]+)`/g)].map(([, code]) => code);
}

/** Whether a code span is a sentence or part of one, not a command, path or expression. */
function isSentence(code: string): boolean {
  return /^[\p{L}…'-]+(?: [\p{L}…',.:0-9/()-]+){3,}$/u.test(code) && !/^(?:aws|npm|npx|hctl|git|curl|pip|go|cd|gh|jq|terraform) /.test(code) && !/ --/.test(code);
}

test.each(MESSAGES)('the library contains the message "%s"', (message) => {
  expect(isSaid(message, TEXTS)).toBe(true);
});

test('every sentence in code in a document is a message of the library or of AWS', () => {
  // CONTRIBUTING.md quotes test names instead of messages.
  const quoted = documents().filter(({ path }) => path !== 'CONTRIBUTING.md').flatMap(({ path, text }) => codeIn(prose(text)).filter(isSentence).map(sentence => ({ path, sentence })));
  expect(quoted.length).toBeGreaterThan(20);
  expect(quoted.filter(({ sentence }) => !OF_AWS.includes(sentence) && !OF_ECS.includes(sentence) && !isSaid(sentence, TEXTS))).toEqual([]);
});

test('docs/TROUBLESHOOTING.md explains every reason and note that the handler gives', () => {
  const fragments = MESSAGES.flatMap(message => message.split('…').map(part => part.trim())).filter(part => part.length > 7);
  const isReason = ({ text, passedTo = '' }: SourceText) => /\b(?:LifecycleError|TokenError)$/.test(passedTo) && /[a-z]{3} [a-z]/.test(text)
    || /^(?:Runner '|The rule for runner|The failed update may|Could not check)/.test(text);
  const reasons = textsBelow('src/registration/handler').filter(isReason);
  expect(reasons.length).toBeGreaterThan(15);
  expect(reasons.filter(({ text }) => !fragments.some(fragment => text.includes(fragment))).map(({ file, line, text }) => `${file}:${line}: ${text}`)).toEqual([]);
});

test('docs/TROUBLESHOOTING.md explains exactly the warnings of the library', () => {
  const files = filesBelow('src').map(read).join('\n');
  const constants = new Map([...files.matchAll(/const ([A-Z_]+) = ('\w+');/g)].map(([, name, value]) => [name, value]));
  const source = files.replace(/(?<=, )[A-Z_]+(?=, )/g, name => constants.get(name) ?? name);
  // Functions that receive the id of the warning, such as warnAtTheEnd().
  const helpers = [...source.matchAll(/function (warn\w+)\(\w+: Construct, id: string/g)].map(([, name]) => name);
  const ids = [...source.matchAll(new RegExp(`(?:addWarningV2\\(['\`]cdk-humanitec-ecs-runner:|(?:${helpers.join('|')})\\(\\w+, ['\`])([^'\`]+)`, 'g'))].map(([, id]) => id)
    .filter(id => id !== '${id}').map(id => new RegExp(`^${id.replace(/\$\{.*?\}/g, '\\w+')}$`));
  const explained = rowsOf(TROUBLESHOOTING, '`cdk-humanitec-ecs-runner:`').flatMap(([cell]) => codeIn(cell));
  expect(ids.length).toBeGreaterThan(10);
  expect(ids.filter(id => !explained.some(name => id.test(name))).map(String)).toEqual([]);
  expect(explained.filter(name => !ids.some(id => id.test(name)))).toEqual([]);
});

describe('the failures of tasks in docs/TROUBLESHOOTING.md', () => {
  const rows = rowsOf(TROUBLESHOOTING, 'ECS reports, for example');

  test('list all failure classes of the library with their titles and remedies', () => {
    expect(rows.map(([, ...cells]) => cells.slice(0, 3))).toEqual([...FAILURE_CLASSES, SLOW_START].map(({ id, title, remedy }) => [`\`${id}\``, title, remedy]));
  });

  test('have example texts that ECS documents for their class', () => {
    const isReported = (text: string, id: string) => SAMPLE_FAILURES.some(({ classId, detail }) => classId === id && JSON.stringify(detail).includes(text));
    const quoted = rows.flatMap(([examples, id]) => codeIn(examples).map(text => ({ text, id: codeIn(id)[0] })));
    expect(quoted.length).toBeGreaterThan(FAILURE_CLASSES.length);
    expect(quoted.filter(({ text, id }) => !isReported(text, id))).toEqual([]);
  });
});

test('docs/TROUBLESHOOTING.md names doctor checks for symptoms, and each check at least once', () => {
  const cells = tablesOf(TROUBLESHOOTING).filter(([header]) => header.at(-1) === 'doctor').flatMap(([, ...rows]) => rows.map(row => row.at(-1)!));
  expect(cells.length).toBeGreaterThan(50);
  expect(cells.filter(cell => cell !== '–' && !/^`[a-z-]+`(?:, `[a-z-]+`)*$/.test(cell))).toEqual([]);
  const named = new Set(cells.flatMap(codeIn));
  expect([...named].sort()).toEqual(CHECKS.map(({ id }) => id).sort());
});

test('the documents name warnings that exist', () => {
  const ids = documents().flatMap(({ text }) => [...text.matchAll(/cdk-humanitec-ecs-runner:([a-zA-Z]+)/g)].map(([, id]) => id));
  const isWarning = (id: string) => TEXTS.some(({ text }) => text === id || text.endsWith(`cdk-humanitec-ecs-runner:${id}`));
  expect(ids.length).toBeGreaterThan(2);
  expect(ids.filter(id => !isWarning(id))).toEqual([]);
});

test('isSaid() finds quotations of joined and conditional texts with any values, and no other quotations', () => {
  const texts = [{ file: 'a.ts', line: 1, text: 'the \u0000 is not JSON: expected an object' }];
  expect(isSaid('the … is not JSON', texts)).toBe(true);
  expect(isSaid('the secret is not JSON', texts)).toBe(false);
});
