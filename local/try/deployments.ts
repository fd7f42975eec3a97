/** The steps in which the orchestrator runs deployments with the runner. */
import { randomUUID } from 'node:crypto';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { ISSUER, ORG } from './cloud';
import { runOpenTofu, secretsOf, taskCredentials, type State } from './container';
import { DataPlane, type Deployment, type Started } from './data-plane';
import { assumeTaskManagerRole, type Identity } from './identity';
import type { Trial } from './trial';
import type { Runner } from '../orchestrator/model';

/** As the open-sourced orchestrator calls its task definitions. */
const FAMILY_PREFIX = `platform_orchestrator_env_${ORG}_`;
const REFUSED = 'AccessDenied';
const IDENTITY: Identity = { issuer: ISSUER };

export interface FirstDeployment {
  readonly deployment: Deployment;
  readonly stateKey: string;
}

const dataPlaneOf = (trial: Trial, runner: Runner): DataPlane => new DataPlane(runner, FAMILY_PREFIX, IDENTITY, trial.cloud.account.settings);

/** The first deployment of an environment, and then the calls that the same policies have to refuse. */
export async function deployOnce(trial: Trial, runner: Runner, secrets?: Record<string, string>): Promise<FirstDeployment> {
  const { output, report } = trial;
  output.step('The orchestrator runs a deployment');
  const deployment: Deployment = { environmentUuid: randomUUID(), deploymentId: randomUUID(), projectId: 'shop', envId: 'development' };
  const dataPlane = dataPlaneOf(trial, runner);
  output.show('AssumeRoleWithWebIdentity', `${runner.runner_configuration.auth.role_arn}, as ${ORG}+${runner.id}, once for each phase`);
  report.add('a task of the deployment runs already', false, await dataPlane.isRunning(deployment));
  const started = await dataPlane.start(deployment);
  showStart(trial, started);

  const state = await runToTheEnd(trial, runner, dataPlane, deployment, started, secrets);
  report.add('the state that OpenTofu found', 'none', state.found ?? 'none');
  await refusals(trial, runner, dataPlane, deployment, state.key);
  return { deployment, stateKey: state.key };
}

/** The next deployment of the same environment. It deletes the task definitions of earlier ones. */
export async function deployAgain(trial: Trial, runner: Runner, { deployment }: FirstDeployment): Promise<void> {
  const { output, report } = trial;
  output.step('The orchestrator runs the environment\'s next deployment');
  const next = { ...deployment, deploymentId: randomUUID() };
  const dataPlane = dataPlaneOf(trial, runner);
  report.add('a task of the next deployment runs already', false, await dataPlane.isRunning(next));
  const started = await dataPlane.start(next);
  showStart(trial, started);
  report.add('the next deployment removes old task definitions', '1 deregistered, 1 deleted',
    `${started.deregistered} deregistered, ${started.deleted} deleted`);
  const state = await runToTheEnd(trial, runner, dataPlane, next, started);
  report.add('the state that OpenTofu found', 1, state.found);
}

function showStart({ output }: Trial, { deregistered, deleted, taskDefinition, taskArn }: Started): void {
  output.show('ListTaskDefinitions', `${deregistered} deregistered, ${deleted} deleted`);
  output.show('RegisterTaskDefinition', taskDefinition);
  output.show('RunTask', taskArn);
}

