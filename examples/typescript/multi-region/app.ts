/**
 * One runner in each of two regions of one account.
 *
 * IAM is global: an account can have only one OIDC provider per issuer. The first stack creates it, and the second stack uses it.
 */
import { App, Stack } from 'aws-cdk-lib';
import { SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { OidcProviderNative } from 'aws-cdk-lib/aws-iam';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { ApiToken, EcsRunner, Orchestrator } from 'cdk-humanitec-ecs-runner';

const account = '123456789012';
const app = new App();

/** The secret with the API token must exist in both regions. Secrets Manager can replicate it. */
const orchestratorFor = (stack: Stack) => Orchestrator.humanitec({
  orgId: 'my-org',
  apiToken: ApiToken.fromSecretsManager(Secret.fromSecretNameV2(stack, 'ApiToken', 'humanitec-api-token')),
});

const usEast = new Stack(app, 'RunnerUsEast', { env: { account, region: 'us-east-1' } });
const usEastRunner = new EcsRunner(usEast, 'Runner', {
  orchestrator: orchestratorFor(usEast),
  runnerId: 'us-east-runner',
  subnetIds: ['subnet-12345678', 'subnet-87654321'],
  securityGroups: [SecurityGroup.fromSecurityGroupId(usEast, 'SecurityGroup', 'sg-12345678')],
  tags: { Region: 'us-east-1' },
});
usEastRunner.addRule('Shop', { projectId: 'shop-us' });

const euWest = new Stack(app, 'RunnerEuWest', { env: { account, region: 'eu-west-1' } });
const euWestRunner = new EcsRunner(euWest, 'Runner', {
  orchestrator: orchestratorFor(euWest),
  runnerId: 'eu-west-runner',
  subnetIds: ['subnet-23456789', 'subnet-98765432'],
  securityGroups: [SecurityGroup.fromSecurityGroupId(euWest, 'SecurityGroup', 'sg-87654321')],
  oidcProvider: OidcProviderNative.fromOidcProviderArn(euWest, 'OidcProvider', `arn:aws:iam::${account}:oidc-provider/oidc.humanitec.dev`),
  tags: { Region: 'eu-west-1' },
});
euWestRunner.addRule('Shop', { projectId: 'shop-eu' });
// The OIDC provider must exist before the second runner's role trusts it.
euWest.addDependency(usEast);
