import { Annotations as CdkAnnotations, App, PermissionsBoundary, RemovalPolicy, Stack, StackProps } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import { EcsRunner, RunnerRule, StateStorage } from '../../src';
import { ACCOUNT, newStack, orchestratorOf, quietRunner, REGION, runnerIn, warningsOf } from '../support';

const TASKS = new iam.ServicePrincipal('ecs-tasks.amazonaws.com');

describe('the trust policy of a given role', () => {
  const warningsIn = (stack: Stack) => Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('NotTrusting')).map(({ entry }) => String(entry.data));
  const role = (stack: Stack, assumedBy: iam.IPrincipal) => new iam.Role(stack, 'Given', { assumedBy });
  const LAMBDA = new iam.ServicePrincipal('lambda.amazonaws.com');
  const trust = (statement: object) => (stack: Stack) => iam.Role.fromRoleArn(stack, 'Imported', new iam.CfnRole(stack, 'Given', {
    assumeRolePolicyDocument: { Version: '2012-10-17', Statement: statement },
  }).attrArn);

  test('has a warning, which can be acknowledged, if it does not name ECS tasks', () => {
    const stack = newStack();
    const given = role(stack, LAMBDA);
    runnerIn(stack, { taskRole: given, executionRole: given });
    expect(warningsIn(stack)).toEqual(['taskRole', 'executionRole'].map(input =>
      `ECS cannot start tasks with the role 'Stack/Given' in \`${input}\`, because the trust policy of the role does not name ecs-tasks.amazonaws.com. `
        + `Let this service principal assume the role. [ack: cdk-humanitec-ecs-runner:${input}NotTrusting]`));
    const other = newStack();
    const runner = runnerIn(other, { taskRole: role(other, LAMBDA) });
    CdkAnnotations.of(runner).acknowledgeWarning('cdk-humanitec-ecs-runner:taskRoleNotTrusting');
    expect(warningsIn(other)).toEqual([]);
  });

  test.each<[string, (stack: Stack) => iam.IRole, number]>([
    ['another service', stack => role(stack, LAMBDA), 1],
    ['another service, of a role that must not change', stack => role(stack, LAMBDA).withoutPolicyUpdates(), 1],
    ['another service, of a lazy role', stack => new iam.LazyRole(stack, 'Given', { assumedBy: LAMBDA }), 1],
    ['an account', stack => role(stack, new iam.AccountRootPrincipal()), 1],
    ['an OIDC provider', stack => role(stack, new iam.WebIdentityPrincipal('cognito-identity.amazonaws.com')), 1],
    ['ECS tasks for another action', trust({ Effect: 'Allow', Action: 'sts:TagSession', Principal: { Service: 'ecs-tasks.amazonaws.com' } }), 1],
    ['ECS tasks in a denial', trust([{ Effect: 'Deny', Action: 'sts:AssumeRole', Principal: { Service: 'ecs-tasks.amazonaws.com' } }]), 1],
    ['nobody', trust([]), 1],
    ['ECS tasks', stack => role(stack, TASKS), 0],
    ['ECS tasks of this account', stack => role(stack, TASKS.withConditions({ StringEquals: { 'aws:SourceAccount': ACCOUNT } })), 0],
    ['ECS tasks and another service', stack => role(stack, new iam.CompositePrincipal(LAMBDA, TASKS)), 0],
    ['everybody', trust({ Effect: 'Allow', Action: 'sts:*', Principal: '*' }), 0],
    ['a service that is unknown until deployment', trust({ Effect: 'Allow', Action: ['sts:AssumeRole'], Principal: { Service: [{ Ref: 'AWS::URLSuffix' }] } }), 0],
    ['principals that are unknown until deployment', trust({ Effect: 'Allow', Action: ['sts:AssumeRole'], Principal: { 'Fn::If': ['C', '*', '*'] } }), 0],
    ['all principals except one', trust({ Effect: 'Allow', Action: 'sts:AssumeRole', NotPrincipal: { AWS: ACCOUNT } }), 0],
    ['all principals for all actions except one', trust({ Effect: 'Allow', NotAction: 'sts:TagSession', Principal: '*' }), 0],
    ['an unknown principal', stack => iam.Role.fromRoleArn(stack, 'Given', `arn:aws:iam::${ACCOUNT}:role/given`), 0],
  ])('that names %s', (_name, give, count) => {
    const stack = newStack();
    runnerIn(stack, { taskRole: give(stack) });
    expect(warningsIn(stack)).toHaveLength(count);
  });

  test('has no warning if the role trusts ECS tasks before the end of synthesis', () => {
    const stack = newStack();
    const given = role(stack, LAMBDA);
    runnerIn(stack, { taskRole: given });
    given.assumeRolePolicy!.addStatements(new iam.PolicyStatement({ actions: ['sts:AssumeRole'], principals: [TASKS] }));
    expect(warningsIn(stack)).toEqual([]);
  });
});

