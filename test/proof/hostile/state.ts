/** Requests that access the state of others, or do more with the runner's own state than OpenTofu does. */
import { OUTSIDER, type Runner } from '../model';
import type { Draft } from '../requests';
import { elsewhere } from './deployment';

type Attempt = Omit<Draft, 'topic' | 'who'> & Partial<Pick<Draft, 'topic' | 'who'>>;

const NAME = 'state.tfstate';

export function hostileStates(r: Runner): Draft[] {
  const who = { role: r.taskRole };
  return [...places(r), ...actions(r), ...keys(r), ...deployments(r)].map((draft) => ({ topic: 'state', who, ...draft, name: `a deployment ${draft.name}` }))
    .concat(wire(r), strangers(r), emptying(r));
}

function places(r: Runner): Attempt[] {
  const owner = r.bucketOwner;
  const prefix = r.prefix ? `${r.prefix}/` : '';
  const buckets: [string, string, string?][] = [
    ['another bucket of the account', 'arn:aws:s3:::my-org-payroll'],
    ['a bucket whose name starts like ours', `${r.bucket}-2`, owner],
    ['a bucket whose name is a prefix of ours', r.bucket.slice(0, -1), owner],
    ['an attacker\'s public bucket', 'arn:aws:s3:::attacker-loot', OUTSIDER],
    ['a bucket of our name in another account', r.bucket, OUTSIDER],
  ];
  const siblings: [string, string][] = r.prefix ? [
    ['another runner\'s prefix', 'another-runner/'],
    ['a prefix that starts like ours', `${r.prefix}-2/`],
    ['a prefix that ends like ours', `x/${prefix}`],
    ['an object whose name starts like our prefix', `${r.prefix}.`],
    ['the top level of the bucket', ''],
    ['the prefix in capitals', `${r.prefix.toUpperCase()}${/[a-z]/.test(r.prefix) ? '' : 'X'}/`],
  ] : [];
  const list = (name: string, prefix_: string | undefined): Attempt =>
    ({ name: `lists ${name}`, action: 's3:ListBucket', resource: r.bucket, owner, context: { 's3:prefix': prefix_ } });
  return [
    ...buckets.flatMap(([name, bucket, bucketOwner = r.account]): Attempt[] => [
      { name: `reads from ${name}`, action: 's3:GetObject', resource: `${bucket}/${prefix}${NAME}`, owner: bucketOwner },
      { name: `writes to ${name}`, action: 's3:PutObject', resource: `${bucket}/${prefix}${NAME}`, owner: bucketOwner },
      { name: `lists ${name}`, action: 's3:ListBucket', resource: bucket, owner: bucketOwner, context: { 's3:prefix': `${prefix}${NAME}` } },
      { name: `lists ${name}, without a prefix`, action: 's3:ListBucket', resource: bucket, owner: bucketOwner },
    ]),
    {
      name: 'looks for the state without a prefix in a bucket with an unspecified owner',
      hypothetical: true,
      action: 's3:ListBucket',
      resource: r.bucket,
      owner,
      context: { 'aws:ResourceAccount': undefined },
    },
    ...[['reads the state', 'GetObject'], ['writes the state', 'PutObject'], ['looks for the state', 'ListBucket']].map(([does, action]): Attempt => ({
      name: `${does} in a bucket with an unspecified owner`,
      hypothetical: true,
      action: `s3:${action}`,
      resource: action === 'ListBucket' ? r.bucket : `${r.bucket}/${prefix}${NAME}`,
      owner,
      context: { 'aws:ResourceAccount': undefined, ...action === 'ListBucket' ? { 's3:prefix': `${prefix}${NAME}` } : {} },
    })),
    ...siblings.flatMap(([name, beginning]): Attempt[] => [
      { name: `reads from ${name}`, action: 's3:GetObject', resource: `${r.bucket}/${beginning}${NAME}`, owner },
      { name: `writes to ${name}`, action: 's3:PutObject', resource: `${r.bucket}/${beginning}${NAME}`, owner },
      list(name, `${beginning}${NAME}`),
    ]),
    ...r.prefix ? [
      list('the whole bucket, with an empty prefix', ''), list('objects that start like our prefix', r.prefix),
      list('the workspaces of others', 'env:/another'), list('objects that start like the workspaces', 'env:'),
    ] : [],
  ];
}

