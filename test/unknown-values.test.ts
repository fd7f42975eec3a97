/** Values that are unknown at the first synthesis: placeholders of context lookups, and different CDK tokens for the same value. */
import { App, CfnDynamicReference, CfnDynamicReferenceService, Fn, Lazy, SecretValue, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { ACCOUNT, newStack, orchestratorOf, REGION, runnerIn, tokenOf } from './support';
import { ApiToken, EcsRunner, EcsRunnerProps, Orchestrator, RunnerImage, RunnerOidcProvider, StateStorage } from '../src';

const lookup = (stack: Stack, name = '/platform/value') => StringParameter.valueFromLookup(stack, name);
const vpc = (stack: Stack) => (stack.node.tryFindChild('Shared') as ec2.IVpc | undefined) ?? ec2.Vpc.fromLookup(stack, 'Shared', { vpcName: 'shared' });
const importOnce = <T>(stack: Stack, id: string, make: () => T): T => (stack.node.tryFindChild(id) as T | undefined) ?? make();

/** Inputs that contain placeholders, each for two runners of one stack. */
const LOOKUPS: Record<string, (stack: Stack, id: string) => Partial<EcsRunnerProps>> = {
  'the id': stack => ({ runnerId: lookup(stack) }),
  'a part of the id': stack => ({ runnerId: `Team-${lookup(stack)}` }),
  'the prefix of the id': stack => ({ runnerIdPrefix: lookup(stack) }),
  'the description': stack => ({ description: `${'d'.repeat(200)}${lookup(stack)}` }),
  'the organization': stack => ({ orchestrator: Orchestrator.humanitec({ orgId: lookup(stack), apiToken: tokenOf(stack) }) }),
  'the URLs of an orchestrator': stack => ({
    orchestrator: Orchestrator.selfHosted({ orgId: 'my-org', apiUrl: lookup(stack), oidcIssuerUrl: lookup(stack, '/issuer'), apiToken: tokenOf(stack) }),
  }),
  'the certificates of a private CA': stack => ({
    orchestrator: Orchestrator.selfHosted({
      orgId: 'my-org', apiUrl: 'https://api.example.com', oidcIssuerUrl: 'https://oidc.example.com', apiToken: tokenOf(stack), extraCaCertificates: lookup(stack),
    }),
  }),
  'hosts of an orchestrator': stack => ({
    orchestrator: Orchestrator.selfHosted({
      orgId: 'my-org', apiUrl: `https://${lookup(stack)}:8443/`, oidcIssuerUrl: `https://${lookup(stack)}/`, taskFamilyPrefix: lookup(stack), apiToken: tokenOf(stack),
    }),
    registrationNetwork: { vpc: vpc(stack) },
  }),
  'the secret of the API token': stack => ({
    orchestrator: Orchestrator.humanitec({
      orgId: 'my-org', apiToken: ApiToken.fromSecretsManager(importOnce(stack, 'Named', () => secretsmanager.Secret.fromSecretNameV2(stack, 'Named', lookup(stack)))),
    }),
  }),
  'the VPC of the tasks, by subnet group': stack => ({ subnetIds: undefined, vpc: vpc(stack), vpcSubnets: { subnetGroupName: 'internal' } }),
  'the VPC of the tasks, isolated': stack => ({ subnetIds: undefined, vpc: vpc(stack), vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED } }),
  'the VPC of the tasks, filtered': stack => ({
    subnetIds: undefined, vpc: vpc(stack), vpcSubnets: { subnetFilters: [ec2.SubnetFilter.byIds([lookup(stack)])] },
  }),
  'subnet ids': stack => ({ subnetIds: [lookup(stack), lookup(stack, `/${'long'.repeat(20)}`)] }),
  'subnets of a VPC': stack => ({ subnetIds: vpc(stack).privateSubnets.map(subnet => subnet.subnetId) }),
  'security groups': (stack, id) => ({ securityGroups: [ec2.SecurityGroup.fromLookupById(stack, `Group${id}`, 'sg-1'), ec2.SecurityGroup.fromSecurityGroupId(stack, `Other${id}`, lookup(stack))] }),
  'the network of the registration, by subnet group': stack => ({ registrationNetwork: { vpc: vpc(stack), vpcSubnets: { subnetGroupName: 'internal' } } }),
  'the network of the registration, public': stack => ({ registrationNetwork: { vpc: vpc(stack), vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC } } }),
  'the network of the registration, with endpoints': stack => ({
    registrationNetwork: { vpc: vpc(stack), createEndpoints: true }, oidcProvider: importOnce(stack, 'OidcProvider', () => new RunnerOidcProvider(stack, 'OidcProvider')),
  }),
  'the cluster': (stack, id) => ({ cluster: ecs.Cluster.fromClusterAttributes(stack, `Cluster${id}`, { clusterName: lookup(stack), vpc: vpc(stack) }) }),
  'the prefix of the state': stack => ({ stateStorage: StateStorage.newBucket({ prefix: `/../${lookup(stack)}/` }) }),
  'the state bucket': (stack, id) => ({
    stateStorage: StateStorage.existingBucket(s3.Bucket.fromBucketAttributes(stack, `Bucket${id}`, { bucketName: lookup(stack, 'Bucket_name'), region: lookup(stack) })),
  }),
  'the image': stack => ({ image: RunnerImage.fromRegistry(`my org/${lookup(stack)}`) }),
  'repository and tag of the image': (stack, id) => ({
    image: RunnerImage.fromEcrRepository(ecr.Repository.fromRepositoryName(stack, `Repository${id}`, lookup(stack)), lookup(stack)),
  }),
  'values of variables': stack => ({ environment: { A: `${'v'.repeat(1100)}${lookup(stack)}` } }),
  'the path of roles': stack => ({ rolePath: lookup(stack) }),
  'the boundary': (stack, id) => ({ permissionsBoundary: iam.ManagedPolicy.fromManagedPolicyArn(stack, `Boundary${id}`, lookup(stack)) }),
  'the boundary, by name': (stack, id) => ({ permissionsBoundary: iam.ManagedPolicy.fromManagedPolicyName(stack, `Boundary${id}`, lookup(stack)) }),
  'the task role': (stack, id) => ({ taskRole: iam.Role.fromRoleName(stack, `Role${id}`, lookup(stack)) }),
  'the key': stack => ({ encryptionKey: importOnce(stack, 'Key', () => kms.Key.fromLookup(stack, 'Key', { aliasName: 'alias/platform' })) }),
  'the OIDC provider': (stack, id) => ({
    oidcProvider: iam.OidcProviderNative.fromOidcProviderArn(stack, `Provider${id}`, `arn:aws:iam::${ACCOUNT}:oidc-provider/${lookup(stack)}`),
  }),
  'the issuer of an orchestrator whose provider is given': (stack, id) => ({
    orchestrator: Orchestrator.selfHosted({ orgId: 'my-org', apiUrl: 'https://api.example.com', oidcIssuerUrl: lookup(stack), apiToken: tokenOf(stack) }),
    oidcProvider: iam.OidcProviderNative.fromOidcProviderArn(stack, `Provider${id}`, `arn:aws:iam::${ACCOUNT}:oidc-provider/oidc.example.com`),
  }),
  'the key of a tag': stack => ({ tags: { [`!${'k'.repeat(130)}${lookup(stack)}`]: 'platform' } }),
  'tags': stack => ({ tags: { team: `!${lookup(stack)}` } }),
};

