import { CfnResource, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { ACCOUNT, importedVpc, minimal, newStack, only, orchestratorOf, REGION, TOKEN_ARN, tokenOf } from './support';
import { ApiToken, EcsRunner, EcsRunnerProps, OnInUse, Orchestrator, RunnerImage, RunnerRule, StateStorage } from '../src';

function runnerIn(stack: Stack, props: Partial<EcsRunnerProps> = {}, id = 'Runner'): EcsRunner {
  return new EcsRunner(stack, id, { ...minimal(stack), ...props });
}

/** Statements of a role's own policies, by Sid. */
function statementsOf(template: Template, role: string): Record<string, any> {
  const policies = only(template, 'AWS::IAM::Role', role).Properties.Policies ?? [];
  return Object.fromEntries(policies.flatMap((policy: any) => policy.PolicyDocument.Statement).map((statement: any) => [statement.Sid ?? '', statement]));
}

/** All logical ids that a resource refers to or depends on. */
function referencesOf(resource: any, ids: Set<string>): string[] {
  const found = new Set<string>([resource.DependsOn ?? []].flat());
  const text = JSON.stringify(resource.Properties ?? {});
  for (const id of ids) {
    if (text.includes(`{"Ref":"${id}"}`) || text.includes(`"Fn::GetAtt":["${id}"`)) {
      found.add(id);
    }
  }
  return [...found];
}

function longestChain(template: Template): number {
  const { Resources: resources } = template.toJSON();
  const ids = new Set(Object.keys(resources));
  const depth = (id: string): number => Math.max(0, ...referencesOf(resources[id], ids).map(other => 1 + depth(other)));
  return Math.max(...[...ids].map(depth));
}

describe('a default runner', () => {
  const stack = newStack();
  new EcsRunner(stack, 'Runner', { orchestrator: orchestratorOf(stack), vpc: importedVpc(stack) });
  const template = Template.fromStack(stack);
  const ref = (startsWith: string, type: string) => Object.keys(template.findResources(type)).find(id => id.startsWith(startsWith))!;
  const runnerId = { Ref: ref('Runner', 'Custom::HumanitecRunnerId') };
  const clusterArn = { 'Fn::GetAtt': [ref('Runner', 'AWS::ECS::Cluster'), 'Arn'] };
  const arn = (rest: string) => ({ 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, `:ecs:${REGION}:${ACCOUNT}:${rest}`]] });

  test('stays within its budget of resources and references', () => {
    expect(Object.keys(template.toJSON().Resources).length).toBeLessThanOrEqual(18);
    expect(longestChain(template)).toBeLessThanOrEqual(5);
    const two = newStack();
    for (const id of ['Runner', 'Second']) {
      runnerIn(two, { vpc: importedVpc(two), subnetIds: undefined }, id);
    }
    const added = Object.keys(Template.fromStack(two).toJSON().Resources).length - Object.keys(template.toJSON().Resources).length;
    expect(added).toBeLessThanOrEqual(14);
  });

  test('trusts the orchestrator with one organization and runner', () => {
    expect(only(template, 'AWS::IAM::Role', 'RunnerTaskManagerRole').Properties.AssumeRolePolicyDocument.Statement).toEqual([{
      Action: 'sts:AssumeRoleWithWebIdentity',
      Effect: 'Allow',
      Principal: { Federated: { Ref: ref('HumanitecOidcProvider', 'AWS::IAM::OIDCProvider') } },
      Condition: {
        StringEquals: {
          'oidc.humanitec.dev:aud': 'sts.amazonaws.com',
          'oidc.humanitec.dev:sub': { 'Fn::Join': ['', ['my-org+', runnerId]] },
        },
      },
    }]);
    template.hasResourceProperties('AWS::IAM::OIDCProvider', { Url: 'https://oidc.humanitec.dev', ClientIdList: ['sts.amazonaws.com'] });
  });

  test('gives the orchestrator the calls of a deployment and no other', () => {
    const inCluster = { ArnEquals: { 'ecs:cluster': clusterArn } };
    const tasks = { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, `:ecs:${REGION}:${ACCOUNT}:task/`, { Ref: clusterArn['Fn::GetAtt'][0] }, '/*']] };
    const allow = { Effect: 'Allow' };
    expect(statementsOf(template, 'RunnerTaskManagerRole')).toEqual({
      ListAndDeregisterTaskDefinitions: {
        ...allow,
        Sid: 'ListAndDeregisterTaskDefinitions',
        Action: ['ecs:ListTaskDefinitions', 'ecs:DeregisterTaskDefinition'],
        Resource: '*',
        Condition: { StringEquals: { 'aws:RequestedRegion': REGION } },
      },
      DeleteTaskDefinitions: { ...allow, Sid: 'DeleteTaskDefinitions', Action: 'ecs:DeleteTaskDefinitions', Resource: arn('task-definition/humanitec_*:*') },
      RegisterTaskDefinition: {
        ...allow,
        Sid: 'RegisterTaskDefinition',
        Action: 'ecs:RegisterTaskDefinition',
        Resource: arn('task-definition/humanitec_*:*'),
        Condition: { StringNotEquals: { 'ecs:privileged': 'true' } },
      },
      TagTaskDefinition: {
        ...allow,
        Sid: 'TagTaskDefinition',
        Action: 'ecs:TagResource',
        Resource: arn('task-definition/humanitec_*'),
        Condition: { StringEquals: { 'ecs:CreateAction': 'RegisterTaskDefinition' } },
      },
      PassRolesToTasks: {
        ...allow,
        Sid: 'PassRolesToTasks',
        Action: 'iam:PassRole',
        Resource: [
          { 'Fn::GetAtt': [ref('RunnerExecutionRole', 'AWS::IAM::Role'), 'Arn'] },
          { 'Fn::GetAtt': [ref('RunnerTaskRole', 'AWS::IAM::Role'), 'Arn'] },
        ],
        Condition: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
      },
      RunTask: {
        ...allow,
        Sid: 'RunTask',
        Action: 'ecs:RunTask',
        Resource: arn('task-definition/humanitec_*:*'),
        Condition: { ...inCluster, StringNotEquals: { 'ecs:enable-execute-command': 'true' } },
      },
      TagTask: { ...allow, Sid: 'TagTask', Action: 'ecs:TagResource', Resource: tasks, Condition: { StringEquals: { 'ecs:CreateAction': 'RunTask' } } },
      ListTasks: { ...allow, Sid: 'ListTasks', Action: 'ecs:ListTasks', Resource: '*', Condition: inCluster },
      DescribeTasks: { ...allow, Sid: 'DescribeTasks', Action: 'ecs:DescribeTasks', Resource: tasks, Condition: inCluster },
    });
  });

  test('lets tasks reach the state, and start with nothing', () => {
    const bucket = ref('RunnerStateBucket', 'AWS::S3::Bucket');
    expect(statementsOf(template, 'RunnerTaskRole')).toEqual({
      ListState: { Sid: 'ListState', Effect: 'Allow', Action: 's3:ListBucket', Resource: { 'Fn::GetAtt': [bucket, 'Arn'] } },
      ReadAndWriteState: {
        Sid: 'ReadAndWriteState',
        Effect: 'Allow',
        Action: ['s3:GetObject', 's3:PutObject'],
        Resource: { 'Fn::Join': ['', [{ 'Fn::GetAtt': [bucket, 'Arn'] }, '/*']] },
      },
    });
    expect(statementsOf(template, 'RunnerExecutionRole')).toEqual({});
    for (const role of ['RunnerTaskRole', 'RunnerExecutionRole']) {
      expect(only(template, 'AWS::IAM::Role', role).Properties.AssumeRolePolicyDocument.Statement).toEqual([{
        Action: 'sts:AssumeRole',
        Effect: 'Allow',
        Principal: { Service: 'ecs-tasks.amazonaws.com' },
        Condition: { StringEquals: { 'aws:SourceAccount': ACCOUNT }, ArnLike: { 'aws:SourceArn': arn('*') } },
      }]);
    }
  });

  test('keeps the state private, encrypted, versioned, and when the stack goes', () => {
    template.hasResource('AWS::S3::Bucket', {
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
      Properties: {
        BucketName: Match.absent(),
        BucketEncryption: { ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }] },
        VersioningConfiguration: { Status: 'Enabled' },
        PublicAccessBlockConfiguration: { BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true },
        LifecycleConfiguration: {
          Rules: [{
            Status: 'Enabled',
            AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
            NoncurrentVersionTransitions: [{ StorageClass: 'STANDARD_IA', TransitionInDays: 30 }],
            NoncurrentVersionExpiration: { NoncurrentDays: 90 },
          }],
        },
      },
    });
    template.hasResourceProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: { Statement: Match.arrayWith([Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } })]) },
    });
  });

  test('has a cluster with Fargate, insights and ECS Exec logging', () => {
    template.hasResourceProperties('AWS::ECS::Cluster', {
      ClusterName: Match.absent(),
      CapacityProviders: ['FARGATE', 'FARGATE_SPOT'],
      ClusterSettings: [{ Name: 'containerInsights', Value: 'enabled' }],
      Configuration: {
        ExecuteCommandConfiguration: { Logging: 'OVERRIDE', LogConfiguration: { CloudWatchLogGroupName: { 'Fn::Join': ['', ['/aws/ecs/', runnerId, '/exec']] } } },
      },
    });
  });

  test('lets HTTPS out and nothing in', () => {
    const { Properties: group } = only(template, 'AWS::EC2::SecurityGroup', 'RunnerSecurityGroup');
    expect(group.SecurityGroupEgress).toEqual([expect.objectContaining({ CidrIp: '0.0.0.0/0', IpProtocol: 'tcp', FromPort: 443, ToPort: 443 })]);
    expect(group.SecurityGroupIngress).toBeUndefined();
  });

  test('logs the state changes of its tasks', () => {
    template.hasResourceProperties('AWS::Events::Rule', {
      Tags: Match.absent(),
      EventPattern: {
        'source': ['aws.ecs'],
        'detail-type': ['ECS Task State Change'],
        'detail': { clusterArn: [clusterArn], group: [{ prefix: 'family:humanitec_' }] },
      },
    });
    const document = JSON.stringify(only(template, 'AWS::Logs::ResourcePolicy').Properties.PolicyDocument);
    expect(document).toContain('events.amazonaws.com');
    expect(document).toContain('aws:SourceArn');
    expect(document).toContain(`:events:${REGION}:${ACCOUNT}:rule/*`);
    const groups = Object.values(template.findResources('AWS::Logs::LogGroup'));
    expect(groups.map(group => [group.Properties.RetentionInDays, group.DeletionPolicy])).toEqual([[30, 'Delete'], [30, 'Delete'], [30, 'Delete']]);
  });

  test('registers with the values of its resources', () => {
    const { Properties: registration } = only(template, 'Custom::HumanitecRunner');
    expect(registration).toEqual({
      ServiceToken: { 'Fn::GetAtt': [ref('HumanitecRunnerRegistrationFunction', 'AWS::Lambda::Function'), 'Arn'] },
      ServiceTimeout: '300',
      ApiUrl: 'https://api.humanitec.dev',
      OrgId: 'my-org',
      Token: { SecretId: TOKEN_ARN },
      RunnerId: runnerId,
      Auth: { RoleArn: { 'Fn::GetAtt': [ref('RunnerTaskManagerRole', 'AWS::IAM::Role'), 'Arn'] } },
      Job: {
        Region: REGION,
        Cluster: { Ref: ref('Runner', 'AWS::ECS::Cluster') },
        Subnets: ['subnet-11111111', 'subnet-22222222'],
        SecurityGroups: [{ 'Fn::GetAtt': [ref('RunnerSecurityGroup', 'AWS::EC2::SecurityGroup'), 'GroupId'] }],
        IsPublicIpEnabled: 'false',
        ExecutionRoleArn: { 'Fn::GetAtt': [ref('RunnerExecutionRole', 'AWS::IAM::Role'), 'Arn'] },
        TaskRoleArn: { 'Fn::GetAtt': [ref('RunnerTaskRole', 'AWS::IAM::Role'), 'Arn'] },
      },
      StateStorage: { Bucket: { Ref: ref('RunnerStateBucket', 'AWS::S3::Bucket') } },
    });
  });

  test('registers after everything else, so that a refused delete has torn nothing down', () => {
    const { Resources: resources } = template.toJSON();
    const ids = new Set(Object.keys(resources));
    const registration = Object.keys(template.findResources('Custom::HumanitecRunner'))[0];
    const before = new Set<string>();
    const collect = (id: string): void => referencesOf(resources[id], ids).filter(other => !before.has(other)).forEach((other) => {
      before.add(other);
      collect(other);
    });
    collect(registration);
    expect([...ids].filter(id => !before.has(id))).toEqual([registration]);
  });

  test('gives the registration the token and its own log, and nothing else', () => {
    expect(statementsOf(template, 'HumanitecRunnerRegistrationRole')).toEqual({
      WriteLog: expect.objectContaining({ Action: ['logs:CreateLogStream', 'logs:PutLogEvents'] }),
      ReadApiTokenSecret: { Sid: 'ReadApiTokenSecret', Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: TOKEN_ARN },
    });
  });
});