function actions(r: Runner): Attempt[] {
  const object = `${r.bucket}/${r.prefix ? `${r.prefix}/` : ''}${NAME}`;
  const on = (resource: string) => ([name, action]: string[]): Attempt => ({ name: name!, action: `s3:${action}`, resource, owner: r.bucketOwner });
  return [
    ...[
      ['deletes the state', 'DeleteObject'], ['deletes an old version of the state', 'DeleteObjectVersion'], ['reads an old version of the state', 'GetObjectVersion'],
      ['makes the state public with an ACL', 'PutObjectAcl'], ['makes an old version public with an ACL', 'PutObjectVersionAcl'], ['reads the ACL of the state', 'GetObjectAcl'],
      ['tags the state', 'PutObjectTagging'], ['locks the state', 'PutObjectLegalHold'], ['changes how long the state is kept', 'PutObjectRetention'],
      ['bypasses the retention of the state', 'BypassGovernanceRetention'], ['restores an archived state', 'RestoreObject'], ['replicates the state elsewhere', 'ReplicateObject'],
      ['transfers the state to another owner', 'ObjectOwnerOverrideToBucketOwner'], ['ends an upload', 'AbortMultipartUpload'],
    ].map(on(object)),
    ...[
      ['deletes the bucket', 'DeleteBucket'], ['changes the bucket policy', 'PutBucketPolicy'], ['deletes the bucket policy', 'DeleteBucketPolicy'], ['reads the bucket policy', 'GetBucketPolicy'],
      ['makes the bucket public', 'PutBucketPublicAccessBlock'], ['changes the ACL of the bucket', 'PutBucketAcl'], ['changes who owns the objects', 'PutBucketOwnershipControls'],
      ['turns versioning off', 'PutBucketVersioning'], ['changes the encryption', 'PutEncryptionConfiguration'], ['lets all states expire', 'PutLifecycleConfiguration'],
      ['replicates the states to another bucket', 'PutReplicationConfiguration'], ['sends the access logs to another bucket', 'PutBucketLogging'], ['sends events to another target', 'PutBucketNotification'],
      ['turns the bucket into a website', 'PutBucketWebsite'], ['lists old versions', 'ListBucketVersions'], ['lists uploads', 'ListBucketMultipartUploads'], ['reads the encryption', 'GetEncryptionConfiguration'],
    ].map(on(r.bucket)),
    { name: 'lists old versions below its prefix', action: 's3:ListBucketVersions', resource: r.bucket, owner: r.bucketOwner, context: { 's3:prefix': `${r.prefix ? `${r.prefix}/` : ''}${NAME}` } },
    { name: 'lists the buckets of the account', action: 's3:ListAllMyBuckets', resource: '*' },
    { name: 'creates a bucket', action: 's3:CreateBucket', resource: 'arn:aws:s3:::new-bucket' },
    { name: 'creates an access point for the bucket', action: 's3:CreateAccessPoint', resource: `arn:aws:s3:${r.region}:${r.account}:accesspoint/x` },
    { name: 'makes the account\'s buckets public', action: 's3:PutAccountPublicAccessBlock', resource: '*' },
  ];
}

