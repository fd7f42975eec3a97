/** A runner with rules, environment variables, secrets, and access to a bucket for its deployments. */
import { App, Stack } from 'aws-cdk-lib';
import { SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { Secret as EcsSecret } from 'aws-cdk-lib/aws-ecs';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { ApiToken, EcsRunner, Orchestrator } from 'cdk-humanitec-ecs-runner';

const app = new App();
const stack = new Stack(app, 'RunnerStack', { env: { account: '123456789012', region: 'us-east-1' } });

// The orchestrator requires the complete ARN of a secret, with the six random characters at the end.
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

  // OpenTofu reads TF_VAR_size as its variable "size". The values are visible in the template and at the orchestrator.
  environment: { TF_VAR_region: 'us-east-1', TF_VAR_size: 'small' },
  // ECS reads these secrets when a task starts. The execution role can read only these secrets.
  secrets: {
    TF_VAR_database_password: EcsSecret.fromSecretsManager(databasePassword),
    RUNNER_GIT_SSH_KEYS: EcsSecret.fromSsmParameter(gitKeys),
  },
});

// A rule without a filter matches all deployments that no more specific rule matches.
runner.addRule('Everything');
runner.addRule('Production', { envTypeId: 'production' });
runner.addRule('ShopProduction', { projectId: 'shop', envTypeId: 'production' });

// Deployments can use only the resources that you grant to the runner: here, a bucket.
Bucket.fromBucketName(stack, 'Artifacts', 'my-org-artifacts').grantReadWrite(runner);
