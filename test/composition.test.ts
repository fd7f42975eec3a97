import { Aspects, CfnElement, CfnParameter, CfnResource, Fn, RemovalPolicy } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { ACCOUNT, importedVpc, minimal, newStack, only, orchestratorOf, tokenOf, runnerIn, statementsOf } from './support';
import { ApiToken, EcsRunner, Orchestrator, RunnerRule } from '../src';
import { isRuleLogicalId } from '../src/registration/wire';

describe('several runners', () => {
  test('of a stack share the Lambda and the provider', () => {
    const stack = newStack();
    const first = runnerIn(stack, { runnerId: 'first' });
    runnerIn(stack, { runnerId: 'second', orchestrator: first.orchestrator!, logRetention: logs.RetentionDays.ONE_YEAR }, 'Second');
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::Lambda::Function', 1);
    template.resourceCountIs('Custom::HumanitecOidcProvider', 1);
    template.resourceCountIs('AWS::Logs::ResourcePolicy', 1);
    template.resourceCountIs('Custom::HumanitecRunner', 2);
    expect(Object.keys(statementsOf(template, 'HumanitecRunnerRegistrationRole'))).toEqual(['WriteLog', 'ReadApiTokenSecret', 'EnsureOidcProvider']);
    // The shared log group has the longest retention that a runner requests.
    expect(only(template, 'AWS::Logs::LogGroup', 'HumanitecRunnerRegistration').Properties.RetentionInDays).toBe(365);
  });

  test.each([[RemovalPolicy.DESTROY, RemovalPolicy.RETAIN], [RemovalPolicy.RETAIN, RemovalPolicy.DESTROY]])(
    'of a stack retain the log group of their shared Lambda if one of them requests it: %s, %s', (first, second) => {
      const stack = newStack();
      const { orchestrator } = minimal(stack);
      runnerIn(stack, { orchestrator, logRemovalPolicy: first }, 'First');
      runnerIn(stack, { orchestrator, logRemovalPolicy: second }, 'Second');
      expect(only(Template.fromStack(stack), 'AWS::Logs::LogGroup', 'HumanitecRunnerRegistration').DeletionPolicy).toBe('RetainExceptOnCreate');
    });

  test('of two APIs each have their own Lambda, OIDC provider and API token', () => {
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
    template.resourceCountIs('Custom::HumanitecOidcProvider', 2);
    template.hasResourceProperties('Custom::HumanitecOidcProvider', { IssuerUrl: 'https://oidc.example.com/a' });
    const { ServiceToken: { 'Fn::GetAtt': [id] } } = only(template, 'Custom::HumanitecRunner', 'SecondRegistration').Properties;
    const { Environment: environment, Role: { 'Fn::GetAtt': [role] } } = template.findResources('AWS::Lambda::Function')[id].Properties;
    expect(environment.Variables).toEqual({ ORCHESTRATOR_API_URL: 'https://api.example.com' });
    expect(Object.keys(statementsOf(template, role))).toEqual(['WriteLog', 'ReadApiTokenParameter', 'EnsureOidcProvider']);
    expect(Object.keys(statementsOf(template, 'HumanitecRunnerRegistrationRole'))).toEqual(['WriteLog', 'ReadApiTokenSecret', 'EnsureOidcProvider']);
    expect(JSON.stringify(statementsOf(template, 'SecondTaskManagerRole').RunTask)).toContain('task-definition/platform_orchestrator_env_other_*:*');
    expect(JSON.stringify(only(template, 'AWS::IAM::Role', 'SecondTaskManagerRole').Properties.AssumeRolePolicyDocument)).toContain('"oidc.example.com/a:sub"');
  });

  test('of a stack use a second resource policy for their event logs if there are twelve, because of the size limit', () => {
    const stack = newStack();
    const { orchestrator } = minimal(stack);
    for (let i = 0; i < 12; i++) {
      runnerIn(stack, { orchestrator, runnerId: `runner-${'x'.repeat(80)}-${i}`, subnetIds: ['subnet-1'] }, `Runner${i}`);
    }
    Template.fromStack(stack).resourceCountIs('AWS::Logs::ResourcePolicy', 2);
  });

  test('of a second stack use the given OIDC provider', () => {
    const stack = newStack();
    const oidcProvider = iam.OidcProviderNative.fromOidcProviderArn(stack, 'Oidc', `arn:aws:iam::${ACCOUNT}:oidc-provider/oidc.humanitec.dev`);
    runnerIn(stack, { oidcProvider });
    const template = Template.fromStack(stack);
    template.resourceCountIs('Custom::HumanitecOidcProvider', 0);
    expect(JSON.stringify(template.toJSON())).not.toContain('OpenIDConnectProvider');
  });
});

