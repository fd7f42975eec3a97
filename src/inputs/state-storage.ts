import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { acknowledge, Acknowledgement, hipaaNistAndPci } from '../common/acknowledgements';
import { BUCKET_PATTERN, PATH_PREFIX_PATTERN } from '../common/contract';
import { BOOLEAN, checkType, checkTypes, InputTypes, objectWith, oneOf, TEXT } from '../common/input-types';
import { checkKey, checkNameInArn, checkPartition, checkPlace, isElsewhere, placeOf, resourceOf } from '../common/place';
import { Problem, Problems } from '../common/problems';
import { checkRemovalPolicy } from '../common/removal-policy';
import { UnknownInput, unknownInputs } from '../common/unknown-inputs';
import { canonical, isKnown, maskUnknown, quote } from '../common/unknown-values';

/** Options of an existing state bucket. */
export interface ExistingBucketOptions {
  /**
   * Prefix of the state of this runner: segments of letters, digits, `.`, `_` and `-`, joined by `/`,
   * without a leading `/`, at most 512 characters. Runners that share a bucket must have different prefixes.
   *
   * @default - no prefix: the state is at the top level of the bucket
   */
  readonly prefix?: string;
}

/** Options of a new state bucket. */
export interface NewBucketOptions extends ExistingBucketOptions {
  /**
   * Whether to keep old versions of the state. They move to infrequent access after 30 days and are deleted after 90 days.
   *
   * @default true
   */
  readonly versioned?: boolean;

  /**
   * What happens to the bucket when it is removed from the stack. Deleting the bucket deletes the state of everything that was deployed through
   * the runner.
   *
   * @default RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE: retained, unless the deployment that creates it fails
   */
  readonly removalPolicy?: RemovalPolicy;

  /**
   * Whether to empty the bucket before it is deleted. Requires `removalPolicy: RemovalPolicy.DESTROY`.
   *
   * @default false
   */
  readonly autoDeleteObjects?: boolean;

  /**
   * Prefix of the server access logs in `serverAccessLogsBucket`. Needs `serverAccessLogsBucket`.
   *
   * @default - no prefix
   */
  readonly serverAccessLogsPrefix?: string;

  /**
   * Bucket for the server access logs.
   *
   * @default - access is not logged
   */
  readonly serverAccessLogsBucket?: s3.IBucket;
}

const BUCKET = objectWith('an s3.IBucket', 'bucketArn');
const TYPES: InputTypes<NewBucketOptions> = {
  prefix: TEXT,
  versioned: BOOLEAN,
  removalPolicy: oneOf('RemovalPolicy', RemovalPolicy),
  autoDeleteObjects: BOOLEAN,
  serverAccessLogsPrefix: TEXT,
  serverAccessLogsBucket: BUCKET,
};

/**
 * Location of the OpenTofu state of the runner's deployments.
 */
export class StateStorage {
  /**
   * A new bucket: encrypted, private, reachable over TLS only, versioned, and retained when the stack is deleted.
   *
   * @param options options that override the defaults
   */
  public static newBucket(options: NewBucketOptions = {}): StateStorage {
    return new StateStorage(options);
  }

  /**
   * An existing bucket in the runner's region. Its encryption, versioning and policy are not changed.
   *
   * @param bucket the bucket; its name must not contain dots, which the orchestrator rejects. Import a bucket of another account with that account
   * (`Bucket.fromBucketAttributes()`), because the task role can use the bucket only in the account that the CDK knows.
   * @param options options such as the prefix
   */
  public static existingBucket(bucket: s3.IBucket, options: ExistingBucketOptions = {}): StateStorage {
    return new StateStorage(options, bucket, true);
  }

  private constructor(private readonly options: NewBucketOptions, private readonly existing?: s3.IBucket, private readonly isExisting = false) {}

  /**
   * Path of the state in the bucket, without leading and trailing slashes.
   * @internal
   */
  public get _prefix(): string | undefined {
    const prefix = this.options.prefix;
    return isKnown(prefix) ? prefix.replace(/\/$/, '') : prefix;
  }

  /**
   * Whether S3 uses an encryption key for the bucket as a whole (S3 Bucket Keys). Unknown for an existing bucket.
   * @internal
   */
  public get _usesBucketKey(): boolean {
    return !this.existing;
  }

