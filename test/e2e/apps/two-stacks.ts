/** Runners in up to two stacks of an account: `STACKS` names them, and `GIVEN` those that are given the OIDC provider by its ARN. */
import { App, Stack } from 'aws-cdk-lib';
import { OidcProviderNative } from 'aws-cdk-lib/aws-iam';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { ApiToken, EcsRunner, Orchestrator } from 'cdk-humanitec-ecs-runner';

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

const app = new App();
const oidcIssuerUrl = setting('RUNNER_OIDC_ISSUER_URL');
let previous: Stack | undefined;
for (const name of setting('STACKS').split(',')) {
  const stack = new Stack(app, name);
  const arn = stack.formatArn({ service: 'iam', region: '', resource: 'oidc-provider', resourceName: new URL(oidcIssuerUrl).host });
  new EcsRunner(stack, 'Runner', {
    orchestrator: Orchestrator.selfHosted({
      orgId: setting('RUNNER_ORG_ID'),
      apiToken: ApiToken.fromSecretsManager(Secret.fromSecretNameV2(stack, 'ApiToken', 'humanitec-api-token')),
      apiUrl: setting('RUNNER_API_URL'),
      oidcIssuerUrl,
    }),
    subnetIds: ['subnet-11111111', 'subnet-22222222'],
    oidcProvider: setting('GIVEN').split(',').includes(name) ? OidcProviderNative.fromOidcProviderArn(stack, 'OidcProvider', arn) : undefined,
  });
  if (previous) stack.addDependency(previous);
  previous = stack;
}
