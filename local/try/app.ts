/** The app of `npm run try`: a runner with several secrets, a variable and a rule. */
import { App, CfnOutput, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Repository } from 'aws-cdk-lib/aws-ecr';
import { Secret as EcsSecret } from 'aws-cdk-lib/aws-ecs';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { localOrchestrator, setting } from './app-settings';
import { EcsRunner, RunnerImage, TaskFailure } from 'cdk-humanitec-ecs-runner';

const app = new App();
const stack = new Stack(app, 'RunnerStack');

const orchestrator = localOrchestrator(stack);

// The database's secret and the Git keys exist before the stack. The license has a customer managed key.
const key = new Key(stack, 'Key', { removalPolicy: RemovalPolicy.DESTROY });
const license = new Secret(stack, 'License', { encryptionKey: key, generateSecretString: { passwordLength: 20 }, removalPolicy: RemovalPolicy.DESTROY });
const catalog = new StringParameter(stack, 'Catalog', { stringValue: 'small, medium, large' });
const database = Secret.fromSecretCompleteArn(stack, 'Database', setting('TRIAL_DATABASE_SECRET_ARN'));
const gitKeys = StringParameter.fromSecureStringParameterAttributes(stack, 'GitKeys', { parameterName: setting('TRIAL_GIT_KEYS_PARAMETER') });

// Without it, the orchestrator chooses the image.
const { TRIAL_IMAGE_REPOSITORY: repository } = process.env;
const image = repository === undefined ? undefined : RunnerImage.fromEcrRepository(Repository.fromRepositoryName(stack, 'Repository', repository), 'v1');

const runner = new EcsRunner(stack, 'Runner', {
  orchestrator,
  image,
  description: process.env.RUNNER_DESCRIPTION ?? 'Deployments of my-org',
  environment: { TF_VAR_size: 'small' },
  secrets: {
    TF_VAR_database_password: EcsSecret.fromSecretsManager(database),
    TF_VAR_license: EcsSecret.fromSecretsManager(license),
    TF_VAR_catalog: EcsSecret.fromSsmParameter(catalog),
    RUNNER_GIT_SSH_KEYS: EcsSecret.fromSsmParameter(gitKeys),
  },
});
runner.addRule('Development', { envTypeId: 'development' });
runner.metricTasksFailedToStart();
runner.metricTasksFailedBy(TaskFailure.SECRET_MISSING);
runner.metricTasksFailedBy(TaskFailure.SECRET_PERMISSION);

new CfnOutput(stack, 'RunnerId', { value: runner.runnerId });
new CfnOutput(stack, 'ClusterName', { value: runner.cluster.clusterName });
new CfnOutput(stack, 'ClusterArn', { value: runner.cluster.clusterArn });
new CfnOutput(stack, 'StateBucketName', { value: runner.stateBucket.bucketName });
new CfnOutput(stack, 'TaskManagerRoleArn', { value: runner.taskManagerRole.roleArn });
new CfnOutput(stack, 'ExecutionRoleArn', { value: runner.executionRole.roleArn });
new CfnOutput(stack, 'TaskRoleArn', { value: runner.taskRole.roleArn });
new CfnOutput(stack, 'EventLogGroupName', { value: runner.eventLogGroup!.logGroupName });