  /** @internal */
  public get _isExisting(): boolean {
    return this.existing !== undefined;
  }

  /** @internal */
  public get _autoDeletes(): boolean {
    return !this.existing && this.options.autoDeleteObjects === true;
  }

  /**
   * The bucket: the given one, or a new one in the scope.
   * @internal
   */
  public _findOrCreateBucket(scope: Construct, encryptionKey?: kms.IKey): s3.IBucket {
    if (this.existing) {
      return this.existing;
    }
    const { versioned = true } = this.options;
    const bucket = new s3.Bucket(scope, 'StateBucket', {
      encryption: encryptionKey ? s3.BucketEncryption.KMS : s3.BucketEncryption.S3_MANAGED,
      encryptionKey,
      bucketKeyEnabled: encryptionKey ? true : undefined,
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      versioned,
      // Retained, except for the empty bucket of a failed first deployment.
      removalPolicy: this.options.removalPolicy ?? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
      autoDeleteObjects: this.options.autoDeleteObjects ? true : undefined,
      serverAccessLogsBucket: this.options.serverAccessLogsBucket,
      serverAccessLogsPrefix: this.options.serverAccessLogsPrefix,
      lifecycleRules: [{
        id: 'state',
        abortIncompleteMultipartUploadAfter: Duration.days(7),
        ...(versioned ? {
          noncurrentVersionTransitions: [{ storageClass: s3.StorageClass.INFREQUENT_ACCESS, transitionAfter: Duration.days(30) }],
          noncurrentVersionExpiration: Duration.days(90),
        } : {}),
      }],
    });
    acknowledge(bucket, stateBucketFindings({ encryptionKey, serverAccessLogsBucket: this.options.serverAccessLogsBucket }));
    return bucket;
  }

  /**
   * The texts of the location that are written into policies, by input.
   * @internal
   */
  public _valuesInPolicies(): [input: string, value: string | undefined][] {
    return [['prefix', this.options.prefix], ['existingBucket', this.existing?.bucketArn]];
  }

  /**
   * Given properties that are not inputs. `_problems` rejects those of an existing bucket.
   * @internal
   */
  public get _unknownInputs(): UnknownInput[] {
    return this.existing ? [] : unknownInputs(this.options, TYPES, 'stateStorage.');
  }

  /** @internal */
  public _typeProblems(): Problem[] {
    const problems = new Problems();
    checkTypes(problems, this.options, TYPES);
    if (this.isExisting) {
      checkType(problems, 'existingBucket', this.existing, BUCKET);
    }
    return problems.list;
  }

  /** @internal */
  public _problems(scope: Construct): Problem[] {
    const problems = new Problems();
    this.checkPrefix(problems);
    if (this.existing) {
      this.checkExisting(problems, scope, this.existing);
    } else if (this.options.autoDeleteObjects && this.options.removalPolicy !== RemovalPolicy.DESTROY) {
      problems.add({
        input: 'autoDeleteObjects',
        expected: '`removalPolicy: RemovalPolicy.DESTROY` together with it',
        got: this.options.removalPolicy ? `RemovalPolicy.${this.options.removalPolicy.toUpperCase()}` : 'no removalPolicy, which retains the bucket',
        fix: 'Set removalPolicy if the state may be deleted with the stack, or omit autoDeleteObjects.',
      });
    }
    if (!this.existing) {
      checkRemovalPolicy(problems, 'removalPolicy', this.options.removalPolicy);
      const { serverAccessLogsBucket: logsBucket, serverAccessLogsPrefix } = this.options;
      if (serverAccessLogsPrefix !== undefined && !logsBucket) {
        // With the state bucket as its own log bucket, the CDK would allow the log delivery group to write to it.
        problems.add({
          input: 'serverAccessLogsPrefix',
          expected: '`serverAccessLogsBucket` together with it',
          got: 'no `serverAccessLogsBucket`',
          fix: 'Give the bucket for the access logs, or omit the prefix.',
        });
      }
      if (logsBucket) {
        checkPlace(scope, problems, 'serverAccessLogsBucket', placeOf(scope, logsBucket), {
          resource: 'a bucket', mustMatch: ['region', 'account'], fix: 'S3 writes access logs to buckets of the same account and region only.',
        });
      }
    }
    return problems.list;
  }