describe('placeholders of lookups', () => {
  test.each(Object.entries(LOOKUPS))('synthesizes two runners and reports the missing context: %s', (_name, change) => {
    const app = new App();
    const stack = newStack(undefined, 'Stack', app);
    for (const id of ['One', 'Two']) runnerIn(stack, change(stack, id), id);
    expect(app.synth().manifest.missing).not.toEqual([]);
  });

  test('synthesizes a runner with roles that are looked up, whose placeholders name another account', () => {
    const stack = newStack({ env: { account: '111122223333', region: REGION } });
    const role = (id: string) => iam.Role.fromLookup(stack, id, { roleName: id });
    expect(() => runnerIn(stack, {
      subnetIds: ['subnet-11111111'],
      taskRole: role('TaskRole'),
      executionRole: role('ExecutionRole'),
      orchestrator: Orchestrator.humanitec({
        orgId: 'my-org', apiToken: ApiToken.fromSecretsManager(secretsmanager.Secret.fromSecretNameV2(stack, 'Token', 'token')),
      }),
    })).not.toThrow();
  });

  test('synthesizes runners with placeholders together with runners without', () => {
    const app = new App();
    const stack = newStack(undefined, 'Stack', app);
    const boundary = (id: string, arn: string) => iam.ManagedPolicy.fromManagedPolicyArn(stack, id, arn);
    runnerIn(stack, { rolePath: '/a/', permissionsBoundary: boundary('B1', `arn:aws:iam::${ACCOUNT}:policy/p`) }, 'One');
    runnerIn(stack, { rolePath: lookup(stack), permissionsBoundary: boundary('B2', lookup(stack)) }, 'Two');
    expect(app.synth().manifest.missing).toHaveLength(1);
  });

  test('synthesizes rules whose filters have one placeholder', () => {
    const app = new App();
    const stack = newStack(undefined, 'Stack', app);
    const runner = runnerIn(stack);
    for (const id of ['One', 'Two']) runner.addRule(id, { projectId: lookup(stack), envTypeId: Lazy.string({ produce: () => lookup(stack) }) });
    expect(app.synth().manifest.missing).toHaveLength(1);
  });

  test('synthesizes a runner that is imported by a placeholder', () => {
    const app = new App();
    const stack = newStack(undefined, 'Stack', app);
    EcsRunner.fromRunnerAttributes(stack, 'Runner', { runnerId: lookup(stack), orchestrator: orchestratorOf(stack) }).addRule('Rule');
    expect(app.synth().manifest.missing).toHaveLength(1);
  });
});

