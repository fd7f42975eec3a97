/** The choices that a runner's inputs give, and what each of them is in code. */
import type { Stack } from 'aws-cdk-lib';
import { RemovalPolicy } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import type { Document } from './model';
import type { Choice } from './pairs';
import type { Given } from './template';
import { ApiToken, EcsRunnerProps, Orchestrator, RunnerImage, StateStorage } from '../../src';

export const ACCOUNT = '123456789012';
export const REGION = 'us-east-1';
const NEIGHBOUR = '444455556666';

export const CHOICES = {
  orchestrator: ['hosted', 'self-hosted', 'self-hosted with a family prefix', 'self-hosted, issuer with a path'],
  id: ['generated', 'generated from a prefix', 'given'],
  cluster: ['own', 'of the stack', 'imported'],
  state: ['own', 'own, prefix', 'own, emptied', 'of the stack, customer key', 'imported', 'imported, prefix', 'imported, prefix, customer key', 'of another account, prefix'],
  key: ['none', 'of the stack', 'imported'],
  secrets: ['none', 'secret', 'secret, customer key', 'secret of the stack, customer key', 'parameter', 'parameter, customer key'],
  image: ['the orchestrator\'s', 'of a registry', 'of a repository of the stack', 'of an imported repository'],
  taskRole: ['own', 'of the stack', 'imported', 'imported, not to be changed'],
  executionRole: ['own', 'of the stack', 'imported', 'imported, not to be changed'],
  token: ['secret by name', 'secret by ARN', 'secret by ARN, customer key', 'secret by partial ARN, customer key', 'secret of the stack, customer key', 'parameter', 'parameter, customer key'],
  roles: ['plain', 'with a path', 'with a path and a boundary'],
  provider: ['own', 'given'],
  environment: ['known', 'unknown'],
  registration: ['outside', 'in a VPC'],
} as const;

export type Combination = Choice<typeof CHOICES>;

/** What a company's boundary lets its roles do at most. */
const BOUNDARY: Document = {
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Action: ['s3:*', 'ecs:*', 'ecr:*', 'kms:*', 'logs:*', 'secretsmanager:*', 'ssm:*', 'ec2:*', 'iam:PassRole'], Resource: '*' },
    { Effect: 'Deny', Action: ['s3:DeleteBucket', 'kms:ScheduleKeyDeletion'], Resource: '*' },
  ],
};

