/** The choices for each input of a runner, and their CDK code. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { Fn, RemovalPolicy, Stage, type Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Document } from './model';
import { importedVpc, NETWORKS, networkOf, registrationNetworkOf } from './network-inputs';
import type { Choice } from './pairs';
import { ACCOUNT, REGION, SECRETS, secretsOf, tokenOf, TOKENS } from './secret-inputs';
import type { Given } from './template';
import { ApiToken, EcsRunnerProps, OnInUse, Orchestrator, RunnerImage, RunnerOidcProvider, StateStorage, type RunnerRuleOptions } from '../../src';

export { ACCOUNT, REGION };
/** Any certificate is valid here. */
const CERTIFICATE = rootCertificates[0]!;
const NEIGHBOUR = '444455556666';

export const CHOICES = {
  orchestrator: ['hosted', 'self-hosted', 'self-hosted with a family prefix', 'self-hosted, private CA, issuer with a path'],
  id: ['generated', 'generated from a prefix', 'given'],
  cluster: ['own', 'of the stack', 'imported'],
  state: ['own', 'own, prefix', 'own, emptied', 'of the stack, customer key', 'imported', 'imported, prefix', 'imported, prefix, customer key', 'of another account, prefix'],
  key: ['none', 'of the stack', 'imported'],
  secrets: SECRETS,
  image: ['the orchestrator\'s', 'of a registry', 'of a directory', 'of a repository of the stack', 'of an imported repository'],
  taskRole: ['own', 'of the stack', 'imported', 'imported, not to be changed'],
  executionRole: ['own', 'of the stack', 'imported', 'imported, not to be changed'],
  token: TOKENS,
  roles: ['plain', 'with a path', 'with a path and a boundary'],
  provider: ['own', 'given', 'of the stack'],
  place: ['known', 'unknown'],
  network: NETWORKS,
  eventLog: ['own', 'none', 'given'],
  registration: ['outside', 'in a VPC', 'in a VPC, two security groups'],
  environment: ['none', 'one', 'three'],
  tags: ['none', 'one', 'three'],
  rules: ['none', 'one', 'three'],
  others: ['left out', 'all'],
} as const;

export type Combination = Choice<typeof CHOICES>;

/** A permissions boundary of an enterprise. */
const BOUNDARY: Document = {
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Action: ['s3:*', 'ecs:*', 'ecr:*', 'kms:*', 'logs:*', 'secretsmanager:*', 'ssm:*', 'ec2:*', 'iam:PassRole', 'iam:GetOpenIDConnectProvider', 'iam:CreateOpenIDConnectProvider'], Resource: '*' },
    { Effect: 'Deny', Action: ['s3:DeleteBucket', 'kms:ScheduleKeyDeletion'], Resource: '*' },
  ],
};

