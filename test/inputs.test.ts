import { App, RemovalPolicy, Stack, Tags } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { ACCOUNT, importedVpc, minimal, newStack, only, REGION, TOKEN_ARN, tokenOf, runnerIn, statementsOf } from './support';
import { ApiToken, EcsRunner, OnInUse, Orchestrator, RunnerImage, RunnerMonitoring, RunnerOidcProvider, StateStorage } from '../src';

describe('inputs', () => {
  test('registers id and description, and applies path and boundary to the roles', () => {
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

  test.each([[undefined, 'runner'], ['prod', 'prod']])('generates an id with the prefix %s', (runnerIdPrefix, expected) => {
    const stack = newStack();
    runnerIn(stack, { runnerIdPrefix });
    expect(only(Template.fromStack(stack), 'Custom::HumanitecRunnerId').Properties.RunnerIdPrefix).toBe(expected);
  });

  test('creates a VPC with two zones and one NAT gateway if no VPC and subnets are given', () => {
    const stack = newStack({});
    const runner = runnerIn(stack, { subnetIds: undefined });
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::EC2::Subnet', 4);
    template.resourceCountIs('AWS::EC2::NatGateway', 1);
    expect(runner.subnetIds.length).toBe(2);
    // The tasks need the routes from the first deployment to the last.
    expect(only(template, 'Custom::HumanitecRunner').DependsOn).toEqual(expect.arrayContaining(Object.keys(template.findResources('AWS::EC2::Route'))));
  });

  test('does not change an existing cluster', () => {
    const stack = newStack();
    const runner = runnerIn(stack, { cluster: ecs.Cluster.fromClusterArn(stack, 'C', `arn:aws:ecs:${REGION}:${ACCOUNT}:cluster/existing`) });
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::ECS::Cluster', 0);
    expect(runner.execLogGroup).toBeUndefined();
    expect(only(template, 'Custom::HumanitecRunner').Properties.Job.Cluster).toBe('existing');
    expect(statementsOf(template, 'RunnerTaskManagerRole').RunTask.Condition.ArnEquals).toEqual({ 'ecs:cluster': `arn:aws:ecs:${REGION}:${ACCOUNT}:cluster/existing` });
  });

  test('limits the tasks to the prefix in an existing bucket', () => {
    const stack = newStack();
    runnerIn(stack, { stateStorage: StateStorage.existingBucket(s3.Bucket.fromBucketName(stack, 'B', 'state'), { prefix: 'team/runner/' }) });
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::S3::Bucket', 0);
    expect(only(template, 'Custom::HumanitecRunner').Properties.StateStorage).toEqual({ Bucket: 'state', PathPrefix: 'team/runner' });
    const { ListState, ReadAndWriteState, FindMissingState } = statementsOf(template, 'RunnerTaskRole');
    // The HEAD request for a missing state has no prefix. S3 answers 404 only to callers that can list the bucket.
    expect(FindMissingState).toEqual({
      Sid: 'FindMissingState',
      Effect: 'Allow',
      Action: 's3:ListBucket',
      Resource: ListState.Resource,
      Condition: { StringEquals: { 'aws:ResourceAccount': ACCOUNT }, Null: { 's3:prefix': 'true' } },
    });
    expect(ListState.Condition).toEqual({ StringEquals: { 'aws:ResourceAccount': ACCOUNT }, StringLike: { 's3:prefix': ['team/runner/*', 'env:/'] } });
    expect(ReadAndWriteState.Resource).toEqual({ 'Fn::Sub': 'arn:${AWS::Partition}:s3:::state/team/runner/*' });
  });

  test('writes access logs of a new bucket to the given bucket and prefix', () => {
    const stack = newStack();
    const logs = s3.Bucket.fromBucketName(stack, 'AccessLogs', 'access-logs');
    runnerIn(stack, { stateStorage: StateStorage.newBucket({ serverAccessLogsBucket: logs, serverAccessLogsPrefix: 'state/' }) });
    Template.fromStack(stack).hasResourceProperties('AWS::S3::Bucket', { LoggingConfiguration: { DestinationBucketName: 'access-logs', LogFilePrefix: 'state/' } });
  });

  test('deletes a new bucket with its objects if autoDeleteObjects is set', () => {
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
    const groups = Object.values(template.findResources('AWS::Logs::LogGroup'));
    expect(groups.map(group => group.Properties.KmsKeyId)).toEqual([keyArn, keyArn, keyArn]);
    const id = named ? 'prod' : 'runner-????????';
    const logArn = (name: string) => ({ 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, `:logs:${REGION}:${ACCOUNT}:log-group:/aws/ecs/${name}`]] });
    const [registrationGroup] = Object.keys(template.findResources('AWS::Logs::LogGroup')).filter(each => each.startsWith('HumanitecRunnerRegistration'));
    const registrationLog = {
      'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, `:logs:${REGION}:${ACCOUNT}:log-group:`, { Ref: 'AWS::StackName' }, `-${registrationGroup}-*`]],
    };
    template.hasResourceProperties('AWS::KMS::Key', {
      KeyPolicy: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Sid: 'EncryptLogGroups',
            Principal: { Service: `logs.${REGION}.amazonaws.com` },
            Condition: { ArnLike: { 'kms:EncryptionContext:aws:logs:arn': [registrationLog, logArn(id), logArn(`${id}/exec`)] } },
          }),
        ]),
      },
    });
    const statement = statementsOf(template, 'RunnerTaskRole').EncryptState;
    expect(statement).toMatchObject({ Action: ['kms:Decrypt', 'kms:GenerateDataKey'], Resource: keyArn });
    expect(statement.Condition.StringEquals['kms:ViaService']).toEqual({ 'Fn::Sub': `s3.${REGION}.\${AWS::URLSuffix}` });
    const bucket = Object.keys(template.findResources('AWS::S3::Bucket'))[0];
    const bucketArn = { 'Fn::GetAtt': [bucket, 'Arn'] };
    // With a bucket key, the encryption context is the bucket's ARN.
    expect(statement.Condition.StringLike).toEqual({ 'kms:EncryptionContext:aws:s3:arn': bucketArn });
    for (const group of groups.filter(({ Properties }) => Properties.LogGroupName)) {
      expect(group.DependsOn).toContain(keyArn['Fn::GetAtt'][0]);
    }
  });

  test('allows a customer key of an existing bucket for its objects, because the bucket may have no bucket key', () => {
    const stack = newStack();
    const bucket = new s3.Bucket(stack, 'State', { encryptionKey: new kms.Key(stack, 'Key') });
    runnerIn(stack, { stateStorage: StateStorage.existingBucket(bucket) });
    const { Condition: condition } = statementsOf(Template.fromStack(stack), 'RunnerTaskRole').EncryptState;
    const [id] = Object.keys(Template.fromStack(stack).findResources('AWS::S3::Bucket'));
    expect(condition.StringLike).toEqual({ 'kms:EncryptionContext:aws:s3:arn': [{ 'Fn::GetAtt': [id, 'Arn'] }, { 'Fn::Sub': `\${${id}.Arn}/*` }] });
  });

  test('accepts one key for the runner and its API token without a circular dependency', () => {
    const stack = newStack();
    const encryptionKey = new kms.Key(stack, 'Key');
    const secret = new secretsmanager.Secret(stack, 'Secret', { encryptionKey });
    runnerIn(stack, { encryptionKey, orchestrator: Orchestrator.humanitec({ orgId: 'my-org', apiToken: ApiToken.fromSecretsManager(secret, 'token') }) });
    // Template.fromStack() throws an error for circular dependencies.
    const template = Template.fromStack(stack);
    expect(Object.keys(statementsOf(template, 'HumanitecRunnerRegistrationRole'))).toEqual(['WriteLog', 'ReadApiTokenSecret', 'DecryptApiToken', 'EnsureOidcProvider']);
    expect(only(template, 'Custom::HumanitecRunner').Properties.Token.SecretField).toBe('token');
  });

  test('prints the statement that an imported key needs in a warning', () => {
    const stack = newStack();
    runnerIn(stack, { runnerId: 'prod', encryptionKey: kms.Key.fromKeyArn(stack, 'Key', `arn:aws:kms:${REGION}:${ACCOUNT}:key/1234`) });
    Annotations.fromStack(stack).hasWarning('/Stack/Runner', Match.stringLikeRegexp(
      `"kms:EncryptionContext:aws:logs:arn":.*log-group:/aws/ecs/prod.*"Service":"logs\\.${REGION}\\.amazonaws\\.com".*"StringEquals":{"kms:ViaService":"s3\\.${REGION}\\.amazonaws\\.com"}.*"Sid":"EncryptState".*importedKey`));
  });

  test('allows the execution role to read the secrets and to pull a private image, and nothing else', () => {
    const stack = newStack();
    const encryptionKey = new kms.Key(stack, 'Key');
    const secret = new secretsmanager.Secret(stack, 'Secret', { encryptionKey });
    const parameter = ssm.StringParameter.fromSecureStringParameterAttributes(stack, 'Parameter', { parameterName: '/my-org/p', encryptionKey });
    runnerIn(stack, {
      secrets: { A: ecs.Secret.fromSecretsManager(secret), B: ecs.Secret.fromSsmParameter(parameter) },
      image: RunnerImage.fromEcrRepository(ecr.Repository.fromRepositoryName(stack, 'Repo', 'runner'), '1.2'),
    });
    const template = Template.fromStack(stack);
    const statements = statementsOf(template, 'RunnerExecutionRole');
    expect(Object.fromEntries(Object.entries(statements).map(([sid, { Action: actions }]) => [sid, actions]))).toEqual({
      ReadSecrets: 'secretsmanager:GetSecretValue',
      DecryptSecrets: 'kms:Decrypt',
      ReadParameters: 'ssm:GetParameters',
      DecryptParameters: 'kms:Decrypt',
      PullImage: ['ecr:BatchCheckLayerAvailability', 'ecr:GetDownloadUrlForLayer', 'ecr:BatchGetImage'],
      LogInToRegistry: 'ecr:GetAuthorizationToken',
    });
    const { DecryptParameters: decrypt } = statements;
    expect(Object.keys(decrypt.Condition.StringEquals)).toEqual(['kms:ViaService', 'kms:EncryptionContext:PARAMETER_ARN']);
    const { Job: job } = only(template, 'Custom::HumanitecRunner').Properties;
    expect(job.Secrets.A).toEqual({ Ref: Object.keys(template.findResources('AWS::SecretsManager::Secret'))[0] });
    expect(JSON.stringify(job.Secrets.B)).toContain('parameter/my-org/p');
    expect(JSON.stringify(job.Image)).toContain('/runner:1.2');
  });

  test('adds policies to given roles, and warns about roles that cannot be changed', () => {
    const stack = newStack();
    const taskRole = new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') });
    const executionRole = iam.Role.fromRoleArn(stack, 'Fixed', `arn:aws:iam::${ACCOUNT}:role/fixed`, { mutable: false });
    runnerIn(stack, {
      taskRole,
      executionRole,
      secrets: { A: ecs.Secret.fromSecretsManager(secretsmanager.Secret.fromSecretCompleteArn(stack, 'S', `${TOKEN_ARN.slice(0, -6)}GhIjKl`)) },
    });
    const template = Template.fromStack(stack);
    expect(Object.keys(statementsOf(template, 'Role'))).toEqual(['ListState', 'ReadAndWriteState']);
    const [policy] = Object.keys(template.findResources('AWS::IAM::Policy')).filter(id => id.startsWith('RunnerTaskRolePolicy'));
    expect(only(template, 'Custom::HumanitecRunner').DependsOn).toContain(policy);
    Annotations.fromStack(stack).hasWarning('/Stack/Runner', Match.stringLikeRegexp('policies of executionRole.*secretsmanager:GetSecretValue.*executionRoleNotGranted'));
  });

  test('applies path and boundary to every role, also to those of the CDK\'s own providers', () => {
    const app = new App({ context: { '@aws-cdk/aws-ec2:restrictDefaultSecurityGroup': true } });
    const stack = newStack({}, 'Stack', app);
    runnerIn(stack, {
      subnetIds: undefined,
      stateStorage: StateStorage.newBucket({ removalPolicy: RemovalPolicy.DESTROY, autoDeleteObjects: true }),
      rolePath: '/platform/',
      permissionsBoundary: iam.ManagedPolicy.fromManagedPolicyName(stack, 'Boundary', 'boundary'),
    });
    const roles = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Role'));
    expect(roles.length).toBe(6);
    for (const { Properties: role } of roles) {
      expect(role.Path).toBe('/platform/');
      expect(JSON.stringify(role.PermissionsBoundary)).toContain(':policy/boundary');
    }
  });

  test('tags everything that supports tags', () => {
    const stack = newStack({}, 'Stack', new App({ context: { '@aws-cdk/aws-ec2:restrictDefaultSecurityGroup': true } }));
    const vpc = ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
      vpcId: 'vpc-1', availabilityZones: ['a'], privateSubnetIds: ['subnet-1'], privateSubnetRouteTableIds: ['rtb-1'],
    });
    runnerIn(stack, {
      subnetIds: undefined,
      stateStorage: StateStorage.newBucket({ removalPolicy: RemovalPolicy.DESTROY, autoDeleteObjects: true }),
      registrationNetwork: { vpc, createEndpoints: true },
      oidcProvider: iam.OidcProviderNative.fromOidcProviderArn(stack, 'Provider', `arn:aws:iam::${ACCOUNT}:oidc-provider/oidc.humanitec.dev`),
      tags: { Team: 'platform' },
    });
    // Resource types without tags in CloudFormation, and the library's custom resources.
    const untaggable = /^(Custom::|AWS::IAM::Policy|AWS::Lambda::EventInvokeConfig|AWS::Logs::ResourcePolicy|AWS::S3::BucketPolicy|AWS::EC2::(Route|SecurityGroupEgress|SecurityGroupIngress|SubnetRouteTableAssociation|VPCGatewayAttachment)$)/;
    const resources = Object.entries(Template.fromStack(stack).toJSON().Resources as Record<string, any>).filter(([, { Type: type }]) => !untaggable.test(type));
    const untagged = resources.filter(([, { Properties: p }]) => !JSON.stringify(p?.Tags ?? []).includes('{"Key":"Team","Value":"platform"}'));
    expect(untagged.map(([id, { Type: type }]) => `${type} ${id}`)).toEqual([]);
  });

  test('gives the CDK\'s own providers the tags of all runners and of the stack, with the last value of each key', () => {
    const stack = newStack({});
    const stateStorage = StateStorage.newBucket({ removalPolicy: RemovalPolicy.DESTROY, autoDeleteObjects: true });
    Tags.of(stack).add('Cost', '1');
    runnerIn(stack, { stateStorage, tags: { Team: 'one', One: '1' } }, 'One');
    runnerIn(stack, { stateStorage, tags: { Team: 'two', Two: '2' } }, 'Two');
    const template = Template.fromStack(stack);
    const expected = [{ Key: 'Cost', Value: '1' }, { Key: 'One', Value: '1' }, { Key: 'Team', Value: 'two' }, { Key: 'Two', Value: '2' }];
    for (const type of ['AWS::IAM::Role', 'AWS::Lambda::Function']) {
      expect(only(template, type, 'CustomS3AutoDeleteObjects').Properties.Tags).toEqual(expected);
      expect(only(template, type, 'HumanitecRunnerRegistration').Properties.Tags).toEqual(expected);
    }
  });

  test.each([
    [undefined, 'enabled'], [ecs.ContainerInsights.ENHANCED, 'enhanced'], [ecs.ContainerInsights.DISABLED, 'disabled'],
  ])('container insights %s', (containerInsights, expected) => {
    const stack = newStack();
    runnerIn(stack, { containerInsights });
    Template.fromStack(stack).hasResourceProperties('AWS::ECS::Cluster', { ClusterSettings: [{ Name: 'containerInsights', Value: expected }] });
  });
});

