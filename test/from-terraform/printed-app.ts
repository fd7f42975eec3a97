// Takes the runner prod-runner over from Terraform (module.ecs_runner.platform-orchestrator_serverless_ecs_runner.runner).
//
// Steps, which docs/MIGRATING.md explains:
// 1. terraform state pull > before-migration.tfstate
// 2. Store the API token in Secrets Manager, under the name in this app.
// 3. npx cdk deploy ProdRunnerStack
// 4. Deploy an environment, and check that it works.
// 5. Remove from Terraform's state what stays:
//    terraform state rm 'module.ecs_runner.aws_ecs_cluster.main[0]'
//    terraform state rm 'module.ecs_runner.aws_ecs_cluster_capacity_providers.main[0]'
//    terraform state rm 'module.ecs_runner.aws_iam_openid_connect_provider.oidc[0]'
//    terraform state rm 'module.ecs_runner.aws_iam_role.execution'
//    terraform state rm 'module.ecs_runner.aws_iam_role_policy_attachment.execution'
//    terraform state rm 'module.ecs_runner.aws_iam_role.task'
//    terraform state rm 'module.ecs_runner.aws_iam_role_policy.task_s3'
//    terraform state rm 'module.ecs_runner.aws_s3_bucket.state'
//    terraform state rm 'module.ecs_runner.aws_s3_bucket_public_access_block.runner'
//    terraform state rm 'module.ecs_runner.aws_s3_bucket_server_side_encryption_configuration.state'
//    terraform state rm 'module.ecs_runner.aws_cloudwatch_log_group.ecs'
//    terraform state rm 'module.ecs_runner.aws_cloudwatch_log_group.exec'
//    terraform state rm 'module.ecs_runner.platform-orchestrator_serverless_ecs_runner.runner'
//    terraform state rm 'platform-orchestrator_runner_rule.rule[0]'
//    terraform state rm 'platform-orchestrator_runner_rule.rule[1]'
//    terraform state rm 'platform-orchestrator_runner_rule.rule[2]'
// 6. Remove module.ecs_runner and the rules of the runner from the configuration.
// 7. terraform apply, which deletes:
//    - module.ecs_runner.random_id.suffix
//    - module.ecs_runner.aws_iam_role.ecs_task_manager
//    - module.ecs_runner.aws_iam_role_policy.ecs_task_manager
// 8. Remove `adoptExisting` from this app, then: npx cdk deploy ProdRunnerStack
import { App, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { ApiToken, EcsRunner, Orchestrator, RunnerImage, StateStorage } from 'cdk-humanitec-ecs-runner';

const app = new App();
const stack = new Stack(app, 'ProdRunnerStack', { env: { account: '123456789012', region: 'us-east-1' } });

// The module created this log group and wrote nothing to it. Now it gets the state changes of the tasks.
const eventLogGroup = logs.LogGroup.fromLogGroupName(stack, 'EventLogGroup', '/aws/ecs/prod-runner');
for (const service of ['events.amazonaws.com', 'delivery.logs.amazonaws.com']) {
  eventLogGroup.grantWrite(new iam.ServicePrincipal(service));
}

const runner = new EcsRunner(stack, 'Runner', {
  orchestrator: Orchestrator.humanitec({
    orgId: 'my-org',
    apiToken: ApiToken.fromSecretsManager(secretsmanager.Secret.fromSecretNameV2(stack, 'ApiToken', 'humanitec-api-token')),
  }),
  runnerId: 'prod-runner',
  // Takes the registration over. Remove this line after the first deployment: while it is set, a delete leaves the registration.
  adoptExisting: true,
  description: 'Deploys using the prod-runner-cluster-1a2b3c4d ECS cluster in us-east-1',
  subnetIds: ['subnet-11111111', 'subnet-22222222'],
  securityGroups: [
    ec2.SecurityGroup.fromSecurityGroupId(stack, 'SecurityGroup1', 'sg-12345678'),
  ],
  assignPublicIp: true,
  cluster: ecs.Cluster.fromClusterArn(stack, 'Cluster', 'arn:aws:ecs:us-east-1:123456789012:cluster/prod-runner-cluster-1a2b3c4d'),
  // The state of the environments stays where it is.
  stateStorage: StateStorage.existingBucket(s3.Bucket.fromBucketAttributes(stack, 'StateBucket', { bucketName: 'prod-runner-state', encryptionKey: kms.Key.fromKeyArn(stack, 'StateKey', 'arn:aws:kms:us-east-1:123456789012:key/12345678-1234-1234-1234-123456789012') }), { prefix: 'team/states' }),
  eventLogGroup,
  // The roles of the tasks keep their grants.
  taskRole: iam.Role.fromRoleArn(stack, 'TaskRole', 'arn:aws:iam::123456789012:role/prod-runner-task-1a2b3c4d'),
  executionRole: iam.Role.fromRoleArn(stack, 'ExecutionRole', 'arn:aws:iam::123456789012:role/prod-runner-execution-1a2b3c4d'),
  oidcProvider: iam.OidcProviderNative.fromOidcProviderArn(stack, 'OidcProvider', 'arn:aws:iam::123456789012:oidc-provider/oidc.humanitec.dev'),
  image: RunnerImage.fromEcrRepository(ecr.Repository.fromRepositoryArn(stack, 'ImageRepository', 'arn:aws:ecr:us-east-1:123456789012:repository/runner'), '1.0'),
  environment: {
    TF_VAR_size: 'small',
    TF_VAR_text: 'it\'s "quoted"',
  },
  secrets: {
    RUNNER_GIT_SSH_KEYS: ecs.Secret.fromSsmParameter(ssm.StringParameter.fromSecureStringParameterAttributes(stack, 'SecretRUNNERGITSSHKEYS', { parameterName: '/platform/git' })),
    TF_VAR_database: ecs.Secret.fromSecretsManager(secretsmanager.Secret.fromSecretCompleteArn(stack, 'SecretTFVARDatabase', 'arn:aws:secretsmanager:us-east-1:123456789012:secret:database-AbCdEf')),
    TF_VAR_plain: ecs.Secret.fromSsmParameter(ssm.StringParameter.fromSecureStringParameterAttributes(stack, 'SecretTFVARPlain', { parameterName: 'plain' })),
  },
  tags: {
    'Team': 'platform',
    'cost-center': '42',
  },
});
runner.addRule('ProductionRule', { envTypeId: 'production' });
runner.addRule('ShopDevelopmentRule', { projectId: 'shop', envTypeId: 'development' });
runner.addRule('DefaultRule');
