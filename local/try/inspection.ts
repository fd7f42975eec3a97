/** Checks the resources in the account and the registration at the orchestrator after the first deployment. */
import { STACK } from './cdk';
import { ISSUER, ORG } from './cloud';
import { OrchestratorClient } from './orchestrator-client';
import type { Outputs, Trial } from './trial';
import type { Runner, RunnerRule } from '../orchestrator/model';

const ECS_TASKS = 'ecs-tasks.amazonaws.com';

const nameOf = (arn: string) => arn.split('/').pop() ?? arn;

export async function inspectAccount(trial: Trial, outputs: Outputs): Promise<void> {
  const { cloud: { account }, output, report } = trial;
  output.step('Resources in the account');

  const counts = new Map<string, number>();
  for (const { ResourceType: type = '' } of await account.stackResources(STACK)) counts.set(type, (counts.get(type) ?? 0) + 1);
  for (const [type, count] of [...counts].sort()) output.show(`${count} x`, type);

  const providers = await account.oidcProviders();
  output.show('OIDC provider', providers.map(({ url, clientIds }) => `${url} for ${clientIds.join(', ')}`).join('; '));
  report.add('OIDC provider', `${ISSUER} for sts.amazonaws.com`, providers.map(({ url, clientIds }) => `${withHttps(url)} for ${clientIds.join(', ')}`));

  for (const [name, arn, trusted] of [
    ['task manager role', outputs.TaskManagerRoleArn, `oidc-provider/${new URL(ISSUER).host}`],
    ['execution role', outputs.ExecutionRoleArn, ECS_TASKS],
    ['task role', outputs.TaskRoleArn, ECS_TASKS],
  ] as const) {
    const principal = await account.trustedPrincipals(nameOf(arn));
    output.show(name, `${nameOf(arn)}, trusts ${principal}`);
    report.add(`the ${name} trusts`, trusted, principal, principal.endsWith(trusted));
  }

  const cluster = await account.cluster(outputs.ClusterName);
  const providersOfCluster = (cluster?.capacityProviders ?? []).join(', ') || 'no capacity providers';
  output.show('ECS cluster', `${outputs.ClusterName}, ${cluster?.status}, ${providersOfCluster}`);
  report.add('ECS cluster', 'ACTIVE, no capacity providers', `${cluster?.status}, ${providersOfCluster}`);

  const buckets = await account.bucketNames();
  const protection = await account.bucketProtection(outputs.StateBucketName);
  output.show('state bucket', `${outputs.StateBucketName}, ${protection}`);
  report.add('buckets in the account', outputs.StateBucketName, buckets);
  report.add('old versions of states', 'STANDARD_IA after 30 days, deleted after 90, incomplete uploads after 7', await account.oldVersionRule(outputs.StateBucketName));
  report.add('state bucket encryption', 'AES256 or aws:kms', protection, /^(AES256|aws:kms)/.test(protection));

  const groups = await account.logGroupNames('/aws/ecs/');
  for (const group of groups) output.show('log group', group);
  report.add('log groups of the runner', [`/aws/ecs/${outputs.RunnerId}`, `/aws/ecs/${outputs.RunnerId}/exec`], groups.sort());
}

/** IAM returns the issuer without `https://`; the emulator returns it with it. */
export function withHttps(url: string): string {
  return url.startsWith('https://') ? url : `https://${url}`;
}

export async function inspectOrchestrator(trial: Trial, outputs: Outputs): Promise<Runner> {
  const { cloud: { client, orchestrator }, output, report } = trial;
  output.step('Registration at the orchestrator');
  const runner = await trial.registered(outputs.RunnerId);
  for (const line of JSON.stringify(runner, undefined, 2).split('\n')) output.quote(line);

  const { auth, job } = runner.runner_configuration;
  report.add('runners at the orchestrator', outputs.RunnerId, await client.runnerIds());
  report.add('registered role', outputs.TaskManagerRoleArn, auth.role_arn);
  report.add('registered execution role', outputs.ExecutionRoleArn, job.execution_role_arn);
  report.add('registered task role', outputs.TaskRoleArn, job.task_role_arn);
  report.add('registered cluster', outputs.ClusterName, job.cluster);
  report.add('registered region', trial.cloud.emulator.region, job.region);
  report.add('registered subnets', '2 without public IP addresses', `${job.subnets.length}, public IP addresses: ${job.is_public_ip_enabled ?? false}`,
    job.subnets.length === 2 && !job.is_public_ip_enabled);
  report.add('registered state bucket', outputs.StateBucketName, runner.state_storage_configuration.bucket);

  const { body: rules } = await client.call<{ items: RunnerRule[] }>('GET', `/runner-rules?byRunnerId=${outputs.RunnerId}`);
  for (const { env_type_id: type, runner_id: id } of rules.items) output.show('rule', `environments of type ${type} use ${id}`);
  report.add('rules of the runner', 'development', rules.items.map((rule) => rule.env_type_id));

  const unauthenticated = await new OrchestratorClient(orchestrator.url, ORG, undefined).runner(outputs.RunnerId);
  report.add('API response without a token', 401, unauthenticated.status);
  return runner;
}
