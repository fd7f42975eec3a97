/** Tags of a resource that come from the app, its stack, and the runners that share it. */
import { App, NestedStack, Stack, Tags } from 'aws-cdk-lib';
import { ACCOUNT, minimal, newStack, REGION, runnerIn } from '../support';

const many = (count: number, prefix: string) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`${prefix}${i}`, 'x']));
const synthesize = (stack: Stack) => () => (stack.node.root as App).synth();

test('the tags of the stack and of the runner together are at most 50', () => {
  const stack = newStack();
  runnerIn(stack, { tags: many(25, 'runner-') });
  Object.entries(many(25, 'stack-')).forEach(([key, value]) => Tags.of(stack).add(key, value));
  expect(synthesize(stack)).not.toThrow();
  const other = newStack();
  runnerIn(other, { tags: many(25, 'runner-') });
  Object.entries(many(26, 'stack-')).forEach(([key, value]) => Tags.of(other).add(key, value));
  expect(synthesize(other)).toThrow(/\[Stack\/Runner\] tags: expected at most 50 tags on a resource; got 51 on 'Stack\/Runner\/.*'\. The tags of the app, the stack and all runners/);
});

test('the tags of runners that share the registration are at most 50', () => {
  const stack = newStack();
  const { orchestrator } = minimal(stack);
  runnerIn(stack, { orchestrator, tags: many(26, 'one-') }, 'One');
  runnerIn(stack, { orchestrator, tags: many(25, 'other-') }, 'Other');
  expect(synthesize(stack)).toThrow(/\[Stack\/HumanitecRunnerRegistration\] tags: expected at most 50 tags on a resource; got 51 on 'Stack\/HumanitecRunnerRegistration\//);
});

test('the keys of runners that share the registration differ not only in case', () => {
  const stack = newStack();
  const { orchestrator } = minimal(stack);
  runnerIn(stack, { orchestrator, tags: { team: 'one' } }, 'One');
  runnerIn(stack, { orchestrator, tags: { Team: 'other' } }, 'Other');
  expect(synthesize(stack)).toThrow('[Stack/HumanitecRunnerRegistration] tags.Team: expected keys that differ not only in case, which IAM ignores; got "team" and "Team". Remove one of the two.');
});

test('tags of the stack have the characters that IAM accepts', () => {
  const stack = newStack();
  runnerIn(stack);
  Tags.of(stack).add('owner', 'a & b');
  expect(synthesize(stack)).toThrow('[Stack/Runner] tags.owner: expected a value of letters, digits, spaces and _.:/=+-@; got "a & b". Remove the other characters.');
});

test.each<[string, (stack: Stack) => Stack]>([
  ['its stack', stack => stack], ['the parent of its stack', stack => new NestedStack(stack, 'Nested')],
])('the tags that CloudFormation takes from %s count for a runner', (_name, stackOf) => {
  const tagged = (tags: Record<string, string>) => newStack({ env: { account: ACCOUNT, region: REGION }, tags });
  const stack = tagged({ ...many(25, 'stack-'), owner: 'a & b', Team: 'one' });
  const runner = runnerIn(stackOf(stack), { tags: { ...many(23, 'runner-'), team: 'other' } });
  const path = runner.node.path;
  expect(synthesize(stack)).toThrow(new RegExp(`\\[${path}\\] tags: expected at most 50 tags on a resource; got 51 on '${path}/`));
  expect(synthesize(stack)).toThrow(`[${path}] tags.owner: expected a value of letters, digits, spaces and _.:/=+-@; got "a & b". Remove the other characters.`);
  expect(synthesize(stack)).toThrow(`[${path}] tags.team: expected keys that differ not only in case, which IAM ignores; got "Team" and "team". Remove one of the two.`);
  const other = tagged(many(25, 'stack-'));
  runnerIn(stackOf(other), { tags: many(25, 'runner-') });
  expect(synthesize(other)).not.toThrow();
});
