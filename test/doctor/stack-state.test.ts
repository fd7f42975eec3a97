/** The doctor's findings for each stack status. */
import { stateOf } from '../../src/doctor/checks/stack';
import { lacksItsRunner, type Stack, type StackResource } from '../../src/doctor/stack';

const ID = 'arn:aws:cloudformation:us-east-1:123456789012:stack/RunnerStack/11111111-2222-3333-4444-555555555555';
const stack = (status: string) => ({ id: ID, name: 'RunnerStack', status }) as Stack;

/** Newest first, as CloudFormation lists them. */
const EVENTS = [
  { LogicalResourceId: 'Rule', PhysicalResourceId: 'rule', ResourceStatus: 'UPDATE_FAILED', ResourceStatusReason: 'Resource update cancelled' },
  { LogicalResourceId: 'Registration', PhysicalResourceId: 'my-org/x', ResourceStatus: 'UPDATE_FAILED', ResourceStatusReason: 'HTTP 400.' },
  { LogicalResourceId: 'RunnerStack', PhysicalResourceId: ID, ResourceStatus: 'UPDATE_IN_PROGRESS', ResourceStatusReason: 'User Initiated' },
  { LogicalResourceId: 'Bucket', PhysicalResourceId: 'bucket', ResourceStatus: 'CREATE_FAILED', ResourceStatusReason: 'of an operation before' },
];

test.each(['CREATE_COMPLETE', 'UPDATE_COMPLETE', 'IMPORT_COMPLETE'])('%s is healthy', (status) => {
  expect(stateOf(stack(status), EVENTS)).toEqual({ result: 'ok', found: `The stack is in ${status}.` });
});

test.each(['UPDATE_ROLLBACK_COMPLETE', 'IMPORT_ROLLBACK_COMPLETE'])('%s is healthy, with the reason why the last operation failed', (status) => {
  expect(stateOf(stack(status), EVENTS)).toEqual({
    result: 'ok',
    found: `The stack is in ${status}: its last operation failed, and everything is as before it. It failed because of Registration: HTTP 400. Correct the cause before the next deployment.`,
  });
});

test.each([
  ['ROLLBACK_COMPLETE', "delete the stack 'RunnerStack', and deploy again."],
  ['CREATE_FAILED', "delete the stack 'RunnerStack', and deploy again."],
  ['UPDATE_ROLLBACK_FAILED', 'run `aws cloudformation continue-update-rollback --stack-name RunnerStack`, and deploy again.'],
  ['DELETE_FAILED', 'and delete the stack again.'],
  ['UPDATE_FAILED', 'and deploy again.'],
])('%s is a problem with its reason and remedy', (status, remedy) => {
  expect(stateOf(stack(status), EVENTS)).toEqual({
    result: 'problem', found: `The stack is in ${status}. Its last operation failed: Registration: HTTP 400.`, remedy: `Correct the cause, ${remedy}`,
  });
});

test('a running operation is a problem whose remedy is to wait', () => {
  expect(stateOf(stack('UPDATE_IN_PROGRESS'), EVENTS)).toMatchObject({ result: 'problem', remedy: 'Wait until it ends, then run the doctor again.' });
});

describe('whether only the state of the stack can be checked', () => {
  const TYPE = 'Custom::HumanitecRunner';
  const template = (type: string) => async () => ({ TemplateBody: JSON.stringify({ Resources: { R: { Type: type } } }) });
  const registration = (status: string) => [{ type: TYPE, status }] as StackResource[];

  test.each([
    ['it has no resources', 'ROLLBACK_COMPLETE', [], TYPE, true],
    ['its registration failed without a rollback', 'CREATE_FAILED', registration('CREATE_FAILED'), TYPE, true],
    ['its registration cannot be deleted after its creation failed', 'ROLLBACK_FAILED', registration('DELETE_FAILED'), TYPE, true],
    ['its nested stack is deleted', 'ROLLBACK_COMPLETE', [], 'AWS::CloudFormation::Stack', true],
    ['another resource failed without a rollback', 'CREATE_FAILED', registration('CREATE_COMPLETE'), TYPE, false],
    ['it is being created', 'CREATE_IN_PROGRESS', [], TYPE, true],
    ['its registration is deleted, and another resource cannot be', 'DELETE_FAILED', [], TYPE, true],
    ['its registration cannot be deleted, but its other resources exist', 'DELETE_FAILED', registration('DELETE_FAILED'), TYPE, false],
    ['an update was rolled back', 'UPDATE_ROLLBACK_COMPLETE', registration('UPDATE_COMPLETE'), TYPE, false],
    ['the stack never had a registration', 'ROLLBACK_COMPLETE', [], 'AWS::S3::Bucket', false],
  ])('%s', async (_, status, resources, type, expected) => {
    expect(await lacksItsRunner(template(type), { ...stack(status), resources })).toBe(expected);
  });
});
