/** The steps in which the runner is used: one deployment after each `cdk deploy`. */
import { randomUUID } from 'node:crypto';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { ISSUER, ORG } from './cloud';
import { assumeTaskManagerRole, keepState, refusalOf, taskCredentials, TaskManager, type Deployment } from './deployment';
import type { Trial } from './trial';
import type { Runner } from '../orchestrator/model';

/** As the open-sourced orchestrator calls its task definitions. */
const FAMILY_PREFIX = `platform_orchestrator_env_${ORG}_`;
const REFUSED = 'AccessDenied';

export interface FirstDeployment {
  readonly deployment: Deployment;
  readonly stateKey: string;
}

/** Plays the orchestrator, and then the task, with the values that are registered. */
export async function deployOnce(trial: Trial, runner: Runner): Promise<FirstDeployment> {
  const { cloud: { account: { settings } }, output, report } = trial;
  output.step('The orchestrator runs a deployment with it');
  const deployment: Deployment = { environmentId: randomUUID(), deploymentId: randomUUID(), projectId: 'shop', envId: 'development' };

  const credentials = await assumeTaskManagerRole(runner, { issuer: ISSUER }, settings);
  output.show('AssumeRoleWithWebIdentity', `${runner.runner_configuration.auth.role_arn}, as ${ORG}+${runner.id}`);
  report.add('the orchestrator gets into its role', 'credentials', credentials.credentials.sessionToken ? 'credentials' : 'none');

  const manager = new TaskManager(runner, FAMILY_PREFIX, credentials);
  try {
    const stateKey = await runToTheEnd(trial, runner, manager, deployment);
    await refusals(trial, runner, manager, deployment, stateKey);
    return { deployment, stateKey };
  } finally {
    manager.close();
  }
}

/** Returns the key of the state that the task wrote. */
async function runToTheEnd(trial: Trial, runner: Runner, manager: TaskManager, deployment: Deployment): Promise<string> {
  const { cloud: { account }, output, report } = trial;
  const family = manager.family(deployment.environmentId);
  const cleared = await manager.clearTaskDefinitions(family);
  output.show('ListTaskDefinitions', `${cleared.deregistered} to deregister, ${cleared.deleted} to delete`);
  const definition = await manager.registerTaskDefinition(family, deployment);
  output.show('RegisterTaskDefinition', definition);
  const taskArn = await manager.runTask(definition, deployment);
  output.show('RunTask', taskArn);

  const running = await manager.findTask(family);
  const tag = running?.tags?.find(({ key }) => key === 'PlatformOrchestratorDeploymentId')?.value;
  output.show('DescribeTasks', `${running?.lastStatus}, ${running?.launchType}, deployment ${tag}`);
  report.add('the task runs', 'RUNNING on FARGATE', `${running?.lastStatus} on ${running?.launchType}`);
  report.add('the task is tagged with its deployment', deployment.deploymentId, tag);

  const { key, readBack } = await keepState(runner, deployment.environmentId, await taskCredentials(taskArn, account.settings));
  output.show('OpenTofu in the task', `listed the bucket, found no ${key}, wrote it and read it back`);
  report.add('OpenTofu reads back its state', true, readBack);

  // Nobody runs containers here, so the end of this one has to be told to the emulator.
  await account.endTask(runner.runner_configuration.job.cluster, taskArn);
  const stopped = await manager.findTask(family);
  output.show('ListTasks, DescribeTasks', `${stopped?.lastStatus}: ${stopped?.stoppedReason}`);
  report.add('the orchestrator sees the end of the task', 'STOPPED', stopped?.lastStatus);
  return key;
}

/** What nobody may do, asked of the same policies. */
async function refusals(trial: Trial, runner: Runner, manager: TaskManager, deployment: Deployment, stateKey: string): Promise<void> {
  const { cloud: { account: { settings } }, output, report } = trial;
  const assume = async (identity: { subject?: string; audience?: string; issuer?: string }, asked = runner) =>
    refusalOf(async () => assumeTaskManagerRole(asked, { issuer: ISSUER, ...identity }, settings));
  const { job } = runner.runner_configuration;
  const asTaskRole: Runner = { ...runner, runner_configuration: { ...runner.runner_configuration, auth: { role_arn: job.task_role_arn ?? '' } } };

  const seen: [string, string][] = [
    ['a token for another runner', await assume({ subject: `${ORG}+another-runner` })],
    ['a token for another audience', await assume({ audience: 'another.example' })],
    ['a token of another issuer', await assume({ issuer: 'https://oidc.example.com' })],
    ['the orchestrator in the task\'s role', await assume({}, asTaskRole)],
    ['a task definition of another family', await refusalOf(async () => manager.registerTaskDefinition('another-service', deployment))],
    ['the orchestrator reading the state', await refusalOf(async () => readState(trial, runner, stateKey))],
  ];
  for (const [what, answer] of seen) {
    output.show('refused', `${what}: ${answer}`);
    report.add(`refused: ${what}`, REFUSED, answer);
  }
}

async function readState(trial: Trial, runner: Runner, key: string): Promise<void> {
  const credentials = await assumeTaskManagerRole(runner, { issuer: ISSUER }, trial.cloud.account.settings);
  const s3 = new S3Client({ ...credentials, forcePathStyle: true });
  await s3.send(new GetObjectCommand({ Bucket: runner.state_storage_configuration.bucket, Key: key })).finally(() => s3.destroy());
}

/** The next deployment of the same environment: it clears away what the one before left. */
export async function deployAgain(trial: Trial, runner: Runner, { deployment }: FirstDeployment): Promise<void> {
  const { cloud: { account: { settings } }, output, report } = trial;
  output.step('The orchestrator runs the environment\'s next deployment');
  const next = { ...deployment, deploymentId: randomUUID() };
  const manager = new TaskManager(runner, FAMILY_PREFIX, await assumeTaskManagerRole(runner, { issuer: ISSUER }, settings));
  try {
    const family = manager.family(deployment.environmentId);
    const cleared = await manager.clearTaskDefinitions(family);
    output.show('old task definitions', `${cleared.deregistered} deregistered, ${cleared.deleted} deleted`);
    report.add('the next deployment clears the old task definition', '1 deregistered, 1 deleted',
      `${cleared.deregistered} deregistered, ${cleared.deleted} deleted`);
    const taskArn = await manager.runTask(await manager.registerTaskDefinition(family, next), next);
    output.show('RunTask', taskArn);
    await trial.cloud.account.endTask(runner.runner_configuration.job.cluster, taskArn);
  } finally {
    manager.close();
  }
}
