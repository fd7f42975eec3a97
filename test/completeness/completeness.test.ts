/** Each input is listed in README.md, validated in a test, passed to the library in a test, and sent to the orchestrator; inputs.ts lists the exceptions. */
import { STRUCTS } from './inputs';
import { filesBelow, given, membersOf, propertiesIn, read, textLines } from './sources';

const LISTS = 'test/completeness/inputs.ts';
const WIRE = 'src/registration/wire.ts';
const TESTS = filesBelow('test').filter(file => file.endsWith('.test.ts') || file.includes('/bad-input/'));
/** The problems that tests expect, without problems of wrong types, which occur only in plain JavaScript. */
const PROBLEMS = textLines(TESTS).map(line => line.replace(/^\d+\. /, '')).filter(line => !/\$\{TYPE\}|Give a value of this type/.test(line));
const REGISTERED = propertiesIn(WIRE);
const INPUTS_SECTION = read('README.md').split(/^## /m).find(section => section.startsWith('Inputs\n')) ?? '';
const RUNNER_TABLE = INPUTS_SECTION.split('\n\n').find(part => part.startsWith('| input ')) ?? '';
const FIRST_COLUMN = [...RUNNER_TABLE.matchAll(/^\| (`.*?) \|/gm)].map(([, cell]) => cell).join('\n');
const CODE = [...INPUTS_SECTION.matchAll(/`[^`]+`/g)].join('\n');

describe.each(STRUCTS.map(struct => [struct.name, struct] as const))('%s', (name, struct) => {
  const { problemPrefix, passedTo, notValidated, registeredAs = {}, notRegistered } = struct;
  const members = membersOf(name);
  const names = members.map(member => member.name);
  /** Describes each member that does not meet the condition, with what to do. */
  const without = (has: (member: string) => boolean, todo: string) =>
    members.filter(member => !has(member.name)).map(member => `${name}.${member.name} (${member.file}): ${todo}`);

  const isValidated = (member: string) => PROBLEMS.some(problem => problem.startsWith(`${problemPrefix}${member}`)
    && /^(\[\d+\]|\.\S+)?: /.test(problem.slice(problemPrefix.length + member.length)));
  const namesInWire = (member: string) => registeredAs[member] ?? [`${member[0].toUpperCase()}${member.slice(1)}`];
  const isRegistered = (member: string) => namesInWire(member).every(property => REGISTERED.has(property));

  test('has all members that the lists of exceptions name', () => {
    expect([notValidated, registeredAs, notRegistered ?? {}].flatMap(Object.keys).filter(member => !names.includes(member))
      .map(member => `${LISTS} lists ${member}, which ${name} does not have: remove it.`)).toEqual([]);
  });

  test('has each input documented in README.md', () => {
    const isRunner = name === 'EcsRunnerProps';
    expect(without(member => new RegExp(`\\b${member}\\b`).test(isRunner ? FIRST_COLUMN : CODE),
      `document it in README.md below "## Inputs", in ${isRunner ? 'the first column of the table' : 'code'}.`)).toEqual([]);
  });

  test('has a tested validation of each input, or a reason why none is needed', () => {
    expect(without(member => isValidated(member) || member in notValidated,
      `validate it, and add a row with its problem to test/bad-input/, or add the reason why no validation is needed to \`notValidated\` in ${LISTS}.`)).toEqual([]);
    expect(without(member => !isValidated(member) || !(member in notValidated), `a test expects a problem of it: remove it from \`notValidated\` in ${LISTS}.`)).toEqual([]);
  });

  test('has each input in at least one test', () => {
    const passed = given(TESTS, passedTo);
    expect(without(member => passed.has(member), `add a test below test/ that passes it to ${passedTo.join(' or ')}.`)).toEqual([]);
  });

  if (notRegistered) {
    test('has each input in the registration, or a reason why it is not registered', () => {
      expect(without(member => isRegistered(member) || member in notRegistered,
        `add it to ${WIRE}, or the reason why it is not registered to \`notRegistered\` in ${LISTS}. If it has another name in ${WIRE}, add that to \`registeredAs\`.`)).toEqual([]);
      expect(without(member => !isRegistered(member) || !(member in notRegistered), `${WIRE} has it: remove it from \`notRegistered\` in ${LISTS}.`)).toEqual([]);
    });
  }
});

test('membersOf() reads inherited members, and rejects an interface that does not exist', () => {
  expect(membersOf('SelfHostedOrchestratorProps').map(({ name }) => name)).toEqual(expect.arrayContaining(['orgId', 'apiUrl']));
  expect(() => membersOf('RenamedProps')).toThrow('Expected the interface RenamedProps below src; found none.');
});