const arn = (service: string, resource: string) => `arn:aws:${service}:${REGION}:${ACCOUNT}:${resource}`;
/** All that the policy of an imported key has, before somebody adds what the warning says: it leaves nothing to the account's IAM policies. */
const ADMINISTRATOR = { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${ACCOUNT}:role/KeyAdministrator` }, Action: 'kms:*', Resource: '*' };

/** The properties of a runner, and what its template does not say of them. */
export function propsOf(stack: Stack, choice: Combination): { props: EcsRunnerProps; given: Given } {
  const keys: [unknown, unknown][] = [];
  const importKey = (id: string) => kms.Key.fromKeyArn(stack, id, arn('kms', `key/${id.toLowerCase()}`));
  const { issuer, orchestrator } = orchestratorOf(choice, tokenOf(stack, choice, keys, importKey));
  const encryptionKey = choice.key === 'none' ? undefined : choice.key === 'imported' ? importKey('RunnerKey') : new kms.Key(stack, 'RunnerKey');
  const bucket = bucketOf(stack, choice, importKey);
  const props: EcsRunnerProps = {
    orchestrator,
    subnetIds: ['subnet-11111111', 'subnet-22222222'],
    registrationNetwork: choice.registration === 'in a VPC' ? {
      vpc: ec2.Vpc.fromVpcAttributes(stack, 'Vpc', { vpcId: 'vpc-11111111', availabilityZones: [`${REGION}a`], privateSubnetIds: ['subnet-33333333'] }),
    } : undefined,
    runnerId: choice.id === 'given' ? 'prod-runner' : undefined,
    runnerIdPrefix: choice.id === 'generated from a prefix' ? 'prod' : undefined,
    cluster: clusterOf(stack, choice),
    stateStorage: bucket ? StateStorage.existingBucket(bucket, { prefix: choice.state.includes('prefix') ? 'team/a' : undefined }) : ownState(choice),
    encryptionKey,
    secrets: secretsOf(stack, choice, keys, importKey),
    image: imageOf(stack, choice),
    taskRole: roleOf(stack, 'TaskRole', choice.taskRole),
    executionRole: roleOf(stack, 'ExecutionRole', choice.executionRole),
    rolePath: choice.roles === 'plain' ? undefined : '/platform/runners/',
    permissionsBoundary: choice.roles.endsWith('boundary') ? iam.ManagedPolicy.fromManagedPolicyName(stack, 'Boundary', 'Boundary') : undefined,
    oidcProvider: choice.provider === 'given'
      ? iam.OidcProviderNative.fromOidcProviderArn(stack, 'Provider', `arn:aws:iam::${ACCOUNT}:oidc-provider/${issuer}`) : undefined,
  };
  const bucketKey = bucket?.encryptionKey ?? encryptionKey;
  if (bucket && bucketKey) keys.push([bucket.bucketArn, bucketKey.keyArn]);
  return {
    props,
    given: {
      issuer,
      familyPrefix: choice.orchestrator === 'self-hosted with a family prefix' ? 'runs_' : undefined,
      existingBucket: bucket !== undefined,
      givenRoles: [props.taskRole, props.executionRole].flatMap((role) => role ? [stack.resolve(role.roleArn)] : []),
      bucketOwner: choice.state.startsWith('of another account') ? NEIGHBOUR : undefined,
      keys,
      keyPolicies: choice.key === 'imported' ? [[encryptionKey!.keyArn, { Version: '2012-10-17', Statement: [ADMINISTRATOR] }]] : [],
      boundary: choice.roles.endsWith('boundary') ? BOUNDARY : undefined,
    },
  };
}

type ImportKey = (id: string) => kms.IKey;

function orchestratorOf({ orchestrator }: Combination, apiToken: ApiToken): { issuer: string; orchestrator: Orchestrator } {
  if (orchestrator === 'hosted') return { issuer: 'oidc.humanitec.dev', orchestrator: Orchestrator.humanitec({ orgId: 'my-org', apiToken }) };
  const issuer = orchestrator.endsWith('path') ? 'idp.example.org/realms/platform' : 'oidc.example.org';
  return {
    issuer,
    orchestrator: Orchestrator.selfHosted({
      orgId: 'my-org',
      apiToken,
      apiUrl: 'https://orchestrator.example.org',
      oidcIssuerUrl: `https://${issuer}`,
      taskFamilyPrefix: orchestrator.endsWith('family prefix') ? 'runs_' : undefined,
    }),
  };
}

function tokenOf(stack: Stack, { token }: Combination, keys: [unknown, unknown][], importKey: ImportKey): ApiToken {
  const complete = arn('secretsmanager', 'secret:orchestrator-token-AbCdEf');
  const encryptionKey = token.endsWith('customer key') && !token.includes('of the stack') ? importKey('TokenKey') : undefined;
  if (token.startsWith('parameter')) {
    if (encryptionKey) keys.push([arn('ssm', 'parameter/orchestrator/token'), encryptionKey.keyArn]);
    return ApiToken.fromSsmParameter(ssm.StringParameter.fromSecureStringParameterAttributes(stack, 'Token', { parameterName: '/orchestrator/token' }), encryptionKey);
  }
  if (encryptionKey) keys.push([token.includes('partial') ? complete.slice(0, -7) : complete, encryptionKey.keyArn]);
  return ApiToken.fromSecretsManager(({
    'secret by name': () => secretsmanager.Secret.fromSecretNameV2(stack, 'Token', 'orchestrator-token'),
    'secret by ARN': () => secretsmanager.Secret.fromSecretCompleteArn(stack, 'Token', complete),
    'secret by ARN, customer key': () => secretsmanager.Secret.fromSecretAttributes(stack, 'Token', { secretCompleteArn: complete, encryptionKey }),
    'secret by partial ARN, customer key': () => secretsmanager.Secret.fromSecretAttributes(stack, 'Token', { secretPartialArn: complete.slice(0, -7), encryptionKey }),
    'secret of the stack, customer key': () => new secretsmanager.Secret(stack, 'Token', { encryptionKey: new kms.Key(stack, 'TokenKey') }),
  } as Record<string, () => secretsmanager.ISecret>)[token]!());
}