describe('several runners', () => {
  test('of a stack share the Lambda and the provider', () => {
    const stack = newStack();
    const first = runnerIn(stack, { runnerId: 'first' });
    runnerIn(stack, { runnerId: 'second', orchestrator: first.orchestrator!, logRetention: logs.RetentionDays.ONE_YEAR }, 'Second');
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::Lambda::Function', 1);
    template.resourceCountIs('AWS::IAM::OIDCProvider', 1);
    template.resourceCountIs('AWS::Logs::ResourcePolicy', 1);
    template.resourceCountIs('Custom::HumanitecRunner', 2);
    expect(Object.keys(statementsOf(template, 'HumanitecRunnerRegistrationRole'))).toEqual(['WriteLog', 'ReadApiTokenSecret']);
    // The shared log is kept as long as the runner that asks for most wants it.
    expect(only(template, 'AWS::Logs::LogGroup', 'HumanitecRunnerRegistration').Properties.RetentionInDays).toBe(365);
  });

  test('of two orchestrators have a provider and a token each', () => {
    const stack = newStack();
    runnerIn(stack, { runnerId: 'first' });
    const parameter = ssm.StringParameter.fromSecureStringParameterAttributes(stack, 'Parameter', { parameterName: '/my-org/token' });
    runnerIn(stack, {
      runnerId: 'second',
      orchestrator: Orchestrator.selfHosted({
        orgId: 'other', apiToken: ApiToken.fromSsmParameter(parameter), apiUrl: 'https://api.example.com/', oidcIssuerUrl: 'https://oidc.example.com/a/',
      }),
    }, 'Second');
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::IAM::OIDCProvider', 2);
    template.hasResourceProperties('AWS::IAM::OIDCProvider', { Url: 'https://oidc.example.com/a' });
    template.hasResourceProperties('Custom::HumanitecRunner', { ApiUrl: 'https://api.example.com', Token: { ParameterName: '/my-org/token' } });
    expect(statementsOf(template, 'HumanitecRunnerRegistrationRole').ReadApiTokenParameter.Action).toBe('ssm:GetParameter');
    expect(JSON.stringify(statementsOf(template, 'SecondTaskManagerRole').RunTask)).toContain('task-definition/platform_orchestrator_env_other_*:*');
    expect(JSON.stringify(only(template, 'AWS::IAM::Role', 'SecondTaskManagerRole').Properties.AssumeRolePolicyDocument)).toContain('"oidc.example.com/a:sub"');
  });

  test('of twelve get a second policy for their event logs, as one document is too short', () => {
    const stack = newStack();
    const { orchestrator } = minimal(stack);
    for (let i = 0; i < 12; i++) {
      runnerIn(stack, { orchestrator, runnerId: `runner-${'x'.repeat(80)}-${i}`, subnetIds: ['subnet-1'] }, `Runner${i}`);
    }
    Template.fromStack(stack).resourceCountIs('AWS::Logs::ResourcePolicy', 2);
  });

  test('of a second stack use the provider that they are given', () => {
    const stack = newStack();
    const oidcProvider = iam.OidcProviderNative.fromOidcProviderArn(stack, 'Oidc', `arn:aws:iam::${ACCOUNT}:oidc-provider/oidc.humanitec.dev`);
    runnerIn(stack, { oidcProvider });
    Template.fromStack(stack).resourceCountIs('AWS::IAM::OIDCProvider', 0);
  });
});

