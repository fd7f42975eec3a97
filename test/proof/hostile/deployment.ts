/** Requests of the orchestrator, or of an attacker with its role, that no deployment needs. */
import { OUTSIDER, type Runner } from '../model';
import type { Draft } from '../requests';

export const elsewhere = (region: string): string => region === 'eu-west-1' ? 'eu-central-1' : 'eu-west-1';

type Attempt = Omit<Draft, 'topic' | 'who'>;

export function hostileDeployments(r: Runner): Draft[] {
  const who = { role: r.taskManagerRole };
  return [
    ...families(r).map((draft) => ({ ...draft, topic: 'families' })),
    ...running(r).map((draft) => ({ ...draft, topic: 'running tasks' })),
    ...passing(r).map((draft) => ({ ...draft, topic: 'escalation' })),
    ...other(r).map((draft) => ({ ...draft, topic: 'other calls of the orchestrator' })),
  ].map((draft) => ({ who, ...draft, name: `the orchestrator ${draft.name}` }));
}

/** Task sizes above the limit, in CPU units and MiB: the next larger sizes of Fargate, and much larger ones. */
const OVERSIZED: [what: string, size: Record<string, string>][] = [
  ['8 vCPU', { 'ecs:task-cpu': '8192', 'ecs:task-memory': '1024' }],
  ['8 vCPU, with unspecified memory', { 'ecs:task-cpu': '8192' }],
  ['16 vCPU', { 'ecs:task-cpu': '16384', 'ecs:task-memory': '8192' }],
  ['9 GiB', { 'ecs:task-cpu': '512', 'ecs:task-memory': '9216' }],
  ['9 GiB, with unspecified vCPU', { 'ecs:task-memory': '9216' }],
  ['8 vCPU and 64 GiB', { 'ecs:task-cpu': '8192', 'ecs:task-memory': '65536' }],
];

function families(r: Runner): Attempt[] {
  const definition = (family: string, region = r.region, account = r.account, partition = 'aws') => `arn:${partition}:ecs:${region}:${account}:task-definition/${family}`;
  const ours = `${r.familyPrefix}app`;
  // Other families could start with the prefix without its last character.
  const sibling = `${r.familyPrefix.slice(0, -1)}X-app`;
  const foreign: [string, string, string?, string?][] = [
    ['another family', definition('payments')],
    ['a family whose name starts almost like ours', definition(sibling)],
    ['a family that contains our prefix', definition(`x${r.familyPrefix}app`)],
    ['our family in another region', definition(ours, elsewhere(r.region)), elsewhere(r.region)],
    ['our family in another account', definition(ours, r.region, OUTSIDER), r.region, OUTSIDER],
    ['our family in another partition', definition(ours, 'cn-north-1', r.account, 'aws-cn'), 'cn-north-1'],
  ];
  const inCluster = { 'ecs:cluster': `arn:aws:ecs:${r.region}:${r.account}:cluster/${r.cluster}` };
  const size = { 'ecs:task-cpu': '512', 'ecs:task-memory': '1024' };
  return [
    ...foreign.flatMap(([name, arn, region, owner]): Attempt[] => [
      { name: `registers ${name}`, action: 'ecs:RegisterTaskDefinition', resource: `${arn}:*`, region, owner, context: size },
      { name: `deletes ${name}`, action: 'ecs:DeleteTaskDefinitions', resource: `${arn}:1`, region, owner },
      { name: `runs ${name}`, action: 'ecs:RunTask', resource: `${arn}:1`, region, owner, context: inCluster },
      { name: `tags ${name} as if it registered it`, action: 'ecs:TagResource', resource: arn, region, owner, context: { 'ecs:CreateAction': 'RegisterTaskDefinition' } },
    ]),
    { name: 'registers a privileged container', action: 'ecs:RegisterTaskDefinition', resource: `${definition(ours)}:*`, context: { ...size, 'ecs:privileged': 'true' } },
    ...OVERSIZED.map(([what, context]) => ({ name: `registers a task of ${what}`, action: 'ecs:RegisterTaskDefinition', resource: `${definition(ours)}:*`, context })),
    { name: 'tags an existing task definition', action: 'ecs:TagResource', resource: `${definition(ours)}:1` },
    { name: 'tags a task definition as if it ran a task', action: 'ecs:TagResource', resource: `${definition(ours)}:1`, context: { 'ecs:CreateAction': 'RunTask' } },
    { hypothetical: true, name: 'removes tags from a task definition as if it registered it', action: 'ecs:UntagResource', resource: `${definition(ours)}:1`, context: { 'ecs:CreateAction': 'RegisterTaskDefinition' } },
    { name: 'removes tags from a task definition', action: 'ecs:UntagResource', resource: `${definition(ours)}:1` },
    { name: 'lists the task definitions of another region', action: 'ecs:ListTaskDefinitions', resource: '*', region: elsewhere(r.region) },
    { name: 'deregisters task definitions in another region', action: 'ecs:DeregisterTaskDefinition', resource: '*', region: elsewhere(r.region) },
    { hypothetical: true, name: 'lists task definitions without a region', action: 'ecs:ListTaskDefinitions', resource: '*', context: { 'aws:RequestedRegion': undefined } },
    { name: 'reads a task definition with its environment variables', action: 'ecs:DescribeTaskDefinition', resource: '*' },
    { name: 'lists all families', action: 'ecs:ListTaskDefinitionFamilies', resource: '*' },
  ];
}

