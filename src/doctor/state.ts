import { Aws, AwsError, list } from './aws';
import type { Context } from './check';
import { customerKey, Key, readKey } from './keys';
import { AccessRequest, parsePolicy, PolicyDocument, PolicyStatement } from './policies';
import { stateKey } from './role-requests';

/** The state bucket as S3 has it. */
export interface Bucket {
  /** Undefined if it is not known; `another region` if S3 tells no more. */
  readonly region?: string;
  /** The id, ARN or alias of the key that encrypts it by default, unless it is one of AWS. */
  readonly keyReference?: string;
  readonly key?: Key;
  /** Whether S3 uses the key for the bucket instead of for each object. */
  readonly isBucketKey: boolean;
  readonly policy?: PolicyDocument;
}

/** The bucket of a runner, or undefined if there is none. */
export async function readBucket({ aws, once, runner: { properties } }: Context): Promise<Bucket | undefined> {
  const { StateStorage: { Bucket: name }, Job: { Region: region } } = properties;
  return once(`bucket ${name}`, async () => readBucketOf(aws, name, region));
}

async function readBucketOf(aws: Aws, name: string, region: string): Promise<Bucket | undefined> {
  const params = { Bucket: name };
  let found: string | undefined;
  try {
    found = (await aws('s3', 'HeadBucket', params, region)).BucketRegion;
  } catch (error) {
    const { kind, code } = error as AwsError;
    if (kind === 'not-found') {
      return undefined;
    }
    if (/^(301|PermanentRedirect|AuthorizationHeaderMalformed)$/.test(code)) {
      return { region: 'another region', isBucketKey: false };
    }
    throw error;
  }
  const [policy, encryption] = await Promise.all([
    aws('s3', 'GetBucketPolicy', params, region).catch(error => undefinedIf(error, /^NoSuchBucketPolicy$/)),
    aws('s3', 'GetBucketEncryption', params, region).catch(error => undefinedIf(error, /^ServerSideEncryptionConfigurationNotFoundError$/)),
  ]);
  const rule = list(encryption?.Rule)[0];
  const { SSEAlgorithm: algorithm, KMSMasterKeyID: key } = rule?.ApplyServerSideEncryptionByDefault ?? {};
  const keyReference = /^aws:kms/.test(algorithm ?? '') ? customerKey(key) : undefined;
  return {
    region: found,
    keyReference,
    key: keyReference === undefined ? undefined : await readKey(aws, keyReference, region),
    isBucketKey: rule?.BucketKeyEnabled === 'true',
    policy: policy === undefined ? undefined : parsePolicy(policy),
  };
}

function undefinedIf(error: AwsError, code: RegExp): undefined {
  if (code.test(error.code)) {
    return undefined;
  }
  throw error;
}

/** The account that the bucket belongs to, as the policy of the task role in the template has it. */
export function bucketAccount({ stack, runner: { properties } }: Pick<Context, 'stack' | 'runner'>): string {
  const arn = `arn:aws:s3:::${properties.StateStorage.Bucket}`;
  const statements = stack.resources.flatMap(resource => [resource.properties.PolicyDocument?.Statement ?? []].flat()) as PolicyStatement[];
  const accounts = statements.filter(({ Resource: resource }) => resource === arn).map(({ Condition: condition }) => condition?.StringEquals?.['aws:ResourceAccount']);
  return accounts.find(account => typeof account === 'string') ?? stack.account;
}

/** OpenTofu's calls of S3, as policies of buckets and endpoints see them: it sends no headers for encryption and access control. */
export function stateRequests({ name, prefix }: { readonly name: string; readonly prefix?: string }): AccessRequest[] {
  const arn = `arn:aws:s3:::${name}`;
  const object = `${arn}/${stateKey({ prefix })}`;
  const context = { 's3:TlsVersion': '1.3', 's3:authType': 'REST-HEADER', 's3:signatureversion': 'AWS4-HMAC-SHA256' };
  const noHeaders = { 's3:x-amz-server-side-encryption': null, 's3:x-amz-server-side-encryption-aws-kms-key-id': null, 's3:x-amz-acl': null };
  return [
    { action: 's3:ListBucket', resource: arn, context: { ...context, 's3:prefix': 'env:/' } },
    { action: 's3:GetObject', resource: object, context },
    { action: 's3:PutObject', resource: object, context: { ...context, ...noHeaders } },
  ];
}
