/** Customer managed keys, which services use on behalf of their caller. */
import { strict as assert } from 'node:assert';
import { CreateLogGroupCommand } from '@aws-sdk/client-cloudwatch-logs';
import { GetBucketEncryptionCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateSecretCommand, GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetParameterCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { allow, policy, refusal, type Rule, type Statement, type World } from './world';
import type { ClientSettings } from '../../local/try/clients';

interface Key { readonly arn: string; readonly alias: string }

/** Creates a key whose policy delegates to IAM and has the given statements, and an alias of the key. */
async function createKey(world: World, ...others: object[]): Promise<Key> {
  const account = { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${world.account}:root` }, Action: 'kms:*', Resource: '*' };
  const KeyPolicy = JSON.parse(policy(account, ...others)) as object;
  const AliasName = `alias/${world.name('key')}`;
  const { ids } = await world.stack({
    Key: { Type: 'AWS::KMS::Key', Properties: { KeyPolicy } },
    Alias: { Type: 'AWS::KMS::Alias', Properties: { AliasName, TargetKeyId: { Ref: 'Key' } } },
  });
  const prefix = `arn:aws:kms:${world.region}:${world.account}`;
  return { arn: `${prefix}:key/${ids.Key}`, alias: `${prefix}:${AliasName}` };
}

/** Whether a role with these statements can make a call. */
async function can<Client extends { destroy(): void }>(
  world: World, client: (settings: ClientSettings) => Client, call: (client: Client) => Promise<unknown>, ...statements: Statement[]
): Promise<string> {
  const made = client(await world.as(await world.role(...statements)));
  return call(made).then(() => 'yes', (error: Error) => `${error.name}: ${error.message}`).finally(() => made.destroy());
}

const use = (action: string, key: string, service: string, context: string, value: string, region: string) => allow(action, key, {
  StringEquals: { 'kms:ViaService': `${service}.${region}.amazonaws.com`, [`kms:EncryptionContext:${context}`]: value },
});

export const keys: Rule[] = [
  {
    name: 'reading a secret with a customer managed key needs kms:Decrypt for that key and secret, and a policy cannot name an alias',
    async check(world) {
      const key = await createKey(world);
      for (const KmsKeyId of [key.arn, key.alias]) {
        const { ARN } = await world.secrets.send(new CreateSecretCommand({ Name: world.name('secret'), SecretString: 'x', KmsKeyId }));
        const read = async (...statements: Statement[]) => can(world, (settings) => new SecretsManagerClient(settings),
          async (client) => client.send(new GetSecretValueCommand({ SecretId: ARN })), allow('secretsmanager:GetSecretValue', ARN!), ...statements);
        const refused = 'AccessDeniedException: Access to KMS is not allowed';
        assert.equal(await read(), refused);
        assert.equal(await read(allow('kms:Decrypt', key.alias)), refused);
        assert.equal(await read(use('kms:Decrypt', key.arn, 'secretsmanager', 'SecretARN', 'another', world.region)), refused);
        assert.equal(await read(use('kms:Decrypt', key.arn, 'secretsmanager', 'SecretARN', ARN!, world.region)), 'yes');
      }
    },
  },
  {
    name: 'reading a parameter with a customer managed key needs kms:Decrypt for that key and parameter',
    async check(world) {
      const key = await createKey(world);
      const Name = `/${world.name('parameter')}`;
      await world.ssm.send(new PutParameterCommand({ Name, Value: 'x', Type: 'SecureString', KeyId: key.arn }));
      const arn = `arn:aws:ssm:${world.region}:${world.account}:parameter${Name}`;
      const read = async (...statements: Statement[]) => can(world, (settings) => new SSMClient(settings),
        async (client) => client.send(new GetParameterCommand({ Name, WithDecryption: true })), allow('ssm:GetParameter', arn), ...statements);
      assert.match(await read(), /^AccessDeniedException: The ciphertext refers to a customer master key/);
      assert.match(await read(use('kms:Decrypt', key.arn, 'ssm', 'PARAMETER_ARN', 'another', world.region)), /^AccessDeniedException/);
      assert.equal(await read(use('kms:Decrypt', key.arn, 'ssm', 'PARAMETER_ARN', arn, world.region)), 'yes');
    },
  },
  {
    name: 'objects in a bucket with a customer managed key need kms:GenerateDataKey and kms:Decrypt, for the bucket if it has a bucket key',
    async check(world) {
      const key = await createKey(world);
      for (const BucketKeyEnabled of [true, false]) {
        const ServerSideEncryptionByDefault = { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: key.arn };
        const { ids: { Bucket } } = await world.stack({
          Bucket: { Type: 'AWS::S3::Bucket', Properties: { BucketEncryption: { ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault, BucketKeyEnabled }] } } },
        });
        const [bucketArn, objectArn] = [`arn:aws:s3:::${Bucket}`, `arn:aws:s3:::${Bucket}/object`];
        const as = async (call: (client: S3Client) => Promise<unknown>, ...statements: Statement[]) => can(world,
          (settings) => new S3Client({ ...settings, forcePathStyle: true }), call, allow(['s3:GetObject', 's3:PutObject'], `${bucketArn}/*`), ...statements);
        const put = async (client: S3Client) => client.send(new PutObjectCommand({ Bucket, Key: 'object', Body: 'x' }));
        const get = async (client: S3Client) => client.send(new GetObjectCommand({ Bucket, Key: 'object' })).then(async ({ Body }) => Body?.transformToString());
        const [right, wrong] = BucketKeyEnabled ? [bucketArn, objectArn] : [objectArn, bucketArn];
        const may = (action: string, context: string) => use(action, key.arn, 's3', 'aws:s3:arn', context, world.region);
        assert.match(await as(put), /^AccessDenied: .*kms:GenerateDataKey/);
        assert.match(await as(put, may('kms:GenerateDataKey', wrong)), /^AccessDenied: .*kms:GenerateDataKey/);
        assert.equal(await as(put, may('kms:GenerateDataKey', right)), 'yes');
        assert.match(await as(get, may('kms:Decrypt', wrong)), /^AccessDenied: .*kms:Decrypt/);
        assert.equal(await as(get, may('kms:Decrypt', right)), 'yes');
      }
    },
  },
  {
    name: 'a bucket with an AWS managed key needs no permission for the key, and a secret with a deleted key cannot be read',
    async check(world) {
      const configuration = [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' } }];
      const { ids: { Bucket } } = await world.stack({ Bucket: { Type: 'AWS::S3::Bucket', Properties: { BucketEncryption: { ServerSideEncryptionConfiguration: configuration } } } });
      const object = { Bucket, Key: 'object' };
      assert.equal(await can(world, (settings) => new S3Client({ ...settings, forcePathStyle: true }), async (client) => {
        // The CDK uploads assets with the key that the bucket uses.
        const { ServerSideEncryptionConfiguration: { Rules: [rule] = [] } = {} } = await client.send(new GetBucketEncryptionCommand({ Bucket }));
        const SSEKMSKeyId = rule?.ApplyServerSideEncryptionByDefault?.KMSMasterKeyID;
        await client.send(new PutObjectCommand({ ...object, Body: 'y', ServerSideEncryption: 'aws:kms', SSEKMSKeyId }));
        await client.send(new PutObjectCommand({ ...object, Body: 'x' }));
        const { Body, ServerSideEncryption } = await client.send(new GetObjectCommand(object));
        assert.deepEqual([await Body?.transformToString(), ServerSideEncryption], ['x', 'aws:kms']);
      }, allow(['s3:GetEncryptionConfiguration', 's3:GetObject', 's3:PutObject'], '*')), 'yes');
      const KmsKeyId = `arn:aws:kms:${world.region}:${world.account}:key/00000000-0000-0000-0000-000000000000`;
      const { ARN } = await world.secrets.send(new CreateSecretCommand({ Name: world.name('secret'), SecretString: 'x', KmsKeyId }));
      assert.equal(await can(world, (settings) => new SecretsManagerClient(settings), async (client) => client.send(new GetSecretValueCommand({ SecretId: ARN })),
        allow(['secretsmanager:GetSecretValue', 'kms:Decrypt'], '*')), 'AccessDeniedException: Access to KMS is not allowed');
    },
  },
  {
    name: 'a log group accepts a key only if the key policy allows CloudWatch Logs to use it for the log group',
    async check(world) {
      const arnOf = (name: string) => `arn:aws:logs:${world.region}:${world.account}:log-group:${name}`;
      const forLogs = (arn: string, region = world.region) => ({
        Effect: 'Allow',
        Principal: { Service: `logs.${region}.amazonaws.com` },
        Resource: '*',
        Action: ['kms:Encrypt*', 'kms:Decrypt*', 'kms:ReEncrypt*', 'kms:GenerateDataKey*'],
        Condition: { ArnEquals: { 'kms:EncryptionContext:aws:logs:arn': arn } },
      });
      const name = world.name('/aws/ecs/encrypted');
      const refused = `The specified KMS key does not exist or is not allowed to be used with Arn '${arnOf(name)}'`;
      const wrong = [await createKey(world), await createKey(world, forLogs(arnOf('another'))), await createKey(world, forLogs(arnOf(name), 'eu-west-1'))];
      const right = await createKey(world, forLogs(arnOf(name)));
      const group = (KmsKeyId: string) => ({ Group: { Type: 'AWS::Logs::LogGroup', Properties: { LogGroupName: name, KmsKeyId } } });
      for (const kmsKeyId of [...wrong.map(({ arn }) => arn), right.alias]) {
        const { message } = await refusal(async () => world.logs.send(new CreateLogGroupCommand({ logGroupName: name, kmsKeyId })));
        assert.equal(message, refused);
        assert.ok((await world.failingStack(group(kmsKeyId))).startsWith(refused));
      }
      const { name: stack } = await world.stack(group(right.arn));
      await world.deleteStack(stack);
      await world.logs.send(new CreateLogGroupCommand({ logGroupName: name, kmsKeyId: right.arn }));
    },
  },
];
