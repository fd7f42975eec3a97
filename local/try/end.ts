/** The end of a runner: CloudFormation cannot delete it while an environment uses it, and can afterwards. */
import { readFileSync } from 'node:fs';
import { destroy, STACK, TRIAL_APP } from './cdk';
import { ISSUER } from './cloud';
import type { FirstDeployment } from './deployments';
import { withScheme } from './look';
import type { Outputs, Trial } from './trial';
import { RUNNER_RULE_TYPE, RUNNER_TYPE } from '../../src/registration/wire';
import type { Environment } from '../orchestrator/model';

const PROJECT = 'shop';
const ENVIRONMENT = 'development';

/** Returns the way to free the runner again. */
export async function putInUse(trial: Trial, { RunnerId }: Outputs): Promise<() => Promise<void>> {
  const { cloud: { client }, output, report } = trial;
  output.step('An environment uses the runner');
  await client.create('/projects', { id: PROJECT });
  const environment = await client.create<Environment>(`/projects/${PROJECT}/envs`, { id: ENVIRONMENT, env_type_id: ENVIRONMENT });
  output.show(`${PROJECT}/${ENVIRONMENT}`, `uses the runner ${environment.runner_id}`);
  report.add('the environment\'s runner', RunnerId, environment.runner_id);
  return async () => {
    output.show('environment', `deleted (${await client.remove(`/projects/${PROJECT}/envs/${ENVIRONMENT}`)})`);
  };
}

export async function refusedDestroy(trial: Trial, { RunnerId }: Outputs, settings: NodeJS.ProcessEnv): Promise<void> {
  const { cloud, output, report } = trial;
  output.step('cdk destroy while the environment uses the runner');
  const stack = await cloud.account.stackId(STACK);
  const begin = new Date();
  const { code } = await destroy({ ...cloud.cdkOptions(settings), app: TRIAL_APP });
  const events = await cloud.account.stackEvents(stack, begin);
  const refusal = events.find((event) => event.ResourceStatus === 'DELETE_FAILED' && event.ResourceType === RUNNER_TYPE);
  const reason = refusal?.ResourceStatusReason ?? 'no such event';
  const deleted = events.filter((event) => event.ResourceStatus === 'DELETE_COMPLETE').map((event) => event.ResourceType ?? '');
  output.show('reason', reason);

  report.add('cdk destroy of a runner in use', 'an exit code other than 0', code, code !== 0);
  report.add('the stack after the refused destroy', 'DELETE_FAILED', await trial.stackStatus());
  report.add('the reason names the environment', `${PROJECT}/${ENVIRONMENT}`, reason, reason.includes(`${PROJECT}/${ENVIRONMENT}`));
  // The rule depends on the runner, so it is deleted first.
  report.add('deleted by the refused destroy', RUNNER_RULE_TYPE, deleted);
  report.add('the runner is still registered', 200, (await cloud.client.runner(RunnerId)).status);
}

export async function destroyed(trial: Trial, outputs: Outputs, { stateKey }: FirstDeployment, settings: NodeJS.ProcessEnv): Promise<void> {
  const { cloud: { account, client, cdkOptions }, output, report } = trial;
  // The functions' log goes with the stack, so it is read before.
  const logged = await account.logLines();
  output.step('cdk destroy when no environment uses the runner');
  const { code } = await destroy({ ...cdkOptions(settings), app: TRIAL_APP });
  report.add('cdk destroy of a free runner', 0, code);
  report.add('the stack after the destroy', 'gone', await trial.stackStatus());

  const registration = await client.runner(outputs.RunnerId);
  output.show('registration', `${registration.status} for ${outputs.RunnerId}`);
  report.add('the registration is gone', 404, registration.status);
  report.add('runners left at the orchestrator', 'none', await client.runnerIds());
  report.add('roles left', 'none', await account.roleNames());
  report.add('the OIDC provider is kept for other runners of the account', ISSUER, (await account.oidcProviders()).map(({ url }) => withScheme(url)));
  report.add('log groups of the runner left', 'none', await account.logGroupNames('/aws/ecs/'));
  const cluster = (await account.cluster(outputs.ClusterName))?.status ?? 'gone';
  report.add('the cluster is gone', 'INACTIVE or gone', cluster, ['INACTIVE', 'gone'].includes(cluster));

  const kept = await account.bucketNames();
  output.show('kept', `${kept.join(', ')} with ${stateKey}`);
  report.add('the state bucket is kept', outputs.StateBucketName, kept);
  report.add('the state is kept in it', true, await account.hasObject(outputs.StateBucketName, stateKey));
  leaks(trial, logged);
}

/** The token is read at each call and must be found nowhere. */
function leaks(trial: Trial, logged: string[]): void {
  const { cloud: { emulator, token }, printed, report } = trial;
  report.add('the registration wrote a log', 'lines', `${logged.length} lines`, logged.length > 0);
  const places = Object.entries({
    'what the CDK printed': printed.join('\n'),
    'the functions\' log': logged.join('\n'),
    'the emulator\'s log': readFileSync(emulator.logFile, 'utf8'),
  });
  report.add('the API token is found in', 'none', places.filter(([, text]) => text.includes(token)).map(([place]) => place));
}
