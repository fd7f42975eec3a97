/** Runners that use all options which add to their resources. No example uses all of them. */
import { App, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { Repository } from 'aws-cdk-lib/aws-ecr';
import { Cluster, Secret as EcsSecret } from 'aws-cdk-lib/aws-ecs';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { ApiToken, EcsRunner, Orchestrator, RunnerImage, RunnerMonitoring, RunnerOidcProvider, StateStorage } from 'cdk-humanitec-ecs-runner';

const env = { account: '123456789012', region: 'us-east-1' };
const stack = new Stack(new App(), 'Everything', { env });
const arn = (service: string, resource: string) => `arn:aws:${service}:${env.region}:${env.account}:${resource}`;
const imported = Key.fromKeyArn(stack, 'ImportedKey', arn('kms', 'key/11111111-2222-3333-4444-555555555555'));
const key = new Key(stack, 'Key', { enableKeyRotation: true });

const token = Secret.fromSecretAttributes(stack, 'Token', { secretCompleteArn: arn('secretsmanager', 'secret:token-AbCdEf'), encryptionKey: imported });
const variable = Secret.fromSecretAttributes(stack, 'Variable', { secretCompleteArn: arn('secretsmanager', 'secret:variable-AbCdEf'), encryptionKey: imported });
const parameter = StringParameter.fromSecureStringParameterAttributes(stack, 'Parameter', { parameterName: '/my-org/variable', encryptionKey: imported });

// Both runners share the registration's Lambda in a VPC with its own endpoints.
const vpc = Vpc.fromVpcAttributes(stack, 'Vpc', {
  vpcId: 'vpc-12345678', availabilityZones: ['us-east-1a'], privateSubnetIds: ['subnet-12345678'], privateSubnetRouteTableIds: ['rtb-12345678'],
});
const registrationNetwork = { vpc, createEndpoints: true };

// Creates its own network, bucket and cluster, with a customer managed key and with alarms that have no actions.
const own = new EcsRunner(stack, 'Own', {
  orchestrator: Orchestrator.humanitec({ orgId: 'my-org', apiToken: ApiToken.fromSecretsManager(token, 'token') }),
  encryptionKey: key,
  registrationNetwork,
  oidcProvider: new RunnerOidcProvider(stack, 'OidcProvider'),
  stateStorage: StateStorage.newBucket({
    prefix: 'team/runner',
    removalPolicy: RemovalPolicy.DESTROY,
    autoDeleteObjects: true,
    serverAccessLogsBucket: Bucket.fromBucketName(stack, 'AccessLogs', 'access-logs-of-my-org'),
  }),
  secrets: { VARIABLE: EcsSecret.fromSecretsManager(variable), PARAMETER: EcsSecret.fromSsmParameter(parameter) },
  image: RunnerImage.fromEcrRepository(Repository.fromRepositoryName(stack, 'Repository', 'runner'), '1.2.3'),
  rolePath: '/platform/',
});
own.addRule('Rule', { envTypeId: 'production' });
new RunnerMonitoring(stack, 'Monitoring', { runner: own, driftCheckInterval: Duration.hours(1) });

// Uses only existing resources, and a self-hosted orchestrator with a task family prefix.
new EcsRunner(stack, 'Given', {
  orchestrator: Orchestrator.selfHosted({
    orgId: 'my-org',
    apiToken: ApiToken.fromSsmParameter(StringParameter.fromSecureStringParameterAttributes(stack, 'OtherToken', { parameterName: '/my-org/token' }), imported),
    apiUrl: 'https://api.example.com',
    oidcIssuerUrl: 'https://oidc.example.com',
    taskFamilyPrefix: 'platform_',
  }),
  vpc,
  registrationNetwork,
  oidcProvider: new RunnerOidcProvider(stack, 'OtherOidcProvider', { oidcIssuerUrl: 'https://oidc.example.com' }),
  cluster: Cluster.fromClusterAttributes(stack, 'Cluster', { clusterName: 'shared', vpc }),
  stateStorage: StateStorage.existingBucket(Bucket.fromBucketName(stack, 'State', 'state-of-my-org'), { prefix: 'team/other' }),
  rolePath: '/platform/',
}).addRule('Rule');
