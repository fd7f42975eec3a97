import { Match, Template } from 'aws-cdk-lib/assertions';
import { ACCOUNT, importedVpc, newStack, only, orchestratorOf, REGION, TOKEN_ARN, runnerIn, statementsOf, referencesOf, longestChain } from './support';
import { EcsRunner } from '../src';

describe('a default runner', () => {
  const stack = newStack();
  new EcsRunner(stack, 'Runner', { orchestrator: orchestratorOf(stack), vpc: importedVpc(stack) });
  const template = Template.fromStack(stack);
  const ref = (startsWith: string, type: string) => Object.keys(template.findResources(type)).find(id => id.startsWith(startsWith))!;
  const runnerId = { Ref: ref('Runner', 'Custom::HumanitecRunnerId') };
  const clusterArn = { 'Fn::GetAtt': [ref('Runner', 'AWS::ECS::Cluster'), 'Arn'] };
  const arn = (rest: string) => ({ 'Fn::Sub': `arn:\${AWS::Partition}:ecs:${REGION}:${ACCOUNT}:${rest}` });

  test('has the expected number of resources and references', () => {
    expect(Object.keys(template.toJSON().Resources).length).toBeLessThanOrEqual(22);
    expect(longestChain(template)).toBeLessThanOrEqual(5);
    const two = newStack();
    for (const id of ['Runner', 'Second']) {
      runnerIn(two, { vpc: importedVpc(two), subnetIds: undefined }, id);
    }
    const added = Object.keys(Template.fromStack(two).toJSON().Resources).length - Object.keys(template.toJSON().Resources).length;
    expect(added).toBeLessThanOrEqual(15);
  });

  test('trusts the orchestrator with one organization and runner', () => {
    expect(only(template, 'AWS::IAM::Role', 'RunnerTaskManagerRole').Properties.AssumeRolePolicyDocument.Statement).toEqual([{
      Action: 'sts:AssumeRoleWithWebIdentity',
      Effect: 'Allow',
      Principal: { Federated: { Ref: ref('HumanitecOidcProvider', 'Custom::HumanitecOidcProvider') } },
      Condition: {
        StringEquals: {
          'oidc.humanitec.dev:aud': 'sts.amazonaws.com',
          'oidc.humanitec.dev:sub': { 'Fn::Join': ['', ['my-org+', runnerId]] },
        },
      },
    }]);
  });

  test('lets the registration create the OIDC provider of the issuer, but not change or delete it', () => {
    const [before, after] = ['arn:', `:iam::${ACCOUNT}:oidc-provider/oidc.humanitec.dev`];
    const policy = ref('HumanitecOidcProvider', 'AWS::IAM::Policy');
    expect(only(template, 'AWS::IAM::Policy', 'HumanitecOidcProvider').Properties).toMatchObject({
      Roles: [{ Ref: ref('HumanitecRunnerRegistrationRole', 'AWS::IAM::Role') }],
      PolicyDocument: {
        Statement: [{ Sid: 'EnsureOidcProvider', Effect: 'Allow', Action: ['iam:GetOpenIDConnectProvider', 'iam:CreateOpenIDConnectProvider'], Resource: { 'Fn::Sub': `${before}\${AWS::Partition}${after}` } }],
      },
    });
    expect(only(template, 'Custom::HumanitecOidcProvider')).toEqual({
      Type: 'Custom::HumanitecOidcProvider',
      Properties: {
        ServiceToken: { 'Fn::GetAtt': [ref('HumanitecRunnerRegistrationFunction', 'AWS::Lambda::Function'), 'Arn'] },
        ServiceTimeout: '540',
        IssuerUrl: 'https://oidc.humanitec.dev',
        ProviderArn: { 'Fn::Join': ['', [before, { Ref: 'AWS::Partition' }, after]] },
      },
      DependsOn: [policy],
      DeletionPolicy: 'Delete',
      UpdateReplacePolicy: 'Delete',
    });
    template.resourceCountIs('AWS::IAM::OIDCProvider', 0);
  });

  test('allows the orchestrator only the calls of a deployment', () => {
    const inCluster = { ArnEquals: { 'ecs:cluster': clusterArn } };
    const tasks = arn(`task/\${${clusterArn['Fn::GetAtt'][0]}}/*`);
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
        Condition: { ...inCluster, StringNotEquals: { 'ecs:enable-execute-command': 'true', 'ecs:enable-ebs-volumes': 'true' } },
      },
      TagTask: { ...allow, Sid: 'TagTask', Action: 'ecs:TagResource', Resource: tasks, Condition: { StringEquals: { 'ecs:CreateAction': 'RunTask' } } },
      ListTasks: { ...allow, Sid: 'ListTasks', Action: 'ecs:ListTasks', Resource: '*', Condition: inCluster },
      DescribeTasks: { ...allow, Sid: 'DescribeTasks', Action: 'ecs:DescribeTasks', Resource: tasks, Condition: inCluster },
      // Deny statements, because sizes such as ".5 vCPU" are not numbers: a numeric condition in an Allow would deny every deployment.
      DenyLargeTaskCpu: {
        Sid: 'DenyLargeTaskCpu',
        Effect: 'Deny',
        Action: ['ecs:RegisterTaskDefinition', 'ecs:RunTask'],
        Resource: '*',
        Condition: { NumericGreaterThan: { 'ecs:task-cpu': '4096' } },
      },
      DenyLargeTaskMemory: {
        Sid: 'DenyLargeTaskMemory',
        Effect: 'Deny',
        Action: ['ecs:RegisterTaskDefinition', 'ecs:RunTask'],
        Resource: '*',
        Condition: { NumericGreaterThan: { 'ecs:task-memory': '8192' } },
      },
    });
  });

  test('allows tasks to use the state, and allows the execution role nothing', () => {
    const bucket = ref('RunnerStateBucket', 'AWS::S3::Bucket');
    const inAccount = { StringEquals: { 'aws:ResourceAccount': ACCOUNT } };
    expect(statementsOf(template, 'RunnerTaskRole')).toEqual({
      ListState: { Sid: 'ListState', Effect: 'Allow', Action: 's3:ListBucket', Resource: { 'Fn::GetAtt': [bucket, 'Arn'] }, Condition: inAccount },
      ReadAndWriteState: {
        Sid: 'ReadAndWriteState',
        Effect: 'Allow',
        Action: ['s3:GetObject', 's3:PutObject'],
        Resource: { 'Fn::Sub': `\${${bucket}.Arn}/*` },
        Condition: inAccount,
      },
    });
    expect(statementsOf(template, 'RunnerExecutionRole')).toEqual({});
    for (const role of ['RunnerTaskRole', 'RunnerExecutionRole']) {
      expect(only(template, 'AWS::IAM::Role', role).Properties.AssumeRolePolicyDocument.Statement).toEqual([{
        Action: 'sts:AssumeRole',
        Effect: 'Allow',
        Principal: { Service: 'ecs-tasks.amazonaws.com' },
        Condition: { StringEquals: { 'aws:SourceAccount': ACCOUNT }, ArnLike: { 'aws:SourceArn': { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, `:ecs:${REGION}:${ACCOUNT}:*`]] } } },
      }]);
    }
  });

  test('keeps the state private, encrypted and versioned, and retains it when the stack is deleted', () => {
    template.hasResource('AWS::S3::Bucket', {
      DeletionPolicy: 'RetainExceptOnCreate',
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

  test('has a cluster with insights and ECS Exec logging, without capacity providers, which fail for the first cluster of an account', () => {
    template.hasResourceProperties('AWS::ECS::Cluster', {
      ClusterName: Match.absent(),
      CapacityProviders: Match.absent(),
      ClusterSettings: [{ Name: 'containerInsights', Value: 'enabled' }],
      Configuration: {
        ExecuteCommandConfiguration: { Logging: 'OVERRIDE', LogConfiguration: { CloudWatchLogGroupName: { 'Fn::Join': ['', ['/aws/ecs/', runnerId, '/exec']] } } },
      },
    });
  });

  test('allows outbound HTTPS and no inbound traffic', () => {
    const { Properties: group } = only(template, 'AWS::EC2::SecurityGroup', 'RunnerSecurityGroup');
    const https = { Description: 'HTTPS to the orchestrator, registries and AWS', IpProtocol: 'tcp', FromPort: 443, ToPort: 443 };
    expect(group.SecurityGroupEgress).toEqual([{ ...https, CidrIp: '0.0.0.0/0' }, { ...https, CidrIpv6: '::/0' }]);
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
      ServiceTimeout: '540',
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
    // The API URL comes from the environment, so an event cannot choose where the API token is sent.
    expect(only(template, 'AWS::Lambda::Function').Properties.Environment).toEqual({ Variables: { ORCHESTRATOR_API_URL: 'https://api.humanitec.dev' } });
  });

  test('registers after everything else, so that a rejected delete deletes nothing', () => {
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

  test('allows the registration to read the API token, write its log and create the OIDC provider, and nothing else', () => {
    expect(statementsOf(template, 'HumanitecRunnerRegistrationRole')).toEqual({
      WriteLog: expect.objectContaining({ Action: ['logs:CreateLogStream', 'logs:PutLogEvents'] }),
      ReadApiTokenSecret: { Sid: 'ReadApiTokenSecret', Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: TOKEN_ARN },
      EnsureOidcProvider: expect.objectContaining({ Action: ['iam:GetOpenIDConnectProvider', 'iam:CreateOpenIDConnectProvider'] }),
    });
  });
});
