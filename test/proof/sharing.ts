/** Two runners of one stack that share an object, for each kind of object; and runners whose roles are named in resource policies. */
import { Fn, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { scenesOf, withWarnings, type Planned } from './combinations';
import type { Scene } from './examples';
import { secretsOf, tokenOf, ACCOUNT, REGION } from './secret-inputs';
import type { Given } from './template';
import { ApiToken, EcsRunner, EcsRunnerProps, Orchestrator, RunnerImage, StateStorage } from '../../src';

const env = { account: ACCOUNT, region: REGION };
type Keys = [of: unknown, key: unknown][];
/** The inputs of two runners, and facts that their template does not contain. */
interface Pair {
  readonly props: [Partial<EcsRunnerProps>, Partial<EcsRunnerProps>];
  readonly given?: Given;
}
const both = (props: Partial<EcsRunnerProps>, given?: Given): Pair => ({ props: [props, props], given });

const taskPrincipal = () => new iam.ServicePrincipal('ecs-tasks.amazonaws.com');
const role = (stack: Stack, id: string) => new iam.Role(stack, id, { assumedBy: taskPrincipal() });
const importedRole = (stack: Stack, id: string, mutable = true) => iam.Role.fromRoleArn(stack, id, `arn:aws:iam::${ACCOUNT}:role/given-${id}`, { mutable });
const givenRoles = (stack: Stack, ...roles: iam.IRole[]): Given => ({ givenRoles: roles.map(({ roleArn }) => stack.resolve(roleArn)) });
const hosted = (apiToken: ApiToken) => Orchestrator.humanitec({ orgId: 'my-org', apiToken });
const secret = (stack: Stack, id: string, encryptionKey?: kms.IKey) => new secretsmanager.Secret(stack, id, { encryptionKey });

/** Secrets and an image, which the execution role must be able to read. */
function taskStart(stack: Stack, keys: Keys): Partial<EcsRunnerProps> {
  return { secrets: secretsOf(stack, 'two secrets and two parameters, one customer key', keys), image: RunnerImage.fromEcrRepository(new ecr.Repository(stack, 'Repository')) };
}

/** Different secrets for each runner, so a shared role gets several statements of the same kind. */
function differentSecrets(stack: Stack): [Partial<EcsRunnerProps>, Partial<EcsRunnerProps>] {
  const made = (id: string) => ecs.Secret.fromSecretsManager(secret(stack, id, new kms.Key(stack, `${id}Key`)));
  return [{ secrets: { A: made('A'), B: made('B') } }, { secrets: { C: made('C'), D: made('D') } }];
}

const SHARED: Record<string, (stack: Stack) => Pair> = {
  'a task role of the stack': (stack) => { const taskRole = role(stack, 'Tasks'); return both({ taskRole }, givenRoles(stack, taskRole)); },
  'an imported task role': (stack) => { const taskRole = importedRole(stack, 'Tasks'); return both({ taskRole }, givenRoles(stack, taskRole)); },
  'a task role that cannot be changed': (stack) => { const taskRole = importedRole(stack, 'Tasks', false); return both({ taskRole }, givenRoles(stack, taskRole)); },
  'an execution role of the stack, with the same secrets and image': (stack) => {
    const keys: Keys = [];
    const executionRole = role(stack, 'Start');
    return both({ executionRole, ...taskStart(stack, keys) }, { ...givenRoles(stack, executionRole), keys });
  },
  'an execution role of the stack, with other secrets': (stack) => {
    const executionRole = role(stack, 'Start');
    const [one, other] = differentSecrets(stack);
    return { props: [{ executionRole, ...one }, { executionRole, ...other }], given: givenRoles(stack, executionRole) };
  },
  'an imported execution role, with other secrets': (stack) => {
    const executionRole = importedRole(stack, 'Start');
    const [one, other] = differentSecrets(stack);
    return { props: [{ executionRole, ...one }, { executionRole, ...other }], given: givenRoles(stack, executionRole) };
  },
  'an execution role that cannot be changed': (stack) => {
    const keys: Keys = [];
    const executionRole = importedRole(stack, 'Start', false);
    return both({ executionRole, ...taskStart(stack, keys) }, { ...givenRoles(stack, executionRole), keys });
  },
  'one role for everything': (stack) => {
    const keys: Keys = [];
    const one = role(stack, 'One');
    return both({ taskRole: one, executionRole: one, ...taskStart(stack, keys) }, { ...givenRoles(stack, one), keys });
  },
  'a key of the stack': (stack) => both({ encryptionKey: new kms.Key(stack, 'Key') }),
  'an imported key': (stack) => {
    const encryptionKey = kms.Key.fromKeyArn(stack, 'Key', `arn:aws:kms:${REGION}:${ACCOUNT}:key/one`);
    return both({ encryptionKey }, { keyPolicies: [[encryptionKey.keyArn, { Version: '2012-10-17', Statement: [] }]] });
  },
  'a bucket of the stack': (stack) => {
    const bucket = new s3.Bucket(stack, 'States', { encryptionKey: new kms.Key(stack, 'StatesKey') });
    return {
      props: [{ stateStorage: StateStorage.existingBucket(bucket, { prefix: 'red' }) }, { stateStorage: StateStorage.existingBucket(bucket, { prefix: 'blue' }) }],
      given: { existingBucket: true, keys: [[bucket.bucketArn, bucket.encryptionKey!.keyArn]] },
    };
  },
  'a cluster': (stack) => both({ cluster: ecs.Cluster.fromClusterArn(stack, 'Cluster', new ecs.CfnCluster(stack, 'SharedCluster').attrArn) }),
  'a VPC and security groups': (stack) => {
    const vpc = new ec2.Vpc(stack, 'Vpc', { restrictDefaultSecurityGroup: false });
    return { props: [{ subnetIds: undefined, vpc, securityGroups: [1, 2].map((number) => new ec2.SecurityGroup(stack, `Group${number}`, { vpc })) }, { subnetIds: undefined, vpc }] };
  },
  'an OIDC provider': (stack) =>
    both({ oidcProvider: iam.OidcProviderNative.fromOidcProviderArn(stack, 'Provider', `arn:aws:iam::${ACCOUNT}:oidc-provider/oidc.humanitec.dev`) }),
  'a secret with the API token, in two orchestrators': (stack) => {
    const token = secret(stack, 'Shared', new kms.Key(stack, 'TokenKey'));
    return { props: [{ orchestrator: hosted(ApiToken.fromSecretsManager(token)) }, { orchestrator: hosted(ApiToken.fromSecretsManager(token, 'token')) }] };
  },
  'nothing: each has its own secret with an API token': (stack) =>
    ({ props: [1, 2].map((number) => ({ orchestrator: hosted(ApiToken.fromSecretsManager(secret(stack, `Token${number}`, new kms.Key(stack, `Token${number}Key`)))) })) as Pair['props'] }),
  'nothing: one has its API token in a parameter, the other in a secret': (stack) => {
    const keys: Keys = [];
    return {
      props: [{ orchestrator: hosted(tokenOf(stack, 'parameter, customer key', keys)) }, { orchestrator: hosted(ApiToken.fromSecretsManager(secret(stack, 'Token2'))) }],
      given: { keys },
    };
  },
  'an image repository and secrets': (stack) => { const keys: Keys = []; return both(taskStart(stack, keys), { keys }); },
  'a boundary of another stack, imported twice': (stack) => {
    const imported = (id: string) => iam.ManagedPolicy.fromManagedPolicyArn(stack, id, Fn.importValue('Boundary'));
    return { props: [{ permissionsBoundary: imported('One') }, { permissionsBoundary: imported('Two') }], given: { boundary: ALL } };
  },
  'a network of the registration': (stack) =>
    both({ registrationNetwork: { vpc: ec2.Vpc.fromVpcAttributes(stack, 'Vpc', { vpcId: 'vpc-11111111', availabilityZones: [`${REGION}a`], privateSubnetIds: ['subnet-33333333'] }) } }),
};

const ALL = { Version: '2012-10-17', Statement: [{ Effect: 'Allow' as const, Action: '*', Resource: '*' }] };

function sharing(stack: Stack, what: string): Planned {
  const { props, given = {} } = SHARED[what]!(stack);
  const orchestrator = hosted(ApiToken.fromSecretsManager(secretsmanager.Secret.fromSecretNameV2(stack, 'ApiToken', 'orchestrator-token')));
  const runners = props.map((own, number) => new EcsRunner(stack, `Runner${number + 1}`, { orchestrator, subnetIds: ['subnet-11111111'], runnerId: `${stack.node.id.toLowerCase()}-${number + 1}`, ...own }));
  return { stack, name: `two runners that share ${what}`, tried: 'real calls', given: () => runners.reduce((facts, runner) => withWarnings(runner, facts), given) };
}

/** Grants that CDK users write: the policy of a key, repository, bucket, queue or secret names a role, whose policy names the resource. */
const GRANTS: Record<string, (stack: Stack) => { props: Partial<EcsRunnerProps>; given?: Given; grant: (runner: EcsRunner) => unknown }> = {
  'the key of the runner and of a secret': (stack) => {
    const encryptionKey = new kms.Key(stack, 'Key');
    return { props: { encryptionKey }, grant: (runner) => secret(stack, 'Secret', encryptionKey).grantRead(runner) };
  },
  // The task manager role is left out. Its trust policy contains the runner id, which the Lambda generates, and the key encrypts the Lambda's log
  // group.
  'the key to the roles of tasks': (stack) => {
    const encryptionKey = new kms.Key(stack, 'Key');
    const grant = (runner: EcsRunner) => {
      for (const grantee of [runner.taskRole, runner.executionRole]) encryptionKey.grantEncryptDecrypt(grantee);
      encryptionKey.addToResourcePolicy(new iam.PolicyStatement({ principals: [runner.taskRole, runner.executionRole], actions: ['kms:DescribeKey'], resources: ['*'] }));
    };
    return { props: { encryptionKey }, grant };
  },
  'secrets of deployments, whose policies name the execution role': (stack) => {
    const secrets = [1, 2].map((number) => secret(stack, `Secret${number}`, new kms.Key(stack, `Key${number}`)));
    return {
      props: { secrets: Object.fromEntries(secrets.map((one, index) => [`SECRET_${index}`, ecs.Secret.fromSecretsManager(one)])) },
      grant: (runner) => secrets.forEach((one) => {
        one.grantRead(runner);
        one.addToResourcePolicy(new iam.PolicyStatement({ principals: [runner.executionRole], actions: ['secretsmanager:GetSecretValue'], resources: ['*'] }));
      }),
    };
  },
  'the repository of the image, whose policy names the roles': (stack) => {
    const repository = new ecr.Repository(stack, 'Repository');
    return {
      props: { image: RunnerImage.fromEcrRepository(repository) },
      grant: (runner) => {
        repository.grantPullPush(runner);
        repository.addToResourcePolicy(new iam.PolicyStatement({ principals: [runner.executionRole, runner.taskRole], actions: ['ecr:BatchGetImage'] }));
      },
    };
  },
  'an existing bucket with a key, whose policies name the task role': (stack) => {
    const key = new kms.Key(stack, 'Key');
    const bucket = new s3.Bucket(stack, 'States', { encryptionKey: key });
    return {
      props: { stateStorage: StateStorage.existingBucket(bucket, { prefix: 'team' }) },
      given: { existingBucket: true, keys: [[bucket.bucketArn, key.keyArn]] },
      grant: (runner) => {
        bucket.grantReadWrite(runner);
        key.grantDecrypt(runner.taskRole);
        bucket.addToResourcePolicy(new iam.PolicyStatement({ principals: [runner.taskRole], actions: ['s3:GetObject'], resources: [bucket.arnForObjects('*')] }));
        secret(stack, 'Secret', key).grantRead(runner);
      },
    };
  },
  'the new bucket, and a queue with the key of the runner': (stack) => {
    const encryptionKey = new kms.Key(stack, 'Key');
    return {
      props: { encryptionKey },
      grant: (runner) => {
        runner.stateBucket.grantRead(runner);
        runner.stateBucket.addToResourcePolicy(new iam.PolicyStatement({ principals: [runner.taskRole], actions: ['s3:GetObject'], resources: [runner.stateBucket.arnForObjects('*')] }));
        new sqs.Queue(stack, 'Queue', { encryptionMasterKey: encryptionKey }).grantSendMessages(runner);
      },
    };
  },
  'the secret with the API token, and the key of both': (stack) => {
    const encryptionKey = new kms.Key(stack, 'Key');
    const token = secret(stack, 'Token', encryptionKey);
    return {
      props: { encryptionKey, orchestrator: hosted(ApiToken.fromSecretsManager(token)) },
      grant: (runner) => {
        token.grantRead(runner);
        token.addToResourcePolicy(new iam.PolicyStatement({ principals: [runner.taskRole], actions: ['secretsmanager:DescribeSecret'], resources: ['*'] }));
      },
    };
  },
  'thirty secrets with a customer key each': (stack) => {
    const keys: Keys = [];
    const imported = (number: number) => {
      const arn = (service: string, resource: string) => `arn:aws:${service}:${REGION}:${ACCOUNT}:${resource}`;
      const encryptionKey = kms.Key.fromKeyArn(stack, `Key${number}`, arn('kms', `key/00000000-0000-4000-8000-${String(number).padStart(12, '0')}`));
      const secretCompleteArn = arn('secretsmanager', `secret:deployments/secret-${number}-AbCdEf`);
      keys.push([secretCompleteArn, encryptionKey.keyArn]);
      return ecs.Secret.fromSecretsManager(secretsmanager.Secret.fromSecretAttributes(stack, `Secret${number}`, { secretCompleteArn, encryptionKey }));
    };
    return { props: { secrets: Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`SECRET_${index}`, imported(index)])) }, given: { keys }, grant: () => undefined };
  },
};