describe('inputs', () => {
  test('ids, description and policies of the registration are handed on', () => {
    const stack = newStack();
    runnerIn(stack, {
      runnerId: 'prod', description: 'text', adoptExisting: true, onInUse: OnInUse.RETAIN, allowStateMove: true, environment: { A: '1' }, assignPublicIp: true,
    });
    const template = Template.fromStack(stack);
    expect(only(template, 'Custom::HumanitecRunnerId').Properties).toMatchObject({ RunnerId: 'prod' });
    expect(only(template, 'Custom::HumanitecRunner').Properties).toMatchObject({
      Description: 'text', AdoptExisting: 'true', OnInUse: 'retain', AllowStateMove: 'true', Job: { Environment: { A: '1' }, IsPublicIpEnabled: 'true' },
    });
  });

  test.each([[undefined, 'runner'], ['prod', 'prod']])('the prefix %s', (runnerIdPrefix, expected) => {
    const stack = newStack();
    runnerIn(stack, { runnerIdPrefix });
    expect(only(Template.fromStack(stack), 'Custom::HumanitecRunnerId').Properties.RunnerIdPrefix).toBe(expected);
  });

  test('neither VPC nor subnets: a VPC of two zones with one NAT gateway', () => {
    const stack = newStack({});
    const runner = runnerIn(stack, { subnetIds: undefined });
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::EC2::Subnet', 4);
    template.resourceCountIs('AWS::EC2::NatGateway', 1);
    expect(runner.subnetIds.length).toBe(2);
    // The routes are the way out: the last deployment needs them as well as the first.
    expect(only(template, 'Custom::HumanitecRunner').DependsOn).toEqual(expect.arrayContaining(Object.keys(template.findResources('AWS::EC2::Route'))));
  });

  test('an existing cluster gets nothing of ours', () => {
    const stack = newStack();
    const runner = runnerIn(stack, { cluster: ecs.Cluster.fromClusterArn(stack, 'C', `arn:aws:ecs:${REGION}:${ACCOUNT}:cluster/existing`) });
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::ECS::Cluster', 0);
    expect(runner.execLogGroup).toBeUndefined();
    expect(only(template, 'Custom::HumanitecRunner').Properties.Job.Cluster).toBe('existing');
    expect(statementsOf(template, 'RunnerTaskManagerRole').RunTask.Condition.ArnEquals).toEqual({ 'ecs:cluster': `arn:aws:ecs:${REGION}:${ACCOUNT}:cluster/existing` });
  });

  test('an existing bucket with a prefix holds the tasks to it', () => {
    const stack = newStack();
    runnerIn(stack, { stateStorage: StateStorage.existingBucket(s3.Bucket.fromBucketName(stack, 'B', 'state'), { prefix: 'team/runner/' }) });
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::S3::Bucket', 0);
    expect(only(template, 'Custom::HumanitecRunner').Properties.StateStorage).toEqual({ Bucket: 'state', PathPrefix: 'team/runner' });
    const { ListState, ReadAndWriteState } = statementsOf(template, 'RunnerTaskRole');
    expect(ListState.Condition).toEqual({ StringLike: { 's3:prefix': ['team/runner/*', 'env:/'] } });
    expect(ReadAndWriteState.Resource).toEqual({ 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':s3:::state/team/runner/*']] });
  });

  test('a new bucket can be thrown away', () => {
    const stack = newStack();
    runnerIn(stack, { stateStorage: StateStorage.newBucket({ versioned: false, removalPolicy: RemovalPolicy.DESTROY, autoDeleteObjects: true }) });
    const template = Template.fromStack(stack);
    template.hasResource('AWS::S3::Bucket', { DeletionPolicy: 'Delete', Properties: { VersioningConfiguration: Match.absent() } });
    template.resourceCountIs('Custom::S3AutoDeleteObjects', 1);
  });

  test.each([false, true])('a customer key encrypts bucket and log groups (id given: %s)', (named) => {
    const stack = newStack();
    const key = new kms.Key(stack, 'Key');
    runnerIn(stack, { encryptionKey: key, ...(named ? { runnerId: 'prod' } : {}) });
    const template = Template.fromStack(stack);
    const keyArn = { 'Fn::GetAtt': [Object.keys(template.findResources('AWS::KMS::Key'))[0], 'Arn'] };
    template.hasResourceProperties('AWS::S3::Bucket', {
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ BucketKeyEnabled: true, ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: keyArn } }],
      },
    });
    const groups = Object.entries(template.findResources('AWS::Logs::LogGroup')).filter(([id]) => id.startsWith('Runner'));
    expect(groups.map(([, group]) => group.Properties.KmsKeyId)).toEqual([keyArn, keyArn]);
    const id = named ? 'prod' : 'runner-????????';
    const logArn = (name: string) => ({ 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, `:logs:${REGION}:${ACCOUNT}:log-group:/aws/ecs/${name}`]] });
    template.hasResourceProperties('AWS::KMS::Key', {
      KeyPolicy: {
        Statement: Match.arrayWith([Match.objectLike({
          Principal: { Service: `logs.${REGION}.amazonaws.com` },
          Condition: { ArnLike: { 'kms:EncryptionContext:aws:logs:arn': [logArn(id), logArn(`${id}/exec`)] } },
        })]),
      },
    });
    const statement = statementsOf(template, 'RunnerTaskRole').EncryptState;
    expect(statement).toMatchObject({ Action: ['kms:Decrypt', 'kms:GenerateDataKey'], Resource: keyArn });
    expect(statement.Condition.StringEquals['kms:ViaService']).toEqual({ 'Fn::Join': ['', [`s3.${REGION}.`, { Ref: 'AWS::URLSuffix' }]] });
  });

  test('one key for the runner and its token makes no circle', () => {
    const stack = newStack();
    const encryptionKey = new kms.Key(stack, 'Key');
    const secret = new secretsmanager.Secret(stack, 'Secret', { encryptionKey });
    runnerIn(stack, { encryptionKey, orchestrator: Orchestrator.humanitec({ orgId: 'my-org', apiToken: ApiToken.fromSecretsManager(secret, 'token') }) });
    // Template.fromStack refuses circles.
    const template = Template.fromStack(stack);
    expect(Object.keys(statementsOf(template, 'HumanitecRunnerRegistrationRole'))).toEqual(['WriteLog', 'ReadApiTokenSecret', 'DecryptApiToken']);
    expect(only(template, 'Custom::HumanitecRunner').Properties.Token.SecretField).toBe('token');
  });

  test('an imported key gets a warning with the statement that it needs', () => {
    const stack = newStack();
    runnerIn(stack, { runnerId: 'prod', encryptionKey: kms.Key.fromKeyArn(stack, 'Key', `arn:aws:kms:${REGION}:${ACCOUNT}:key/1234`) });
    Annotations.fromStack(stack).hasWarning('/Stack/Runner', Match.stringLikeRegexp(
      `"kms:EncryptionContext:aws:logs:arn":.*log-group:/aws/ecs/prod.*logs\\.${REGION}\\.amazonaws\\.com.*importedKey`));
  });

  test('secrets and a private image are all that the execution role may reach', () => {
    const stack = newStack();
    const encryptionKey = new kms.Key(stack, 'Key');
    const secret = new secretsmanager.Secret(stack, 'Secret', { encryptionKey });
    const parameter = ssm.StringParameter.fromSecureStringParameterAttributes(stack, 'Parameter', { parameterName: '/my-org/p' });
    runnerIn(stack, {
      secrets: { A: ecs.Secret.fromSecretsManager(secret), B: ecs.Secret.fromSsmParameter(parameter) },
      image: RunnerImage.fromEcrRepository(ecr.Repository.fromRepositoryName(stack, 'Repo', 'runner'), '1.2'),
    });
    const template = Template.fromStack(stack);
    const [policy] = only(template, 'AWS::IAM::Role', 'RunnerExecutionRole').Properties.Policies;
    const actions = policy.PolicyDocument.Statement.flatMap((statement: any) => statement.Action).sort();
    expect(actions).toEqual([
      'ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetAuthorizationToken', 'ecr:GetDownloadUrlForLayer',
      'kms:Decrypt', 'secretsmanager:GetSecretValue', 'ssm:GetParameters',
    ]);
    const { Job: job } = only(template, 'Custom::HumanitecRunner').Properties;
    expect(job.Secrets.A).toEqual({ Ref: Object.keys(template.findResources('AWS::SecretsManager::Secret'))[0] });
    expect(JSON.stringify(job.Secrets.B)).toContain('parameter/my-org/p');
    expect(JSON.stringify(job.Image)).toContain('/runner:1.2');
  });

  test('given roles get what they need, and a warning where they cannot be changed', () => {
    const stack = newStack();
    const taskRole = new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') });
    const executionRole = iam.Role.fromRoleArn(stack, 'Fixed', `arn:aws:iam::${ACCOUNT}:role/fixed`, { mutable: false });
    runnerIn(stack, {
      taskRole,
      executionRole,
      secrets: { A: ecs.Secret.fromSecretsManager(secretsmanager.Secret.fromSecretCompleteArn(stack, 'S', `${TOKEN_ARN.slice(0, -6)}GhIjKl`)) },
    });
    const template = Template.fromStack(stack);
    const policy = only(template, 'AWS::IAM::Policy', 'RoleDefaultPolicy').Properties;
    expect(policy.PolicyDocument.Statement.map((statement: any) => statement.Sid)).toEqual(['ListState', 'ReadAndWriteState']);
    expect(only(template, 'Custom::HumanitecRunner').DependsOn).toContain(Object.keys(template.findResources('AWS::IAM::Policy'))[0]);
    Annotations.fromStack(stack).hasWarning('/Stack/Runner', Match.stringLikeRegexp('executionRole cannot be changed.*secretsmanager:GetSecretValue.*executionRoleNotGranted'));
  });

  test('path and boundary are on every role', () => {
    const stack = newStack();
    runnerIn(stack, { rolePath: '/platform/', permissionsBoundary: iam.ManagedPolicy.fromManagedPolicyName(stack, 'Boundary', 'boundary') });
    const roles = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Role'));
    expect(roles.length).toBe(4);
    for (const { Properties: role } of roles) {
      expect(role.Path).toBe('/platform/');
      expect(JSON.stringify(role.PermissionsBoundary)).toContain(':policy/boundary');
    }
  });

  test('tags are on everything that takes them', () => {
    const stack = newStack({});
    runnerIn(stack, { subnetIds: undefined, tags: { Team: 'platform' } });
    // The types that CloudFormation has no tags for, or that are ours.
    const untaggable = /^(Custom::|AWS::Logs::ResourcePolicy|AWS::S3::BucketPolicy|AWS::EC2::(Route|SubnetRouteTableAssociation|VPCGatewayAttachment)$)/;
    const resources = Object.entries(Template.fromStack(stack).toJSON().Resources as Record<string, any>).filter(([, { Type: type }]) => !untaggable.test(type));
    const untagged = resources.filter(([, { Properties: p }]) => !JSON.stringify(p?.Tags ?? []).includes('{"Key":"Team","Value":"platform"}'));
    expect(untagged.map(([id, { Type: type }]) => `${type} ${id}`)).toEqual([]);
  });

  test.each([
    [undefined, 'enabled'], [ecs.ContainerInsights.ENHANCED, 'enhanced'], [ecs.ContainerInsights.DISABLED, 'disabled'],
  ])('container insights %s', (containerInsights, expected) => {
    const stack = newStack();
    runnerIn(stack, { containerInsights });
    Template.fromStack(stack).hasResourceProperties('AWS::ECS::Cluster', { ClusterSettings: [{ Name: 'containerInsights', Value: expected }] });
  });
});

