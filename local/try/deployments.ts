/** The steps in which the orchestrator runs deployments with the runner. */
import { randomUUID } from 'node:crypto';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { ISSUER, ORG } from './cloud';
import { runOpenTofu, secretsOfTask, taskCredentials, type State } from './container';
import { DataPlane, type Deployment, type Started } from './data-plane';
import { assumeTaskManagerRole, type Identity } from './identity';
import type { Trial } from './trial';
import type { Runner } from '../orchestrator/model';

/** The task definition families of the open-sourced orchestrator. */
const FAMILY_PREFIX = `platform_orchestrator_env_${ORG}_`;
const DENIED = 'AccessDenied';
const IDENTITY: Identity = { issuer: ISSUER };

export interface FirstDeployment {
  readonly deployment: Deployment;
  readonly stateKey: string;
}

export const dataPlaneOf = (trial: Trial, runner: Runner): DataPlane => new DataPlane(runner, FAMILY_PREFIX, IDENTITY, trial.cloud.account.settings);

/** Runs the first deployment of an environment, then makes the calls that the policies must deny. */
export async function runFirstDeployment(trial: Trial, runner: Runner, secrets?: Record<string, string>): Promise<FirstDeployment> {
  const { output, report } = trial;
  output.step('The orchestrator runs a deployment');
  const deployment: Deployment = { environmentUuid: randomUUID(), deploymentId: randomUUID(), projectId: 'shop', envId: 'development' };
  const dataPlane = dataPlaneOf(trial, runner);
  output.show('AssumeRoleWithWebIdentity', `${runner.runner_configuration.auth.role_arn} with the subject ${ORG}+${runner.id}, once per phase`);
  report.add('a task of the deployment is running before it starts', false, await dataPlane.isRunning(deployment));
  const started = await dataPlane.start(deployment);
  showStart(trial, started);

  const state = await completeDeployment(trial, runner, dataPlane, deployment, started, secrets);
  report.add('state that OpenTofu finds in the first deployment', 'none', state.found ?? 'none');
  await checkDenials(trial, runner, dataPlane, deployment, state.key);
  return { deployment, stateKey: state.key };
}

/** Runs the next deployment of the same environment, which deletes the task definition of the earlier deployment. */
export async function runNextDeployment(trial: Trial, runner: Runner, { deployment }: FirstDeployment): Promise<void> {
  const { output, report } = trial;
  output.step('The orchestrator runs the next deployment of the environment');
  const next = { ...deployment, deploymentId: randomUUID() };
  const dataPlane = dataPlaneOf(trial, runner);
  report.add('a task of the next deployment is running before it starts', false, await dataPlane.isRunning(next));
  const started = await dataPlane.start(next);
  showStart(trial, started);
  report.add('task definitions that the next deployment removes', '1 deregistered, 1 deleted',
    `${started.deregistered} deregistered, ${started.deleted} deleted`);
  const state = await completeDeployment(trial, runner, dataPlane, next, started);
  report.add('state that OpenTofu finds in the next deployment', 'serial 1', `serial ${state.found}`);
}

function showStart({ output }: Trial, { deregistered, deleted, taskDefinition, taskArn }: Started): void {
  output.show('ListTaskDefinitions', `${deregistered} deregistered, ${deleted} deleted`);
  output.show('RegisterTaskDefinition', taskDefinition);
  output.show('RunTask', taskArn);
}

