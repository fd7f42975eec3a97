/** Faults of the runner's roles, secrets and bucket. */
import { CreateBucketCommand, DeleteBucketCommand, DeleteBucketPolicyCommand, GetBucketPolicyCommand, ListObjectVersionsCommand, PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import type { Fault } from './fault';
import type { World } from './world';
import { list } from '../../../src/doctor/aws';
import { decryptionContext } from '../../../src/doctor/role-requests';

const document = (...Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement });
const nameOf = (arn: string) => arn.slice(arn.lastIndexOf('/') + 1);
const ALLOW_ALL = { Effect: 'Allow', Action: '*', Resource: '*' };

const providerOf = async ({ aws }: World): Promise<string> => list((await aws('iam', 'ListOpenIDConnectProviders')).OpenIDConnectProviderList)[0].Arn;

/** Deletes the OIDC provider. Creates another one if audiences are given. */
async function replaceProvider(world: World, audiences?: string[]): Promise<() => Promise<unknown>> {
  const { aws } = world;
  const arn = await providerOf(world);
  const Url = `https://${arn.split(':oidc-provider/')[1]}`;
  const replace = async (ClientIDList?: string[]) => {
    if (list((await aws('iam', 'ListOpenIDConnectProviders')).OpenIDConnectProviderList).length > 0) await aws('iam', 'DeleteOpenIDConnectProvider', { OpenIDConnectProviderArn: arn });
    if (ClientIDList) await aws('iam', 'CreateOpenIDConnectProvider', { Url, ClientIDList });
  };
  await replace(audiences);
  return async () => replace(['sts.amazonaws.com']);
}

/** Changes the trust policy of a role. `change` receives it as JSON text. */
async function changeTrust({ aws }: World, roleArn: string, change: (policy: string) => string): Promise<() => Promise<unknown>> {
  const RoleName = nameOf(roleArn);
  const { Role: { AssumeRolePolicyDocument: encoded } } = await aws('iam', 'GetRole', { RoleName });
  const PolicyDocument = decodeURIComponent(encoded);
  await aws('iam', 'UpdateAssumeRolePolicy', { RoleName, PolicyDocument: change(PolicyDocument) });
  return async () => aws('iam', 'UpdateAssumeRolePolicy', { RoleName, PolicyDocument });
}

/** Deletes the inline policies of a role. */
async function deletePolicies({ aws }: World, roleArn: string): Promise<() => Promise<unknown>> {
  const RoleName = nameOf(roleArn);
  const names: string[] = list((await aws('iam', 'ListRolePolicies', { RoleName })).PolicyNames);
  const documents = await Promise.all(names.map(async (PolicyName) => decodeURIComponent((await aws('iam', 'GetRolePolicy', { RoleName, PolicyName })).PolicyDocument)));
  for (const PolicyName of names) await aws('iam', 'DeleteRolePolicy', { RoleName, PolicyName });
  return async () => Promise.all(names.map(async (PolicyName, index) => aws('iam', 'PutRolePolicy', { RoleName, PolicyName, PolicyDocument: documents[index] })));
}

async function addBoundary({ aws }: World, roleArn: string, statement: object): Promise<() => Promise<unknown>> {
  const RoleName = nameOf(roleArn);
  const { Policy: { Arn: PolicyArn } } = await aws('iam', 'CreatePolicy', { PolicyName: 'TightBoundary', PolicyDocument: document(statement) });
  await aws('iam', 'PutRolePermissionsBoundary', { RoleName, PermissionsBoundary: PolicyArn });
  return async () => {
    await aws('iam', 'DeleteRolePermissionsBoundary', { RoleName });
    await aws('iam', 'DeletePolicy', { PolicyArn });
  };
}