function clusterOf(stack: Stack, { cluster }: Combination): ecs.ICluster | undefined {
  switch (cluster) {
    case 'own': return undefined;
    case 'of the stack': return ecs.Cluster.fromClusterArn(stack, 'Cluster', new ecs.CfnCluster(stack, 'SharedCluster').attrArn);
    case 'imported': return ecs.Cluster.fromClusterArn(stack, 'Cluster', stack.formatArn({ service: 'ecs', resource: 'cluster', resourceName: 'shared' }));
  }
}

function bucketOf(stack: Stack, { state }: Combination, importKey: ImportKey): s3.IBucket | undefined {
  switch (state) {
    case 'of the stack, customer key': return new s3.Bucket(stack, 'States', { encryptionKey: new kms.Key(stack, 'StatesKey') });
    case 'imported':
    case 'imported, prefix': return s3.Bucket.fromBucketName(stack, 'States', 'my-org-states');
    case 'imported, prefix, customer key': return s3.Bucket.fromBucketAttributes(stack, 'States', { bucketName: 'my-org-states', encryptionKey: importKey('StatesKey') });
    case 'of another account, prefix': return s3.Bucket.fromBucketAttributes(stack, 'States', { bucketName: 'my-org-states', account: NEIGHBOUR });
    default: return undefined;
  }
}

function ownState({ state }: Combination): StateStorage {
  return StateStorage.newBucket({
    prefix: state === 'own, prefix' ? 'team/a' : undefined,
    ...state === 'own, emptied' ? { autoDeleteObjects: true, removalPolicy: RemovalPolicy.DESTROY } : {},
  });
}

function secretsOf(stack: Stack, { secrets }: Combination, keys: [unknown, unknown][], importKey: ImportKey): Record<string, ecs.Secret> | undefined {
  const complete = arn('secretsmanager', 'secret:git-password-QrStUv');
  const parameter = arn('ssm', 'parameter/deployments/git');
  const encryptionKey = secrets.endsWith('customer key') && !secrets.includes('of the stack') ? importKey('SecretKey') : undefined;
  if (encryptionKey) keys.push([secrets.startsWith('secret') ? complete : parameter, encryptionKey.keyArn]);
  switch (secrets) {
    case 'none': return undefined;
    case 'secret': return { GIT: ecs.Secret.fromSecretsManager(secretsmanager.Secret.fromSecretCompleteArn(stack, 'Git', complete)) };
    case 'secret, customer key': return { GIT: ecs.Secret.fromSecretsManager(secretsmanager.Secret.fromSecretAttributes(stack, 'Git', { secretCompleteArn: complete, encryptionKey })) };
    case 'secret of the stack, customer key':
      return { GIT: ecs.Secret.fromSecretsManager(new secretsmanager.Secret(stack, 'Git', { encryptionKey: new kms.Key(stack, 'GitKey') })) };
    case 'parameter':
    case 'parameter, customer key':
      return { GIT: ecs.Secret.fromSsmParameter(ssm.StringParameter.fromSecureStringParameterAttributes(stack, 'Git', { parameterName: '/deployments/git', encryptionKey })) };
  }
}

function imageOf(stack: Stack, { image }: Combination): RunnerImage | undefined {
  switch (image) {
    case 'the orchestrator\'s': return undefined;
    case 'of a registry': return RunnerImage.fromRegistry('ghcr.io/my-org/runner:1.2');
    case 'of a repository of the stack': return RunnerImage.fromEcrRepository(new ecr.Repository(stack, 'Repository', { repositoryName: 'runner' }), '1.2');
    case 'of an imported repository': return RunnerImage.fromEcrRepository(ecr.Repository.fromRepositoryName(stack, 'Repository', 'shared/runner'), '1.2');
  }
}

function roleOf(stack: Stack, id: string, choice: Combination['taskRole']): iam.IRole | undefined {
  switch (choice) {
    case 'own': return undefined;
    case 'of the stack': return new iam.Role(stack, `Given${id}`, { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com'), roleName: `stack-${id}` });
    default: return iam.Role.fromRoleArn(stack, `Given${id}`, `arn:aws:iam::${ACCOUNT}:role/given-${id}`, { mutable: choice === 'imported' });
  }
}
