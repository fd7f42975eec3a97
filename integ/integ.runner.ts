/**
 * Runners of one stack in a real account. `npx projen integ -- --update-on-failed` deploys them with your credentials.
 *
 * Needs an organization (`RUNNER_ORG_ID`) and its API token in the secret `humanitec-api-token`.
 */
import { ExpectedResult, IntegTest } from '@aws-cdk/integ-tests-alpha';
import { App, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { ApiToken, EcsRunner, Orchestrator, StateStorage } from '../src';

const app = new App();
const stack = new Stack(app, 'HumanitecEcsRunnerInteg');

const orchestrator = Orchestrator.humanitec({
  orgId: process.env.RUNNER_ORG_ID ?? 'my-org',
  apiToken: ApiToken.fromSecretsManager(Secret.fromSecretNameV2(stack, 'ApiToken', 'humanitec-api-token')),
});
const stateStorage = StateStorage.newBucket({ removalPolicy: RemovalPolicy.DESTROY, autoDeleteObjects: true });

const first = new EcsRunner(stack, 'Default', { orchestrator, stateStorage });
new EcsRunner(stack, 'Encrypted', {
  orchestrator,
  stateStorage,
  vpc: first.vpc,
  runnerIdPrefix: 'integ-encrypted',
  encryptionKey: new Key(stack, 'Key', { enableKeyRotation: true, removalPolicy: RemovalPolicy.DESTROY }),
});

const integ = new IntegTest(app, 'HumanitecEcsRunner', { testCases: [stack], diffAssets: false });

// Checks in the deployed account: the role trusts only this runner's OIDC tokens, and the cluster has no capacity providers.
integ.assertions.awsApiCall('ECS', 'describeClusters', { clusters: [first.cluster.clusterArn] })
  .expect(ExpectedResult.objectLike({ clusters: [{ status: 'ACTIVE', capacityProviders: [] }] }));
integ.assertions.awsApiCall('S3', 'getBucketVersioning', { Bucket: first.stateBucket.bucketName })
  .expect(ExpectedResult.objectLike({ Status: 'Enabled' }));
integ.assertions.awsApiCall('CloudWatchLogs', 'describeLogGroups', { logGroupNamePrefix: `/aws/ecs/${first.runnerId}` })
  .expect(ExpectedResult.objectLike({ logGroups: [{ retentionInDays: 30 }, { retentionInDays: 30 }] }));
