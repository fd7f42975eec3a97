/** Warnings at synthesis about runners that can be deployed but will not work as expected. */
import * as cdk from 'aws-cdk-lib';
import { App, Aspects, Aws, CfnParameter, Lazy, RemovalPolicies, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { ACCOUNT, importedVpc, minimal, newStack, only, orchestratorOf, plainRunner, quietRunner, REGION, warningsOf } from './support';
import { EcsRunner, EcsRunnerProps, RegistrationNetwork, RunnerImage, RunnerOidcProvider, RunnerRule, StateStorage } from '../src';

const ENV = { account: ACCOUNT, region: REGION };

/** Acknowledges a warning of the runner in the stack. */
function acknowledge(stack: Stack, id: string): void {
  cdk.Annotations.of(stack.node.findChild('Runner')).acknowledgeWarning(`cdk-humanitec-ecs-runner:${id}`);
}

test('a runner with a VPC and a rule has no warning', () => {
  const stack = newStack();
  quietRunner(stack);
  expect(warningsOf(stack)).toEqual([]);
});

describe('connections', () => {
  const database = (stack: Stack) => new ec2.SecurityGroup(stack, 'Database', { vpc: importedVpc(stack) });
  const port = ec2.Port.tcp(5432);

  const RUNNERS: [string, (stack: Stack) => EcsRunner | ReturnType<typeof EcsRunner.fromRunnerId>][] = [
    ['a runner with subnetIds alone', stack => quietRunner(stack, { vpc: undefined, subnetIds: ['subnet-1'] })],
    ['an imported runner', stack => EcsRunner.fromRunnerAttributes(stack, 'Runner', { runnerId: 'prod' })],
  ];
  const USES: [string, (runner: ec2.IConnectable, other: ec2.SecurityGroup) => void][] = [
    ['allowTo', (runner, other) => runner.connections.allowTo(other, port)],
    ['allowFrom', (runner, other) => runner.connections.allowFrom(other, port)],
    ['allowFrom() of the other resource', (runner, other) => other.connections.allowFrom(runner, port)],
    ['allowTo() of the other resource', (runner, other) => other.connections.allowTo(runner, port)],
    ['allowToAnyIpv4', runner => runner.connections.allowToAnyIpv4(port)],
    ['allowInternally', runner => runner.connections.allowInternally(port)],
    ['allowDefaultPortFrom', (runner, other) => runner.connections.allowDefaultPortFrom(other)],
  ];

  test.each(RUNNERS.flatMap(([name, runner]) => USES.map(([use, connect]) => [name, use, runner, connect] as const)))(
    '%s warns when %s has no security group', (_name, _use, runner, connect) => {
      const stack = newStack();
      connect(runner(stack), database(stack));
      expect(warningsOf(stack)).toContain('/Stack/Runner: connectionsWithoutSecurityGroup');
    });

  test.each(RUNNERS)('%s does not warn while nothing uses them', (_name, runner) => {
    const stack = newStack();
    runner(stack);
    expect(warningsOf(stack)).not.toContain('/Stack/Runner: connectionsWithoutSecurityGroup');
  });

  test('names the input to set, and can be acknowledged', () => {
    const stack = newStack();
    const runner = EcsRunner.fromRunnerId(stack, 'Runner', 'prod');
    runner.connections.allowTo(database(stack), port);
    Annotations.fromStack(stack).hasWarning('/Stack/Runner/Warnings', Match.stringLikeRegexp(
      'have no effect, because its security groups are not known.*Give the security groups of the tasks in `securityGroups`\\.'));
    const other = newStack();
    const acknowledged = EcsRunner.fromRunnerId(other, 'Runner', 'prod');
    acknowledged.connections.allowTo(database(other), port);
    acknowledge(other, 'connectionsWithoutSecurityGroup');
    expect(warningsOf(other)).toEqual([]);
  });

  test('of an imported runner with security groups add rules', () => {
    const stack = newStack();
    const securityGroups = [ec2.SecurityGroup.fromSecurityGroupId(stack, 'Group', 'sg-12345678')];
    database(stack).connections.allowFrom(EcsRunner.fromRunnerAttributes(stack, 'Runner', { runnerId: 'prod', securityGroups }), port);
    Template.fromStack(stack).hasResourceProperties('AWS::EC2::SecurityGroupIngress', { SourceSecurityGroupId: 'sg-12345678', FromPort: 5432 });
    expect(warningsOf(stack)).toEqual([]);
  });

  test('add earlier rules to a security group that is added later, and its tasks use the group', () => {
    const stack = newStack();
    const runner = quietRunner(stack, { vpc: undefined, subnetIds: ['subnet-1'] });
    const group = new ec2.SecurityGroup(stack, 'Group', { vpc: importedVpc(stack), allowAllOutbound: false });
    runner.connections.allowTo(database(stack), port);
    runner.connections.addSecurityGroup(group);
    const template = Template.fromStack(stack);
    template.hasResourceProperties('AWS::EC2::SecurityGroupEgress', { FromPort: 5432 });
    const registration = only(template, 'Custom::HumanitecRunner');
    expect(registration.Properties.Job.SecurityGroups).toEqual([stack.resolve(group.securityGroupId)]);
    expect(registration.DependsOn).toEqual(expect.arrayContaining(Object.keys(template.findResources('AWS::EC2::SecurityGroupEgress'))));
    expect(warningsOf(stack)).not.toContain('/Stack/Runner: connectionsWithoutSecurityGroup');
  });
});

describe('grants to an imported runner without its task role', () => {
  const GRANTS: [string, (stack: Stack, runner: iam.IGrantable) => unknown, string][] = [
    ['a bucket', (stack, runner) => new s3.Bucket(stack, 'Resource').grantRead(runner), 's3:GetObject'],
    ['a bucket with a key', (stack, runner) => new s3.Bucket(stack, 'Resource', { encryption: s3.BucketEncryption.KMS }).grantRead(runner), 'kms:Decrypt'],
    ['an imported bucket of another account', (stack, runner) =>
      s3.Bucket.fromBucketAttributes(stack, 'Resource', { bucketName: 'other', account: '999999999999' }).grantRead(runner), 's3:GetObject'],
    ['a secret', (stack, runner) => new secretsmanager.Secret(stack, 'Resource').grantRead(runner), 'secretsmanager:GetSecretValue'],
    ['a secret with a key', (stack, runner) =>
      new secretsmanager.Secret(stack, 'Resource', { encryptionKey: new kms.Key(stack, 'Key') }).grantRead(runner), 'secretsmanager:GetSecretValue'],
    ['a key', (stack, runner) => new kms.Key(stack, 'Resource').grantDecrypt(runner), 'kms:Decrypt'],
    ['a table', (stack, runner) => new dynamodb.Table(stack, 'Resource', { partitionKey: { name: 'id', type: dynamodb.AttributeType.STRING } }).grantReadData(runner),
      'dynamodb:GetItem'],
  ];

  test.each(GRANTS)('of %s print a warning that names the permission', (_name, grant, action) => {
    const stack = newStack();
    grant(stack, EcsRunner.fromRunnerId(stack, 'Runner', 'prod'));
    Annotations.fromStack(stack).hasWarning('/Stack/Runner', Match.stringLikeRegexp(`The task role of this imported runner is not known.*"${action}.*unknownTaskRole`));
    Annotations.fromStack(stack).hasNoWarning('/Stack/Runner', Match.stringLikeRegexp('\\{Token\\['));
  });

  test('name only the account in the policy of a resource of another stack', () => {
    const stack = newStack();
    const elsewhere = newStack({ env: { ...ENV, account: '999999999999' } }, 'Elsewhere', stack.node.root as App);
    new s3.Bucket(elsewhere, 'Bucket', { bucketName: 'elsewhere' }).grantRead(EcsRunner.fromRunnerId(stack, 'Runner', 'prod'));
    const [statement] = only(Template.fromStack(elsewhere), 'AWS::S3::BucketPolicy').Properties.PolicyDocument.Statement;
    expect(JSON.stringify(statement.Principal.AWS)).toContain(`:iam::${ACCOUNT}:root`);
    expect(warningsOf(stack)).toEqual(['/Stack/Runner: unknownTaskRole']);
  });
});

describe('a runner without a rule', () => {
  const missing = ['/Stack/Runner: noRunnerRule'];
  const bare = (stack: Stack, props: Partial<EcsRunnerProps> = {}) => plainRunner(stack, { vpc: importedVpc(stack), subnetIds: undefined, ...props });

  test('has a warning, which can be acknowledged', () => {
    const stack = newStack();
    bare(stack);
    expect(warningsOf(stack)).toEqual(missing);
    const other = newStack();
    bare(other);
    acknowledge(other, 'noRunnerRule');
    expect(warningsOf(other)).toEqual([]);
  });

  test('has no warning when an aspect adds one', () => {
    const stack = newStack();
    const runner = bare(stack);
    Aspects.of(stack).add({ visit: (node) => { if (node === runner && !runner.node.tryFindChild('Late')) runner.addRule('Late'); } });
    expect(warningsOf(stack)).toEqual([]);
  });

  test.each<[string, (stack: Stack, runner: EcsRunner) => void]>([
    ['names the runner', (stack, runner) => new RunnerRule(stack, 'Rule', { runner })],
    ['imports it by its id', (stack, runner) => EcsRunner.fromRunnerAttributes(stack, 'Imported', { runnerId: 'prod', orchestrator: runner.orchestrator }).addRule('Rule')],
    ['imports it with the orchestrator of its stack', stack => EcsRunner.fromRunnerAttributes(stack, 'Imported', {
      runnerId: 'prod', orchestrator: orchestratorOf(stack),
    }).addRule('Rule')],
  ])('has no warning when a rule of another stack %s', (_name, addRule) => {
    const stack = newStack();
    const other = newStack({ env: ENV }, 'Other', stack.node.root as App);
    addRule(other, bare(stack, { runnerId: 'prod' }));
    expect(warningsOf(stack)).toEqual([]);
  });

  test('has a warning when all rules name other runners', () => {
    const stack = newStack();
    bare(stack, { runnerId: 'prod' });
    EcsRunner.fromRunnerAttributes(stack, 'Imported', { runnerId: 'dev', orchestrator: orchestratorOf(stack) }).addRule('Rule');
    EcsRunner.fromRunnerAttributes(stack, 'Elsewhere', { runnerId: 'prod', orchestrator: orchestratorOf(stack, 'other-org') }).addRule('Rule');
    expect(warningsOf(stack)).toEqual(missing);
  });
});

describe('the filter of a rule that is a CDK token', () => {
  const FIX = 'Give the id that the orchestrator shows, or omit it to match all.';
  test.each<[string, string, string]>([
    ['for nothing', Lazy.string({ produce: () => undefined as unknown as string }), 'a CDK token for no value'],
    ['for no value of CloudFormation', Aws.NO_VALUE, 'a CDK token for no value'],
    ['for an empty text, which matches everything', Lazy.string({ produce: () => '' }), '""'],
    ['for a text with blanks', Lazy.string({ produce: () => 'my project' }), '"my project"'],
  ])('is rejected %s', (_name, value, got) => {
    const stack = newStack();
    quietRunner(stack).addRule('Late', { projectId: 'project', envTypeId: value });
    expect(() => Template.fromStack(stack)).toThrow(`[Stack/Runner/Late] envTypeId: expected an id of letters, digits, "-" and "_"; got ${got}. ${FIX}`);
  });

  test('is accepted for an id, and for what only the deployment knows', () => {
    const stack = newStack();
    quietRunner(stack).addRule('Late', { projectId: Lazy.string({ produce: () => 'project' }), envTypeId: new CfnParameter(stack, 'EnvType').valueAsString });
    Template.fromStack(stack).resourceCountIs('Custom::HumanitecRunnerRule', 2);
  });
});

describe('applyRemovalPolicy', () => {
  const policies = (stack: Stack, type: string) => Object.values(Template.fromStack(stack).findResources(type)).map(resource => resource.DeletionPolicy);

  test('of a runner sets the removal policy of its log groups and its bucket, and of nothing else', () => {
    const stack = newStack();
    quietRunner(stack).applyRemovalPolicy(RemovalPolicy.RETAIN);
    expect(policies(stack, 'AWS::S3::Bucket')).toEqual(['RetainExceptOnCreate']);
    // The third log group belongs to the registration, which the runners of the stack share.
    expect(policies(stack, 'AWS::Logs::LogGroup').sort()).toEqual(['Delete', 'RetainExceptOnCreate', 'RetainExceptOnCreate']);
    expect(policies(stack, 'Custom::HumanitecRunner')).toEqual(['Delete']);
    const other = newStack();
    quietRunner(other).applyRemovalPolicy(RemovalPolicy.DESTROY);
    expect(policies(other, 'AWS::S3::Bucket')).toEqual(['Delete']);
    const emptied = newStack();
    const stateStorage = StateStorage.newBucket({ removalPolicy: RemovalPolicy.DESTROY, autoDeleteObjects: true });
    quietRunner(emptied, { stateStorage }).applyRemovalPolicy(RemovalPolicy.DESTROY);
    expect(policies(emptied, 'AWS::S3::Bucket')).toEqual(['Delete']);
  });

  test('of a runner does not change an existing bucket', () => {
    const stack = newStack();
    quietRunner(stack, { stateStorage: StateStorage.existingBucket(new s3.Bucket(stack, 'Bucket')) }).applyRemovalPolicy(RemovalPolicy.DESTROY);
    expect(policies(stack, 'AWS::S3::Bucket')).toEqual(['Retain']);
  });

  test.each<[string, Partial<EcsRunnerProps>, RemovalPolicy, string]>([
    ['a snapshot', {}, RemovalPolicy.SNAPSHOT, 'policy: expected RemovalPolicy.DESTROY, RETAIN or RETAIN_ON_UPDATE_OR_DELETE; got RemovalPolicy.SNAPSHOT. '
      + 'CloudFormation cannot take snapshots of buckets and log groups: choose another policy.'],
    ['keeping a bucket that is emptied', { stateStorage: StateStorage.newBucket({ removalPolicy: RemovalPolicy.DESTROY, autoDeleteObjects: true }) }, RemovalPolicy.RETAIN,
      'policy: expected RemovalPolicy.DESTROY for a state bucket with `autoDeleteObjects`; got RemovalPolicy.RETAIN. '
      + 'CloudFormation would retain the bucket, but empty it when it deletes the stack: omit autoDeleteObjects to keep the state.'],
  ])('of a runner rejects %s', (_name, props, policy, problem) => {
    const runner = quietRunner(newStack(), props);
    expect(() => runner.applyRemovalPolicy(policy)).toThrow(`EcsRunner 'Stack/Runner' has 1 problem:\n  1. ${problem}`);
  });

  test('of a rule keeps the rule at the orchestrator', () => {
    const stack = newStack();
    new RunnerRule(stack, 'Rule', { runner: quietRunner(stack) }).applyRemovalPolicy(RemovalPolicy.RETAIN);
    expect(policies(stack, 'Custom::HumanitecRunnerRule').sort()).toEqual(['Delete', 'Retain']);
    expect(warningsOf(stack)).toEqual([]);
  });

  test.each<[string, (policies: RemovalPolicies) => void, string[]]>([
    ['retain', all => all.retain(), ['/Stack/Runner/Rule: ruleRetained', '/Stack/Runner: registrationRetained']],
    ['retainOnUpdateOrDelete', all => all.retainOnUpdateOrDelete(), ['/Stack/Runner/Rule: ruleRetained', '/Stack/Runner: registrationRetained']],
    ['retain, without what is at the orchestrator', all => all.retain({ excludeResourceTypes: ['Custom::HumanitecRunner', 'Custom::HumanitecRunnerRule'] }), []],
    ['destroy', all => all.destroy(), ['/Stack/Provider: oidcProviderDeleted']],
    ['destroy, without the provider', all => all.destroy({ excludeResourceTypes: ['AWS::IAM::OIDCProvider'] }), []],
  ])('of all resources of an app: %s', (_name, apply, warnings) => {
    const stack = newStack();
    quietRunner(stack, { oidcProvider: new RunnerOidcProvider(stack, 'Provider') });
    apply(RemovalPolicies.of(stack));
    expect(warningsOf(stack)).toEqual(warnings);
  });

  test('of a provider that its properties delete has no warning', () => {
    const stack = newStack();
    new RunnerOidcProvider(stack, 'Provider', { removalPolicy: RemovalPolicy.DESTROY });
    expect(warningsOf(stack)).toEqual([]);
  });

  test('of an imported runner is rejected', () => {
    const stack = newStack();
    expect(() => EcsRunner.fromRunnerId(stack, 'Imported', 'prod').applyRemovalPolicy(RemovalPolicy.RETAIN)).toThrow(
      'Stack/Imported: expected a runner of this app; got RemovalPolicy.RETAIN for an imported runner. '
      + 'No stack of this app manages an imported runner: set the removal policy where the runner is defined.');
  });
});

test('a runner with subnetIds alone warns that the tasks use the default security group', () => {
  const stack = newStack();
  new EcsRunner(stack, 'Runner', minimal(stack)).addRule('Rule');
  Annotations.fromStack(stack).hasWarning('/Stack/Runner', Match.stringLikeRegexp('use the default security group of their VPC.*Give security groups in `securityGroups`'));
  const other = newStack();
  plainRunner(other, { securityGroups: [ec2.SecurityGroup.fromSecurityGroupId(other, 'Group', 'sg-12345678')] }).addRule('Rule');
  expect(warningsOf(other)).toEqual([]);
});

test.each([`${ACCOUNT}.dkr.ecr.${REGION}.amazonaws.com/runner:1.2`, `${ACCOUNT}.dkr-ecr.${REGION}.on.aws/runner:1.2`])('a private Amazon ECR image by its name has a warning: %s', (name) => {
  const stack = newStack();
  quietRunner(stack, { image: RunnerImage.fromRegistry(name) });
  Annotations.fromStack(stack).hasWarning('/Stack/Runner', Match.stringLikeRegexp('RunnerImage.fromEcrRepository'));
  acknowledge(stack, 'privateEcrImage');
  expect(warningsOf(stack)).toEqual([]);
});

test.each(['public.ecr.aws/my-org/runner:1.2', 'ghcr.io/my-org/runner:1.2'])('an image of a public registry has no warning: %s', (name) => {
  const stack = newStack();
  quietRunner(stack, { image: RunnerImage.fromRegistry(name) });
  expect(warningsOf(stack)).toEqual([]);
});

describe('the Lambda of the registration in isolated subnets', () => {
  const isolatedVpc = (stack: Stack, id = 'Isolated') => new ec2.Vpc(stack, id, {
    natGateways: 0, subnetConfiguration: [{ name: 'Isolated', subnetType: ec2.SubnetType.PRIVATE_ISOLATED }],
  });
  const run = (stack: Stack, network: Partial<RegistrationNetwork> = {}) => {
    const vpc = isolatedVpc(stack);
    quietRunner(stack, { registrationNetwork: { vpc, ...network } });
    return vpc;
  };

  test('has a warning if the app has no VPC endpoints there', () => {
    const stack = newStack();
    run(stack);
    new ec2.InterfaceVpcEndpoint(stack, 'Elsewhere', { vpc: isolatedVpc(stack, 'Other'), service: ec2.InterfaceVpcEndpointAwsService.SECRETS_MANAGER });
    expect(warningsOf(stack)).toEqual(['/Stack/HumanitecRunnerRegistration: isolatedRegistration']);
  });

  test('has no warning with `createEndpoints`, or with an endpoint that is created later', () => {
    const stack = newStack();
    run(stack, { createEndpoints: true });
    expect(warningsOf(stack)).toEqual([]);
    const other = newStack();
    run(other).addInterfaceEndpoint('SecretsManager', { service: ec2.InterfaceVpcEndpointAwsService.SECRETS_MANAGER });
    expect(warningsOf(other)).toEqual([]);
  });

  test('has no warning before the VPC was looked up', () => {
    const stack = newStack();
    quietRunner(stack, { registrationNetwork: { vpc: ec2.Vpc.fromLookup(stack, 'Lookup', { vpcId: 'vpc-12345678' }), vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED } } });
    expect(warningsOf(stack)).toEqual([]);
  });
});
