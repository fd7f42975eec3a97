/** The real calls of a runner: the orchestrator, ECS, OpenTofu, EventBridge, CloudWatch Logs and the Lambda. All must be allowed. */
import { regionOf, type Request, type Runner, type Secret } from './model';
import { requestsOf, type Draft } from './requests';

const ENVIRONMENT = '0b6f3b0e-5f0e-4f0c-9a39-7f6f2f0e6a11';

export function realRequests(runner: Runner): Request[] {
  return requestsOf(runner, 'allowed', [
    ...trust(runner), ...deployment(runner), ...taskStart(runner), ...state(runner), ...registration(runner), ...logs(runner), ...emptying(runner),
  ]);
}

function trust(r: Runner): Draft[] {
  const topic = 'trust';
  const ecs = { service: 'ecs-tasks.amazonaws.com' };
  const source = { 'aws:SourceAccount': r.account, 'aws:SourceArn': `arn:aws:ecs:${r.region}:${r.account}:task/${r.cluster}/0123456789abcdef` };
  return [
    {
      topic,
      name: 'the orchestrator exchanges its token for the task manager role',
      who: { federated: `arn:aws:iam::${r.account}:oidc-provider/${r.issuer}` },
      action: 'sts:AssumeRoleWithWebIdentity',
      resource: r.taskManagerRole,
      context: { [`${r.issuer}:aud`]: 'sts.amazonaws.com', [`${r.issuer}:sub`]: `${r.orgId}+${r.runnerId}`, 'sts:RoleSessionName': `${r.orgId}-${r.runnerId}` },
    },
    { topic, name: 'ECS assumes the execution role for a task', who: ecs, action: 'sts:AssumeRole', resource: r.executionRole, context: source },
    { topic, name: 'ECS assumes the task role for a task', who: ecs, action: 'sts:AssumeRole', resource: r.taskRole, context: source },
    ...r.registrationRole ? [{
      topic, name: 'Lambda assumes the role of the registration', who: { service: 'lambda.amazonaws.com' }, action: 'sts:AssumeRole', resource: r.registrationRole, context: {},
    }] : [],
  ];
}

/** The tags that the data plane of the open-sourced orchestrator sets. */
const TAGGED = {
  PlatformOrchestratorOrgId: 'my-org',
  PlatformOrchestratorProjectId: 'my-project',
  PlatformOrchestratorEnvId: 'production',
  PlatformOrchestratorRunnerId: 'prod-runner',
  PlatformOrchestratorDeploymentId: '6a2c7f0e-1f3b-4d0e-8a51-2f60c1f0a7b9',
  ManagedBy: 'PlatformOrchestrator',
};
const TAGS = { ...Object.fromEntries(Object.entries(TAGGED).map(([key, value]) => [`aws:RequestTag/${key}`, value])), 'aws:TagKeys': Object.keys(TAGGED) };
/** The orchestrator sends `.5 vCPU` and `1 GB`. AWS documents the condition keys as integers and does not say how it converts such strings. */
const SIZES: [as: string, size: Record<string, string>][] = [
  ['not mentioned', {}],
  ['as the orchestrator writes it', { 'ecs:task-cpu': '.5 vCPU', 'ecs:task-memory': '1 GB' }],
  ['as integers', { 'ecs:task-cpu': '512', 'ecs:task-memory': '1024' }],
];