const arn = (service: string, resource: string) => `arn:aws:${service}:${REGION}:${ACCOUNT}:${resource}`;
/** The policy of an imported key before the user adds the statements of the warning. It does not delegate to the account's IAM policies. */
const ADMINISTRATOR = { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${ACCOUNT}:role/KeyAdministrator` }, Action: 'kms:*', Resource: '*' };

/** Strings by name, for example variables or tags. */
function namesOf(count: 'none' | 'one' | 'three', name: string): Record<string, string> | undefined {
  const numbers = { none: [], one: [1], three: [1, 2, 3] }[count];
  return count === 'none' ? undefined : Object.fromEntries(numbers.map((number) => [`${name}${number}`, `value ${number}`]));
}

/** Rules of a project. The orchestrator accepts one rule for each filter. */
export function rulesOf({ rules }: Combination, projectId: string): RunnerRuleOptions[] {
  switch (rules) {
    case 'none': return [];
    case 'one': return [{ projectId }];
    case 'three': return [{ projectId }, { projectId, envTypeId: 'production' }, { projectId, envTypeId: 'staging' }];
  }
}

/** Sets all inputs that do not affect policies. */
const othersOf = ({ others, id, cluster }: Combination): Partial<EcsRunnerProps> => others === 'left out' ? {} : {
  description: 'Deploys the platform team\'s projects',
  allowStateMove: true,
  logRetention: logs.RetentionDays.INFINITE,
  logRemovalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
  onInUse: OnInUse.RETAIN,
  // Adoption needs a fixed id, and only a new cluster accepts these settings.
  ...id === 'given' ? { adoptExisting: true } : {},
  ...cluster === 'own' ? { containerInsights: ecs.ContainerInsights.ENHANCED } : {},
};

/** The inputs of a runner, and facts that its template does not contain. */
export function propsOf(stack: Stack, choice: Combination): { props: EcsRunnerProps; given: Given } {
  const keys: [unknown, unknown][] = [];
  const importKey = (id: string) => kms.Key.fromKeyArn(stack, id, arn('kms', `key/${id.toLowerCase()}`));
  const { issuer, orchestrator } = orchestratorOf(choice, tokenOf(stack, choice.token, keys));
  const encryptionKey = choice.key === 'none' ? undefined : choice.key === 'imported' ? importKey('RunnerKey') : new kms.Key(stack, 'RunnerKey');
  const bucket = bucketOf(stack, choice, importKey);
  const props: EcsRunnerProps = {
    orchestrator,
    ...networkOf(stack, choice.network),
    registrationNetwork: registrationNetworkOf(stack, choice.registration),
    environment: namesOf(choice.environment, 'TF_VAR_'),
    tags: namesOf(choice.tags, 'team'),
    ...othersOf(choice),
    runnerId: choice.id === 'given' ? `prod-${stack.node.id.toLowerCase()}` : undefined,
    runnerIdPrefix: choice.id === 'generated from a prefix' ? 'prod' : undefined,
    cluster: clusterOf(stack, choice),
    stateStorage: bucket ? StateStorage.existingBucket(bucket, { prefix: choice.state.includes('prefix') ? 'team/a' : undefined }) : ownState(choice),
    encryptionKey,
    secrets: secretsOf(stack, choice.secrets, keys),
    image: imageOf(stack, choice),
    taskRole: roleOf(stack, 'TaskRole', choice.taskRole),
    executionRole: roleOf(stack, 'ExecutionRole', choice.executionRole),
    rolePath: choice.roles === 'plain' ? undefined : '/platform/runners/',
    permissionsBoundary: choice.roles.endsWith('boundary') ? iam.ManagedPolicy.fromManagedPolicyName(stack, 'Boundary', 'Boundary') : undefined,
    oidcProvider: providerOf(stack, choice, issuer),
    eventLogEnabled: choice.eventLog === 'none' ? false : undefined,
    eventLogGroup: choice.eventLog === 'given' ? logs.LogGroup.fromLogGroupName(stack, 'Events', 'task-events') : undefined,
  };
  const bucketKey = bucket?.encryptionKey ?? encryptionKey;
  if (bucket && bucketKey) keys.push([bucket.bucketArn, bucketKey.keyArn]);
  return {
    props,
    given: {
      issuer,
      familyPrefix: choice.orchestrator === 'self-hosted with a family prefix' ? 'runs_' : undefined,
      existingBucket: bucket !== undefined,
      eventLog: choice.eventLog === 'own',
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
      extraCaCertificates: orchestrator.includes('private CA') ? CERTIFICATE : undefined,
    }),
  };
}

function providerOf(stack: Stack, { provider }: Combination, issuer: string): iam.IOidcProvider | undefined {
  switch (provider) {
    case 'own': return undefined;
    case 'given': return iam.OidcProviderNative.fromOidcProviderArn(stack, 'Provider', `arn:aws:iam::${ACCOUNT}:oidc-provider/${issuer}`);
    case 'of the stack': return new RunnerOidcProvider(stack, 'Provider', { oidcIssuerUrl: `https://${issuer}` });
  }
}

function clusterOf(stack: Stack, { cluster, network }: Combination): ecs.ICluster | undefined {
  if (cluster === 'own') return undefined;
  const clusterArn = cluster === 'of the stack' ? new ecs.CfnCluster(stack, 'SharedCluster').attrArn : stack.formatArn({ service: 'ecs', resource: 'cluster', resourceName: 'shared' });
  // Without other network inputs, the tasks run in the cluster's VPC.
  return network === 'none'
    ? ecs.Cluster.fromClusterAttributes(stack, 'Cluster', { clusterArn, clusterName: Fn.select(1, Fn.split('/', clusterArn)), vpc: importedVpc(stack), securityGroups: [] })
    : ecs.Cluster.fromClusterArn(stack, 'Cluster', clusterArn);
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

function imageOf(stack: Stack, { image }: Combination): RunnerImage | undefined {
  switch (image) {
    case 'the orchestrator\'s': return undefined;
    case 'of a directory': {
      const directory = join(Stage.of(stack)!.outdir, 'runner-image');
      mkdirSync(directory, { recursive: true });
      writeFileSync(join(directory, 'Dockerfile'), 'FROM scratch\n');
      return RunnerImage.fromAsset(directory);
    }
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
