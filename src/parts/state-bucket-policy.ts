import { CfnResource, Stack } from 'aws-cdk-lib';
import type { CfnBucketPolicy, IBucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { warnAtTheEnd } from '../common/late-warning';
import { sameValue } from '../common/unknown-values';

/** A statement of a bucket policy in the template. A value can be a function of CloudFormation. */
interface BucketStatement {
  readonly Effect?: unknown;
  readonly Action?: unknown;
  readonly Condition?: Record<string, Record<string, unknown>>;
}

/**
 * Warns about a bucket policy in the app that denies puts without an encryption header. OpenTofu sends no such header, because the orchestrator configures only
 * bucket and key of its backend. Every deployment would fail when it writes the state.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html
 */
export function warnAboutRequiredHeader(scope: Construct, bucket: IBucket): void {
  // At the end of synthesis, because the app can add statements after the runner is defined.
  warnAtTheEnd(scope, 'stateNeedsEncryptionHeader', () => statementsOf(scope, bucket).some(requiresHeader)
    ? `The policy of the state bucket '${bucket.node.path}' denies puts without an encryption header. OpenTofu sends no such header, so it cannot write the state. `
      + 'Remove the statement: S3 encrypts all objects with the default encryption of the bucket.'
    : undefined);
}

function statementsOf(scope: Construct, bucket: IBucket): BucketStatement[] {
  const resources = scope.node.root.node.findAll().filter(CfnResource.isCfnResource).filter(({ cfnResourceType }) => cfnResourceType === 'AWS::S3::BucketPolicy') as CfnBucketPolicy[];
  return resources.filter(policy => sameValue(scope, policy.bucket, bucket.bucketName)).flatMap((policy) => {
    const document = Stack.of(policy).resolve(policy.policyDocument) as { Statement?: BucketStatement | BucketStatement[] } | undefined;
    return document?.Statement ?? [];
  });
}

/** Whether a statement denies puts without an encryption header. A negated condition also matches requests without the key. */
function requiresHeader({ Effect: effect, Action: action, Condition: condition = {} }: BucketStatement): boolean {
  const conditions = Object.entries(condition).flatMap(([operator, keys]) => Object.entries(keys).map(([key, value]) => ({ operator, key, value })));
  return effect === 'Deny' && [action].flat().some(each => typeof each === 'string' && /^(?:\*|s3:(?:\*|put(?:\*|object\*?)))$/i.test(each))
    && conditions.length === 1 && conditions.every(({ operator, key, value }) => /^s3:x-amz-server-side-encryption(?:-aws-kms-key-id)?$/i.test(key)
      && (/^StringNot/i.test(operator) || (/^Null$/i.test(operator) && String(value) === 'true')));
}