function deployment(r: Runner): Draft[] {
  const topic = 'deployment';
  const who = { role: r.taskManagerRole };
  const ecs = `arn:aws:ecs:${r.region}:${r.account}`;
  const family = `${r.familyPrefix}${ENVIRONMENT}`;
  const definition = `${ecs}:task-definition/${family}`;
  const inCluster = { 'ecs:cluster': `${ecs}:cluster/${r.cluster}` };
  const task = `${ecs}:task/${r.cluster}`;
  const passed = { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' };
  const integers = SIZES[2]![1];
  const listTasks = (status: string) => [
    { call: `the orchestrator lists the ${status} tasks`, name: `lists the ${status} tasks (evaluated on all)`, action: 'ecs:ListTasks', resource: '*', context: inCluster },
    {
      call: `the orchestrator lists the ${status} tasks`,
      name: `lists the ${status} tasks (evaluated on the cluster's instances)`,
      action: 'ecs:ListTasks',
      resource: `${ecs}:container-instance/${r.cluster}/*`,
      context: inCluster,
    },
  ];
  // In the order of the deployment.
  return [
    ...listTasks('running'),
    { name: 'lists the active task definitions of the environment', action: 'ecs:ListTaskDefinitions', resource: '*' },
    { name: 'deregisters an old task definition', action: 'ecs:DeregisterTaskDefinition', resource: '*' },
    { name: 'lists the inactive task definitions of the environment', action: 'ecs:ListTaskDefinitions', resource: '*' },
    { name: 'deletes an old task definition', action: 'ecs:DeleteTaskDefinitions', resource: `${definition}:7` },
    ...SIZES.map(([as, size]) => ({
      call: 'the orchestrator registers a task definition',
      name: `registers a task definition (its size ${as})`,
      action: 'ecs:RegisterTaskDefinition',
      resource: `${definition}:*`,
      context: { ...TAGS, ...size },
    })),
    {
      name: 'registers a task definition that is explicitly not privileged',
      action: 'ecs:RegisterTaskDefinition',
      resource: `${definition}:*`,
      context: { ...TAGS, ...integers, 'ecs:privileged': 'false' },
    },
    {
      name: 'registers the largest task definition that is allowed (4 vCPU, 8 GiB)',
      action: 'ecs:RegisterTaskDefinition',
      resource: `${definition}:*`,
      context: { ...TAGS, 'ecs:task-cpu': '4096', 'ecs:task-memory': '8192' },
    },
    ...[['its revision', `${definition}:*`], ['its family', definition]].map(([what, resource]) => ({
      call: 'the orchestrator tags the task definition',
      name: `tags the task definition (${what})`,
      action: 'ecs:TagResource',
      resource: resource!,
      context: { ...TAGS, 'ecs:CreateAction': 'RegisterTaskDefinition' },
    })),
    { name: 'passes the execution role to the task definition', action: 'iam:PassRole', resource: r.executionRole, context: passed },
    { name: 'passes the task role to the task definition', action: 'iam:PassRole', resource: r.taskRole, context: passed },
    { name: 'runs the task', action: 'ecs:RunTask', resource: `${definition}:8`, context: { ...TAGS, ...inCluster } },
    ...SIZES.slice(1).map(([as, size]) => ({
      call: 'the orchestrator runs the task, with all optional parameters',
      name: `runs the task, with all optional parameters (its size ${as})`,
      action: 'ecs:RunTask',
      resource: `${definition}:8`,
      context: { ...TAGS, ...size, ...inCluster, 'ecs:enable-execute-command': 'false', 'ecs:enable-ebs-volumes': 'false' },
    })),
    { name: 'tags the task', action: 'ecs:TagResource', resource: `${task}/*`, context: { ...TAGS, ...inCluster, 'ecs:CreateAction': 'RunTask' } },
    { name: 'passes the execution role to the task', action: 'iam:PassRole', resource: r.executionRole, context: passed },
    { name: 'passes the task role to the task', action: 'iam:PassRole', resource: r.taskRole, context: passed },
    ...listTasks('stopped'),
    { name: 'describes the task', action: 'ecs:DescribeTasks', resource: `${task}/0123456789abcdef`, context: inCluster },
  ].map((draft) => ({ topic, who, ...draft, name: `the orchestrator ${draft.name}` }));
}

function taskStart(r: Runner): Draft[] {
  const topic = 'task start';
  const who = { role: r.executionRole };
  const drafts: Draft[] = r.secrets.flatMap((secret, index) => readings(secret, 'ssm:GetParameters').map((draft) =>
    ({ ...draft, topic, who, name: `ECS ${draft.name} ${index + 1} of the task` })));
  if (r.imageRepository) {
    for (const action of ['BatchCheckLayerAvailability', 'GetDownloadUrlForLayer', 'BatchGetImage']) {
      drafts.push({ topic, who, name: `ECS pulls the image (${action})`, action: `ecr:${action}`, resource: r.imageRepository });
    }
    drafts.push({ topic, who, name: 'ECS signs in to the registry of the image', action: 'ecr:GetAuthorizationToken', resource: '*' });
  }
  return drafts;
}

/** The requests that read a secret, including the use of its customer managed key. */
function readings(secret: Secret, parameterAction: string): Omit<Draft, 'who' | 'topic'>[] {
  const region = regionOf(secret);
  const service = secret.kind === 'secret' ? 'secretsmanager' : 'ssm';
  const what = secret.kind === 'secret' ? 'secret' : 'parameter';
  return [
    { name: `reads ${what}`, action: secret.kind === 'secret' ? 'secretsmanager:GetSecretValue' : parameterAction, resource: secret.arn, region },
    ...secret.keyArn ? [{
      name: `decrypts ${what}`,
      action: 'kms:Decrypt',
      resource: secret.keyArn,
      region,
      context: {
        'kms:ViaService': `${service}.${region}.amazonaws.com`,
        [secret.kind === 'secret' ? 'kms:EncryptionContext:SecretARN' : 'kms:EncryptionContext:PARAMETER_ARN']: secret.arn,
      },
    }] : [],
  ];
}

function state(r: Runner): Draft[] {
  const topic = 'state';
  const who = { role: r.taskRole };
  const key = `${r.prefix ? `${r.prefix}/` : ''}${ENVIRONMENT}.tfstate`;
  const object = `${r.bucket}/${key}`;
  const inBucket = { owner: r.bucketOwner, topic, who };
  return [
    { ...inBucket, name: 'OpenTofu lists its workspaces', action: 's3:ListBucket', resource: r.bucket, context: { 's3:prefix': 'env:/' } },
    // A HEAD of a missing state must be answered with 404. S3 does this only for callers that can list the bucket, and does not document whether the
    // request is evaluated with the key as the prefix or without a prefix.
    ...[['with the key as prefix', key], ['without a prefix', undefined]].map(([how, prefix]) => ({
      ...inBucket,
      call: 'OpenTofu gets the answer that no state exists',
      name: `OpenTofu gets the answer that no state exists (evaluated ${how})`,
      action: 's3:ListBucket',
      resource: r.bucket,
      context: { 's3:prefix': prefix },
    })),
    { ...inBucket, name: 'OpenTofu checks whether a state exists', action: 's3:GetObject', resource: object },
    { ...inBucket, name: 'OpenTofu reads the state', action: 's3:GetObject', resource: object },
    { ...inBucket, name: 'OpenTofu writes the state', action: 's3:PutObject', resource: object },
    ...(r.bucketKey ? ['Decrypt', 'GenerateDataKey'] : []).flatMap((action) => [r.bucket, object]
      .filter((named) => r.bucketKey!.use === 'either' || (r.bucketKey!.use === 'bucket') === (named === r.bucket))
      .map((named) => ({
        topic,
        who,
        name: `S3 uses the bucket's key for OpenTofu (${action}, naming the ${named === r.bucket ? 'bucket' : 'state'})`,
        action: `kms:${action}`,
        resource: r.bucketKey!.arn,
        context: { 'kms:ViaService': `s3.${r.region}.amazonaws.com`, 'kms:EncryptionContext:aws:s3:arn': named },
      }))),
  ];
}

/** The calls of the Lambda service with the role of a VPC function. */
export const NETWORK_ACTIONS = [
  'CreateNetworkInterface', 'DescribeNetworkInterfaces', 'DescribeSubnets', 'DeleteNetworkInterface', 'AssignPrivateIpAddresses', 'UnassignPrivateIpAddresses',
];

function registration(r: Runner): Draft[] {
  if (!r.registrationRole || !r.token) return [];
  const topic = 'registration';
  const who = { role: r.registrationRole };
  const stream = `arn:aws:logs:${r.region}:${r.account}:log-group:${r.registrationLogGroup}:log-stream:2026/11/02/[$LATEST]0123456789abcdef`;
  return [
    ...readings(r.token, 'ssm:GetParameter').map((draft) => ({ ...draft, topic, who, context: { ...draft.context, 'lambda:SourceFunctionArn': r.registrationFunction }, name: `the Lambda ${draft.name} with the API token` })),
    { topic, who, name: 'the Lambda creates a log stream', action: 'logs:CreateLogStream', resource: stream },
    { topic, who, name: 'the Lambda writes its log', action: 'logs:PutLogEvents', resource: stream },
    ...(r.ensuredProvider ? ['GetOpenIDConnectProvider', 'CreateOpenIDConnectProvider'] : []).map((action) =>
      ({ topic, who, name: `the Lambda ensures that the OIDC provider exists (${action})`, action: `iam:${action}`, resource: r.ensuredProvider!, context: { 'lambda:SourceFunctionArn': r.registrationFunction } })),
    ...(r.registrationInVpc ? NETWORK_ACTIONS : []).map((action) => ({ topic, who, name: `Lambda attaches the function to its VPC (${action})`, action: `ec2:${action}`, resource: '*' })),
  ];
}

function logs(r: Runner): Draft[] {
  const topic = 'logs';
  const arn = (group: string) => `arn:aws:logs:${r.region}:${r.account}:log-group:${group}`;
  const stream = `${arn(r.eventLogGroup)}:log-stream:0123456789abcdef`;
  const rule = { 'aws:SourceArn': `arn:aws:events:${r.region}:${r.account}:rule/RunnerStack-EventLog-0123456789AB`, 'aws:SourceAccount': r.account };
  return [
    ...!r.hasEventLog ? [] : ['events.amazonaws.com', 'delivery.logs.amazonaws.com'].flatMap((service): Draft[] => [
      { topic, who: { service }, name: `EventBridge creates a log stream of task events (as ${service})`, action: 'logs:CreateLogStream', resource: stream, context: { 'aws:SourceArn': undefined } },
      { topic, who: { service }, name: `EventBridge writes task events (as ${service})`, action: 'logs:PutLogEvents', resource: stream, context: rule },
    ]),
    ...r.encryptedLogs.flatMap(({ what, group, keyArn }) => ['Encrypt', 'Decrypt', 'ReEncryptFrom', 'ReEncryptTo', 'GenerateDataKey', 'GenerateDataKeyWithoutPlaintext'].map((action): Draft => ({
      topic,
      who: { service: `logs.${r.region}.amazonaws.com` },
      name: `CloudWatch Logs uses the key for the log of ${what} (${action})`,
      action: `kms:${action}`,
      resource: keyArn,
      context: { 'kms:EncryptionContext:aws:logs:arn': arn(group) },
    }))),
  ];
}

function emptying(r: Runner): Draft[] {
  if (!r.emptyingRole) return [];
  return [
    ['s3:PutBucketPolicy', r.bucket], ['s3:GetBucketTagging', r.bucket], ['s3:ListBucketVersions', r.bucket], ['s3:ListBucket', r.bucket],
    ['s3:DeleteObject', `${r.bucket}/old.tfstate`], ['s3:DeleteObjectVersion', `${r.bucket}/old.tfstate`],
  ].map(([action, resource]) => ({
    topic: 'emptying', who: { role: r.emptyingRole! }, name: `the CDK handler empties the bucket (${action})`, action: action!, resource: resource!,
  }));
}
