/** Faults of a deployed runner. Each is injected alone and undone before the next one. The trial shows some of them; the tests inject the others. */
import { randomUUID } from 'node:crypto';
import { ACCESS_FAULTS } from './access';
import type { Fault, Undo } from './fault';
import { NETWORK_FAULTS } from './network';
import { IMAGE_TAG, putImage, REPOSITORY, type World } from './world';
import type { Permission } from '../../orchestrator';
import { ORG, SECRET_NAME } from '../cloud';
import { runFailingDeployment, runNextDeployment } from '../deployments';

const ALL_BUT_WRITE: Permission[] = ['runner_read', 'runner_rule_read'];

/** The stored runner of the orchestrator, which a test can change without the API. */
function registered({ cloud, runner }: World) {
  const organization = cloud.orchestrator.store.organization(ORG)!;
  return { organization, runner: organization.runners.get(runner.properties.RunnerId)! };
}

/** Replaces the runner at the orchestrator. */
async function replaced(world: World, changes: (runner: any) => object): Promise<Undo> {
  const { organization, runner } = registered(world);
  organization.runners.set(runner.id, { ...runner, ...changes(structuredClone(runner)) });
  return async () => organization.runners.set(runner.id, runner);
}

const CORE_FAULTS: readonly Fault[] = [
  {
    name: 'the API token is not accepted',
    check: 'token',
    remedy: /Put a valid API token there/,
    inject: async ({ cloud: { account, token } }) => {
      await account.putSecret(SECRET_NAME, `wrong-${randomUUID()}`);
      return async () => account.putSecret(SECRET_NAME, token);
    },
  },
  {
    name: 'the API token may not write runners',
    check: 'token',
    remedy: /permissions runner_read, runner_write/,
    inject: async ({ cloud: { orchestrator, token } }) => {
      orchestrator.setTokens([{ token, orgs: [ORG], permissions: ALL_BUT_WRITE }]);
      return async () => orchestrator.setTokens([{ token, orgs: [ORG] }]);
    },
  },
  {
    name: 'the secret with the API token is deleted',
    check: 'token',
    remedy: /Restore it/,
    inject: async ({ cloud: { account } }) => {
      await account.deleteSecret(SECRET_NAME);
      return async () => account.restoreSecret(SECRET_NAME);
    },
  },
  {
    name: 'the secret has no API token',
    check: 'token',
    remedy: /Put the API token of the orchestrator there/,
    inject: async ({ cloud: { account, token } }) => {
      await account.putSecret(SECRET_NAME, '{"token": "in a field"}');
      return async () => account.putSecret(SECRET_NAME, token);
    },
  },
  {
    name: 'the runner is deleted at the orchestrator',
    check: 'registration',
    remedy: /register it again.*deploy again/,
    inject: async (world) => {
      const { organization, runner } = registered(world);
      organization.runners.delete(runner.id);
      return async () => organization.runners.set(runner.id, runner);
    },
  },
  {
    name: 'the registration is edited at the orchestrator',
    check: 'registration',
    remedy: /CloudFormation does not see changes/,
    inject: async (world) => replaced(world, (runner) => {
      runner.runner_configuration.job.subnets = ['subnet-0123456789abcdef0'];
      return runner;
    }),
  },
  {
    name: 'the state storage is edited at the orchestrator',
    check: 'registration',
    remedy: /CloudFormation does not see changes/,
    inject: async (world) => replaced(world, ({ state_storage_configuration: state }) => ({ state_storage_configuration: { ...state, path_prefix: 'elsewhere' } })),
  },
  {
    name: 'the runner is created again by somebody else',
    check: 'registration',
    remedy: /adoptExisting/,
    inject: async (world) => replaced(world, () => ({ created_at: new Date().toISOString() })),
  },
  {
    name: 'the runner rule is deleted',
    check: 'registration',
    remedy: /Remove the rule from the app/,
    inject: async (world) => {
      const { organization } = registered(world);
      const rules = [...organization.rules];
      organization.rules.clear();
      return async () => rules.forEach(([id, rule]) => organization.rules.set(id, rule));
    },
  },
  {
    name: 'the cluster is deleted',
    check: 'cluster',
    remedy: /Create it again: aws ecs create-cluster --cluster-name \S+\. /,
    inject: async ({ aws, runner: { properties: { Job: { Cluster: cluster } } } }) => {
      await aws('ecs', 'DeleteCluster', { cluster });
      return async () => aws('ecs', 'CreateCluster', { clusterName: cluster });
    },
  },
  {
    name: 'the service-linked role of ECS is deleted',
    check: 'cluster',
    remedy: /aws iam create-service-linked-role --aws-service-name ecs\.amazonaws\.com/,
    inject: async ({ aws }) => {
      const { Roles: [{ RoleName }] } = await aws('iam', 'ListRoles', { PathPrefix: '/aws-service-role/ecs.amazonaws.com/' });
      await aws('iam', 'DeleteServiceLinkedRole', { RoleName });
      return async () => aws('iam', 'CreateServiceLinkedRole', { AWSServiceName: 'ecs.amazonaws.com' });
    },
  },
  {
    name: 'the image is deleted',
    check: 'image',
    remedy: /Push the image/,
    inject: async ({ aws }) => {
      await aws('ecr', 'BatchDeleteImage', { repositoryName: REPOSITORY, imageIds: [{ imageTag: IMAGE_TAG }] });
      return async () => putImage(aws);
    },
  },
  {
    name: 'the account may start no task on AWS Fargate',
    check: 'quotas',
    remedy: /aws service-quotas request-service-quota-increase/,
    inject: async ({ cloud: { emulator } }) => {
      await emulator.setBehaviour({ fargateVcpuQuota: 0 });
      return async () => emulator.setBehaviour({ fargateVcpuQuota: 6 });
    },
  },
  {
    name: 'a task could not start',
    check: 'tasks',
    remedy: /Create or restore the secret or parameter/,
    inject: async ({ cloud: { account }, trial, runner }) => {
      const database = runner.properties.Job.Secrets!.TF_VAR_database_password;
      const atOrchestrator = await trial.registered(runner.properties.RunnerId);
      const first = { deployment: { environmentUuid: randomUUID(), deploymentId: randomUUID(), projectId: 'shop', envId: 'doctor' }, stateKey: '' };
      await account.deleteSecret(database);
      await runFailingDeployment(trial, atOrchestrator, first);
      await account.restoreSecret(database);
      return async () => runNextDeployment(trial, atOrchestrator, first);
    },
  },
];