function running(r: Runner): Attempt[] {
  const ecs = `arn:aws:ecs:${r.region}:${r.account}`;
  const definition = `${ecs}:task-definition/${r.familyPrefix}app:1`;
  const away = elsewhere(r.region);
  const ours = { 'ecs:cluster': `${ecs}:cluster/${r.cluster}` };
  const clusters: [string, string, string, string?, string?][] = [
    ['another cluster', `${ecs}:cluster/another`, `${ecs}:task/another`],
    ['a cluster whose name starts like ours', `${ecs}:cluster/${r.cluster}-2`, `${ecs}:task/${r.cluster}-2`],
    ['a cluster of our name in another region', `arn:aws:ecs:${away}:${r.account}:cluster/${r.cluster}`, `arn:aws:ecs:${away}:${r.account}:task/${r.cluster}`, away],
    ['a cluster of our name in another account', `arn:aws:ecs:${r.region}:${OUTSIDER}:cluster/${r.cluster}`, `arn:aws:ecs:${r.region}:${OUTSIDER}:task/${r.cluster}`, r.region, OUTSIDER],
  ];
  const created = { 'ecs:CreateAction': 'RunTask' };
  return [
    ...clusters.flatMap(([name, cluster, task, region, owner]): Attempt[] => [
      { name: `runs a task in ${name}`, action: 'ecs:RunTask', resource: definition, region, context: { 'ecs:cluster': cluster } },
      { name: `describes the tasks of ${name}`, action: 'ecs:DescribeTasks', resource: `${task}/1`, region, owner, context: { 'ecs:cluster': cluster } },
      { name: `lists the tasks of ${name}`, action: 'ecs:ListTasks', resource: '*', region, owner, context: { 'ecs:cluster': cluster } },
      { name: `tags a task of ${name} as if it started it`, action: 'ecs:TagResource', resource: `${task}/1`, region, owner, context: { ...created, 'ecs:cluster': cluster } },
    ]),
    { name: 'runs a task without a cluster', action: 'ecs:RunTask', resource: definition },
    { name: 'lists tasks without a cluster', action: 'ecs:ListTasks', resource: '*' },
    { hypothetical: true, name: 'describes a task without a cluster', action: 'ecs:DescribeTasks', resource: `${ecs}:task/${r.cluster}/1` },
    { hypothetical: true, name: 'describes a task of our cluster with another cluster in the request', action: 'ecs:DescribeTasks', resource: `${ecs}:task/${r.cluster}/1`, context: { 'ecs:cluster': `${ecs}:cluster/another` } },
    { hypothetical: true, name: 'describes a task of another cluster with our cluster in the request', action: 'ecs:DescribeTasks', resource: `${ecs}:task/another/1`, context: ours },
    { name: 'runs a task with ECS Exec enabled', action: 'ecs:RunTask', resource: definition, context: { ...ours, 'ecs:enable-execute-command': 'true' } },
    { name: 'runs a task with an EBS volume', action: 'ecs:RunTask', resource: definition, context: { ...ours, 'ecs:enable-ebs-volumes': 'true' } },
    ...OVERSIZED.map(([what, size]) => ({ name: `runs a task of ${what}`, action: 'ecs:RunTask', resource: definition, context: { ...ours, ...size } })),
    { name: 'opens a shell in a task', action: 'ecs:ExecuteCommand', resource: `${ecs}:task/${r.cluster}/1`, context: ours },
    { name: 'opens a shell in a task (evaluated on the cluster)', action: 'ecs:ExecuteCommand', resource: `${ecs}:cluster/${r.cluster}`, context: ours },
    { name: 'stops a task', action: 'ecs:StopTask', resource: `${ecs}:task/${r.cluster}/1`, context: ours },
    { hypothetical: true, name: 'stops a task as if it started it', action: 'ecs:StopTask', resource: `${ecs}:task/${r.cluster}/1`, context: { ...ours, ...created } },
    { name: 'starts a task on an instance', action: 'ecs:StartTask', resource: definition, context: ours },
    { name: 'tags a running task', action: 'ecs:TagResource', resource: `${ecs}:task/${r.cluster}/1`, context: ours },
    { name: 'tags a task as if it registered a definition', action: 'ecs:TagResource', resource: `${ecs}:task/${r.cluster}/1`, context: { 'ecs:CreateAction': 'RegisterTaskDefinition' } },
    { name: 'tags the cluster', action: 'ecs:TagResource', resource: `${ecs}:cluster/${r.cluster}`, context: { 'ecs:CreateAction': 'CreateCluster' } },
    { name: 'tags a service as if it created it', action: 'ecs:TagResource', resource: `${ecs}:service/${r.cluster}/web`, context: { 'ecs:CreateAction': 'CreateService' } },
    { name: 'protects a task from being stopped', action: 'ecs:UpdateTaskProtection', resource: `${ecs}:task/${r.cluster}/1`, context: ours },
  ];
}