/** Settings that the runners of a stack must share, as different tokens for each runner. */
const SHARED: Record<string, (stack: Stack, id: string) => Partial<EcsRunnerProps>> = {
  'a boundary from an export': (stack, id) => ({ permissionsBoundary: iam.ManagedPolicy.fromManagedPolicyArn(stack, id, Fn.importValue('Boundary')) }),
  'a boundary from Fn.sub': (stack, id) => ({
    permissionsBoundary: iam.ManagedPolicy.fromManagedPolicyArn(stack, id, Fn.sub('arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/p')),
  }),
  'a boundary that is put together in two ways': (stack, id) => ({
    permissionsBoundary: id === 'IOne' ? iam.ManagedPolicy.fromManagedPolicyName(stack, id, 'p') : iam.ManagedPolicy.fromManagedPolicyArn(stack, id, `arn:aws:iam::${ACCOUNT}:policy/p`),
  }),
  'a role path from an export': () => ({ rolePath: Fn.importValue('Path') }),
  'a network from exports': (stack, id) => ({
    registrationNetwork: {
      vpc: ec2.Vpc.fromVpcAttributes(stack, id, {
        vpcId: Fn.importValue('Vpc'), availabilityZones: Fn.split(',', Fn.importValue('Zones')), privateSubnetIds: Fn.split(',', Fn.importValue('Subnets')),
      }),
      securityGroups: [ec2.SecurityGroup.fromSecurityGroupId(stack, `${id}Group`, Fn.importValue('Group'))],
    },
  }),
};

