import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Row, secretArn } from './row';
import { ApiToken, Orchestrator, RunnerImage, RunnerOidcProvider, StateStorage } from '../../src';
import { ACCOUNT, importedVpc, REGION } from '../support';

/** Invalid clusters, roles, OIDC providers and keys. */
export const ROWS: Row[] = [
  ['a cluster by ARN for a name', stack => ({
    cluster: ecs.Cluster.fromClusterAttributes(stack, 'C', { clusterName: `arn:aws:ecs:${REGION}:${ACCOUNT}:cluster/c`, vpc: importedVpc(stack) }),
  }), ['cluster: expected a cluster whose name has 1 to 255 letters, digits, "-" and "_"; '
    + `got "arn:aws:ecs:${REGION}:${ACCOUNT}:cluster/c". Import the cluster by its name, not by its ARN.`]],
  ['insights for an existing cluster', stack => ({
    cluster: ecs.Cluster.fromClusterArn(stack, 'C', `arn:aws:ecs:${REGION}:${ACCOUNT}:cluster/c`), containerInsights: ecs.ContainerInsights.ENHANCED,
  }), ['containerInsights: expected either `containerInsights` or `cluster`; got both. Set Container Insights where the cluster is defined: the runner does not change an existing cluster.']],
  ['a cluster elsewhere', stack => ({ cluster: ecs.Cluster.fromClusterArn(stack, 'C', `arn:aws:ecs:eu-west-1:${ACCOUNT}:cluster/c`) }),
    [`cluster: expected a cluster in the runner's region, "${REGION}"; got one in "eu-west-1". A runner can use only a cluster in its own account and region: give such a cluster.`]],
  ['a role path without a slash', () => ({ rolePath: 'platform' }),
    ['rolePath: expected a path that starts and ends with "/", such as "/platform/runners/", of letters, digits and _+=,.@- between slashes; got "platform". '
      + 'Add the missing slash, or remove what the orchestrator does not accept in role ARNs.']],
  ['a role of another partition', stack => ({ taskRole: iam.Role.fromRoleArn(stack, 'R', `arn:aws-cn:iam::${ACCOUNT}:role/r`) }),
    [`taskRole: expected a role of the partition "aws", "arn:aws:iam::<account>:role/<name>"; got "arn:aws-cn:iam::${ACCOUNT}:role/r". `
      + 'The orchestrator accepts no other ARNs: give a role of this account.']],
  ['a provider of another issuer', stack => ({
    oidcProvider: iam.OidcProviderNative.fromOidcProviderArn(stack, 'P', `arn:aws:iam::${ACCOUNT}:oidc-provider/oidc.example.com`),
  }), ['oidcProvider: expected the provider of the orchestrator\'s issuer, "arn:aws:iam::<account>:oidc-provider/oidc.humanitec.dev"; '
    + `got "arn:aws:iam::${ACCOUNT}:oidc-provider/oidc.example.com". Give that provider, or omit \`oidcProvider\`: the deployment then creates it.`]],
  ['a provider of the app with another issuer', stack => ({ oidcProvider: new RunnerOidcProvider(stack, 'P', { oidcIssuerUrl: 'https://oidc.example.com' }) }),
    ['oidcProvider: expected the provider of the orchestrator\'s issuer, "arn:aws:iam::<account>:oidc-provider/oidc.humanitec.dev"; '
      + 'got the provider of "oidc.example.com". Give that provider, or omit `oidcProvider`: the deployment then creates it.']],
  ['no provider for a registration that cannot reach IAM', stack => ({ registrationNetwork: { vpc: importedVpc(stack), createEndpoints: true } }),
    ['oidcProvider: expected the provider of the orchestrator\'s issuer, as `registrationNetwork` has `createEndpoints`; got none. Without a route to the internet, the Lambda '
      + 'cannot create the provider: IAM has VPC endpoints in us-east-1 only. Define a RunnerOidcProvider in this or another stack, or import the provider with '
      + 'OidcProviderNative.fromOidcProviderArn().']],
  ['an alias for a key', stack => ({ encryptionKey: kms.Alias.fromAliasName(stack, 'K', 'alias/ecs-runner') }),
    ['encryptionKey: expected a key; got an alias of a key. IAM and CloudWatch Logs match the ARN of a key, never an alias: give the key of the alias, for example with Key.fromLookup().']],
  ['aliases of keys of AWS', stack => ({
    encryptionKey: kms.Alias.fromAliasName(stack, 'K', 'alias/aws/s3'),
    stateStorage: StateStorage.existingBucket(s3.Bucket.fromBucketAttributes(stack, 'B', {
      bucketName: 'state', encryptionKey: kms.Key.fromKeyArn(stack, 'S3', `arn:aws:kms:${REGION}:${ACCOUNT}:alias/aws/s3`),
    })),
  }), ['stateStorage.existingBucket', 'encryptionKey'].map(input =>
    `${input}: expected a key; got an alias of a key. It is the alias of a key that AWS manages, which the account may use without further permissions: omit the key.`)],
  ['wildcards in what policies name', stack => ({
    secrets: { A: ecs.Secret.fromSecretsManager(secretsmanager.Secret.fromSecretCompleteArn(stack, 'S', secretArn('*-AbCdEf'))) },
    image: RunnerImage.fromEcrRepository(ecr.Repository.fromRepositoryName(stack, 'Repository', 'r?')),
    encryptionKey: kms.Key.fromKeyArn(stack, 'K', `arn:aws:kms:${REGION}:${ACCOUNT}:key/*`),
  }), [['encryptionKey', `"arn:aws:kms:${REGION}:${ACCOUNT}:key/*"`], ['secrets.A', `"${secretArn('*-AbCdEf')}"`], ['image', `"arn:<token>:ecr:${REGION}:${ACCOUNT}:repository/r?"`]]
    .map(([input, got]) => `${input}: expected a name or ARN without "*", "?" and "$", which are wildcards in IAM policies; got ${got}. Use an exact name.`)],
  ['a provider of the app without the audience of the orchestrator', stack => ({
    oidcProvider: new iam.OidcProviderNative(stack, 'P', { url: 'https://oidc.humanitec.dev', clientIds: ['my-app'], thumbprints: ['a'.repeat(40)] }),
  }), ['oidcProvider: expected a provider with the client ID "sts.amazonaws.com", which is the audience of the orchestrator\'s tokens; got \'Stack/P\' with ["my-app"]. '
    + 'Add the client ID to the provider, or define it with RunnerOidcProvider.']],
  ['a boundary, a bucket and an API token of another partition', stack => ({
    permissionsBoundary: iam.ManagedPolicy.fromManagedPolicyArn(stack, 'P', 'arn:aws-us-gov:iam::aws:policy/PowerUserAccess'),
    stateStorage: StateStorage.existingBucket(s3.Bucket.fromBucketArn(stack, 'B', 'arn:aws-cn:s3:::state')),
    orchestrator: Orchestrator.humanitec({
      orgId: 'my-org', apiToken: ApiToken.fromSecretsManager(secretsmanager.Secret.fromSecretCompleteArn(stack, 'S', secretArn('x-AbCdEf').replace('arn:aws:', 'arn:aws-cn:'))),
    }),
  }), [
    ['orchestrator.apiToken', 'a secret or parameter', secretArn('x-AbCdEf').replace('arn:aws:', 'arn:aws-cn:')],
    ['stateStorage.existingBucket', 'a bucket', 'arn:aws-cn:s3:::state'],
    ['permissionsBoundary', 'a policy', 'arn:aws-us-gov:iam::aws:policy/PowerUserAccess'],
  ].map(([input, what, got]) => `${input}: expected ${what} of the partition "aws"; got "${got}". A resource of another partition cannot be used: give one of the runner's partition.`)],
];