function granting(stack: Stack, what: string): Planned {
  const { props, given = {}, grant } = GRANTS[what]!(stack);
  const orchestrator = hosted(ApiToken.fromSecretsManager(secretsmanager.Secret.fromSecretNameV2(stack, 'ApiToken', 'orchestrator-token')));
  const runner = new EcsRunner(stack, 'Runner', { orchestrator, subnetIds: ['subnet-11111111'], ...props });
  grant(runner);
  return { stack, name: `a runner that is granted ${what}`, tried: 'real calls', given: () => withWarnings(runner, given) };
}

/** The scenes, and the valid plans that the library rejects. */
export function sharingScenes(): { scenes: Scene[]; refused: Map<string, string> } {
  const refused = new Map<string, string>();
  const scenes = scenesOf((app) => {
    // Exports the boundary that the other stacks import.
    const boundaries = new Stack(app, 'Boundaries', { env });
    boundaries.exportValue(new iam.ManagedPolicy(boundaries, 'Boundary', { statements: [new iam.PolicyStatement({ actions: ['*'], resources: ['*'] })] }).managedPolicyArn, { name: 'Boundary' });
    const plans = [
      ...Object.keys(SHARED).map((what, index) => ({ what: `sharing ${what}`, id: `Sharing${index + 1}`, plan: (stack: Stack) => sharing(stack, what) })),
      ...Object.keys(GRANTS).map((what, index) => ({ what: `granting ${what}`, id: `Granting${index + 1}`, plan: (stack: Stack) => granting(stack, what) })),
    ];
    return plans.flatMap(({ what, id, plan }) => {
      const stack = new Stack(app, id, { env });
      try {
        return [plan(stack)];
      } catch (error) {
        app.node.tryRemoveChild(id);
        refused.set(what, (error as Error).message);
        return [];
      }
    });
  });
  return { scenes, refused };
}
