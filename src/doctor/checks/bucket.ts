import { Check, Finding, ok, problem, unknown } from '../check';
import { findKeyProblem } from '../keys';
import { ALLOWED_BY_ROLE, evaluate, Verdict } from '../policies';
import { stateKey } from '../role-requests';
import { Bucket, bucketAccount, readBucket, stateRequests } from '../state';

export const BUCKET: Check = {
  id: 'bucket',
  title: 'The state bucket',
  reads: ['s3:ListBucket', 's3:GetBucketPolicy', 's3:GetEncryptionConfiguration', 'kms:DescribeKey', 'kms:GetKeyPolicy'],
  async run(context) {
    const { StateStorage: { Bucket: name, PathPrefix: prefix }, Job: { Region: region, TaskRoleArn: roleArn } } = context.runner.properties;
    return [findBucketProblem({ name, prefix, region, roleArn, account: bucketAccount(context), bucket: await readBucket(context) })];
  },
};

export interface BucketFacts {
  readonly name: string;
  readonly prefix?: string;
  /** The region and the task role of the runner. */
  readonly region: string;
  readonly roleArn: string;
  /** The account that the bucket has to belong to. */
  readonly account: string;
  /** Undefined if the bucket does not exist. */
  readonly bucket?: Bucket;
}

/** What keeps OpenTofu from its state, apart from the policies of the task role. */
export function findBucketProblem(facts: BucketFacts): Finding {
  const { name, region, roleArn, bucket } = facts;
  if (!bucket) {
    return problem(`The state bucket '${name}' does not exist. It had the state of everything that was deployed through the runner.`,
      'Create a bucket of this name in this account and region, and restore the state from a backup. Without its state, OpenTofu creates everything a second time.');
  }
  if (bucket.region && bucket.region !== region) {
    return problem(`The state bucket '${name}' is in ${bucket.region}: expected ${region}, the region of the runner.`,
      'Give the runner a bucket of its own region. OpenTofu looks for the bucket there only.');
  }
  const requests = judgeRequests(facts);
  const refused = requests.find(({ verdict: { decision } }) => decision === 'explicitDeny' || decision === 'implicitDeny');
  if (refused) {
    const sid = refused.verdict.sid ? ` (statement ${refused.verdict.sid})` : '';
    return problem(`The policy of the state bucket '${name}' does not let the task role do ${refused.action}${sid}.`, refused.action === 's3:PutObject'
      ? 'Change the policy. OpenTofu sends no encryption header with the state: the default encryption of the bucket decides, so the policy must not require the header.'
      : `Change the policy so that it allows s3:ListBucket, s3:GetObject and s3:PutObject to ${roleArn}.`);
  }
  if (bucket.keyReference !== undefined) {
    const arn = `arn:aws:s3:::${name}`;
    const found = findKeyProblem(bucket.keyReference, bucket.key, {
      what: `the state bucket '${name}'`,
      roleArn,
      actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
      context: {
        'kms:ViaService': `s3.${region}.amazonaws.com`,
        'kms:EncryptionContext:aws:s3:arn': bucket.isBucketKey ? arn : `${arn}/${stateKey(facts)}`,
      },
    });
    if (found) {
      return found;
    }
  }
  const open = requests.find(({ verdict: { decision } }) => decision === 'unknown');
  return open
    ? unknown(`Could not check whether the policy of the state bucket '${name}' lets the task role do ${open.action}: it depends on ${open.verdict.dependsOn.join(', ')}.`,
      `Make sure that the policy allows s3:ListBucket, s3:GetObject and s3:PutObject to ${roleArn}.`)
    : ok(`The state bucket '${name}' is in ${region}, and neither its policy nor its key denies the task role anything.`);
}

/** OpenTofu's calls of S3, and what the policy of the bucket says about them. */
function judgeRequests({ name, prefix, roleArn, account, bucket }: BucketFacts): { readonly action: string; readonly verdict: Verdict }[] {
  if (!bucket?.policy) {
    return [];
  }
  const policies = account === roleArn.split(':')[4] ? [bucket.policy, ALLOWED_BY_ROLE] : [bucket.policy];
  const callerContext = {
    'aws:SecureTransport': 'true',
    'aws:PrincipalArn': roleArn,
    'aws:PrincipalAccount': roleArn.split(':')[4],
    'aws:PrincipalIsAWSService': 'false',
    'aws:ResourceAccount': account,
  };
  return stateRequests({ name, prefix }).map(request => ({
    action: request.action,
    verdict: evaluate(policies, { ...request, principal: { kind: 'AWS', value: roleArn }, context: { ...callerContext, ...request.context } }),
  }));
}
