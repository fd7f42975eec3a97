/**
 * The shortest app with a runner. The construct creates the VPC, the cluster, the roles, the state bucket and the registration.
 *
 * Before the first deployment, put an API token of your organization into the secret `humanitec-api-token`.
 */
import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { ApiToken, EcsRunner, Orchestrator } from 'cdk-humanitec-ecs-runner';

const app = new App();
const stack = new Stack(app, 'RunnerStack');

const orgId = process.env.RUNNER_ORG_ID ?? 'my-org';
const apiToken = ApiToken.fromSecretsManager(Secret.fromSecretNameV2(stack, 'ApiToken', 'humanitec-api-token'));

// `npm run try` sets these variables to the URLs of its local orchestrator.
const { RUNNER_API_URL: apiUrl, RUNNER_OIDC_ISSUER_URL: oidcIssuerUrl } = process.env;
const orchestrator = apiUrl && oidcIssuerUrl
  ? Orchestrator.selfHosted({ orgId, apiToken, apiUrl, oidcIssuerUrl })
  : Orchestrator.humanitec({ orgId, apiToken });

const runner = new EcsRunner(stack, 'Runner', {
  orchestrator,
  description: process.env.RUNNER_DESCRIPTION ?? 'Deployments of my-org',
});
runner.addRule('Production', { envTypeId: 'production' });

new CfnOutput(stack, 'RunnerId', { value: runner.runnerId });
new CfnOutput(stack, 'ClusterName', { value: runner.cluster.clusterName });
new CfnOutput(stack, 'ClusterArn', { value: runner.cluster.clusterArn });
new CfnOutput(stack, 'StateBucketName', { value: runner.stateBucket.bucketName });
new CfnOutput(stack, 'TaskManagerRoleArn', { value: runner.taskManagerRole.roleArn });
new CfnOutput(stack, 'ExecutionRoleArn', { value: runner.executionRole.roleArn });
new CfnOutput(stack, 'TaskRoleArn', { value: runner.taskRole.roleArn });
new CfnOutput(stack, 'EventLogGroupName', { value: runner.eventLogGroup!.logGroupName });
