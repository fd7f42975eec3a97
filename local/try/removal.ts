/** Destroys the stack: CloudFormation cannot delete a runner while an environment uses it. */
import { readFileSync } from 'node:fs';
import { destroy, STACK, TRIAL_APP } from './cdk';
import { ISSUER } from './cloud';
import type { FirstDeployment } from './deployments';
import { withHttps } from './inspection';
import type { Outputs, Trial } from './trial';
import { RUNNER_RULE_TYPE, RUNNER_TYPE } from '../../src/registration/wire';
import type { Environment } from '../orchestrator/model';

const PROJECT = 'shop';
const ENVIRONMENT = 'development';

/** Creates an environment that uses the runner. Returns a function that deletes the environment. */
export async function createEnvironment(trial: Trial, { RunnerId }: Outputs): Promise<() => Promise<void>> {
  const { cloud: { client }, output, report } = trial;
  output.step('Create an environment that uses the runner');
  await client.create('/projects', { id: PROJECT });
  const environment = await client.create<Environment>(`/projects/${PROJECT}/envs`, { id: ENVIRONMENT, env_type_id: ENVIRONMENT });
  output.show(`${PROJECT}/${ENVIRONMENT}`, `uses the runner ${environment.runner_id}`);
  report.add('runner of the environment', RunnerId, environment.runner_id);
  return async () => {
    output.show('environment', `deleted (${await client.remove(`/projects/${PROJECT}/envs/${ENVIRONMENT}`)})`);
  };
}

export async function destroyInUse(trial: Trial, { RunnerId }: Outputs, settings: NodeJS.ProcessEnv): Promise<void> {
  const { cloud, output, report } = trial;
  output.step('cdk destroy while an environment uses the runner');
  const stack = await cloud.account.stackId(STACK);
  const startedAt = new Date();
  const { code } = await destroy({ ...cloud.cdkOptions(settings), app: TRIAL_APP });
  const events = await cloud.account.stackEvents(stack, startedAt);
  const failure = events.find((event) => event.ResourceStatus === 'DELETE_FAILED' && event.ResourceType === RUNNER_TYPE);
  const reason = failure?.ResourceStatusReason ?? 'no such event';
  const deleted = events.filter((event) => event.ResourceStatus === 'DELETE_COMPLETE').map((event) => event.ResourceType ?? '');
  output.show('reason', reason);

  report.add('exit code of cdk destroy for a runner in use', 'not 0', code, code !== 0);
  report.add('stack status after the failed destroy', 'DELETE_FAILED', await trial.stackStatus());
  report.add('the event reason names the environment', `${PROJECT}/${ENVIRONMENT}`, reason, reason.includes(`${PROJECT}/${ENVIRONMENT}`));
  // The rule depends on the runner, so it is deleted first.
  report.add('resources deleted by the failed destroy', RUNNER_RULE_TYPE, deleted);
  report.add('API response for the runner after the failed destroy', 200, (await cloud.client.runner(RunnerId)).status);
}

export async function destroyUnused(trial: Trial, outputs: Outputs, { stateKey }: FirstDeployment, settings: NodeJS.ProcessEnv): Promise<void> {
  const { cloud: { account, client, cdkOptions }, output, report } = trial;
  // Read before the destroy, which deletes the log group of the Lambda.
  const lambdaLog = await account.logLines();
  output.step('cdk destroy after no environment uses the runner');
  const { code } = await destroy({ ...cdkOptions(settings), app: TRIAL_APP });
  report.add('exit code of cdk destroy for an unused runner', 0, code);
  report.add('stack status after the destroy', 'gone', await trial.stackStatus());

  const registration = await client.runner(outputs.RunnerId);
  output.show('registration', `HTTP ${registration.status} for ${outputs.RunnerId}`);
  report.add('API response for the deleted runner', 404, registration.status);
  report.add('remaining runners at the orchestrator', 'none', await client.runnerIds());
  report.add('remaining roles', 'none', await account.roleNames());
  report.add('OIDC provider, kept for other runners of the account', ISSUER, (await account.oidcProviders()).map(({ url }) => withHttps(url)));
  report.add('remaining log groups of the runner', 'none', await account.logGroupNames('/aws/ecs/'));
  const cluster = (await account.cluster(outputs.ClusterName))?.status ?? 'gone';
  report.add('cluster after the destroy', 'INACTIVE or gone', cluster, ['INACTIVE', 'gone'].includes(cluster));

  const kept = await account.bucketNames();
  output.show('kept', `${kept.join(', ')} with ${stateKey}`);
  report.add('kept buckets', outputs.StateBucketName, kept);
  report.add('the bucket still has the state', true, await account.hasObject(outputs.StateBucketName, stateKey));
  checkTokenLeaks(trial, lambdaLog);
}

/** The Lambda reads the API token for each request. No output or log may contain it. */
function checkTokenLeaks(trial: Trial, lambdaLog: string[]): void {
  const { cloud: { emulator, token }, printed, report } = trial;
  report.add('lines in the log of the Lambda', 'at least 1', lambdaLog.length, lambdaLog.length > 0);
  const texts = Object.entries({
    'output of the CDK': printed.join('\n'),
    'log of the Lambda': lambdaLog.join('\n'),
    'log of the emulator': readFileSync(emulator.logFile, 'utf8'),
  });
  report.add('texts that contain the API token', 'none', texts.filter(([, text]) => text.includes(token)).map(([name]) => name));
}
