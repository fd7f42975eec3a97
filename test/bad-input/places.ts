import { Fn, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { Row } from './row';
import { ApiToken, Orchestrator, StateStorage } from '../../src';
import { ACCOUNT, importedVpc, REGION } from '../support';

const OTHER = '999999999999';
const ELSEWHERE = 'eu-west-1';
const elsewhere = (stack: Stack) => new Stack(stack.node.root, 'Elsewhere', { env: { account: ACCOUNT, region: ELSEWHERE } });
const otherAccount = (stack: Stack) => new Stack(stack.node.root, 'Other', { env: { account: OTHER, region: REGION } });
const key = (stack: Stack, region = REGION) => kms.Key.fromKeyArn(stack, 'Key', `arn:aws:kms:${region}:${ACCOUNT}:key/11111111-2222-3333-4444-555555555555`);
const alias = (stack: Stack) => kms.Alias.fromAliasName(stack, 'Alias', 'alias/platform');
const token = (apiToken: ApiToken) => ({ orchestrator: Orchestrator.humanitec({ orgId: 'my-org', apiToken }) });
const secretWith = (stack: Stack, encryptionKey: kms.IKey) =>
  secretsmanager.Secret.fromSecretAttributes(stack, 'Secret', { secretCompleteArn: `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:s-AbCdEf`, encryptionKey });
const parameterWith = (stack: Stack, encryptionKey?: kms.IKey) =>
  ssm.StringParameter.fromSecureStringParameterAttributes(stack, 'Parameter', { parameterName: '/token', encryptionKey });
const otherVpc = (stack: Stack) => ec2.Vpc.fromVpcAttributes(stack, 'OtherVpc', { vpcId: 'vpc-2', availabilityZones: ['a'], privateSubnetIds: ['subnet-9'] });

const ALIAS = 'expected a key; got an alias of a key. IAM and CloudWatch Logs match the ARN of a key, never an alias: '
  + 'give the key of the alias, for example with Key.fromLookup().';
const KEY = `expected a key in the region of the encrypted resource, "${REGION}"; got one in "${ELSEWHERE}". `
  + 'AWS services encrypt with keys of the same region only: give a key of that region. A multi-Region key has one ARN per region.';
const account = (what: string) => `expected ${what} in the runner's account, "${ACCOUNT}"; got one in "${OTHER}".`;
const region = (what: string) => `expected ${what} in the runner's region, "${REGION}"; got one in "${ELSEWHERE}".`;
const SAME = 'Correct one of the two, or import the resource by its ARN alone.';
const SECRET_NAME = 'orchestrator.apiToken: expected the name of a secret: 1 to 512 letters, digits and /_+=.@-; got another text. Give the name that Secrets Manager shows.';
const PARAMETER_NAME = 'expected the name of a parameter: letters, digits and /_.-; got another text. Give the name that the Parameter Store shows.';
const VPC = 'A VPC and its resources belong to one region: give resources in the region of the stack.';

/** Resources of other accounts and regions, and key aliases instead of keys. */
export const ROWS: Row[] = [
  ['a cluster of another account', stack => ({ cluster: ecs.Cluster.fromClusterArn(stack, 'C', `arn:aws:ecs:${REGION}:${OTHER}:cluster/c`) }),
    [`cluster: ${account('a cluster')} A runner can use only a cluster in its own account and region: give such a cluster.`]],
  ['a secret with a space in its name for the API token', stack => token(ApiToken.fromSecretsManager(secretsmanager.Secret.fromSecretNameV2(stack, 'S', ' api-token'))), [SECRET_NAME]],
  ['a secret without a name for the API token', stack => token(ApiToken.fromSecretsManager(secretsmanager.Secret.fromSecretNameV2(stack, 'S', ''))), [SECRET_NAME]],
  ['a parameter with a space in its name for the API token', stack => token(ApiToken.fromSsmParameter(
    ssm.StringParameter.fromSecureStringParameterAttributes(stack, 'P', { parameterName: '/api token' }))), [`orchestrator.apiToken: ${PARAMETER_NAME}`]],
  ['a parameter with a space in its name', stack => ({ secrets: { A: ecs.Secret.fromSsmParameter(ssm.StringParameter.fromStringParameterName(stack, 'P', '/db password')) } }),
    [`secrets.A: ${PARAMETER_NAME}`]],
  ['security groups in one text', stack => ({ securityGroups: [ec2.SecurityGroup.fromSecurityGroupId(stack, 'G', 'sg-1, sg-2')] }),
    ['securityGroups: expected ids of security groups without spaces, such as "sg-0123456789abcdef0"; got "sg-1, sg-2". Give the id of each group, not its name.']],
  ['a security group of the registration without an id', stack => ({
    registrationNetwork: { vpc: importedVpc(stack), securityGroups: [ec2.SecurityGroup.fromSecurityGroupId(stack, 'G', '')] },
  }), ['registrationNetwork.securityGroups: expected ids of security groups without spaces, such as "sg-0123456789abcdef0"; got "". Give the id of each group, not its name.']],
  ['a role for the permissions boundary', stack => ({ permissionsBoundary: iam.ManagedPolicy.fromManagedPolicyArn(stack, 'P', `arn:aws:iam::${ACCOUNT}:role/boundary`) }),
    [`permissionsBoundary: expected a managed policy, "arn:aws:iam::<account>:policy/<name>"; got "arn:aws:iam::${ACCOUNT}:role/boundary". Give the ARN or name of a managed policy.`]],
  ['a cluster whose name and ARN differ', stack => ({
    cluster: ecs.Cluster.fromClusterAttributes(stack, 'C', { clusterName: 'one', clusterArn: `arn:aws:ecs:${REGION}:${ACCOUNT}:cluster/two`, vpc: importedVpc(stack), securityGroups: [] }),
  }), [`cluster: expected a name and an ARN of the same resource; got the name "one" and the ARN "arn:aws:ecs:${REGION}:${ACCOUNT}:cluster/two". ${SAME}`]],
  ['a bucket whose name and ARN differ', stack => ({
    stateStorage: StateStorage.existingBucket(s3.Bucket.fromBucketAttributes(stack, 'B', { bucketName: 'one', bucketArn: 'arn:aws:s3:::two' })),
  }), [`stateStorage.existingBucket: expected a name and an ARN of the same resource; got the name "one" and the ARN "arn:aws:s3:::two". ${SAME}`]],
  ['a task role of another account', stack => ({ taskRole: iam.Role.fromRoleArn(stack, 'R', `arn:aws:iam::${OTHER}:role/r`) }),
    [`taskRole: ${account('a role')} ECS starts tasks with roles of their own account only.`]],
  ['an execution role of a stack of another account', stack => ({
    executionRole: new iam.Role(otherAccount(stack), 'R', { roleName: 'r', assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') }),
  }), [`executionRole: ${account('a role')} ECS starts tasks with roles of their own account only.`]],
  ['a boundary of another account', stack => ({ permissionsBoundary: iam.ManagedPolicy.fromManagedPolicyArn(stack, 'P', `arn:aws:iam::${OTHER}:policy/p`) }),
    [`permissionsBoundary: ${account('a policy')} IAM accepts boundaries of the role's account and of AWS only: give a policy of this account.`]],
  ['a boundary of another account from Fn.sub', stack => ({
    permissionsBoundary: iam.ManagedPolicy.fromManagedPolicyArn(stack, 'P', Fn.sub(`arn:\${AWS::Partition}:iam::${OTHER}:policy/p`)),
  }), [`permissionsBoundary: ${account('a policy')} IAM accepts boundaries of the role's account and of AWS only: give a policy of this account.`]],
  ['an OIDC provider of another account', stack => ({
    oidcProvider: iam.OidcProviderNative.fromOidcProviderArn(stack, 'P', `arn:aws:iam::${OTHER}:oidc-provider/oidc.humanitec.dev`),
  }), [`oidcProvider: ${account('a provider')} A role can trust providers of its own account only: give a provider of this account, or omit \`oidcProvider\`.`]],
  ['a VPC of another region', stack => ({
    subnetIds: undefined, vpc: ec2.Vpc.fromVpcAttributes(stack, 'V', { vpcId: 'vpc-1', availabilityZones: ['a'], privateSubnetIds: ['subnet-1'], region: ELSEWHERE }),
  }), [`vpc: ${region('a VPC')} ${VPC}`]],
  ['a security group of another region', stack => ({ securityGroups: [ec2.SecurityGroup.fromSecurityGroupId(elsewhere(stack), 'G', 'sg-1')] }),
    [`securityGroups: ${region('a security group')} ${VPC}`]],
  ['a subnet of another VPC', stack => ({ subnetIds: undefined, vpc: importedVpc(stack), vpcSubnets: { subnets: otherVpc(stack).privateSubnets } }),
    ['vpcSubnets: expected a subnet of the VPC \'Stack/Vpc\'; got \'Stack/OtherVpc/PrivateSubnet1\', which is in another VPC. '
      + 'Give the VPC that the subnet belongs to, or another subnet.']],
  ['a security group of another VPC', stack => ({
    subnetIds: undefined, vpc: new ec2.Vpc(stack, 'One'), securityGroups: [new ec2.SecurityGroup(stack, 'G', { vpc: new ec2.Vpc(stack, 'Two') })],
  }), ['securityGroups: expected a security group of the VPC \'Stack/One\'; got \'Stack/G\', which is in another VPC. '
    + 'Give the VPC that the security group belongs to, or another security group.']],
  ['a registration with a security group of another VPC', stack => ({
    registrationNetwork: { vpc: importedVpc(stack), securityGroups: [new ec2.SecurityGroup(stack, 'G', { vpc: otherVpc(stack) })] },
  }), ['registrationNetwork.securityGroups: expected a security group of the VPC \'Stack/Vpc\'; got \'Stack/G\', which is in another VPC. '
    + 'Give the VPC that the security group belongs to, or another security group.']],
  ['access logs in another region', stack => ({
    stateStorage: StateStorage.newBucket({ serverAccessLogsBucket: s3.Bucket.fromBucketAttributes(stack, 'B', { bucketName: 'logs', region: ELSEWHERE }) }),
  }), [`stateStorage.serverAccessLogsBucket: ${region('a bucket')} S3 writes access logs to buckets of the same account and region only.`]],
  ['a key of another region', stack => ({ encryptionKey: key(stack, ELSEWHERE) }), [`encryptionKey: ${KEY}`]],
  ['a key of another region for a bucket', stack => ({
    stateStorage: StateStorage.existingBucket(s3.Bucket.fromBucketAttributes(stack, 'B', { bucketName: 'state', encryptionKey: key(stack, ELSEWHERE) })),
  }), [`stateStorage.existingBucket: ${KEY}`]],
  ['a key of another region for a secret', stack => ({ secrets: { A: ecs.Secret.fromSecretsManager(secretWith(stack, key(stack, ELSEWHERE))) } }), [`secrets.A: ${KEY}`]],
  ['a key of another region for the API token', stack => token(ApiToken.fromSecretsManager(secretWith(stack, key(stack, ELSEWHERE)))), [`orchestrator.apiToken: ${KEY}`]],
  ['a parameter of another account', stack => ({ secrets: { A: ecs.Secret.fromSsmParameter(parameterWith(otherAccount(stack))) } }),
    [`secrets.A: ${account('a parameter')} ECS can read only parameters of its own account: store the value there, or in Secrets Manager.`]],
  ['a parameter of a stack of another account', stack => ({
    secrets: { A: ecs.Secret.fromSsmParameter(new ssm.StringParameter(otherAccount(stack), 'P', { parameterName: 'p', stringValue: 'x' })) },
  }), [`secrets.A: ${account('a parameter')} ECS can read only parameters of its own account: store the value there, or in Secrets Manager.`]],
  ['a secret of another account by name for the API token', stack =>
    token(ApiToken.fromSecretsManager(secretsmanager.Secret.fromSecretNameV2(otherAccount(stack), 'S', 'api-token'))),
  [`orchestrator.apiToken: expected a complete ARN for a secret of another account ("${OTHER}"); got the secret "api-token" by name or partial ARN. `
    + 'Import it with Secret.fromSecretCompleteArn(), or give each account its own orchestrator object with its own secret.']],
  ['an alias of the app for a key', stack => ({ encryptionKey: new kms.Key(stack, 'K').addAlias('platform') }), [`encryptionKey: ${ALIAS}`]],
  ['an alias from an export for a key', stack => ({ encryptionKey: kms.Alias.fromAliasName(stack, 'K', Fn.importValue('Alias')) }), [`encryptionKey: ${ALIAS}`]],
  ['an alias by Fn.sub for a key', stack => ({
    encryptionKey: { ...key(stack), keyArn: Fn.sub('arn:${AWS::Partition}:kms:${AWS::Region}:${AWS::AccountId}:alias/platform'), env: stack.env } as unknown as kms.IKey,
  }), [`encryptionKey: ${ALIAS}`]],
  ['an alias for the key of a bucket', stack => ({
    stateStorage: StateStorage.existingBucket(s3.Bucket.fromBucketAttributes(stack, 'B', { bucketName: 'state', encryptionKey: alias(stack) })),
  }), [`stateStorage.existingBucket: ${ALIAS}`]],
  ['an alias for the key of a secret', stack => ({ secrets: { A: ecs.Secret.fromSecretsManager(secretWith(stack, alias(stack))) } }), [`secrets.A: ${ALIAS}`]],
  ['an alias for the key of a secret of the stack', stack => ({
    secrets: { A: ecs.Secret.fromSecretsManager(new secretsmanager.Secret(stack, 'S', { encryptionKey: new kms.Key(stack, 'K').addAlias('platform') })) },
  }), [`secrets.A: ${ALIAS}`]],
  ['an alias for the key of a parameter', stack => ({ secrets: { A: ecs.Secret.fromSsmParameter(parameterWith(stack, alias(stack))) } }), [`secrets.A: ${ALIAS}`]],
  ['an alias for the key of the API token\'s secret', stack => token(ApiToken.fromSecretsManager(secretWith(stack, alias(stack)))), [`orchestrator.apiToken: ${ALIAS}`]],
  ['an alias for the key of the API token\'s parameter', stack => token(ApiToken.fromSsmParameter(parameterWith(stack), alias(stack))), [`orchestrator.apiToken: ${ALIAS}`]],
];
