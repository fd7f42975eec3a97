/** A runner with a generated id: `prod-runner-` and eight characters. The id does not change during the life of the runner. */
import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import { SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { ApiToken, EcsRunner, Orchestrator } from 'cdk-humanitec-ecs-runner';

const app = new App();
const stack = new Stack(app, 'RunnerStack', { env: { account: '123456789012', region: 'us-east-1' } });

const runner = new EcsRunner(stack, 'Runner', {
  orchestrator: Orchestrator.humanitec({
    orgId: 'my-org',
    apiToken: ApiToken.fromSecretsManager(Secret.fromSecretNameV2(stack, 'ApiToken', 'humanitec-api-token')),
  }),
  subnetIds: ['subnet-12345678', 'subnet-87654321'],
  securityGroups: [SecurityGroup.fromSecurityGroupId(stack, 'SecurityGroup', 'sg-12345678')],
  runnerIdPrefix: 'prod-runner',
});
runner.addRule('Production', { envTypeId: 'production' });

new CfnOutput(stack, 'RunnerId', { value: runner.runnerId });