/** The boundary of a runner and that of its app are two sources of one setting. */
describe('the permissions boundary of a runner', () => {
  const ENV = { account: ACCOUNT, region: REGION };
  const boundary = (stack: Stack, name = 'boundary') => iam.ManagedPolicy.fromManagedPolicyName(stack, name, name);
  const WARNING = '/Stack/Runner: otherPermissionsBoundary';

  /** A runner with a boundary, in a new VPC and with a bucket that is emptied: the CDK then creates two more roles. */
  function runnerWithBoundary(stack: Stack): EcsRunner {
    return quietRunner(stack, {
      vpc: undefined,
      stateStorage: StateStorage.newBucket({ removalPolicy: RemovalPolicy.DESTROY, autoDeleteObjects: true }),
      permissionsBoundary: boundary(stack),
    });
  }

  test.each<[string, StackProps, (stack: Stack) => void]>([
    ['of the stack', { permissionsBoundary: PermissionsBoundary.fromName('other') }, () => undefined],
    ['that an aspect applies', {}, stack => iam.PermissionsBoundary.of(stack).apply(boundary(stack, 'other'))],
    ['that an aspect removes', {}, stack => iam.PermissionsBoundary.of(stack).clear()],
  ])('another boundary %s has a warning that names all roles of the runner', (_name, props, apply) => {
    const stack = newStack({ env: ENV, ...props }, 'Stack', new App({ context: { '@aws-cdk/aws-ec2:restrictDefaultSecurityGroup': true } }));
    const runner = runnerWithBoundary(stack);
    apply(stack);
    expect(warningsOf(stack)).toEqual([WARNING]);
    const roles = ['Stack/Runner/TaskRole/Resource', 'Stack/Runner/ExecutionRole/Resource', 'Stack/Runner/TaskManagerRole/Resource', 'Stack/HumanitecRunnerRegistration/Role/Resource',
      'Stack/Custom::S3AutoDeleteObjectsCustomResourceProvider/Role', 'Stack/Custom::VpcRestrictDefaultSGCustomResourceProvider/Role'];
    Annotations.fromStack(stack).hasWarning(`/${runner.node.path}/Warnings`, Match.stringLikeRegexp(
      `These roles have another permissions boundary than \`permissionsBoundary\` .*: ${roles.map(role => `"${role}"`).join(', ')}\\. .*replaces it\\.`));
  });

  test('a boundary of one role has a warning that names this role only', () => {
    const stack = newStack({ env: ENV });
    const runner = runnerWithBoundary(stack);
    iam.PermissionsBoundary.of(runner.taskRole).apply(boundary(stack, 'other'));
    Annotations.fromStack(stack).hasWarning('/Stack/Runner/Warnings', Match.stringLikeRegexp(': "Stack/Runner/TaskRole/Resource"\\. '));
  });

  test('the same boundary in the context of the app has no warning', () => {
    const context = { '@aws-cdk/core:permissionsBoundary': { name: 'boundary' } };
    for (const env of [ENV, undefined]) {
      const stack = newStack({ env }, 'Stack', new App({ context }));
      runnerWithBoundary(stack);
      expect(warningsOf(stack)).toEqual([]);
    }
  });

  test('the boundary of the app alone has no warning', () => {
    const stack = newStack({ env: ENV, permissionsBoundary: PermissionsBoundary.fromName('boundary') });
    quietRunner(stack);
    expect(warningsOf(stack)).toEqual([]);
  });

  test('a rule of an imported runner has the warning for the role of the registration', () => {
    const stack = newStack({ env: ENV, permissionsBoundary: PermissionsBoundary.fromName('other') });
    const runner = EcsRunner.fromRunnerAttributes(stack, 'Imported', { runnerId: 'prod', orchestrator: orchestratorOf(stack) });
    new RunnerRule(stack, 'Rule', { runner, permissionsBoundary: boundary(stack) });
    expect(warningsOf(stack)).toEqual(['/Stack/Rule: otherPermissionsBoundary']);
  });
});
