/** The secrets of the trial, and a deployment after one of them is deleted. */
import { runFailingDeployment, type FirstDeployment } from './deployments';
import { runDoctor } from './doctor';
import type { Outputs, Trial } from './trial';
import { failureClassOf, type Task } from '../../src/monitoring/failure-classes';
import { matchesPattern } from '../emulator/filter-patterns';
import type { Runner } from '../orchestrator/model';

const DATABASE_SECRET = 'database-password';
const GIT_KEYS_PARAMETER = '/platform/git-ssh-keys';
const VALUES = { TF_VAR_database_password: 'correct-horse', RUNNER_GIT_SSH_KEYS: 'no-real-key' };

/** Creates the secret and the parameter that the app imports. Returns the app's environment variables. */
export async function prepareSecrets({ cloud: { account } }: Trial): Promise<NodeJS.ProcessEnv> {
  const arn = await account.createSecret(DATABASE_SECRET, VALUES.TF_VAR_database_password);
  await account.createSecureParameter(GIT_KEYS_PARAMETER, VALUES.RUNNER_GIT_SSH_KEYS);
  return { TRIAL_DATABASE_SECRET_ARN: arn, TRIAL_GIT_KEYS_PARAMETER: GIT_KEYS_PARAMETER };
}

/** The secrets that every task must receive, by variable name. */
export async function expectedSecrets({ cloud: { account } }: Trial, runner: Runner): Promise<Record<string, string>> {
  const license = await account.secretValue(runner.runner_configuration.job.secrets?.TF_VAR_license ?? '');
  return { ...VALUES, TF_VAR_license: license, TF_VAR_catalog: 'small, medium, large' };
}

interface TaskEvent {
  readonly detail: Task & { readonly taskArn: string };
}

/** Deletes a secret: ECS cannot start the next task, and the event log group contains the reason. */
export async function runDeploymentWithoutSecret(trial: Trial, outputs: Outputs, runner: Runner, first: FirstDeployment): Promise<void> {
  const { cloud: { account }, output, report } = trial;
  output.step('Delete a secret: ECS cannot start the next task');
  await account.deleteSecret(DATABASE_SECRET);
  output.show('deleted', `the secret ${DATABASE_SECRET} (TF_VAR_database_password)`);
  const { state, stopCode, taskArn } = await runFailingDeployment(trial, runner, first);
  output.show('deployment', `${state} (${stopCode})`);
  report.add('deployment after a secret is deleted', 'failed, TaskFailedToStart', `${state}, ${stopCode}`);

  output.show('reason', `in the log group ${outputs.EventLogGroupName}:`);
  const events = (await account.messages(outputs.EventLogGroupName)).map((message) => JSON.parse(message) as TaskEvent);
  const ofTask = events.filter(({ detail }) => detail.taskArn === taskArn);
  for (const { detail } of ofTask) output.quote(detail.lastStatus === 'STOPPED' ? `STOPPED, ${detail.stopCode}: ${detail.stoppedReason}` : detail.lastStatus ?? '');
  const reason = ofTask.find(({ detail }) => detail.lastStatus === 'STOPPED')?.detail.stoppedReason ?? 'no such event';
  const expectedTexts = ['ResourceInitializationError', runner.runner_configuration.job.secrets?.TF_VAR_database_password ?? 'the secret', 'ResourceNotFoundException'];
  report.add('the event log group contains the reason', expectedTexts, reason, expectedTexts.every((text) => reason.includes(text)));

  const failure = failureClassOf(ofTask.at(-1)?.detail ?? {});
  output.show('class', failure ? `${failure.id}: ${failure.title}` : 'none');
  output.show('remedy', failure?.remedy ?? 'none');
  report.add('class of the task that failed to start', 'secret-missing', failure?.id ?? 'none');
  const filters = await account.metricFilters(outputs.EventLogGroupName);
  const counted = filters.map(({ metric, pattern }) => ({ metric, tasks: ofTask.filter((event) => matchesPattern(pattern, event)).length }));
  for (const { metric, tasks } of counted) output.show('metric', `${metric}: ${tasks}`);
  report.add('metrics that count the task', 'TasksFailedSecretMissing 1, TasksFailedSecretPermission 0, TasksFailedToStart 1',
    counted.map(({ metric, tasks }) => `${metric} ${tasks}`).sort().join(', '));

  output.step('The doctor finds the deleted secret and the task that it stopped');
  await runDoctor(trial, 'without the secret', ['secrets', 'tasks']);
  await account.restoreSecret(DATABASE_SECRET);
  output.show('restored', `the secret ${DATABASE_SECRET}`);
}
