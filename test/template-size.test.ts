/** The size that runners add to a template. `npm run bench` measures time and memory, which depend on the machine. */
import { Template } from 'aws-cdk-lib/assertions';
import { importedVpc, newStack, runnerIn } from './support';
import { deploymentTime } from '../tools/deployment-time';
import { measureTemplate } from '../tools/template-size';

function measured(runners: number) {
  const stack = newStack();
  const vpc = importedVpc(stack);
  for (let number = 0; number < runners; number++) {
    runnerIn(stack, { vpc, subnetIds: undefined }, `Runner${number}`);
  }
  return measureTemplate(Template.fromStack(stack).toJSON() as Parameters<typeof measureTemplate>[0]);
}

describe('the template of default runners in an existing VPC', () => {
  const [one, two, ten] = [1, 2, 10].map(measured);

  test('has 22 resources for the first runner and 14 for each further one', () => {
    expect([one.resources, two.resources, ten.resources]).toEqual([22, 36, 148]);
  });

  test('grows by at most 17,500 bytes for each further runner, and by 11,000 without indentation', () => {
    expect(two.bytes - one.bytes).toBeLessThanOrEqual(17_500);
    expect(two.bytesWithoutIndentation - one.bytesWithoutIndentation).toBeLessThanOrEqual(11_000);
    // Linear growth, except for resources that the runners share.
    expect((ten.bytes - two.bytes) / 8).toBeLessThanOrEqual(17_500);
  });

  test('has a longest dependency chain of 6 resources for any number of runners', () => {
    expect([one.longestChain, ten.longestChain]).toEqual([6, 6]);
  });
});

test('measureTemplate() counts references in Fn::Sub, Fn::GetAtt, Ref and DependsOn, but not in metadata', () => {
  expect(measureTemplate({
    Resources: {
      A: { Metadata: { Ref: 'E' } },
      B: { Properties: { Ref: 'A' } },
      C: { Properties: { 'Fn::Sub': '${AWS::Region}/${B.Arn}/${!X}' } },
      D: { Properties: { 'Fn::GetAtt': ['C', 'Arn'] } },
      E: { DependsOn: 'D' },
    },
  })).toMatchObject({ resources: 5, longestChain: 5 });
});

describe('the model of a deployment', () => {
  const template = {
    Resources: {
      Role: { Type: 'AWS::IAM::Role' },
      Policy: { Type: 'AWS::IAM::Policy', Properties: { Roles: [{ Ref: 'Role' }] } },
      Bucket: { Type: 'AWS::S3::Bucket', DeletionPolicy: 'RetainExceptOnCreate' },
      Registration: { Type: 'Custom::HumanitecRunner', DependsOn: ['Policy', 'Bucket'] },
    },
  };

  test('creates independent resources at the same time', () => {
    // The role (17), its policy (16) and the registration (4); the bucket (22) is created in parallel with the first two.
    expect(deploymentTime(template).create).toBe(37);
  });

  test('updates the registration alone', () => {
    expect(deploymentTime(template).updateRegistration).toBe(4);
  });

  test('deletes a resource after its dependents, and does not wait for retained resources', () => {
    expect(deploymentTime(template).delete).toBe(10);
  });
});