  private checkPrefix(problems: Problems): void {
    const prefix = this.options.prefix;
    const rule = {
      expected: 'segments of letters, digits, ".", "_" and "-" joined by single slashes, none of them "." or "..", without a leading slash',
      fix: 'Use a prefix such as "team/runner", or omit it to store the state at the top level of the bucket.',
    };
    problems.checkText('prefix', prefix, { ...rule, pattern: PATH_PREFIX_PATTERN, max: 512 });
    // The orchestrator joins the prefix as a path: with such segments, the state would be outside of the prefix that the policy allows.
    if (isKnown(prefix) && PATH_PREFIX_PATTERN.test(prefix) && /(^|\/)\.\.?(\/|$)/.test(prefix)) {
      problems.add({ input: 'prefix', got: quote(prefix), ...rule });
    }
  }

  private checkExisting(problems: Problems, scope: Construct, bucket: s3.IBucket): void {
    const misplaced = Object.entries(this.options).filter(([name, value]) => name !== 'prefix' && value !== undefined).map(([name]) => name);
    if (misplaced.length > 0) {
      problems.add({
        input: 'existingBucket',
        expected: 'only the option `prefix`, because the runner does not change an existing bucket',
        got: misplaced.join(', '),
        fix: 'Set these options where the bucket is defined, or use StateStorage.newBucket().',
      });
    }
    const name = maskUnknown(physicalNameOf(bucket));
    const arn = canonical(scope, bucket.bucketArn);
    if (/^arn:[^:]*:[^:]*:(?!::)/.test(arn)) {
      problems.add({
        input: 'existingBucket',
        expected: 'a bucket, whose ARN is "arn:aws:s3:::<name>"',
        got: quote(arn),
        fix: 'The orchestrator accepts no access points and no directory buckets: give a general purpose bucket.',
      });
    } else if (name.includes('.') || (!name.includes('\u0000') && !BUCKET_PATTERN.test(name))) {
      problems.add({
        input: 'existingBucket',
        expected: 'a bucket name of lower-case letters, digits and "-", without dots',
        got: quote(name),
        fix: 'The orchestrator rejects such names: use another bucket.',
      });
    }
    checkNameInArn(problems, 'existingBucket', bucket.bucketName, arn, /^arn:[^:]*:s3:::([^/{]+)$/);
    checkPartition(scope, problems, 'existingBucket', 'a bucket', bucket.bucketArn);
    const region = placeOf(scope, bucket).region;
    const stack = Stack.of(scope);
    if (isElsewhere(region, stack.region)) {
      problems.add({
        input: 'existingBucket',
        expected: `a bucket in the runner's region, "${stack.region}"`,
        got: `a bucket in "${region}"`,
        fix: 'OpenTofu looks for the state in the region of its task: use a bucket in that region.',
      });
    }
    checkKey(scope, problems, 'existingBucket', bucket.encryptionKey, stack.region);
  }
}

/** The name of a bucket. For a bucket of the app, resolves the CDK token to the literal name, if the app sets one. */
function physicalNameOf(bucket: s3.IBucket): string {
  const resource = resourceOf(bucket.bucketName);
  return resource instanceof s3.CfnBucket ? resource.bucketName ?? bucket.bucketName : bucket.bucketName;
}

/** The accepted findings of a new state bucket. */
function stateBucketFindings(bucket: { encryptionKey?: unknown; serverAccessLogsBucket?: unknown }): Acknowledgement[] {
  const findings: Acknowledgement[] = [{
    nag: hipaaNistAndPci('S3BucketReplicationEnabled'),
    reason: 'Where a second copy of the state may be kept is not for a library to choose. For replication, give a bucket that has it to StateStorage.existingBucket().',
  }];
  if (!bucket.serverAccessLogsBucket) {
    findings.push({
      nag: ['AwsSolutions-S1', ...hipaaNistAndPci('S3BucketLoggingEnabled')],
      checkov: 'CKV_AWS_18',
      reason: 'Access logs need a bucket that outlives this one: name it as serverAccessLogsBucket in StateStorage.newBucket().',
    });
  }
  if (!bucket.encryptionKey) {
    findings.push({ nag: hipaaNistAndPci('S3DefaultEncryptionKMS'), reason: 'S3 encrypts it with a key of its own. `encryptionKey` of the runner makes it a key of yours.' });
  }
  return findings;
}
