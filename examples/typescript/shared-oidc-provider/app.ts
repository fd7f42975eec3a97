/**
 * Two runner stacks in one account, and a stack with the OIDC provider that both use.
 *
 * An account can have only one OIDC provider per issuer. This stack needs no API token. The provider is kept when the stack is deleted.
 */
import { App, Stack } from 'aws-cdk-lib';
import { SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { ApiToken, EcsRunner, Orchestrator, RunnerOidcProvider } from 'cdk-humanitec-ecs-runner';

const env = { account: '123456789012', region: 'us-east-1' };
const app = new App();

const oidcProvider = new RunnerOidcProvider(new Stack(app, 'OidcProvider', { env }), 'OidcProvider');

for (const name of ['Development', 'Production']) {
  const stack = new Stack(app, `${name}Runner`, { env });
  const runner = new EcsRunner(stack, 'Runner', {
    orchestrator: Orchestrator.humanitec({
      orgId: 'my-org',
      apiToken: ApiToken.fromSecretsManager(Secret.fromSecretNameV2(stack, 'ApiToken', 'humanitec-api-token')),
    }),
    runnerIdPrefix: name.toLowerCase(),
    subnetIds: ['subnet-12345678', 'subnet-87654321'],
    securityGroups: [SecurityGroup.fromSecurityGroupId(stack, 'SecurityGroup', 'sg-12345678')],
    oidcProvider,
  });
  runner.addRule(name, { envTypeId: name.toLowerCase() });
}