/** Adds a statement to the policy of the state bucket. */
async function addBucketStatement({ cloud: { account }, runner }: World, statement: object): Promise<() => Promise<unknown>> {
  const { Bucket } = runner.properties.StateStorage;
  const { Policy } = await account.s3.send(new GetBucketPolicyCommand({ Bucket }));
  await account.s3.send(new PutBucketPolicyCommand({ Bucket, Policy: document(...JSON.parse(Policy!).Statement, statement) }));
  return async () => account.s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
}

/** The secret with a customer managed key, and the key. */
async function encryptedSecret({ aws, runner }: World): Promise<{ arn: string; KeyId: string }> {
  const arn = runner.properties.Job.Secrets!.TF_VAR_license;
  return { arn, KeyId: (await aws('secretsmanager', 'DescribeSecret', { SecretId: arn })).KmsKeyId };
}

export const ACCESS_FAULTS: readonly Fault[] = [
  {
    name: 'the OIDC provider is deleted',
    check: 'oidc',
    remedy: /aws iam create-open-id-connect-provider --url https:/,
    inject: async (world) => replaceProvider(world),
  },
  {
    name: 'the OIDC provider has another audience',
    check: 'oidc',
    remedy: /aws iam add-client-id-to-open-id-connect-provider/,
    inject: async (world) => replaceProvider(world, ['sts.example.com']),
  },
  {
    name: 'the task manager role trusts another runner',
    check: 'oidc',
    remedy: /aws iam update-assume-role-policy --role-name \S+ --policy-document '\{/,
    inject: async (world) => changeTrust(world, world.runner.properties.Auth.RoleArn, (policy) => policy.replace(world.runner.properties.RunnerId, 'other-runner')),
  },
  {
    name: 'the policy of the task manager role is deleted',
    check: 'task-manager-role',
    remedy: /Restore the policy of the role/,
    inject: async (world) => deletePolicies(world, world.runner.properties.Auth.RoleArn),
  },
  {
    name: 'the permissions boundary of the task manager role is too tight',
    check: 'task-manager-role',
    remedy: /Allow these actions in the permissions boundary arn:aws:iam::\d+:policy\/TightBoundary/,
    inject: async (world) => addBoundary(world, world.runner.properties.Auth.RoleArn, { ...ALLOW_ALL, Action: 'ecs:*' }),
  },
  {
    name: 'a policy denies everything to the task role',
    check: 'task-role',
    remedy: /doctor let-in/,
    inject: async ({ aws, runner }) => {
      const name = { RoleName: nameOf(runner.properties.Job.TaskRoleArn), PolicyName: 'CutOff' };
      await aws('iam', 'PutRolePolicy', { ...name, PolicyDocument: document({ ...ALLOW_ALL, Effect: 'Deny' }) });
      return async () => aws('iam', 'DeleteRolePolicy', name);
    },
  },
  {
    name: 'the task role does not trust ECS',
    check: 'task-role',
    remedy: /Let the service ecs-tasks\.amazonaws\.com do sts:AssumeRole/,
    inject: async (world) => changeTrust(world, world.runner.properties.Job.TaskRoleArn, (policy) => policy.replace('ecs-tasks.amazonaws.com', 'ec2.amazonaws.com')),
  },
  {
    name: 'the policy of the execution role is deleted',
    check: 'execution-role',
    remedy: /Restore the policy of the role/,
    inject: async (world) => deletePolicies(world, world.runner.properties.Job.ExecutionRoleArn),
  },
  {
    name: 'a secret is deleted',
    check: 'secrets',
    remedy: /aws secretsmanager restore-secret --secret-id arn:/,
    inject: async ({ aws, runner }) => {
      const SecretId = runner.properties.Job.Secrets!.TF_VAR_database_password;
      await aws('secretsmanager', 'DeleteSecret', { SecretId });
      return async () => aws('secretsmanager', 'RestoreSecret', { SecretId });
    },
  },
  {
    name: 'a parameter is deleted',
    check: 'secrets',
    remedy: /Create it again/,
    inject: async ({ aws, runner }) => {
      const Name = `/${runner.properties.Job.Secrets!.RUNNER_GIT_SSH_KEYS.split(':parameter/')[1]}`;
      await aws('ssm', 'DeleteParameter', { Name });
      return async () => aws('ssm', 'PutParameter', { Name, Type: 'SecureString', Value: 'no-real-key' });
    },
  },
  {
    name: 'the resource policy of a secret denies the execution role',
    check: 'secrets',
    remedy: /resource policy of the secret/,
    inject: async ({ aws, runner }) => {
      const SecretId = runner.properties.Job.Secrets!.TF_VAR_database_password;
      const ResourcePolicy = document({ ...ALLOW_ALL, Effect: 'Deny', Principal: { AWS: runner.properties.Job.ExecutionRoleArn } });
      await aws('secretsmanager', 'PutResourcePolicy', { SecretId, ResourcePolicy });
      return async () => aws('secretsmanager', 'DeleteResourcePolicy', { SecretId });
    },
  },
  {
    name: 'the key of a secret is disabled',
    check: 'secrets',
    remedy: /aws kms enable-key/,
    inject: async (world) => {
      const { KeyId } = await encryptedSecret(world);
      await world.aws('kms', 'DisableKey', { KeyId });
      return async () => world.aws('kms', 'EnableKey', { KeyId });
    },
  },
  {
    name: 'the policy of a secret\'s key denies the execution role',
    check: 'secrets',
    remedy: /in the key policy/,
    inject: async (world) => {
      const { aws, runner } = world;
      const { arn, KeyId } = await encryptedSecret(world);
      const { Policy } = await aws('kms', 'GetKeyPolicy', { KeyId, PolicyName: 'default' });
      const denial = {
        Effect: 'Deny', Principal: { AWS: runner.properties.Job.ExecutionRoleArn }, Action: 'kms:Decrypt', Resource: '*', Condition: { StringEquals: decryptionContext(arn) },
      };
      await aws('kms', 'PutKeyPolicy', { KeyId, PolicyName: 'default', Policy: document(...JSON.parse(Policy).Statement, denial) });
      return async () => aws('kms', 'PutKeyPolicy', { KeyId, PolicyName: 'default', Policy });
    },
  },
  {
    name: 'the policy of the state bucket wants an encryption header',
    check: 'bucket',
    remedy: /OpenTofu sends no encryption header/,
    inject: async (world) => addBucketStatement(world, {
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:PutObject',
      Resource: `arn:aws:s3:::${world.runner.properties.StateStorage.Bucket}/*`,
      Condition: { StringNotEquals: { 's3:x-amz-server-side-encryption': 'aws:kms' } },
    }),
  },
  {
    name: 'the policy of the state bucket denies the task role',
    check: 'bucket',
    remedy: /allows s3:ListBucket, s3:GetObject and s3:PutObject/,
    inject: async (world) => addBucketStatement(world, {
      Effect: 'Deny', Principal: { AWS: world.runner.properties.Job.TaskRoleArn }, Action: 's3:GetObject', Resource: `arn:aws:s3:::${world.runner.properties.StateStorage.Bucket}/*`,
    }),
  },
  {
    name: 'the state bucket is deleted',
    check: 'bucket',
    remedy: /restore the state from a backup/,
    inject: async ({ cloud: { account }, runner }) => {
      const { Bucket } = runner.properties.StateStorage;
      const { Policy } = await account.s3.send(new GetBucketPolicyCommand({ Bucket }));
      const { Versions = [] } = await account.s3.send(new ListObjectVersionsCommand({ Bucket }));
      if (Versions.length > 0) throw new Error(`The bucket ${Bucket} is not empty.`);
      await account.s3.send(new DeleteBucketPolicyCommand({ Bucket }));
      await account.s3.send(new DeleteBucketCommand({ Bucket }));
      return async () => {
        await account.s3.send(new CreateBucketCommand({ Bucket }));
        await account.s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
      };
    },
  },
];