describe('a runner that other constructs use', () => {
  test('gets its grants in the task role, before the registration', () => {
    const stack = newStack();
    const runner = runnerIn(stack);
    new s3.Bucket(stack, 'Bucket').grantRead(runner);
    const template = Template.fromStack(stack);
    const policy = Object.keys(template.findResources('AWS::IAM::Policy')).find(id => id.startsWith('RunnerTaskRoleDefaultPolicy'));
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

  test.each<[string, (runner: EcsRunner, other: ec2.SecurityGroup) => void, object]>([
    ['allowFrom', (runner, other) => runner.connections.allowFrom(other, ec2.Port.tcp(8080)), { FromPort: 8080, SourceSecurityGroupId: Match.anyValue() }],
    ['allowInternally', runner => runner.connections.allowInternally(ec2.Port.tcp(8080)), { FromPort: 8080, SourceSecurityGroupId: Match.anyValue() }],
  ])('connections open its security group with %s', (_, allow, properties) => {
    const stack = newStack();
    const vpc = importedVpc(stack);
    allow(runnerIn(stack, { vpc, subnetIds: undefined }), new ec2.SecurityGroup(stack, 'Other', { vpc }));
    Template.fromStack(stack).hasResourceProperties('AWS::EC2::SecurityGroupIngress', properties);
  });

  test('rules depend on the registration, but not on each other', () => {
    const stack = newStack();
    const runner = runnerIn(stack);
    runner.addRule('Production', { envTypeId: 'production' });
    runner.addRule('Project', { projectId: 'my-project' });
    const template = Template.fromStack(stack);
    const registration = Object.keys(template.findResources('Custom::HumanitecRunner'))[0];
    template.resourcePropertiesCountIs('Custom::HumanitecRunnerRule', { RunnerId: { 'Fn::GetAtt': [registration, 'RunnerId'] } }, 2);
    template.hasResourceProperties('Custom::HumanitecRunnerRule', { EnvTypeId: 'production', ProjectId: Match.absent() });
  });

  test('an imported runner accepts rules and grants if its orchestrator and task role are given', () => {
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

  test('a rule reports its problems', () => {
    const stack = newStack();
    const imported = EcsRunner.fromRunnerId(stack, 'Imported', 'prod');
    expect(() => imported.addRule('Rule', { projectId: 'a b', envTypeId: '-' })).toThrow([
      "RunnerRule 'Stack/Imported/Rule' has 3 problems:",
      '  1. projectId: expected an id of letters, digits, "-" and "_"; got "a b". Give the id that the orchestrator shows, or omit it to match all.',
      '  2. envTypeId: expected an id of letters, digits, "-" and "_"; got "-". Give the id that the orchestrator shows, or omit it to match all.',
      '  3. runner: expected a runner whose orchestrator is known; got a runner that was imported without its orchestrator. '
        + 'Import it with EcsRunner.fromRunnerAttributes() and give `orchestrator`.',
    ].join('\n'));
  });

  test('rejects two rules of an app with the same filter, because the orchestrator accepts only one', () => {
    const stack = newStack();
    const runner = runnerIn(stack);
    runner.addRule('Production', { envTypeId: 'production' });
    runner.addRule('Shop', { projectId: 'shop', envTypeId: 'production' });
    expect(() => runner.addRule('Again', { envTypeId: 'production' })).toThrow([
      'RunnerRule \'Stack/Runner/Again\' has 1 problem:',
      '  1. projectId and envTypeId: expected a project and environment type that no other rule of the app has; '
      + 'got those of \'Stack/Runner/Production\'. The orchestrator accepts one rule per filter: remove one of the two rules, or change its filter.',
    ].join('\n'));
  });

  test('construct ids do not change, because a change would replace resources of users', () => {
    const stack = newStack();
    const runner = runnerIn(stack, { vpc: importedVpc(stack), subnetIds: undefined, orchestrator: Orchestrator.humanitec({ orgId: 'my-org', apiToken: tokenOf(stack, 'Other') }) });
    runner.addRule('Rule');
    const paths = stack.node.findAll().filter(CfnResource.isCfnResource).map(resource => resource.node.path).sort();
    expect(paths).toEqual([
      'Stack/HumanitecOidcProvider-oidc.humanitec.dev/Policy/Resource',
      'Stack/HumanitecOidcProvider-oidc.humanitec.dev/Resource/Default',
      'Stack/HumanitecRunnerEventLogs/Resource',
      expect.stringMatching(/^Stack\/HumanitecRunnerRegistration\/ApiToken-[0-9a-f]{8}\/Resource$/),
      'Stack/HumanitecRunnerRegistration/Deliveries',
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
      'Stack/Runner/TaskManagerRole/RunTasks/Resource',
      'Stack/Runner/TaskRole/Resource',
      'Stack/Runner/TaskRole/State/Resource',
    ]);
  });
});

describe('the resource of a rule', () => {
  const idsOf = (add: (runner: EcsRunner, other: EcsRunner) => void) => {
    const stack = newStack();
    const { orchestrator } = minimal(stack);
    const [runner, other] = ['Runner', 'Other'].map(id => runnerIn(stack, { orchestrator }, id));
    add(runner, other);
    return Object.fromEntries(Object.entries<any>(Template.fromStack(stack).findResources('Custom::HumanitecRunnerRule'))
      .map(([id, { Properties: { EnvTypeId: type } }]) => [typeof type === 'string' ? type : 'a CDK token', id]));
  };
  const loop = (...types: string[]) => idsOf(runner => types.forEach((envTypeId, index) => runner.addRule(`Rule${index}`, { envTypeId })));

  test('keeps its logical ID if its position in a list, its construct id or its runner changes', () => {
    const before = loop('qa', 'dev', 'prod');
    expect(new Set(Object.values(before)).size).toBe(3);
    expect(loop('dev', 'prod')).toEqual({ dev: before.dev, prod: before.prod });
    expect(idsOf((_, other) => other.addRule('Renamed', { envTypeId: 'dev' }))).toEqual({ dev: before.dev });
  });

  test('has a logical ID that shows whether its filter is known, even if another construct has a similar path', () => {
    const stack = newStack();
    const runner = runnerIn(stack, {}, 'HumanitecRunner');
    runner.addRule('Rule', { envTypeId: Fn.importValue('EnvironmentType') });
    runner.addRule('RuleByFilter', { envTypeId: Fn.importValue('OtherType') });
    runner.addRule('Known', { envTypeId: 'dev' });
    const ids = Object.keys(Template.fromStack(stack).findResources('Custom::HumanitecRunnerRule'));
    expect(ids.filter(id => id.startsWith('HumanitecRunnerRule'))).toHaveLength(3);
    expect(ids.filter(isRuleLogicalId)).toHaveLength(1);
  });

  test('has the logical ID of its construct if the filter is unknown until deployment', () => {
    const ids = idsOf(runner => runner.addRule('Rule', { envTypeId: new CfnParameter(runner.stack, 'Type').valueAsString }));
    expect(ids['a CDK token']).toMatch(/^RunnerRule[0-9A-F]{8}$/);
  });

  test('takes over identical rules if the runner is adopted, and any rule if `adoptExisting` is set on the rule', () => {
    const stack = newStack();
    const runner = runnerIn(stack, { runnerId: 'first', adoptExisting: true });
    runner.addRule('Identical', { envTypeId: 'dev' });
    runner.addRule('Any', { envTypeId: 'prod', adoptExisting: true });
    const template = Template.fromStack(stack);
    template.hasResourceProperties('Custom::HumanitecRunnerRule', { EnvTypeId: 'dev', AdoptExisting: 'identical' });
    template.hasResourceProperties('Custom::HumanitecRunnerRule', { EnvTypeId: 'prod', AdoptExisting: 'true' });
  });

  test('waits for the Lambda and its EventInvokeConfig', () => {
    const stack = newStack();
    const { orchestrator } = minimal(stack);
    EcsRunner.fromRunnerAttributes(stack, 'Imported', { runnerId: 'imported', orchestrator }).addRule('Rule');
    const template = Template.fromStack(stack);
    const [deliveries] = Object.keys(template.findResources('AWS::Lambda::EventInvokeConfig'));
    template.hasResource('Custom::HumanitecRunnerRule', { DependsOn: Match.arrayWith([deliveries]) });
  });
});

test('the role and the key of the log group of the registration follow a logical ID that the app overrides', () => {
  const stack = newStack();
  runnerIn(stack, { encryptionKey: new kms.Key(stack, 'Key') });
  const logGroup = stack.node.findChild('HumanitecRunnerRegistration').node.findChild('LogGroup') as CfnElement;
  Aspects.of(stack).add({ visit: node => node === logGroup && logGroup.overrideLogicalId('Renamed') });
  const template = Template.fromStack(stack);
  // CloudFormation generates the name of the log group from this.
  const { WriteLog: writeLog } = statementsOf(template, 'HumanitecRunnerRegistrationRole');
  expect(writeLog.Resource['Fn::Sub'] ?? JSON.stringify(writeLog.Resource)).toContain('-Renamed-*');
  const { KeyPolicy: keyPolicy } = only(template, 'AWS::KMS::Key').Properties;
  expect(JSON.stringify(keyPolicy)).toContain('-Renamed-*');
  expect(JSON.stringify([writeLog, keyPolicy])).not.toContain('RegistrationLogGroup');
});
