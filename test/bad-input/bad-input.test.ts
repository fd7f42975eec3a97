import { existsSync, mkdtempSync, readdirSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { App, Aws, Lazy, Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as account from './account';
import * as environment from './environment';
import * as identity from './identity';
import * as image from './image';
import * as logs from './logs';
import * as network from './network';
import * as orchestrator from './orchestrator';
import * as places from './places';
import { Change, message, Row, subnets } from './row';
import * as state from './state';
import * as tags from './tags';
import * as types from './types';
import { EcsRunner, EcsRunnerProps, Orchestrator, RunnerImage, StateStorage } from '../../src';
import { ACCOUNT, importedVpc, minimal, newStack, REGION, tokenOf } from '../support';

/** All rows run in one suite, because each suite that loads aws-cdk-lib takes seconds. */
const ROWS: Row[] = [identity, network, environment, image, state, logs, orchestrator, account, places, tags, types].flatMap(({ ROWS: rows }) => rows);

describe('invalid input', () => {
  let outdir: string;
  beforeEach(() => { outdir = mkdtempSync(join(tmpdir(), 'cdk-out-')); });
  afterEach(() => rmSync(outdir, { recursive: true, force: true }));

  const stackWith = (env = { account: ACCOUNT, region: REGION }) => newStack({ env }, 'Stack', new App({ outdir: join(outdir, 'cdk.out') }));
  const failure = (stack: Stack, change: Change): string | undefined => {
    try {
      new EcsRunner(stack, 'Runner', { ...minimal(stack), ...change(stack) });
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  };

  test.each(ROWS)('rejects %s', (_name, change, problems) => {
    const stack = stackWith();
    expect(failure(stack, change)).toBe(message(problems));
    expect(existsSync(join(outdir, 'cdk.out')) ? readdirSync(join(outdir, 'cdk.out')) : []).toEqual([]);
  });

  test.each(types.OTHERS)('rejects %s', (_name, make, expected) => {
    const stack = stackWith();
    let text = '';
    try {
      make(stack);
    } catch (error) {
      text = (error as Error).message;
    }
    expect(text).toBe(expected);
  });

  test.each(['us-gov-west-1', 'cn-north-1', 'us-iso-east-1'])('rejects a region of another partition: %s', (region) => {
    expect(failure(stackWith({ account: ACCOUNT, region }), () => ({}))).toBe(message([
      `region of the stack: expected a region of the partition "aws", such as "eu-west-1"; got "${region}". `
      + 'The orchestrator cannot use the partitions aws-cn, aws-us-gov and aws-iso: deploy the stack elsewhere.',
    ]));
  });

  test('rejects runners of a stack with different settings for the role that they share', () => {
    const stack = stackWith();
    new EcsRunner(stack, 'First', { ...minimal(stack), rolePath: '/a/' });
    const boundary = iam.ManagedPolicy.fromManagedPolicyName(stack, 'Boundary', 'boundary');
    expect(() => new EcsRunner(stack, 'Runner', { ...minimalAgain(stack), rolePath: '/b/', permissionsBoundary: boundary })).toThrow(message([
      'rolePath: expected "/a/", as the stack\'s other runners have; got "/b/". '
        + 'The runners of a stack share the registration\'s role: give all of them the same, or put this one into another stack.',
      'permissionsBoundary: expected none, as the stack\'s other runners have none; got another one. '
        + 'The runners of a stack share the registration\'s role: give all of them the same, or put this one into another stack.',
    ]));
  });

  test('accepts variables named like built-in properties of JavaScript objects', () => {
    expect(failure(stackWith(), () => ({ environment: { constructor: 'x', toString: 'y' } as never }))).toBeUndefined();
  });

  test('accepts CDK tokens in every input', () => {
    const stack = newStack({});
    const token = (value: string) => Lazy.string({ produce: () => value });
    new EcsRunner(stack, 'Runner', {
      orchestrator: Orchestrator.selfHosted({
        orgId: token('!'), apiToken: tokenOf(stack), apiUrl: token('x'), oidcIssuerUrl: 'https://oidc.example.com', taskFamilyPrefix: token('*'),
      }),
      runnerId: token('A'),
      description: token('d'.repeat(300)),
      subnetIds: Lazy.list({ produce: () => ['s'] }),
      environment: { A: token('v'.repeat(2000)) },
      image: RunnerImage.fromRegistry(token('a b')),
      rolePath: token('x'),
      permissionsBoundary: iam.ManagedPolicy.fromManagedPolicyName(stack, 'Boundary', 'boundary'),
      stateStorage: StateStorage.existingBucket(s3.Bucket.fromBucketName(stack, 'B', Aws.STACK_NAME), { prefix: token('/') }),
      taskRole: iam.Role.fromRoleArn(stack, 'R', `arn:${Aws.PARTITION}:iam::${Aws.ACCOUNT_ID}:role/r`),
    });
  });

  test('warns about a public subnet without a public IP address', () => {
    const stack = stackWith();
    const runner = new EcsRunner(stack, 'Runner', {
      ...minimal(stack), subnetIds: undefined, vpc: importedVpc(stack), vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC },
    });
    Annotations.fromStack(stack).hasWarning('/Stack/Runner', Match.stringLikeRegexp(
      'The tasks run in a public subnet without a public IP address, .*publicSubnetWithoutPublicIp'));
    expect(runner.subnetIds).toEqual(['subnet-33333333', 'subnet-44444444']);
  });

  test('warns about a public IP address in a private subnet', () => {
    const stack = stackWith();
    new EcsRunner(stack, 'Runner', { ...minimal(stack), subnetIds: undefined, vpc: importedVpc(stack), assignPublicIp: true });
    Annotations.fromStack(stack).hasWarning('/Stack/Runner', Match.stringLikeRegexp(
      'assignPublicIp is set, but the tasks run in a private subnet, .*publicIpInPrivateSubnet'));
  });

  test('does not warn about subnets that fit the public IP address', () => {
    const stack = stackWith();
    const vpc = importedVpc(stack);
    new EcsRunner(stack, 'Private', { ...minimal(stack), subnetIds: undefined, vpc });
    new EcsRunner(stack, 'Public', {
      ...minimalAgain(stack), subnetIds: undefined, vpc, vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC }, assignPublicIp: true,
    });
    Annotations.fromStack(stack).hasNoWarning('*', Match.stringLikeRegexp('cdk-humanitec-ecs-runner:public'));
  });

  test('warns about variables whose names suggest secrets', () => {
    const stack = stackWith();
    new EcsRunner(stack, 'Runner', { ...minimal(stack), environment: { TF_VAR_db_password: 'x', TF_VAR_size: '1' } });
    Annotations.fromStack(stack).hasWarning('/Stack/Runner', Match.stringLikeRegexp('these names suggest secrets: TF_VAR_db_password\\. .*secretInEnvironment'));
  });
});

/** Inputs for a second runner in a stack that already imports the API token's secret. */
function minimalAgain(stack: Stack): EcsRunnerProps {
  return { orchestrator: Orchestrator.humanitec({ orgId: 'my-org', apiToken: tokenOf(stack, 'ApiTokenAgain') }), subnetIds: subnets(2) };
}
