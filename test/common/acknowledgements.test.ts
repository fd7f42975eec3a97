import { App, AspectPriority, Aspects, CfnResource, Duration, IAspect, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { CfnRole, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import type { IConstruct } from 'constructs';
import { StateStorage } from '../../src';
import { acknowledge } from '../../src/common/acknowledgements';
import { acknowledgeRole, WildcardReasons } from '../../src/common/policy-findings';
import { importedVpc, newStack, only, runnerIn } from '../support';

const CFN_LINT = 'cfn-lint';

/** The rules and findings in a resource's cdk-nag metadata. */
function nagOf(resource: Record<string, any>): string[] {
  const rules: { id: string; applies_to?: string[] }[] = resource.Metadata?.cdk_nag?.rules_to_suppress ?? [];
  return rules.map(({ id, applies_to: [finding] = [] }) => finding ? `${id}[${finding}]` : id);
}

/** Adds a rule pack of cdk-nag 2 to a construct. */
function addRulePack(scope: IConstruct): void {
  Aspects.of(scope).add(Object.assign<IAspect, object>({ visit: () => {} }, { packName: 'AwsSolutions' }));
}

/** The template of a stack with a rule pack of cdk-nag 2. */
function templateFor(stack: Stack): Template {
  addRulePack(stack);
  return Template.fromStack(stack);
}

const skippedOf = (resource: Record<string, any>) => (resource.Metadata?.checkov?.skip ?? []).map(({ id }: { id: string }) => id);

describe('accepted findings of a runner', () => {
  const stack = newStack();
  runnerIn(stack, { vpc: importedVpc(stack), subnetIds: undefined });
  const template = templateFor(stack);

  test('have a reason and occur only once', () => {
    const all = Object.values(template.toJSON().Resources as Record<string, any>);
    const reasons = all.flatMap(resource => [
      ...(resource.Metadata?.cdk_nag?.rules_to_suppress ?? []).map(({ reason }: { reason: string }) => reason),
      ...(resource.Metadata?.checkov?.skip ?? []).map(({ comment }: { comment: string }) => comment),
    ]);
    expect(reasons.length).toBeGreaterThan(40);
    expect(reasons.filter(reason => reason.length < 40 || !/[.]$/.test(reason))).toEqual([]);
    for (const resource of all) {
      expect(new Set(nagOf(resource)).size).toBe(nagOf(resource).length);
      expect(new Set(skippedOf(resource)).size).toBe(skippedOf(resource).length);
    }
  });

  test('name each wildcard of a role, with the reasons of all its actions', () => {
    const policy = only(template, 'AWS::IAM::Policy', 'RunnerTaskManagerRole');
    const cluster = Object.keys(template.findResources('AWS::ECS::Cluster'))[0];
    const ecs = 'Resource::arn:<AWS::Partition>:ecs:us-east-1:123456789012';
    expect(nagOf(policy).filter(id => id.startsWith('AwsSolutions'))).toEqual([
      'AwsSolutions-IAM5[Resource::*]',
      `AwsSolutions-IAM5[${ecs}:task-definition/humanitec_*:*]`,
      `AwsSolutions-IAM5[${ecs}:task-definition/humanitec_*]`,
      `AwsSolutions-IAM5[${ecs}:task/<${cluster}>/*]`,
    ]);
    const [all] = policy.Metadata.cdk_nag.rules_to_suppress.filter(({ applies_to: finding }: any) => finding?.[0] === 'Resource::*');
    expect(all.reason).toContain('ecs:ListTaskDefinitions on * only');
    expect(all.reason).toContain('ecs:ListTasks on *, too');
  });

  test('are in the metadata of policies, but not of roles without permissions', () => {
    for (const role of ['RunnerExecutionRole', 'RunnerTaskRole', 'RunnerTaskManagerRole']) {
      expect(nagOf(only(template, 'AWS::IAM::Role', role))).toEqual([]);
    }
    for (const policy of ['RunnerTaskRole', 'RunnerTaskManagerRole', 'HumanitecRunnerRegistrationApiToken']) {
      expect(nagOf(only(template, 'AWS::IAM::Policy', policy))).toContain('PCI.DSS.321-IAMNoInlinePolicy');
    }
  });
});

describe('the metadata of cdk-nag 2', () => {
  const nag2Of = (addTo: (stack: Stack) => IConstruct | undefined) => {
    const stack = newStack();
    runnerIn(stack);
    const scope = addTo(stack);
    if (scope) {
      addRulePack(scope);
    }
    return Object.values(Template.fromStack(stack).toJSON().Resources as Record<string, any>).flatMap(nagOf);
  };

  test('is in the template only if a rule pack of cdk-nag 2 looks at the resource', () => {
    expect(nag2Of(() => undefined)).toEqual([]);
    const all = nag2Of(stack => stack);
    expect(all.length).toBeGreaterThan(40);
    expect(nag2Of(stack => stack.node.root)).toEqual(all);
    const below = nag2Of(stack => stack.node.findChild('Runner'));
    expect(below.length).toBeGreaterThan(20);
    expect(below.length).toBeLessThan(all.length);
  });
});

test('a finding that an input fixes is no longer accepted', () => {
  const stack = newStack();
  runnerIn(stack, {
    encryptionKey: new Key(stack, 'Key'),
    stateStorage: StateStorage.newBucket({ serverAccessLogsBucket: Bucket.fromBucketName(stack, 'AccessLogs', 'access-logs') }),
  });
  const template = templateFor(stack);
  const bucket = only(template, 'AWS::S3::Bucket');
  expect(nagOf(bucket).map(id => id.split('-').pop())).toEqual(Array(3).fill('S3BucketReplicationEnabled'));
  expect(skippedOf(bucket)).toEqual([]);
  for (const start of ['RunnerEventLogGroup', 'HumanitecRunnerRegistration']) {
    const group = only(template, 'AWS::Logs::LogGroup', start);
    expect([nagOf(group), skippedOf(group), group.Metadata[CFN_LINT]]).toEqual([[], [], { config: { ignore_checks: ['W3005'] } }]);
  }
});

test('a Lambda in a VPC has no accepted finding about its network, and its role gives the reason for the network permissions', () => {
  const stack = newStack();
  runnerIn(stack, { registrationNetwork: { vpc: importedVpc(stack) } });
  const template = templateFor(stack);
  expect(skippedOf(only(template, 'AWS::Lambda::Function'))).toEqual(['CKV_AWS_173', 'CKV_AWS_115', 'CKV_AWS_116']);
  const { rules_to_suppress: rules } = only(template, 'AWS::IAM::Role', 'HumanitecRunnerRegistration').Metadata.cdk_nag;
  expect(rules.filter(({ applies_to: finding }: any) => finding?.[0] === 'Resource::*').map(({ reason }: any) => reason)).toEqual([expect.stringContaining('attaches a function to a VPC')]);
});

test('a key of another stack causes no dependency in this stack', () => {
  const stack = newStack();
  const other = newStack(undefined, 'Other', stack.node.root as App);
  runnerIn(stack, { encryptionKey: new Key(other, 'Key') });
  expect(only(templateFor(stack), 'AWS::Logs::LogGroup', 'RunnerEventLogGroup').Metadata).toBeUndefined();
});

test('an imported key causes no dependency, so there is no finding to accept', () => {
  const stack = newStack();
  runnerIn(stack, { encryptionKey: Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555') });
  expect(only(templateFor(stack), 'AWS::Logs::LogGroup', 'RunnerEventLogGroup').Metadata).toBeUndefined();
});

describe('a role', () => {
  const REASONS: WildcardReasons = {
    'ecs:ListTasks': { condition: 'ecs:cluster', reason: 'A condition restricts it to the cluster.' },
    'ecr:GetAuthorizationToken': { reason: 'AWS evaluates it on * only.' },
    's3:GetObject': { reason: 'The wildcard begins below the bucket.' },
  };
  const roleWith = (statement: PolicyStatement, id = 'Role') => {
    const stack = newStack();
    const role = new Role(stack, id, { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') });
    const resource = role.node.defaultChild as CfnRole;
    resource.policies = [{ policyName: 'Policy', policyDocument: { Statement: [statement.toStatementJson()] } }];
    acknowledgeRole(role, REASONS);
    return { stack, resource, seen: () => nagOf(only(templateFor(stack), 'AWS::IAM::Role')).filter(rule => rule.startsWith('AwsSolutions')) };
  };

  test('accepts no wildcard without the condition that its reason names', () => {
    const listing = { actions: ['ecs:ListTasks'], resources: ['*'] };
    expect(roleWith(new PolicyStatement(listing)).seen()).toEqual([]);
    const { seen } = roleWith(new PolicyStatement({ ...listing, conditions: { ArnEquals: { 'ecs:cluster': 'arn:aws:ecs:us-east-1:123456789012:cluster/one' } } }));
    expect(seen()).toEqual(['AwsSolutions-IAM5[Resource::*]']);
  });

  test('accepts no wildcard if an action has no reason', () => {
    expect(roleWith(new PolicyStatement({ actions: ['ecr:GetAuthorizationToken'], resources: ['*'] })).seen()).toHaveLength(1);
    expect(roleWith(new PolicyStatement({ actions: ['ecr:GetAuthorizationToken', 'ecs:StopTask'], resources: ['*'] })).seen()).toEqual([]);
  });

  test('are accepted before aspects of the default priority run, with the final logical ids', () => {
    const { stack, resource } = roleWith(new PolicyStatement({ actions: ['ecr:GetAuthorizationToken'], resources: ['*'] }));
    const bucket = new Bucket(stack, 'Bucket');
    resource.policies = [{
      policyName: 'Policy', policyDocument: { Statement: [new PolicyStatement({ actions: ['s3:GetObject'], resources: [bucket.arnForObjects('*')] }).toStatementJson()] },
    }];
    (bucket.node.defaultChild as CfnResource).overrideLogicalId('Renamed');
    const seen: unknown[] = [];
    const rulePack: IAspect = { visit: (node: IConstruct) => node === resource && seen.push(...resource.getMetadata('cdk_nag').rules_to_suppress.map((rule: any) => rule.applies_to)) };
    Aspects.of(stack).add(rulePack, { priority: AspectPriority.DEFAULT });
    templateFor(stack);
    expect(seen).toContainEqual(['Resource::<Renamed.Arn>/*']);
  });

  test('of the user keeps its findings, except for the policy of the runner', () => {
    const stack = newStack();
    const taskRole = new Role(stack, 'Mine', { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com'), maxSessionDuration: Duration.hours(1) });
    taskRole.addToPolicy(new PolicyStatement({ actions: ['ecr:GetAuthorizationToken'], resources: ['*'] }));
    runnerIn(stack, { taskRole });
    const template = templateFor(stack);
    expect([nagOf(only(template, 'AWS::IAM::Role', 'Mine')), nagOf(only(template, 'AWS::IAM::Policy', 'Mine'))]).toEqual([[], []]);
    expect(nagOf(only(template, 'AWS::IAM::Policy', 'RunnerTaskRolePolicy'))).not.toEqual([]);
  });
});

test('keep the user\'s suppressions, and occur once if several runners accept a finding of a resource', () => {
  const stack = newStack();
  const resource = new CfnResource(stack, 'Resource', { type: 'Some::Type' });
  resource.addMetadata('cdk_nag', { rules_to_suppress: [{ id: 'Mine', reason: 'a reason of the user' }] });
  resource.addMetadata(CFN_LINT, { config: { ignore_checks: ['E1'], other: true } });
  const finding = { nag: ['Ours'], checkov: 'CKV_1', cfnLint: 'W1', reason: 'a reason of ours' };
  acknowledge(resource, [finding]);
  acknowledge(resource, [finding]);
  expect(only(templateFor(stack), 'Some::Type').Metadata).toEqual({
    'cdk_nag': { rules_to_suppress: [{ id: 'Mine', reason: 'a reason of the user' }, { id: 'Ours', reason: 'a reason of ours' }] },
    'checkov': { skip: [{ id: 'CKV_1', comment: 'a reason of ours' }] },
    'cfn-lint': { config: { ignore_checks: ['E1', 'W1'], other: true } },
  });
});

describe('a VPC that the library creates', () => {
  const vpcIn = (context: Record<string, unknown>) => {
    const stack = new Stack(new App({ context }), 'Stack');
    runnerIn(stack, { subnetIds: undefined });
    return templateFor(stack);
  };

  test('assigns no public addresses', () => {
    for (const subnet of Object.values(vpcIn({}).findResources('AWS::EC2::Subnet'))) {
      expect(subnet.Properties.MapPublicIpOnLaunch).toBe(false);
    }
  });

  test('has an accepted finding for the default security group only if that is open', () => {
    const said = (template: Template) => nagOf(only(template, 'AWS::EC2::VPC')).some(rule => rule.endsWith('VPCDefaultSecurityGroupClosed'));
    expect(said(vpcIn({}))).toBe(true);
    const closed = vpcIn({ '@aws-cdk/aws-ec2:restrictDefaultSecurityGroup': true });
    expect(said(closed)).toBe(false);
    expect(skippedOf(only(closed, 'AWS::Lambda::Function', 'CustomVpcRestrictDefaultSG'))).toEqual(['CKV_AWS_117', 'CKV_AWS_115', 'CKV_AWS_116']);
  });
});

test('two runners with autoDeleteObjects accept the findings of the CDK\'s function once', () => {
  const stack = newStack();
  for (const id of ['One', 'Two']) {
    runnerIn(stack, { stateStorage: StateStorage.newBucket({ removalPolicy: RemovalPolicy.DESTROY, autoDeleteObjects: true }) }, id);
  }
  const handler = only(templateFor(stack), 'AWS::Lambda::Function', 'CustomS3AutoDeleteObjects');
  expect([skippedOf(handler), handler.Metadata[CFN_LINT].config.ignore_checks]).toEqual([['CKV_AWS_117', 'CKV_AWS_115', 'CKV_AWS_116'], ['W3005']]);
});