function keys(r: Runner): Attempt[] {
  const topic = 'keys';
  const viaS3 = { 'kms:ViaService': `s3.${r.region}.amazonaws.com` };
  const context = { 'kms:EncryptionContext:aws:s3:arn': r.bucket };
  const another = `arn:aws:kms:${r.region}:${r.account}:key/99999999-0000-4000-8000-000000000000`;
  const prefix = r.prefix ? `${r.prefix}/` : '';
  const elsewhereKey = `arn:aws:kms:${r.region}:${OUTSIDER}:key/99999999-0000-4000-8000-000000000000`;
  const key = r.bucketKey?.arn;
  return [
    { topic, name: 'decrypts with another key of the account, through S3', action: 'kms:Decrypt', resource: another, context: { ...viaS3, ...context } },
    { topic, name: 'encrypts with an attacker\'s key, through S3', action: 'kms:GenerateDataKey', resource: elsewhereKey, owner: OUTSIDER, context: { ...viaS3, ...context } },
    ...key === undefined ? [] : ['Decrypt', 'GenerateDataKey'].flatMap((action): Attempt[] => {
      const use = (name: string, used: Attempt['context'], region = r.region): Attempt =>
        ({ topic, name: `uses the bucket's key ${name} (${action})`, action: `kms:${action}`, resource: key, region, context: used });
      const object = `${r.bucket}/${prefix}${NAME}`;
      return [
        use('directly, not through S3', context),
        use('through Secrets Manager', { 'kms:ViaService': `secretsmanager.${r.region}.amazonaws.com`, ...context }),
        use('through S3 in another region', { 'kms:ViaService': `s3.${elsewhere(r.region)}.amazonaws.com`, ...context }, elsewhere(r.region)),
        use('through S3 without an encryption context', viaS3),
        use('for another bucket', { ...viaS3, 'kms:EncryptionContext:aws:s3:arn': `${r.bucket}-2` }),
        use('for a state in another bucket', { ...viaS3, 'kms:EncryptionContext:aws:s3:arn': `${r.bucket}-2/${prefix}${NAME}` }),
        ...r.prefix ? [use('for a state below another prefix', { ...viaS3, 'kms:EncryptionContext:aws:s3:arn': `${r.bucket}/another-runner/${NAME}` })] : [],
        ...r.bucketKey?.use === 'bucket' ? [use('for one object, although the bucket has a bucket key', { ...viaS3, 'kms:EncryptionContext:aws:s3:arn': object })] : [],
      ];
    }),
    ...key === undefined ? [] : [
      ['encrypts with the bucket\'s key', 'Encrypt'], ['re-encrypts with the bucket\'s key', 'ReEncryptFrom'], ['creates a grant for the bucket\'s key', 'CreateGrant'],
      ['schedules the deletion of the bucket\'s key', 'ScheduleKeyDeletion'], ['disables the bucket\'s key', 'DisableKey'], ['changes the policy of the bucket\'s key', 'PutKeyPolicy'],
      ['describes the bucket\'s key', 'DescribeKey'],
    ].map(([name, action]) => ({ topic, name: name!, action: `kms:${action}`, resource: key, context: { ...viaS3, ...context } })),
  ];
}

/** Requests that a deployment can make only if a user grants them. */
function deployments(r: Runner): Attempt[] {
  const ecs = `arn:aws:ecs:${r.region}:${r.account}`;
  const arn = (service: string, resource: string) => `arn:aws:${service}:${r.region}:${r.account}:${resource}`;
  return [
    ['assumes a role of the account', 'sts:AssumeRole', `arn:aws:iam::${r.account}:role/Administrator`],
    ['adds a policy to its own role', 'iam:PutRolePolicy', r.taskRole],
    ['attaches a policy to itself', 'iam:AttachRolePolicy', r.taskRole],
    ['creates a role', 'iam:CreateRole', `arn:aws:iam::${r.account}:role/new`],
    ['passes its role to a task', 'iam:PassRole', r.taskRole],
    ['runs a task', 'ecs:RunTask', `${ecs}:task-definition/${r.familyPrefix}app:1`],
    ['registers a task definition', 'ecs:RegisterTaskDefinition', `${ecs}:task-definition/${r.familyPrefix}app:*`],
    ['stops another deployment', 'ecs:StopTask', `${ecs}:task/${r.cluster}/1`],
    ['opens a shell in another deployment', 'ecs:ExecuteCommand', `${ecs}:task/${r.cluster}/1`],
    ['opens the channel of ECS Exec', 'ssmmessages:CreateControlChannel', '*'],
    ['reads the task events', 'logs:GetLogEvents', arn('logs', `log-group:${r.eventLogGroup}:log-stream:x`)],
    ['deletes the log of the task events', 'logs:DeleteLogGroup', arn('logs', `log-group:${r.eventLogGroup}`)],
    ['writes forged task events', 'logs:PutLogEvents', arn('logs', `log-group:${r.eventLogGroup}:log-stream:x`)],
    ['changes the rule of the task events', 'events:PutRule', arn('events', 'rule/x')],
    ['invokes the Lambda of the registration', 'lambda:InvokeFunction', arn('lambda', 'function:registration')],
    ['changes the code of the registration', 'lambda:UpdateFunctionCode', arn('lambda', 'function:registration')],
    ['deletes the stack', 'cloudformation:DeleteStack', arn('cloudformation', 'stack/RunnerStack/1')],
    ['pulls an image', 'ecr:BatchGetImage', r.imageRepository ?? arn('ecr', 'repository/x')],
    ['overwrites its own image', 'ecr:PutImage', r.imageRepository ?? arn('ecr', 'repository/x')],
  ].map(([name, action, resource]) => ({ topic: 'escalation', name: name!, action: action!, resource: resource!, context: action === 'iam:PassRole' ? { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } : {} }));
}

