/**
 * A runner for production: customer managed key, versioned state that outlives the stack, role path and permissions
 * boundary, 90 days of logs, tags for governance.
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

// The tests hand in the address of an orchestrator on their own machine.
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

  // The bucket and the runner's log groups are encrypted with the key; its policy and the roles get what that needs.
  encryptionKey: key,
  stateStorage: StateStorage.newBucket({ versioned: true, removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE }),
  logRetention: RetentionDays.THREE_MONTHS,

  // The policy has to be in the account, and to allow what the roles do: it limits them, it gives them nothing.
  rolePath: '/platform/runners/',
  permissionsBoundary: ManagedPolicy.fromManagedPolicyName(stack, 'Boundary', 'EnterprisePermissionsBoundary'),

  // A runner that environments still use cannot be deleted by mistake.
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
