/** What a runner is for, and what its deployments get: rules, environment variables, secrets, and what they may touch in AWS. */
import { App, Stack } from 'aws-cdk-lib';
import { SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { Secret as EcsSecret } from 'aws-cdk-lib/aws-ecs';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { ApiToken, EcsRunner, Orchestrator } from 'cdk-humanitec-ecs-runner';

const app = new App();
const stack = new Stack(app, 'RunnerStack', { env: { account: '123456789012', region: 'us-east-1' } });

// By its complete ARN: the orchestrator takes no secret without the six characters at the end.
const databasePassword = Secret.fromSecretCompleteArn(stack, 'DatabasePassword',
  'arn:aws:secretsmanager:us-east-1:123456789012:secret:database-password-AbCdEf');
const gitKeys = StringParameter.fromSecureStringParameterAttributes(stack, 'GitKeys', { parameterName: '/platform/git-ssh-keys' });

const runner = new EcsRunner(stack, 'Runner', {
  orchestrator: Orchestrator.humanitec({
    orgId: 'my-org',
    apiToken: ApiToken.fromSecretsManager(Secret.fromSecretNameV2(stack, 'ApiToken', 'humanitec-api-token')),
  }),
  subnetIds: ['subnet-12345678', 'subnet-87654321'],
  securityGroups: [SecurityGroup.fromSecurityGroupId(stack, 'SecurityGroup', 'sg-12345678')],

  // OpenTofu reads TF_VAR_size as its variable "size". These are readable in the template and at the orchestrator.
  environment: { TF_VAR_region: 'us-east-1', TF_VAR_size: 'small' },
  // ECS fills these when a task starts; the role that it does so with may read them, and nothing else.
  secrets: {
    TF_VAR_database_password: EcsSecret.fromSecretsManager(databasePassword),
    RUNNER_GIT_SSH_KEYS: EcsSecret.fromSsmParameter(gitKeys),
  },
});

// Without a filter: all deployments that no more specific rule sends elsewhere.
runner.addRule('Everything');
runner.addRule('Production', { envTypeId: 'production' });
runner.addRule('ShopProduction', { projectId: 'shop', envTypeId: 'production' });

// OpenTofu may touch what is granted to the runner: here a bucket that its deployments put files into.
Bucket.fromBucketName(stack, 'Artifacts', 'my-org-artifacts').grantReadWrite(runner);
