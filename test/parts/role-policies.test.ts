import { readFileSync } from 'fs';
import { join } from 'path';
import { App, CfnParameter, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import { ApiToken, EcsRunner, EcsRunnerProps, Orchestrator, RunnerImage, RunnerOidcProvider, StateStorage } from '../../src';
import { ACCOUNT, bySid, flat, importedSecret, minimal, newStack, only, REGION, runnerIn, secretArn, statementsOf, TOKEN_ARN } from '../support';

const TASKS = new iam.ServicePrincipal('ecs-tasks.amazonaws.com');
const KEY_ARN = `arn:aws:kms:${REGION}:${ACCOUNT}:key/11111111-2222-3333-4444-555555555555`;
const NAMES = ['ONE', 'TWO', 'THREE'];
const parameterArn = (name: string) => `arn:aws:ssm:${REGION}:${ACCOUNT}:parameter/${name}`;
const KEYS = ['no key', 'an imported key', 'a key of the stack'] as const;

function keyIn(stack: Stack, kind: typeof KEYS[number]): kms.IKey | undefined {
  switch (kind) {
    case 'no key': return undefined;
    case 'an imported key': return kms.Key.fromKeyArn(stack, 'SecretKey', KEY_ARN);
    case 'a key of the stack': return new kms.Key(stack, 'SecretKey');
  }
}

function importedParameter(stack: Stack, name: string, encryptionKey?: kms.IKey): ecs.Secret {
  return ecs.Secret.fromSsmParameter(ssm.StringParameter.fromSecureStringParameterAttributes(stack, name, { parameterName: `/${name}`, encryptionKey }));
}

/** The statements in the warning about a role, by Sid. */
function warnedStatements(stack: Stack, input: string): Record<string, any> {
  const [warning] = Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp(`${input}NotGranted`));
  const [, json] = /these statements: (\[.*\]) \[ack:/.exec(warning.entry.data as string)!;
  return bySid(JSON.parse(json));
}

describe('several secrets and parameters', () => {
  const ROLES: [string, (stack: Stack) => iam.IRole | undefined, (stack: Stack) => Record<string, any>][] = [
    ['the created role', () => undefined, stack => statementsOf(Template.fromStack(stack), 'RunnerExecutionRole')],
    ['a given role', stack => new iam.Role(stack, 'Given', { assumedBy: TASKS }), stack => statementsOf(Template.fromStack(stack), 'Given')],
    ['the warning for a role that cannot be changed',
      stack => iam.Role.fromRoleArn(stack, 'Given', `arn:aws:iam::${ACCOUNT}:role/fixed`, { mutable: false }), stack => warnedStatements(stack, 'executionRole')],
  ];

  test.each(ROLES.flatMap(([role, give, statementsIn]) => KEYS.map(key => [key, role, give, statementsIn] as const)))(
    'with %s are all in the statements of %s', (kind, _, give, statementsIn) => {
      const stack = newStack();
      const key = keyIn(stack, kind);
      runnerIn(stack, {
        executionRole: give(stack),
        secrets: Object.fromEntries(NAMES.flatMap(name => [
          [name, importedSecret(stack, `secret-${name}`, key)], [`P_${name}`, importedParameter(stack, `parameter-${name}`, key)],
        ])),
      });
      const statements = flat(statementsIn(stack));
      const sorted = [...NAMES].sort();
      const secrets = sorted.map(name => secretArn(`secret-${name}`));
      const parameters = sorted.map(name => parameterArn(`parameter-${name}`));
      const decrypt = (service: string, context: string, arns: string[]) => expect.objectContaining({
        Action: 'kms:Decrypt',
        Condition: { StringEquals: { 'kms:ViaService': `${service}.${REGION}.amazonaws.com`, [`kms:EncryptionContext:${context}`]: arns } },
      });
      expect(statements).toEqual({
        ReadSecrets: { Sid: 'ReadSecrets', Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: secrets },
        ReadParameters: { Sid: 'ReadParameters', Effect: 'Allow', Action: 'ssm:GetParameters', Resource: parameters },
        ...key ? {
          DecryptSecrets: decrypt('secretsmanager', 'SecretARN', secrets),
          DecryptParameters: decrypt('ssm', 'PARAMETER_ARN', parameters),
        } : {},
      });
      if (key) {
        expect(statements.DecryptSecrets.Resource).toBe(`arn:aws:kms:${REGION}:${ACCOUNT}:key/*`);
        expect([KEY_ARN, { 'Fn::GetAtt': [expect.stringMatching('^SecretKey'), 'Arn'] }]).toContainEqual(statements.DecryptParameters.Resource);
      }
    });

  test('with one key each have a statement that names all keys', () => {
    const stack = newStack();
    const keys = NAMES.map((name, i) => kms.Key.fromKeyArn(stack, `Key${name}`, `${KEY_ARN.slice(0, -1)}${i}`));
    runnerIn(stack, { secrets: Object.fromEntries(NAMES.map((name, i) => [name, importedParameter(stack, name, keys[i])])) });
    const { DecryptParameters: decrypt } = statementsOf(Template.fromStack(stack), 'RunnerExecutionRole');
    expect(new Set(decrypt.Resource)).toEqual(new Set(keys.map(key => key.keyArn)));
  });

  test('in several regions can be decrypted only through the service in the region of the secret', () => {
    const stack = newStack();
    const key = kms.Key.fromKeyArn(stack, 'Key', KEY_ARN);
    const other = kms.Key.fromKeyArn(stack, 'OtherKey', KEY_ARN.replace(REGION, 'eu-west-1'));
    runnerIn(stack, { secrets: { A: importedSecret(stack, 'here', key), B: importedSecret(stack, 'there', other, 'eu-west-1'), C: importedSecret(stack, 'too', other, 'eu-west-1') } });
    const { DecryptSecrets: here, DecryptSecrets2: there } = flat(statementsOf(Template.fromStack(stack), 'RunnerExecutionRole'));
    expect([here, there].map(({ Resource: resource, Condition: { StringEquals: condition } }) => [
      resource, condition['kms:ViaService'], condition['kms:EncryptionContext:SecretARN'],
    ])).toEqual([
      [`arn:aws:kms:${REGION}:${ACCOUNT}:key/*`, `secretsmanager.${REGION}.amazonaws.com`, secretArn('here')],
      [`arn:aws:kms:eu-west-1:${ACCOUNT}:key/*`, 'secretsmanager.eu-west-1.amazonaws.com', [secretArn('there', 'eu-west-1'), secretArn('too', 'eu-west-1')]],
    ]);
  });

  test('of a stack in another region can be decrypted only there', () => {
    const app = new App();
    const other = new Stack(app, 'Other', { env: { account: ACCOUNT, region: 'eu-west-1' }, crossRegionReferences: true });
    const secret = new secretsmanager.Secret(other, 'Secret', { encryptionKey: new kms.Key(other, 'Key') });
    const stack = newStack({ env: { account: ACCOUNT, region: REGION }, crossRegionReferences: true }, 'Stack', app);
    runnerIn(stack, { secrets: { A: ecs.Secret.fromSecretsManager(secret) } });
    const { DecryptSecrets: decrypt } = flat(statementsOf(Template.fromStack(stack), 'RunnerExecutionRole'));
    expect(decrypt.Resource).toBe(`arn:aws:kms:eu-west-1:${ACCOUNT}:key/*`);
    expect(decrypt.Condition.StringEquals['kms:ViaService']).toBe('secretsmanager.eu-west-1.amazonaws.com');
  });
});

describe('a given role', () => {
  const SHARED: [string, (stack: Stack) => iam.IRole][] = [
    ['of the stack', stack => new iam.Role(stack, 'Shared', { assumedBy: TASKS })],
    ['imported by ARN', stack => iam.Role.fromRoleArn(stack, 'Shared', `arn:aws:iam::${ACCOUNT}:role/shared`)],
    ['imported by name', stack => iam.Role.fromRoleName(stack, 'Shared', 'shared')],
    ['of another runner', stack => runnerIn(stack, { stateStorage: StateStorage.newBucket({ prefix: 'z' }) }, 'Owner').taskRole],
  ];

  test.each(SHARED)('%s gets one policy per runner that shares it, without duplicate Sids', (_, make) => {
    const stack = newStack();
    const shared = make(stack);
    const secrets = { A: importedSecret(stack, 'one') };
    shared.addToPrincipalPolicy(new iam.PolicyStatement({ sid: 'ListState', actions: ['sns:Publish'], resources: ['*'] }));
    for (const id of ['First', 'Second']) {
      runnerIn(stack, { taskRole: shared, executionRole: shared, secrets, runnerId: id.toLowerCase() }, id);
    }
    const template = Template.fromStack(stack);
    const policies = Object.values(template.findResources('AWS::IAM::Policy')).map(({ Properties: properties }) => properties);
    for (const { PolicyDocument: document } of policies) {
      const sids = document.Statement.map(({ Sid: sid }: any) => sid).filter((sid: unknown) => sid !== undefined);
      expect(new Set(sids).size).toBe(sids.length);
    }
    const names = policies.map(({ PolicyName: name }) => JSON.stringify(name));
    expect(new Set(names).size).toBe(names.length);
    for (const sid of ['ReadAndWriteState', 'ReadSecrets']) {
      const count = policies.filter(({ PolicyDocument: document }) => document.Statement.some(({ Sid: other }: any) => other === sid)).length;
      expect([sid, count]).toEqual([sid, sid === 'ReadAndWriteState' && shared.node.scope !== stack ? 3 : 2]);
    }
  });

  test('gets no policy if starting a task needs no permission', () => {
    const stack = newStack();
    runnerIn(stack, { executionRole: iam.Role.fromRoleName(stack, 'E', 'e') });
    expect(Object.keys(Template.fromStack(stack).findResources('AWS::IAM::Policy')).filter(id => id.includes('ExecutionRole'))).toEqual([]);
  });

  test('gets its policies before the registration and loses them after it', () => {
    const stack = newStack();
    runnerIn(stack, { taskRole: iam.Role.fromRoleName(stack, 'T', 't'), executionRole: iam.Role.fromRoleName(stack, 'E', 'e'), secrets: { A: importedSecret(stack, 'one') } });
    const template = Template.fromStack(stack);
    const policies = Object.keys(template.findResources('AWS::IAM::Policy')).filter(id => /^Runner(Task|Execution)RolePolicy/.test(id));
    expect(policies.length).toBe(2);
    expect(only(template, 'Custom::HumanitecRunner').DependsOn).toEqual(expect.arrayContaining(policies));
  });

  test('that two stacks import gets policies with different names, because equal names would overwrite each other', () => {
    const names = ['One', 'Two'].map((id) => {
      const stack = newStack(undefined, id);
      runnerIn(stack, { taskRole: iam.Role.fromRoleName(stack, 'Shared', 'shared') });
      return JSON.stringify(only(Template.fromStack(stack), 'AWS::IAM::Policy', 'RunnerTaskRolePolicy').Properties.PolicyName);
    });
    expect(names[0]).not.toBe(names[1]);
    // Deployments of one app to several regions have the same construct paths, but different stack ids.
    expect(names[0]).toContain('AWS::StackId');
  });

  test('of another stack does not depend on the runner\'s stack', () => {
    const app = new App();
    const base = newStack(undefined, 'Base', app);
    const role = new iam.Role(base, 'Role', { assumedBy: TASKS });
    const stack = newStack(undefined, 'Stack', app);
    runnerIn(stack, { taskRole: role });
    // References in both directions would be an error.
    app.synth();
    expect(base.dependencies).toEqual([]);
    expect(only(Template.fromStack(stack), 'AWS::IAM::Policy', 'RunnerTaskRolePolicy').Properties.Roles).toEqual([{ 'Fn::ImportValue': expect.any(String) }]);
  });

  test.each<[string, (stack: Stack) => iam.IRole]>([
    ['of Role.withoutPolicyUpdates()', stack => new iam.Role(stack, 'Mine', { assumedBy: TASKS }).withoutPolicyUpdates()],
    ['imported with mutable: false', stack => iam.Role.fromRoleName(stack, 'Mine', 'mine', { mutable: false })],
    ['of Role.customizeRoles()', (stack) => {
      iam.Role.customizeRoles(stack, { usePrecreatedRoles: { 'Mine': 'mine', 'Runner/ExecutionRole': 'e', 'Runner/TaskManagerRole': 'm', 'HumanitecRunnerRegistration/Role': 'r' } });
      return new iam.Role(stack, 'Mine', { assumedBy: TASKS });
    }],
  ])('%s gets no policy, but a warning with each statement', (_, make) => {
    const stack = newStack();
    runnerIn(stack, { taskRole: make(stack), stateStorage: StateStorage.newBucket({ prefix: 'team' }) });
    expect(Object.keys(warnedStatements(stack, 'taskRole'))).toEqual(['ListState', 'ReadAndWriteState', 'FindMissingState']);
    expect(Object.keys(Template.fromStack(stack).findResources('AWS::IAM::Policy')).filter(id => id.startsWith('RunnerTaskRolePolicy'))).toEqual([]);
  });
});

test('a given role of a stack in another region is deployed before the runner, which refers to it by name', () => {
  const stack = newStack();
  const other = new Stack(stack.node.root, 'Elsewhere', { env: { account: ACCOUNT, region: 'eu-west-1' } });
  runnerIn(stack, { taskRole: new iam.Role(other, 'Given', { roleName: 'given', assumedBy: TASKS }) });
  Template.fromStack(stack);
  expect(stack.dependencies).toEqual([other]);
});

test('roles of Role.customizeRoles() create no resources, and the report lists their permissions', () => {
  const app = new App();
  const stack = newStack(undefined, 'Stack', app);
  const names = ['Runner/TaskRole', 'Runner/ExecutionRole', 'Runner/TaskManagerRole', 'HumanitecRunnerRegistration/Role'];
  iam.Role.customizeRoles(stack, { usePrecreatedRoles: Object.fromEntries(names.map((name, i) => [name, `role-${i}`])) });
  runnerIn(stack, { secrets: { A: importedSecret(stack, 'one') } });
  const assembly = app.synth();
  const template = Template.fromJSON(assembly.getStackByName('Stack').template);
  template.resourceCountIs('AWS::IAM::Role', 0);
  template.resourceCountIs('AWS::IAM::Policy', 0);
  const report = readFileSync(join(assembly.directory, 'iam-policy-report.json'), 'utf8');
  for (const sid of ['WriteLog', 'ReadApiTokenSecret', 'EnsureOidcProvider', 'ReadSecrets', 'ReadAndWriteState', 'RunTask']) {
    expect(report).toContain(`"Sid": "${sid}"`);
  }
});

describe('a resource policy that names a role of the runner causes no circular dependency', () => {
  const decryptFor = (role: iam.IRole) => new iam.PolicyStatement({ principals: [role], actions: ['kms:Decrypt'], resources: ['*'] });
  const grantsOf = (stack: Stack, encryptionKey: kms.IKey, runner: EcsRunner) => {
    for (const role of [runner.taskRole, runner.executionRole]) {
      new secretsmanager.Secret(stack, `${role.node.id}Secret`, { encryptionKey }).grantRead(role);
      encryptionKey.addToResourcePolicy(decryptFor(role));
      encryptionKey.grantEncryptDecrypt(role);
    }
  };

  test.each<[string, (stack: Stack, key: kms.Key) => Partial<EcsRunnerProps>]>([
    ['of the runner', (_, encryptionKey) => ({ encryptionKey })],
    ['of an existing bucket', (stack, encryptionKey) => ({ stateStorage: StateStorage.existingBucket(new s3.Bucket(stack, 'State', { encryption: s3.BucketEncryption.KMS, encryptionKey })) })],
    ['of the secret with the API token', (stack, encryptionKey) => ({
      orchestrator: Orchestrator.humanitec({ orgId: 'my-org', apiToken: ApiToken.fromSecretsManager(new secretsmanager.Secret(stack, 'Token', { encryptionKey })) }),
    })],
    ['of a deployment secret', (stack, encryptionKey) => ({ secrets: { A: ecs.Secret.fromSecretsManager(new secretsmanager.Secret(stack, 'A', { encryptionKey })) } })],
    ['of a parameter', (stack, encryptionKey) => ({ secrets: { A: importedParameter(stack, 'a', encryptionKey) } })],
    ['of all of these, with a value that only CloudFormation knows', (stack, encryptionKey) => ({
      encryptionKey,
      runnerId: new CfnParameter(stack, 'RunnerId').valueAsString,
      orchestrator: Orchestrator.humanitec({ orgId: 'my-org', apiToken: ApiToken.fromSecretsManager(new secretsmanager.Secret(stack, 'Token', { encryptionKey })) }),
      secrets: { A: ecs.Secret.fromSecretsManager(new secretsmanager.Secret(stack, 'A', { encryptionKey })) },
    })],
  ])('with the key %s', (_, props) => {
    const stack = newStack();
    const key = new kms.Key(stack, 'Key');
    grantsOf(stack, key, runnerIn(stack, props(stack, key)));
    // Template.fromStack() throws for a circular dependency.
    expect(JSON.stringify(only(Template.fromStack(stack), 'AWS::KMS::Key').Properties.KeyPolicy)).toContain('RunnerTaskRole');
  });

  test('with the key of the API token, and the task manager role of a runner that is given its id', () => {
    const stack = newStack();
    const key = new kms.Key(stack, 'Key');
    const token = new secretsmanager.Secret(stack, 'Token', { encryptionKey: key });
    const { taskManagerRole } = runnerIn(stack, {
      runnerId: 'prod', orchestrator: Orchestrator.humanitec({ orgId: 'my-org', apiToken: ApiToken.fromSecretsManager(token) }),
    });
    key.addToResourcePolicy(decryptFor(taskManagerRole));
    expect(JSON.stringify(only(Template.fromStack(stack), 'AWS::KMS::Key').Properties.KeyPolicy)).toContain('RunnerTaskManagerRole');
  });

  test('with the key of the runner, and the task manager role of a runner that is given its id and the OIDC provider', () => {
    const stack = newStack();
    const encryptionKey = new kms.Key(stack, 'Key');
    const { taskManagerRole } = runnerIn(stack, { runnerId: 'prod', encryptionKey, oidcProvider: new RunnerOidcProvider(stack, 'OidcProvider') });
    encryptionKey.addToResourcePolicy(decryptFor(taskManagerRole));
    expect(JSON.stringify(only(Template.fromStack(stack), 'AWS::KMS::Key').Properties.KeyPolicy)).toContain('RunnerTaskManagerRole');
  });

  test('with the repository of the image', () => {
    const stack = newStack();
    const repository = new ecr.Repository(stack, 'Repository');
    const runner = runnerIn(stack, { image: RunnerImage.fromEcrRepository(repository) });
    repository.addToResourcePolicy(new iam.PolicyStatement({ principals: [runner.executionRole], actions: ['ecr:BatchGetImage'] }));
    expect(JSON.stringify(only(Template.fromStack(stack), 'AWS::ECR::Repository').Properties)).toContain('RunnerExecutionRole');
  });

  test('with the state bucket, a secret, and the endpoint of a VPC', () => {
    const stack = newStack();
    const vpc = new ec2.Vpc(stack, 'Vpc');
    const secret = new secretsmanager.Secret(stack, 'Secret');
    const runner = runnerIn(stack, { vpc, subnetIds: undefined, registrationNetwork: { vpc }, secrets: { A: ecs.Secret.fromSecretsManager(secret) } });
    runner.stateBucket.addToResourcePolicy(new iam.PolicyStatement({ principals: [runner.taskRole], actions: ['s3:GetObject'], resources: [runner.stateBucket.arnForObjects('*')] }));
    secret.addToResourcePolicy(new iam.PolicyStatement({ principals: [runner.executionRole], actions: ['secretsmanager:GetSecretValue'], resources: ['*'] }));
    vpc.addGatewayEndpoint('S3', { service: ec2.GatewayVpcEndpointAwsService.S3 })
      .addToPolicy(new iam.PolicyStatement({ principals: [new iam.AnyPrincipal()], actions: ['s3:*'], resources: ['*'], conditions: { ArnEquals: { 'aws:PrincipalArn': runner.taskRole.roleArn } } }));
    Template.fromStack(stack).resourceCountIs('AWS::S3::BucketPolicy', 1);
  });
});

describe('the policy for an API token', () => {
  const teamOf = (stack: Stack, id: string) => {
    const team = new Construct(stack, id);
    const secret = new secretsmanager.Secret(team, 'Token', { encryptionKey: new kms.Key(team, 'Key') });
    const orchestrator = Orchestrator.humanitec({ orgId: id.toLowerCase(), apiToken: ApiToken.fromSecretsManager(secret) });
    const runner = new EcsRunner(team, 'Runner', { ...minimal(stack), orchestrator });
    runner.addRule('Rule', { envTypeId: 'production' });
    return team;
  };
  const policiesOf = (template: Template) => template.findResources('AWS::IAM::Policy', { Properties: { PolicyDocument: { Statement: Match.arrayWith([Match.objectLike({ Sid: 'ReadApiTokenSecret' })]) } } });

  test('is created before each custom resource that uses the token; the custom resource depends on no other policy', () => {
    const stack = newStack();
    teamOf(stack, 'One');
    // The second team is deployed after the first. The first must not depend on the API token of the second.
    teamOf(stack, 'Two').node.addDependency(stack.node.findChild('One'));
    const template = Template.fromStack(stack);
    const policies = policiesOf(template);
    expect(Object.keys(policies).length).toBe(2);
    for (const [id, { Properties: properties, DependsOn: dependsOn = [] }] of Object.entries(template.toJSON().Resources as Record<string, any>)) {
      if (properties?.OrgId) {
        const own = Object.keys(policies).filter(policy => JSON.stringify(policies[policy]).includes(properties.Token.SecretId.Ref));
        expect([id, Object.keys(policies).filter(policy => [dependsOn].flat().includes(policy))]).toEqual([id, own]);
      }
    }
  });

  test('is a different resource for a different token, so that CloudFormation deletes the old one last', () => {
    const [one, same, other] = [TOKEN_ARN, TOKEN_ARN, secretArn('other')].map((arn) => {
      const stack = newStack();
      const apiToken = ApiToken.fromSecretsManager(secretsmanager.Secret.fromSecretCompleteArn(stack, 'Secret', arn));
      runnerIn(stack, { orchestrator: Orchestrator.humanitec({ orgId: 'my-org', apiToken }) });
      return Object.keys(policiesOf(Template.fromStack(stack)));
    });
    expect(same).toEqual(one);
    expect(other).not.toEqual(one);
  });
});
