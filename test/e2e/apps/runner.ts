/** A runner without a rule, whose id and description are settings of the environment. */
import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { ApiToken, EcsRunner, Orchestrator } from 'cdk-humanitec-ecs-runner';

function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

const app = new App();
const stack = new Stack(app, 'RunnerStack');

const runner = new EcsRunner(stack, 'Runner', {
  orchestrator: Orchestrator.selfHosted({
    orgId: setting('RUNNER_ORG_ID'),
    apiToken: ApiToken.fromSecretsManager(Secret.fromSecretNameV2(stack, 'ApiToken', 'humanitec-api-token')),
    apiUrl: setting('RUNNER_API_URL'),
    oidcIssuerUrl: setting('RUNNER_OIDC_ISSUER_URL'),
  }),
  runnerId: process.env.RUNNER_ID,
  description: process.env.RUNNER_DESCRIPTION ?? 'Deployments of my-org',
});

new CfnOutput(stack, 'RunnerId', { value: runner.runnerId });