function passing(r: Runner): Attempt[] {
  const iam = `arn:aws:iam::${r.account}:role`;
  const toTasks = { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' };
  const pass = (name: string, resource: string, context: Attempt['context'] = toTasks, owner = r.account): Attempt =>
    ({ name: `gives ${name}`, action: 'iam:PassRole', resource, context, owner });
  return [
    pass('a task an administrator\'s role', `${iam}/Administrator`),
    pass('a task a role in the same path', `${r.taskRole}-admin`),
    pass('a task a role whose name is a prefix of ours', r.taskRole.slice(0, -1)),
    pass('a task its own role', r.taskManagerRole),
    ...r.registrationRole ? [pass('a task the role of the registration, which reads the API token', r.registrationRole)] : [],
    pass('a task a role of another account', `arn:aws:iam::${OUTSIDER}:role/Administrator`, toTasks, OUTSIDER),
    pass('a task the role of another account with the name of our task role', r.taskRole.replace(r.account, OUTSIDER), toTasks, OUTSIDER),
    pass('the task role to Lambda', r.taskRole, { 'iam:PassedToService': 'lambda.amazonaws.com' }),
    pass('the task role to EC2', r.taskRole, { 'iam:PassedToService': 'ec2.amazonaws.com' }),
    pass('the task role to an ECS service', r.taskRole, { 'iam:PassedToService': 'ecs.amazonaws.com' }),
    pass('the execution role to CloudFormation', r.executionRole, { 'iam:PassedToService': 'cloudformation.amazonaws.com' }),
    pass('the execution role to CodeBuild', r.executionRole, { 'iam:PassedToService': 'codebuild.amazonaws.com' }),
    pass('the task role to an unspecified service', r.taskRole, {}),
    ...[
      ['adds a policy to its own role', 'iam:PutRolePolicy', r.taskManagerRole], ['attaches a policy to the task role', 'iam:AttachRolePolicy', r.taskRole],
      ['changes the trust policy of the task role', 'iam:UpdateAssumeRolePolicy', r.taskRole], ['creates a role', 'iam:CreateRole', `${iam}/new`],
      ['creates a user', 'iam:CreateUser', `arn:aws:iam::${r.account}:user/new`], ['creates an access key', 'iam:CreateAccessKey', `arn:aws:iam::${r.account}:user/admin`],
      ['removes its permissions boundary', 'iam:DeleteRolePermissionsBoundary', r.taskManagerRole], ['tags its role', 'iam:TagRole', r.taskManagerRole],
      ['adds an audience to the OIDC provider', 'iam:AddClientIDToOpenIDConnectProvider', `arn:aws:iam::${r.account}:oidc-provider/${r.issuer}`],
      ['changes the thumbprints of the OIDC provider', 'iam:UpdateOpenIDConnectProviderThumbprint', `arn:aws:iam::${r.account}:oidc-provider/${r.issuer}`],
      ['reads a role', 'iam:GetRole', r.taskRole],
    ].map(([name, action, resource]) => ({ name: name!, action: action!, resource: resource! })),
    { hypothetical: true, name: 'deletes the task role as if it passed it to tasks', action: 'iam:DeleteRole', resource: r.taskRole, context: toTasks },
    { hypothetical: true, name: 'deletes the execution role as if it passed it to tasks', action: 'iam:DeleteRole', resource: r.executionRole, context: toTasks },
    { name: 'assumes an unrelated role of the account', action: 'sts:AssumeRole', resource: `${iam}/Administrator` },
    { name: 'gets a token for a federated user', action: 'sts:GetFederationToken', resource: `arn:aws:sts::${r.account}:federated-user/x` },
  ];
}

function other(r: Runner): Attempt[] {
  const ecs = `arn:aws:ecs:${r.region}:${r.account}`;
  const cluster = `${ecs}:cluster/${r.cluster}`;
  const service = `${ecs}:service/${r.cluster}/web`;
  const inCluster = { 'ecs:cluster': cluster };
  const group = (name: string) => `arn:aws:logs:${r.region}:${r.account}:log-group:${name}:log-stream:x`;
  return [
    ...[
      ['creates a service', 'ecs:CreateService', service], ['changes a service', 'ecs:UpdateService', service], ['deletes a service', 'ecs:DeleteService', service],
      ['changes the cluster', 'ecs:UpdateCluster', cluster], ['deletes the cluster', 'ecs:DeleteCluster', cluster], ['changes the log of ECS Exec', 'ecs:UpdateClusterSettings', cluster],
      ['changes the capacity providers', 'ecs:PutClusterCapacityProviders', cluster], ['adds its own container instance', 'ecs:RegisterContainerInstance', cluster],
    ].map(([name, action, resource]) => ({ name: name!, action: action!, resource: resource!, context: inCluster })),
    { name: 'creates another cluster', action: 'ecs:CreateCluster', resource: '*' },
    { name: 'changes the account settings of ECS', action: 'ecs:PutAccountSettingDefault', resource: '*' },
    { name: 'reads the state', action: 's3:GetObject', resource: `${r.bucket}/${r.prefix ?? ''}/app.tfstate`, owner: r.bucketOwner },
    { name: 'writes the state', action: 's3:PutObject', resource: `${r.bucket}/${r.prefix ?? ''}/app.tfstate`, owner: r.bucketOwner },
    { name: 'lists the state', action: 's3:ListBucket', resource: r.bucket, owner: r.bucketOwner, context: { 's3:prefix': 'env:/' } },
    { name: 'reads the task events', action: 'logs:GetLogEvents', resource: group(r.eventLogGroup) },
    { name: 'writes forged task events', action: 'logs:PutLogEvents', resource: group(r.eventLogGroup) },
    { name: 'starts an EC2 instance', action: 'ec2:RunInstances', resource: `arn:aws:ec2:${r.region}:${r.account}:instance/*` },
    { name: 'calls a Lambda function', action: 'lambda:InvokeFunction', resource: `arn:aws:lambda:${r.region}:${r.account}:function:x` },
    { name: 'reads its stack', action: 'cloudformation:DescribeStacks', resource: `arn:aws:cloudformation:${r.region}:${r.account}:stack/RunnerStack/1` },
  ];
}