describe('a property that is no input', () => {
  /** Plain JavaScript can give anything. */
  const any = (value: unknown): any => value;
  const textsOf = (stack: Stack) => Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('unknownInput')).map(({ entry }) => String(entry.data));

  test.each<[string, (stack: Stack) => unknown, string]>([
    ['a runner', stack => runnerIn(stack, any({ subnetIds: undefined, vpc: importedVpc(stack), subnetId: ['subnet-1'], security_groups: [] })), '"subnetId" (did you mean "subnetIds"?), "security_groups" (did you mean "securityGroups"?)'],
    ['an orchestrator', stack => runnerIn(stack, {
      orchestrator: Orchestrator.selfHosted(any({
        orgId: 'my-org', apiToken: tokenOf(stack), apiUrl: 'https://api.example.com', oidcIssuerUrl: 'https://oidc.example.com', gatewayURL: 'https://gateway.example.com',
      })),
    }), '"orchestrator.gatewayURL" (did you mean "gatewayUrl"?)'],
    ['a hosted orchestrator', stack => runnerIn(stack, { orchestrator: Orchestrator.humanitec(any({ orgId: 'my-org', apiToken: tokenOf(stack), apiUrl: 'https://api.example.com' })) }),
      '"orchestrator.apiUrl" (did you mean Orchestrator.selfHosted()?)'],
    ['a new bucket', stack => runnerIn(stack, { stateStorage: StateStorage.newBucket(any({ version: false })) }), '"stateStorage.version" (did you mean "versioned"?)'],
    ['an image', stack => runnerIn(stack, { image: RunnerImage.fromAsset('test/bad-input', any({ file: 'types.ts', buildArg: {} })) }), '"image.buildArg" (did you mean "buildArgs"?)'],
    ['a selection of subnets', stack => runnerIn(stack, any({ subnetIds: undefined, vpc: importedVpc(stack), vpcSubnets: { subnetTypes: 'Public' } })),
      '"vpcSubnets.subnetTypes" (did you mean "subnetType"?)'],
    ['the network of the registration', stack => runnerIn(stack, { registrationNetwork: any({ vpc: importedVpc(stack), createEndpoint: true }) }),
      '"registrationNetwork.createEndpoint" (did you mean "createEndpoints"?)'],
    ['a rule', stack => runnerIn(stack).addRule('Rule', any({ project: 'my-project' })), '"project" (did you mean "projectId"?)'],
    ['a rule without a filter', stack => runnerIn(stack).addRule('Rule', any({ environment: 'production' })), '"environment" (the rule has no filter, and matches all deployments)'],
    ['an imported runner', stack => EcsRunner.fromRunnerAttributes(stack, 'Runner', any({ runnerId: 'prod', securityGroup: [] })), '"securityGroup" (did you mean "securityGroups"?)'],
    ['a RunnerOidcProvider', stack => new RunnerOidcProvider(stack, 'Provider', any({ oidcIssuer_url: 'https://oidc.example.com', oidcIssuer: 1, oidcIssuerURL: 1 })),
      '"oidcIssuer_url" (did you mean "oidcIssuerUrl"?), "oidcIssuerURL" (did you mean "oidcIssuerUrl"?)'],
    ['a RunnerMonitoring', stack => new RunnerMonitoring(stack, 'Monitoring', any({ runner: runnerIn(stack), dashboardEnable: false })), '"dashboardEnable" (did you mean "dashboardEnabled"?)'],
  ])('of %s has a warning, which names the input that it resembles', (_name, make, names) => {
    const stack = newStack();
    make(stack);
    expect(textsOf(stack)).toEqual([`These properties are not inputs and have no effect: ${names}. Correct their names, remove them, or acknowledge this warning. `
      + '[ack: cdk-humanitec-ecs-runner:unknownInput]']);
  });

  test('has no warning if it resembles no input, if the input is given too, or if it has no value', () => {
    const stack = newStack();
    class TeamRunner extends EcsRunner {}
    const runner = new TeamRunner(stack, 'Runner', any({ ...minimal(stack), team: 'my-team', subnetId: 'subnet-1', tag: undefined }));
    runner.addRule('Rule', any({ projectId: 'my-project', team: 'my-team' }));
    expect(textsOf(stack)).toEqual([]);
  });
});