/** The faults that the trial shows. */
const IN_TRIAL = [
  'the OIDC provider is deleted',
  'the task manager role trusts another runner',
  'the policy of the task manager role is deleted',
  'the permissions boundary of the task manager role is too tight',
  'a policy denies everything to the task role',
  'the policy of the execution role is deleted',
  'a secret is deleted',
  'a parameter is deleted',
  'the key of a secret is disabled',
  'the policy of a secret\'s key denies the execution role',
  'the policy of the state bucket wants an encryption header',
  'the policy of the state bucket denies the task role',
  'the route to the internet is removed',
  'the internet gateway is detached',
  'the security group closes HTTPS',
  'the security group closes SSH',
  'the network ACL denies HTTPS',
  'the policy of an S3 endpoint allows another bucket only',
  'the API token is not accepted',
  'the API token may not write runners',
  'the runner is deleted at the orchestrator',
  'the registration is edited at the orchestrator',
  'the runner rule is deleted',
  'the cluster is deleted',
  'the service-linked role of ECS is deleted',
  'the account may start no task on AWS Fargate',
];

/** The core faults are last, because a deployment leaves a state in the bucket. */
const FAULTS: readonly Fault[] = [...ACCESS_FAULTS, ...NETWORK_FAULTS, ...CORE_FAULTS];
const [shown, others] = [true, false].map((isShown) => FAULTS.filter(({ name }) => IN_TRIAL.includes(name) === isShown));

/** The faults in the trial, and the faults that only the part `doctor` of the tests injects. */
export { shown as SHOWN_FAULTS, others as OTHER_FAULTS };
