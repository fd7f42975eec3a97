/**
 * A runner for production: customer managed key, versioned state that is kept when the stack is deleted, role path, permissions
 * boundary, log retention of 90 days, and tags.
 */
import { App, CfnOutput, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Peer, Port, SecurityGroup, Vpc } from 'aws-cdk-lib/aws-ec2';
import { ManagedPolicy } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { ApiToken, EcsRunner, OnInUse, Orchestrator, StateStorage } from 'cdk-humanitec-ecs-runner';

const app = new App();
const stack = new Stack(app, 'ProductionRunnerStack');

const orgId = process.env.RUNNER_ORG_ID ?? 'my-org';
const apiToken = ApiToken.fromSecretsManager(Secret.fromSecretNameV2(stack, 'ApiToken', 'humanitec-api-token'));

// The tests set these variables to the URLs of their local orchestrator.
const { RUNNER_API_URL: apiUrl, RUNNER_OIDC_ISSUER_URL: oidcIssuerUrl } = process.env;
const orchestrator = apiUrl && oidcIssuerUrl
  ? Orchestrator.selfHosted({ orgId, apiToken, apiUrl, oidcIssuerUrl })
  : Orchestrator.humanitec({ orgId, apiToken });

const vpc = new Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 1 });
const securityGroup = new SecurityGroup(stack, 'TaskSecurityGroup', { vpc, allowAllOutbound: false, description: 'Deployments' });
securityGroup.addEgressRule(Peer.anyIpv4(), Port.tcp(443), 'HTTPS to the orchestrator, registries and AWS');

const key = new Key(stack, 'Key', { alias: 'ecs-runner', enableKeyRotation: true });

const runner = new EcsRunner(stack, 'Runner', {
  orchestrator,
  runnerId: 'prod-runner',
  description: 'Production deployments of my-org',
  vpc,
  securityGroups: [securityGroup],

  // Encrypts the bucket and the runner's log groups. The construct adds the permissions to the key policy and the roles.
  encryptionKey: key,
  stateStorage: StateStorage.newBucket({ versioned: true, removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE }),
  logRetention: RetentionDays.THREE_MONTHS,

  // The permissions boundary must exist and must allow the actions of the roles. It limits the roles and grants no permissions.
  rolePath: '/platform/runners/',
  permissionsBoundary: ManagedPolicy.fromManagedPolicyName(stack, 'Boundary', 'EnterprisePermissionsBoundary'),

  // Fails the deletion of a runner that environments still use.
  onInUse: OnInUse.FAIL,

  tags: {
    Environment: 'production',
    CostCenter: 'platform-engineering',
    DataClassification: 'internal',
    ManagedBy: 'cdk',
  },
});
runner.addRule('Production', { envTypeId: 'production' });

new CfnOutput(stack, 'RunnerId', { value: runner.runnerId });
new CfnOutput(stack, 'StateBucketName', { value: runner.stateBucket.bucketName });
