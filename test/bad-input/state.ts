import { RemovalPolicy } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Row } from './row';
import { StateStorage } from '../../src';
import { ACCOUNT, REGION } from '../support';

/** Invalid state buckets and prefixes. */
const PREFIX = 'stateStorage.prefix: expected segments of letters, digits, ".", "_" and "-" joined by single slashes, none of them "." or "..", '
  + 'without a leading slash; got ';
const PREFIX_FIX = '. Use a prefix such as "team/runner", or omit it to store the state at the top level of the bucket.';
const SNAPSHOT = 'expected RemovalPolicy.DESTROY, RETAIN or RETAIN_ON_UPDATE_OR_DELETE; got RemovalPolicy.SNAPSHOT. '
  + 'CloudFormation cannot take snapshots of buckets and log groups: choose another policy.';

export const ROWS: Row[] = [
  ['a path prefix with a leading slash', () => ({ stateStorage: StateStorage.newBucket({ prefix: '/a' }) }), [`${PREFIX}"/a"${PREFIX_FIX}`]],
  ['a path prefix with an empty segment', () => ({ stateStorage: StateStorage.newBucket({ prefix: 'a//b' }) }), [`${PREFIX}"a//b"${PREFIX_FIX}`]],
  ['a path prefix that climbs', () => ({ stateStorage: StateStorage.newBucket({ prefix: 'a/../b' }) }), [`${PREFIX}"a/../b"${PREFIX_FIX}`]],
  ['a bucket with dots', stack => ({ stateStorage: StateStorage.existingBucket(s3.Bucket.fromBucketName(stack, 'B', 'state.example.com')) }),
    ['stateStorage.existingBucket: expected a bucket name of lower-case letters, digits and "-", without dots; got "state.example.com". '
      + 'The orchestrator rejects such names: use another bucket.']],
  ['a bucket with a name that S3 no longer accepts', stack => ({ stateStorage: StateStorage.existingBucket(s3.Bucket.fromBucketName(stack, 'B', 'Old_State')) }),
    ['stateStorage.existingBucket: expected a bucket name of lower-case letters, digits and "-", without dots; got "Old_State". '
      + 'The orchestrator rejects such names: use another bucket.']],
  ['a bucket of the app with dots', stack => ({ stateStorage: StateStorage.existingBucket(new s3.Bucket(stack, 'B', { bucketName: 'state.example.com' })) }),
    ['stateStorage.existingBucket: expected a bucket name of lower-case letters, digits and "-", without dots; got "state.example.com". '
      + 'The orchestrator rejects such names: use another bucket.']],
  ['an access point', stack => ({ stateStorage: StateStorage.existingBucket(s3.Bucket.fromBucketArn(stack, 'B', `arn:aws:s3:${REGION}:${ACCOUNT}:accesspoint/state`)) }),
    [`stateStorage.existingBucket: expected a bucket, whose ARN is "arn:aws:s3:::<name>"; got "arn:aws:s3:${REGION}:${ACCOUNT}:accesspoint/state". `
      + 'The orchestrator accepts no access points and no directory buckets: give a general purpose bucket.']],
  ['a bucket elsewhere', stack => ({
    stateStorage: StateStorage.existingBucket(s3.Bucket.fromBucketAttributes(stack, 'B', { bucketName: 'state', region: 'eu-west-1' })),
  }), [`stateStorage.existingBucket: expected a bucket in the runner's region, "${REGION}"; got a bucket in "eu-west-1". `
    + 'OpenTofu looks for the state in the region of its task: use a bucket in that region.']],
  ['an imported bucket with settings for a new one', stack => ({
    stateStorage: StateStorage.existingBucket(s3.Bucket.fromBucketName(stack, 'B', 'state'), { prefix: 'a', versioned: true } as { prefix: string }),
  }), ['stateStorage.existingBucket: expected only the option `prefix`, because the runner does not change an existing bucket; got versioned. '
    + 'Set these options where the bucket is defined, or use StateStorage.newBucket().']],
  ['autoDeleteObjects without DESTROY', () => ({ stateStorage: StateStorage.newBucket({ autoDeleteObjects: true, removalPolicy: RemovalPolicy.RETAIN }) }),
    ['stateStorage.autoDeleteObjects: expected `removalPolicy: RemovalPolicy.DESTROY` together with it; got RemovalPolicy.RETAIN. '
      + 'Set removalPolicy if the state may be deleted with the stack, or omit autoDeleteObjects.']],
  ['autoDeleteObjects without a removal policy', () => ({ stateStorage: StateStorage.newBucket({ autoDeleteObjects: true }) }),
    ['stateStorage.autoDeleteObjects: expected `removalPolicy: RemovalPolicy.DESTROY` together with it; got no removalPolicy, which retains the bucket. '
      + 'Set removalPolicy if the state may be deleted with the stack, or omit autoDeleteObjects.']],
  ['a prefix of access logs without a bucket for them', () => ({ stateStorage: StateStorage.newBucket({ serverAccessLogsPrefix: 'state/' }) }),
    ['stateStorage.serverAccessLogsPrefix: expected `serverAccessLogsBucket` together with it; got no `serverAccessLogsBucket`. '
      + 'Give the bucket for the access logs, or omit the prefix.']],
  ['a bucket that is kept as a snapshot', () => ({ stateStorage: StateStorage.newBucket({ removalPolicy: RemovalPolicy.SNAPSHOT }) }),
    [`stateStorage.removalPolicy: ${SNAPSHOT}`]],
  ['log groups that are kept as snapshots', () => ({ logRemovalPolicy: RemovalPolicy.SNAPSHOT }), [`logRemovalPolicy: ${SNAPSHOT}`]],
];
