import type { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { StateStorage } from '../../src';
import { newStack, quietRunner, warningsOf } from '../support';

describe('the policy of a state bucket', () => {
  const HEADER = 's3:x-amz-server-side-encryption';
  const run = (bucket: (stack: Stack) => s3.IBucket, conditions: Record<string, Record<string, unknown>>, effect = iam.Effect.DENY, action = 's3:PutObject') => {
    const stack = newStack();
    const state = bucket(stack);
    quietRunner(stack, { stateStorage: StateStorage.existingBucket(state) });
    new s3.CfnBucketPolicy(stack, 'Policy', {
      bucket: state.bucketName,
      policyDocument: { Statement: [{ Effect: effect, Action: action, Principal: '*', Resource: state.arnForObjects('*'), Condition: conditions }] },
    });
    return warningsOf(stack);
  };
  const own = (stack: Stack) => new s3.Bucket(stack, 'Bucket');

  test.each<[string, (stack: Stack) => s3.IBucket, Record<string, Record<string, unknown>>, string]>([
    ['of another algorithm', own, { StringNotEquals: { [HEADER]: 'aws:kms' } }, 's3:PutObject'],
    ['that is missing', own, { Null: { [HEADER]: true } }, 's3:*'],
    ['of another key, for an imported bucket', stack => s3.Bucket.fromBucketName(stack, 'Imported', 'state'), { StringNotLikeIfExists: { [`${HEADER}-aws-kms-key-id`]: '*/key' } }, 's3:Put*'],
  ])('has a warning if it denies puts because of an encryption header %s', (_name, bucket, conditions, action) => {
    expect(run(bucket, conditions, iam.Effect.DENY, action)).toEqual(['/Stack/Runner: stateNeedsEncryptionHeader']);
  });

  test('has a warning if the app adds such a statement to the new bucket of a runner', () => {
    const stack = newStack();
    const { stateBucket } = quietRunner(stack);
    stateBucket.addToResourcePolicy(new iam.PolicyStatement({
      effect: iam.Effect.DENY,
      principals: [new iam.AnyPrincipal()],
      actions: ['s3:PutObject'],
      resources: [stateBucket.arnForObjects('*')],
      conditions: { StringNotEquals: { [HEADER]: 'aws:kms' } },
    }));
    expect(warningsOf(stack)).toEqual(['/Stack/Runner: stateNeedsEncryptionHeader']);
  });

  test('has no warning if puts without the header pass', () => {
    expect(run(own, { StringEquals: { [HEADER]: 'AES256' } })).toEqual([]);
    expect(run(own, { Null: { [HEADER]: 'false' }, StringNotEquals: { [HEADER]: 'aws:kms' } })).toEqual([]);
    expect(run(own, { StringNotEquals: { [HEADER]: 'aws:kms' } }, iam.Effect.ALLOW)).toEqual([]);
    expect(run(own, { StringNotEquals: { [HEADER]: 'aws:kms' } }, iam.Effect.DENY, 's3:DeleteObject')).toEqual([]);
    expect(run(own, { Bool: { 'aws:SecureTransport': 'false' } })).toEqual([]);
  });
});