describe('CDK tokens', () => {
  test.each(Object.entries(SHARED))('accepts two runners with %s', (_name, change) => {
    const stack = newStack();
    for (const id of ['One', 'Two']) runnerIn(stack, change(stack, `I${id}`), id);
    expect(Object.keys(Template.fromStack(stack).findResources('Custom::HumanitecRunner'))).toHaveLength(2);
  });

  test('rejects different exports', () => {
    const stack = newStack();
    runnerIn(stack, { rolePath: Fn.importValue('One') }, 'One');
    expect(() => runnerIn(stack, { rolePath: Fn.importValue('Two') }, 'Two'))
      .toThrow('rolePath: expected "<token>", as the stack\'s other runners have; got "<token>". The runners of a stack share');
  });

  test('rejects two rules whose filters stand for one value', () => {
    const stack = newStack();
    const runner = runnerIn(stack);
    runner.addRule('One', { projectId: Fn.importValue('Project') });
    expect(() => runner.addRule('Two', { projectId: Fn.importValue('Project') })).toThrow('got those of \'Stack/Runner/One\'');
    runner.addRule('Three', { projectId: Fn.importValue('Other') });
  });

  test('lets the registration read API tokens of two stacks whose secrets have the same logical id', () => {
    const app = new App();
    const secrets = ['A', 'B'].map(id => new secretsmanager.Secret(newStack(undefined, id, app), 'Secret'));
    const stack = newStack(undefined, 'Stack', app);
    for (const [index, secret] of secrets.entries()) {
      runnerIn(stack, { orchestrator: Orchestrator.humanitec({ orgId: 'my-org', apiToken: ApiToken.fromSecretsManager(secret) }) }, `Runner${index}`);
    }
    const template = JSON.stringify(app.synth().getStackByName('Stack').template);
    expect(new Set(template.match(/"Fn::ImportValue":"[AB]:[^"]*"\},"Sid":"ReadApiTokenSecret/g)).size).toBe(2);
  });

  test('prints each statement for a key only once if two runners import the same key', () => {
    const stack = newStack();
    const key = (id: string) => kms.Key.fromKeyArn(stack, id, `arn:aws:kms:${REGION}:${ACCOUNT}:key/11111111-2222-3333-4444-555555555555`);
    const runners = ['One', 'Two'].map(id => runnerIn(stack, { encryptionKey: key(`Key${id}`) }, id));
    const warnings = runners.map(runner => runner.node.metadata.map(({ data }) => data).join());
    expect(warnings[0]).toContain('"Sid":"EncryptLogGroups"');
    expect(warnings[1]).toContain('"Sid":"EncryptLogGroups2"');
  });

  test('prints the statement for the state if the key of the bucket is imported twice', () => {
    const stack = newStack();
    const key = (id: string) => kms.Key.fromKeyArn(stack, id, `arn:aws:kms:${REGION}:${ACCOUNT}:key/11111111-2222-3333-4444-555555555555`);
    const bucket = s3.Bucket.fromBucketAttributes(stack, 'Bucket', { bucketName: 'state', encryptionKey: key('Of bucket') });
    const runner = runnerIn(stack, { encryptionKey: key('Key'), stateStorage: StateStorage.existingBucket(bucket) });
    expect(JSON.stringify(runner.node.metadata)).toContain('EncryptState');
  });
});

describe('dynamic references', () => {
  const problem = (input: string, reference: string) => `${input}: expected no dynamic reference to a secret, which CloudFormation does not resolve in custom resources; `
    + `got "${reference}". Give environment variables with secret values in \`secrets\`, and a plain value elsewhere.`;
  const secret = SecretValue.secretsManager('password').unsafeUnwrap();
  const reference = '{{resolve:secretsmanager:password:SecretString:::}}';

  test.each<[string, Partial<EcsRunnerProps>, string]>([
    ['an environment variable', { environment: { PASSWORD: secret } }, problem('environment.PASSWORD', reference)],
    ['a part of an environment variable', { environment: { URL: Fn.join('', ['https://', Fn.importValue('Host'), '/', secret]) } }, problem('environment.URL', reference)],
    ['a SecureString parameter', { description: SecretValue.ssmSecure('/text', '1').unsafeUnwrap() }, problem('description', '{{resolve:ssm-secure:/text:1}}')],
    ['the id', { runnerId: secret }, problem('runnerId', reference)],
    ['a text that is a reference', { environment: { PASSWORD: reference } }, problem('environment.PASSWORD', reference)],
  ])('to secrets are rejected: %s', (_name, props, message) => {
    const stack = newStack();
    expect(() => {
      runnerIn(stack, props);
      (stack.node.root as App).synth();
    }).toThrow(message);
  });

  test('to secrets are rejected in the filter of a rule', () => {
    const stack = newStack();
    runnerIn(stack).addRule('Rule', { projectId: secret });
    expect(() => (stack.node.root as App).synth()).toThrow(`[Stack/Runner/Rule/Resource] ${problem('projectId', reference)}`);
  });

  test('to plain parameters are accepted', () => {
    const stack = newStack();
    runnerIn(stack, { environment: { HOST: new CfnDynamicReference(CfnDynamicReferenceService.SSM, '/host').toString() } });
    expect(JSON.stringify(Template.fromStack(stack))).toContain('{{resolve:ssm:/host}}');
  });
});