/** Runs the container and checks the task before and after the container exits. */
async function completeDeployment(
  trial: Trial, runner: Runner, dataPlane: DataPlane, deployment: Deployment, { taskArn }: Started, secrets?: Record<string, string>,
): Promise<State> {
  const { cloud: { account }, output, report } = trial;
  const running = await dataPlane.checkStatus(deployment);
  if (running.state === 'failed') throw new Error(`The task did not start: ${running.task?.stoppedReason}`);
  output.show('ListTasks, DescribeTasks', `${running.task?.lastStatus} on ${running.task?.launchType}`);
  report.add('status of the task', 'RUNNING on FARGATE', `${running.task?.lastStatus} on ${running.task?.launchType}`);

  const received = await secretsOfTask(taskArn, account.settings);
  output.show('secrets of the task', Object.keys(received).sort().join(', ') || 'none');
  if (secrets) {
    const correct = Object.keys(secrets).filter((name) => secrets[name] && received[name] === secrets[name]);
    report.add('secrets that the task receives with the right value', Object.keys(secrets).sort(), correct.sort());
  }
  const state = await runOpenTofu(runner, deployment.environmentUuid, await taskCredentials(taskArn, account.settings));
  output.show('OpenTofu in the task', `found ${state.found === undefined ? 'no state' : `the state with serial ${state.found}`}, wrote serial ${state.written} to ${state.key}`);

  await account.reportContainerExit(runner.runner_configuration.job.cluster, taskArn);
  const finished = await dataPlane.checkStatus(deployment);
  output.show('ListTasks, DescribeTasks', `${finished.task?.lastStatus}: ${finished.task?.stoppedReason}`);
  report.add('status of the deployment after the task stopped', 'completed, STOPPED', `${finished.state}, ${finished.task?.lastStatus}`);
  return state;
}

/** Makes calls that the policies must deny. */
async function checkDenials(trial: Trial, runner: Runner, dataPlane: DataPlane, deployment: Deployment, stateKey: string): Promise<void> {
  const { cloud: { account: { settings } }, output, report } = trial;
  const assume = async (identity: Partial<Identity>, asRunner = runner) =>
    errorOf(async () => assumeTaskManagerRole(asRunner, { ...IDENTITY, ...identity }, settings));
  const { job } = runner.runner_configuration;
  const withTaskRole: Runner = { ...runner, runner_configuration: { ...runner.runner_configuration, auth: { role_arn: job.task_role_arn ?? '' } } };

  const results: [call: string, error: string][] = [
    ['assume the task manager role with a token for another runner', await assume({ subject: `${ORG}+another-runner` })],
    ['assume the task manager role with a token for another audience', await assume({ audience: 'another.example' })],
    ['assume the task manager role with a token of another issuer', await assume({ issuer: 'https://oidc.example.com' })],
    ['assume the task role with a token of the orchestrator', await assume({}, withTaskRole)],
    ['register a task definition of another family', await errorOf(async () => dataPlane.registerOther(deployment, { family: 'another-service' }))],
    ['register a task definition with 16 vCPU', await errorOf(async () => dataPlane.registerOther(deployment, { cpu: '16384', memory: '32768' }))],
    ['register a task definition with 120 GB', await errorOf(async () => dataPlane.registerOther(deployment, { memory: '122880' }))],
    ['read the state with the task manager role', await errorOf(async () => readState(trial, runner, stateKey))],
  ];
  for (const [call, error] of results) {
    output.show('denied', `${call}: ${error}`);
    report.add(`denied: ${call}`, DENIED, error);
  }
}

/** The error code of a call, or `allowed` if it succeeds. */
async function errorOf(call: () => Promise<unknown>): Promise<string> {
  return call().then(() => 'allowed', (error: Error) => error.name.replace(/Exception$/, ''));
}

async function readState(trial: Trial, runner: Runner, key: string): Promise<void> {
  const credentials = await assumeTaskManagerRole(runner, IDENTITY, trial.cloud.account.settings);
  const s3 = new S3Client({ ...credentials, forcePathStyle: true });
  await s3.send(new GetObjectCommand({ Bucket: runner.state_storage_configuration.bucket, Key: key })).finally(() => s3.destroy());
}

/** Runs a deployment whose task ECS cannot start. Returns the status at the orchestrator and the stop code of ECS. */
export async function runFailingDeployment(
  trial: Trial, runner: Runner, { deployment }: FirstDeployment,
): Promise<{ state: string; stopCode?: string; taskArn: string }> {
  const next = { ...deployment, deploymentId: randomUUID() };
  const dataPlane = dataPlaneOf(trial, runner);
  await dataPlane.isRunning(next);
  const started = await dataPlane.start(next);
  showStart(trial, started);
  const { state, task } = await dataPlane.checkStatus(next);
  return { state, stopCode: task?.stopCode, taskArn: started.taskArn };
}