/** Requests to our bucket without a secure connection, by anybody. */
function wire(r: Runner): Draft[] {
  if (!r.ownBucket) return [];
  const object = `${r.bucket}/${r.prefix ? `${r.prefix}/` : ''}${NAME}`;
  const who: [string, Draft['who']][] = [['a deployment', { role: r.taskRole }], ['an administrator of the account', { administrator: r.account }]];
  const calls: [string, string, string][] = [
    ['reads the state', 's3:GetObject', object], ['writes the state', 's3:PutObject', object], ['lists the bucket', 's3:ListBucket', r.bucket],
  ];
  return who.flatMap(([name, asks]) => calls.flatMap(([does, action, resource]): Draft[] => {
    const request = { topic: 'transport', who: asks, action, resource, owner: r.bucketOwner };
    const listing = action === 's3:ListBucket' ? { 's3:prefix': 'env:/' } : {};
    return [
      { ...request, name: `${name} ${does} over plain HTTP`, context: { ...listing, 'aws:SecureTransport': 'false', 's3:TlsVersion': undefined } },
      { ...request, name: `${name} ${does} with TLS 1.0`, context: { ...listing, 's3:TlsVersion': '1.0' } },
      { ...request, name: `${name} ${does} with TLS 1.1`, context: { ...listing, 's3:TlsVersion': '1.1' } },
    ];
  }));
}

function strangers(r: Runner): Draft[] {
  if (!r.ownBucket) return [];
  const object = `${r.bucket}/${r.prefix ? `${r.prefix}/` : ''}${NAME}`;
  const calls: [string, string, string][] = [
    ['reads the state', 's3:GetObject', object], ['writes the state', 's3:PutObject', object], ['lists the bucket', 's3:ListBucket', r.bucket],
    ['deletes the state', 's3:DeleteObject', object], ['changes the bucket policy', 's3:PutBucketPolicy', r.bucket],
  ];
  const strangers_: [string, Draft['who']][] = [['anybody', 'anonymous'], ['an administrator of another account', { administrator: OUTSIDER }], ['CloudTrail', { service: 'cloudtrail.amazonaws.com' }]];
  return strangers_.flatMap(([name, who]) => calls.map(([does, action, resource]) => ({ topic: 'strangers', name: `${name} ${does}`, who, action, resource, owner: r.bucketOwner })));
}

/** The CDK's handler empties the bucket if the user sets autoDeleteObjects. */
function emptying(r: Runner): Draft[] {
  if (!r.emptyingRole) return [];
  const object = `${r.bucket}/${NAME}`;
  return [
    ['reads the state', 's3:GetObject', object], ['writes the state', 's3:PutObject', object], ['makes the state public', 's3:PutObjectAcl', object],
    ['deletes the bucket', 's3:DeleteBucket', r.bucket], ['makes the bucket public', 's3:PutBucketPublicAccessBlock', r.bucket], ['replicates the states', 's3:PutReplicationConfiguration', r.bucket],
  ].map(([does, action, resource]) => ({ topic: 'state', name: `the handler that empties the bucket ${does}`, who: { role: r.emptyingRole! }, action: action!, resource: resource!, owner: r.bucketOwner }));
}