describe('what others do with a runner', () => {
  test('grants go to the task role, and are there before the registration', () => {
    const stack = newStack();
    const runner = runnerIn(stack);
    new s3.Bucket(stack, 'Bucket').grantRead(runner);
    const template = Template.fromStack(stack);
    const [policy] = Object.keys(template.findResources('AWS::IAM::Policy'));
    expect(policy).toMatch(/^RunnerTaskRoleDefaultPolicy/);
    expect(only(template, 'Custom::HumanitecRunner').DependsOn).toContain(policy);
  });

  test('connections open its security group', () => {
    const stack = newStack();
    const vpc = importedVpc(stack);
    const runner = runnerIn(stack, { vpc, subnetIds: undefined });
    const database = new ec2.SecurityGroup(stack, 'Database', { vpc });
    runner.connections.allowTo(database, ec2.Port.tcp(5432));
    Template.fromStack(stack).hasResourceProperties('AWS::EC2::SecurityGroupEgress', { FromPort: 5432, ToPort: 5432 });
  });

  test('rules come after the registration, and do not wait for each other', () => {
    const stack = newStack();
    const runner = runnerIn(stack);
    runner.addRule('Production', { envTypeId: 'production' });
    runner.addRule('Project', { projectId: 'my-project' });
    const template = Template.fromStack(stack);
    const registration = Object.keys(template.findResources('Custom::HumanitecRunner'))[0];
    template.resourcePropertiesCountIs('Custom::HumanitecRunnerRule', { RunnerId: { 'Fn::GetAtt': [registration, 'RunnerId'] } }, 2);
    template.hasResourceProperties('Custom::HumanitecRunnerRule', { EnvTypeId: 'production', ProjectId: Match.absent() });
  });

  test('an imported runner takes rules and grants when it is told enough', () => {
    const stack = newStack();
    const imported = EcsRunner.fromRunnerAttributes(stack, 'Imported', {
      runnerId: 'prod', orchestrator: orchestratorOf(stack), taskRole: iam.Role.fromRoleName(stack, 'TaskRole', 'task-role'),
    });
    const boundary = iam.ManagedPolicy.fromManagedPolicyName(stack, 'Boundary', 'boundary');
    new RunnerRule(stack, 'Rule', { runner: imported, projectId: 'my-project', rolePath: '/platform/', permissionsBoundary: boundary });
    new s3.Bucket(stack, 'Bucket').grantRead(imported);
    const template = Template.fromStack(stack);
    template.hasResourceProperties('Custom::HumanitecRunnerRule', { RunnerId: 'prod', ProjectId: 'my-project', OrgId: 'my-org' });
    template.hasResourceProperties('AWS::IAM::Role', { Path: '/platform/', PermissionsBoundary: Match.anyValue() });
    template.hasResourceProperties('AWS::IAM::Policy', { Roles: ['task-role'] });
  });

  test('a rule says what is wrong with it', () => {
    const stack = newStack();
    const imported = EcsRunner.fromRunnerId(stack, 'Imported', 'prod');
    expect(() => imported.addRule('Rule', { projectId: 'a b' })).toThrow([
      "RunnerRule 'Stack/Imported/Rule' has 2 problems:",
      '  1. projectId: expected an id of letters, digits, "-" and "_"; got "a b". Give the id as the orchestrator shows it, or leave it out to match all.',
      '  2. runner: expected a runner whose orchestrator is known; got one that was imported without it. '
        + 'Import it with EcsRunner.fromRunnerAttributes() and give `orchestrator`.',
    ].join('\n'));
  });

  test('construct ids stay as they are: changing one replaces what users have', () => {
    const stack = newStack();
    const runner = runnerIn(stack, { vpc: importedVpc(stack), subnetIds: undefined, orchestrator: Orchestrator.humanitec({ orgId: 'my-org', apiToken: tokenOf(stack, 'Other') }) });
    runner.addRule('Rule');
    const paths = stack.node.findAll().filter(CfnResource.isCfnResource).map(resource => resource.node.path).sort();
    expect(paths).toEqual([
      'Stack/HumanitecOidcProvider-oidc.humanitec.dev/Resource',
      'Stack/HumanitecRunnerEventLogs/Resource',
      'Stack/HumanitecRunnerRegistration/Function',
      'Stack/HumanitecRunnerRegistration/LogGroup',
      'Stack/HumanitecRunnerRegistration/Role/Resource',
      'Stack/Runner/Cluster',
      'Stack/Runner/EventLog/Rule',
      'Stack/Runner/EventLogGroup/Resource',
      'Stack/Runner/ExecLogGroup/Resource',
      'Stack/Runner/ExecutionRole/Resource',
      'Stack/Runner/Registration/Default',
      'Stack/Runner/Rule/Resource/Default',
      'Stack/Runner/RunnerId/Default',
      'Stack/Runner/SecurityGroup/Resource',
      'Stack/Runner/StateBucket/Policy/Resource',
      'Stack/Runner/StateBucket/Resource',
      'Stack/Runner/TaskManagerRole/Resource',
      'Stack/Runner/TaskRole/Resource',
    ]);
  });
});
