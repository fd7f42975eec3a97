/**
 * Deploys the production example on the local cloud: customer managed key, role path, permissions boundary, a rule, and policies that take effect
 * late.
 *
 * Run with `npx tsx test/e2e/production.ts [--json FILE]`. The exit code is 0 if all results are as expected.
 */
import { endToEnd } from './harness';
import { deploy, destroy, exampleApp, lastAssembly } from '../../local/try/cdk';
import type { Cloud } from '../../local/try/cloud';
import { runFirstDeployment } from '../../local/try/deployments';
import { Output } from '../../local/try/output';
import type { Report } from '../../local/try/report';
import { Trial } from '../../local/try/trial';

/** Values in the example. */
const STACK = 'ProductionRunnerStack';
const RUNNER_ID = 'prod-runner';
const ROLE_PATH = '/platform/runners/';
const BOUNDARY = 'EnterprisePermissionsBoundary';
const ENV_TYPE = 'production';
/** Longer than the time between a policy's creation and its first use, but shorter than the registration's retries. */
const POLICY_DELAY_MS = 10_000;

async function check(cloud: Cloud, report: Report): Promise<void> {
  const { account, client, cdkOptions } = cloud;
  const output = new Output();
  const trial = Trial.withCloud(cloud, output, report);
  // The permissions boundary of an enterprise exists before the deployment.
  await account.createPolicy(BOUNDARY, { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] });

  output.step('cdk deploy, with policies that take effect late');
  await cloud.emulator.setBehaviour({ policyDelayMs: POLICY_DELAY_MS });
  const options = { ...cdkOptions(), app: exampleApp('production') };
  const deployed = await deploy(options);
  await cloud.emulator.setBehaviour({ policyDelayMs: 0 });
  report.add('cdk deploy', 0, deployed.code);
  const denials = (await account.logLines()).filter((line) => line.includes('denied, and tried again'));
  report.add('the registration retried denied calls', 'it did', `${denials.length} times`, denials.length > 0);
  report.add('the stack', 'CREATE_COMPLETE', await account.stackStatus(STACK));
  if (deployed.code !== 0) return;

  const runner = await trial.registered(RUNNER_ID);
  report.add('registered runner', RUNNER_ID, runner.id);
  const { body } = await client.call<{ items: { runner_id: string; env_type_id: string }[] }>('GET', `/runner-rules?byRunnerId=${RUNNER_ID}`);
  report.add('rules of the runner', `${ENV_TYPE} to ${RUNNER_ID}`, body.items.map((rule) => `${rule.env_type_id} to ${rule.runner_id}`));

  for (const name of await account.roleNames()) {
    const role = await account.role(name);
    report.add(`path of ${name}`, ROLE_PATH, role?.Path);
    const boundary = role?.PermissionsBoundary?.PermissionsBoundaryArn ?? 'none';
    report.add(`boundary of ${name}`, BOUNDARY, boundary, boundary.endsWith(`:policy/${BOUNDARY}`));
  }
  const protection = await account.bucketProtection(runner.state_storage_configuration.bucket);
  report.add('state bucket', 'aws:kms, versioning Enabled', protection);

  const { stateKey } = await runFirstDeployment(trial, runner);

  output.step('cdk destroy');
  report.add('cdk destroy', 0, (await destroy({ ...options, app: lastAssembly(cloud.scratch) })).code);
  report.add('the stack after the destroy', 'gone', await account.stackStatus(STACK));
  report.add('the registration is gone', 404, (await client.runner(RUNNER_ID)).status);
  report.add('the state is kept', true, await account.hasObject(runner.state_storage_configuration.bucket, stateKey));
}

endToEnd(check);
