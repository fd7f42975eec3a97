/** Runners in several stacks of one account. `STACKS` lists the stacks; `GIVEN` lists those that receive the OIDC provider by ARN. */
import { App, Stack } from 'aws-cdk-lib';
import { OidcProviderNative } from 'aws-cdk-lib/aws-iam';
import { localOrchestrator, setting } from '../../../local/try/app-settings';
import { EcsRunner } from 'cdk-humanitec-ecs-runner';

const app = new App();
const oidcIssuerUrl = setting('RUNNER_OIDC_ISSUER_URL');
let previous: Stack | undefined;
for (const name of setting('STACKS').split(',')) {
  const stack = new Stack(app, name);
  const arn = stack.formatArn({ service: 'iam', region: '', resource: 'oidc-provider', resourceName: new URL(oidcIssuerUrl).host });
  new EcsRunner(stack, 'Runner', {
    orchestrator: localOrchestrator(stack),
    subnetIds: ['subnet-11111111', 'subnet-22222222'],
    oidcProvider: setting('GIVEN').split(',').includes(name) ? OidcProviderNative.fromOidcProviderArn(stack, 'OidcProvider', arn) : undefined,
  });
  if (previous) stack.addDependency(previous);
  previous = stack;
}