/** Plays the container, and looks at the task before and after its end. */
async function runToTheEnd(
  trial: Trial, runner: Runner, dataPlane: DataPlane, deployment: Deployment, { taskArn }: Started, secrets?: Record<string, string>,
): Promise<State> {
  const { cloud: { account }, output, report } = trial;
  const running = await dataPlane.checkStatus(deployment);
  if (running.state === 'failed') throw new Error(`The task did not start: ${running.task?.stoppedReason}`);
  output.show('ListTasks, DescribeTasks', `${running.task?.lastStatus} on ${running.task?.launchType}`);
  report.add('the task runs', 'RUNNING on FARGATE', `${running.task?.lastStatus} on ${running.task?.launchType}`);

  const given = await secretsOf(taskArn, account.settings);
  output.show('secrets of the task', Object.keys(given).sort().join(', ') || 'none');
  if (secrets) {
    const right = Object.keys(secrets).filter((name) => secrets[name] && given[name] === secrets[name]);
    report.add('secrets whose value the task got', Object.keys(secrets).sort(), right.sort());
  }
  const state = await runOpenTofu(runner, deployment.environmentUuid, await taskCredentials(taskArn, account.settings));
  output.show('OpenTofu in the task', `found ${state.found === undefined ? 'no state' : `state ${state.found}`}, and wrote state ${state.written} to ${state.key}`);

  await account.endContainer(runner.runner_configuration.job.cluster, taskArn);
  const ended = await dataPlane.checkStatus(deployment);
  output.show('ListTasks, DescribeTasks', `${ended.task?.lastStatus}: ${ended.task?.stoppedReason}`);
  report.add('the orchestrator sees the end of the task', 'completed, STOPPED', `${ended.state}, ${ended.task?.lastStatus}`);
  return state;
}

/** Calls that nobody may make, evaluated with the same policies. */
async function refusals(trial: Trial, runner: Runner, dataPlane: DataPlane, deployment: Deployment, stateKey: string): Promise<void> {
  const { cloud: { account: { settings } }, output, report } = trial;
  const assume = async (identity: Partial<Identity>, asked = runner) =>
    refusalOf(async () => assumeTaskManagerRole(asked, { ...IDENTITY, ...identity }, settings));
  const { job } = runner.runner_configuration;
  const asTaskRole: Runner = { ...runner, runner_configuration: { ...runner.runner_configuration, auth: { role_arn: job.task_role_arn ?? '' } } };

  const seen: [string, string][] = [
    ['a token for another runner', await assume({ subject: `${ORG}+another-runner` })],
    ['a token for another audience', await assume({ audience: 'another.example' })],
    ['a token of another issuer', await assume({ issuer: 'https://oidc.example.com' })],
    ['the orchestrator in the task role', await assume({}, asTaskRole)],
    ['a task definition of another family', await refusalOf(async () => dataPlane.registerOther(deployment, { family: 'another-service' }))],
    ['a task definition with 16 vCPU', await refusalOf(async () => dataPlane.registerOther(deployment, { cpu: '16384', memory: '32768' }))],
    ['a task definition with 120 GB', await refusalOf(async () => dataPlane.registerOther(deployment, { memory: '122880' }))],
    ['the orchestrator reads the state', await refusalOf(async () => readState(trial, runner, stateKey))],
  ];
  for (const [what, answer] of seen) {
    output.show('refused', `${what}: ${answer}`);
    report.add(`refused: ${what}`, REFUSED, answer);
  }
}

/** The name of the refusal of a call that must be refused, or `allowed`. */
async function refusalOf(call: () => Promise<unknown>): Promise<string> {
  return call().then(() => 'allowed', (error: Error) => error.name.replace(/Exception$/, ''));
}

async function readState(trial: Trial, runner: Runner, key: string): Promise<void> {
  const credentials = await assumeTaskManagerRole(runner, IDENTITY, trial.cloud.account.settings);
  const s3 = new S3Client({ ...credentials, forcePathStyle: true });
  await s3.send(new GetObjectCommand({ Bucket: runner.state_storage_configuration.bucket, Key: key })).finally(() => s3.destroy());
}

/** A deployment whose task ECS cannot start. Returns what the orchestrator and ECS say of it. */
export async function deployInVain(trial: Trial, runner: Runner, { deployment }: FirstDeployment): Promise<{ state: string; stopCode?: string; taskArn: string }> {
  const next = { ...deployment, deploymentId: randomUUID() };
  const dataPlane = dataPlaneOf(trial, runner);
  await dataPlane.isRunning(next);
  const started = await dataPlane.start(next);
  showStart(trial, started);
  const { state, task } = await dataPlane.checkStatus(next);
  return { state, stopCode: task?.stopCode, taskArn: started.taskArn };
}
