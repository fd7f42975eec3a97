import { spawnSync } from 'child_process';
import { readFileSync } from 'fs';
import { join } from 'path';
import * as fc from 'fast-check';
import * as ts from 'typescript';
import { moduleState, type ModuleSettings, type State } from './module-state';
import { printProgram } from '../../src/from-terraform/program';

const ROOT = join(__dirname, '..', '..');
const ACCOUNT = '123456789012';
const SECRET_ARN = `arn:aws:secretsmanager:us-east-1:${ACCOUNT}:secret:database-AbCdEf`;
const MARKER = 'value-that-nobody-may-see';

/** A runner with all settings that the command maps. */
const COMPLETE: ModuleSettings = {
  prefix: 'team/states',
  keyArn: `arn:aws:kms:us-east-1:${ACCOUNT}:key/12345678-1234-1234-1234-123456789012`,
  environment: { TF_VAR_size: 'small', TF_VAR_text: 'it\'s "quoted"' },
  secrets: { TF_VAR_database: SECRET_ARN, RUNNER_GIT_SSH_KEYS: `arn:aws:ssm:us-east-1:${ACCOUNT}:parameter/platform/git`, TF_VAR_plain: `arn:aws:ssm:us-east-1:${ACCOUNT}:parameter/plain` },
  tags: { 'Team': 'platform', 'cost-center': '42' },
  job: { image: `${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/runner:1.0`, is_public_ip_enabled: true },
  rules: [{ env_type_id: 'production' }, { project_id: 'shop', env_type_id: 'development' }, {}],
};

const print = (settings: ModuleSettings = {}, ...args: string[]) => printProgram(args, JSON.stringify(moduleState(settings)));
/** A paragraph of the introduction, without comment signs. */
const paragraph = (program: string, first: string) => program.replace(/^\/\/ ?/gm, '').split('\n\n').find(text => text.startsWith(first)) ?? '';

describe('the printed program', () => {
  test('is the one that the project compiles', () => {
    expect(print(COMPLETE)).toBe(readFileSync(join(__dirname, 'printed-app.ts'), 'utf8'));
  });

  test('constructs a runner', () => {
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    expect(() => require('./printed-app')).not.toThrow();
  });

  test('is the one that the guide shows', () => {
    const guide = readFileSync(join(ROOT, 'docs', 'MIGRATING.md'), 'utf8');
    const [, shown] = /```ts\n(.*?)```/s.exec(guide) ?? [];
    expect(print()).toBe(shown);
  });

  test('names the API and the issuer of a self-hosted orchestrator', () => {
    const program = print({ issuer: 'oidc.orchestrator.example' }, '--api-url', 'https://api.orchestrator.example');
    expect(program).toContain('orchestrator: Orchestrator.selfHosted({');
    expect(program).toContain('apiUrl: \'https://api.orchestrator.example\',\n    oidcIssuerUrl: \'https://oidc.orchestrator.example\',');
  });

  test('requires the organization and the issuer as options if the state has no task manager role', () => {
    const state = withoutType('aws_iam_role');
    expect(() => printProgram([], state)).toThrow('Give both with --org and --oidc-issuer');
    expect(printProgram(['--org', 'other-org', '--oidc-issuer', 'https://oidc.humanitec.dev'], state)).toContain('orgId: \'other-org\'');
  });

  test('is valid TypeScript with the same statements for any strings in the state', () => {
    const text = fc.string({ unit: 'binary', maxLength: 20 });
    const texts = fc.dictionary(text, text, { maxKeys: 3 });
    fc.assert(fc.property(text, text, texts, texts, texts, text, (prefix, envType, environment, secrets, tags, index) => {
      const program = print({ prefix, environment, secrets, tags, rules: [{ env_type_id: envType }], module: `module.ecs_runner[${JSON.stringify(index)}]`, job: { image: prefix } });
      const source = ts.createSourceFile('app.ts', program, ts.ScriptTarget.ES2022) as ts.SourceFile & { parseDiagnostics: ts.Diagnostic[] };
      expect(source.parseDiagnostics).toEqual([]);
      expect(source.statements.filter(statement => !ts.isImportDeclaration(statement)).map(({ kind }) => ts.SyntaxKind[kind])).toEqual([
        'FirstStatement', 'FirstStatement', 'FirstStatement', 'ForOfStatement', 'FirstStatement', 'ExpressionStatement',
      ]);
    }), { numRuns: 50 });
  });
});

describe('the introduction', () => {
  test('lists the resources that are kept, refer to the module, or are deleted by Terraform', () => {
    const program = print({ hasVpc: true, taskPolicy: {} });
    const steps = paragraph(program, 'Steps');
    const state = moduleState({ hasVpc: true, taskPolicy: {} });
    const ofModule = state.resources.filter(({ mode, module }) => mode === 'managed' && module === 'module.ecs_runner');
    const named = (type: string, name: string) => steps.includes(`module.ecs_runner.${type}.${name}`);
    expect(ofModule.filter(({ type, name }) => !named(type, name))).toEqual([]);
    expect(steps).toContain('terraform state rm \'module.ecs_runner.module.vpc[0]\'');
    expect(steps).toContain('terraform state rm \'platform-orchestrator_runner_rule.rule[0]\'');
    expect(steps).toContain('   - aws_iam_role_policy.deployments[0]\n');
    expect(steps.slice(steps.indexOf('which deletes:'), steps.indexOf('8.')).trim().split('\n').slice(1)).toEqual([
      '   - module.ecs_runner.random_id.suffix', '   - module.ecs_runner.aws_iam_role.ecs_task_manager', '   - module.ecs_runner.aws_iam_role_policy.ecs_task_manager',
    ]);
  });

  test('leaves the other modules of a configuration in its state', () => {
    const [blue, green] = ['blue', 'green'].map(name => moduleState({ module: `module.ecs_runner["${name}"]`, runnerId: `${name}-runner` }));
    const both = JSON.stringify({ ...blue, resources: [...blue.resources, ...green.resources] });
    const program = printProgram(['--runner', 'module.ecs_runner["green"].platform-orchestrator_serverless_ecs_runner.runner'], both);
    expect(program).toContain('runnerId: \'green-runner\'');
    expect(program).toContain('terraform state rm \'module.ecs_runner["green"].aws_s3_bucket.state\'');
    expect(program).not.toContain('blue');
  });

  test('leaves the resources of the root module in Terraform', () => {
    const steps = paragraph(print({ module: '' }), 'Steps');
    expect([...steps.matchAll(/state rm '(.*)'/g)].map(([, address]) => address)).toEqual([
      'platform-orchestrator_serverless_ecs_runner.runner', 'platform-orchestrator_runner_rule.rule[0]',
    ]);
    expect(steps).toContain('which deletes:\n   - aws_iam_role.ecs_task_manager\n   - aws_iam_role_policy.ecs_task_manager\n');
  });

  test.each<[string, ModuleSettings, string]>([
    ['session names', { auth: { session_name: 'my-session' } }, 'The session name my-session'],
    ['STS regions', { auth: { sts_region: 'eu-central-1' } }, 'The STS region eu-central-1'],
    ['missing security groups', { securityGroupIds: [] }, 'The runner has no security groups'],
    ['missing rules', { rules: [] }, 'The state has no rule for the runner'],
    ['secrets of other regions', { secrets: { TF_VAR_far: `arn:aws:ssm:eu-west-1:${ACCOUNT}:parameter/far` } }, 'The secret TF_VAR_far'],
    ['variables of the orchestrator', { environment: { LOG_LEVEL: 'debug' } }, 'Environment variables: LOG_LEVEL'],
  ])('reports %s as not mapped', (_, settings, text) => {
    expect(paragraph(print(settings), 'Not mapped')).toContain(text);
    expect(paragraph(print(), 'Not mapped')).toBe('');
  });
});

describe('a secret value is not printed if', () => {
  const JOB = ['runner_configuration', 'job'];
  test.each<[string, ModuleSettings, string]>([
    ['Terraform hides the environment', { environment: { SIZE: MARKER }, sensitive: [[...JOB, 'environment']] }, 'marks the environment variables as sensitive'],
    ['Terraform hides one variable', { environment: { SIZE: MARKER }, sensitive: [[...JOB, 'environment', 'SIZE']] }, 'marks the environment variables as sensitive'],
    ['the name of a variable is that of a secret', { environment: { TF_VAR_db_password: MARKER, SIZE: 'small' } }, 'Environment variables: TF_VAR_db_password.'],
    ['a variable is a private key', { environment: { SIZE: `-----BEGIN RSA PRIVATE KEY-----\n${MARKER}` } }, 'Environment variables: SIZE.'],
    ['a variable is a URL with a password', { environment: { DATABASE: `postgres://admin:${MARKER}@db.example.com` } }, 'Environment variables: DATABASE.'],
    ['`secrets` has a value instead of an ARN', { secrets: { DATABASE: MARKER } }, 'The secret DATABASE'],
    ['Terraform hides the ARNs of secrets', { secrets: { DATABASE: `${SECRET_ARN}${MARKER}` }, sensitive: [[...JOB, 'secrets']] }, 'marks the ARNs of `secrets` as sensitive'],
  ])('%s', (_, settings, text) => {
    const program = print(settings);
    expect(paragraph(program, 'Not mapped')).toContain(text);
    expect(program).not.toContain(MARKER);
    expect(program).not.toContain('environment: {');
  });

  test('the value is in another resource', () => {
    const state = moduleState();
    const instance = { schema_version: 0, attributes: { private_key_pem: MARKER, name: MARKER }, sensitive_attributes: [] };
    const key = { mode: 'managed', type: 'tls_private_key', name: 'git', provider: '', instances: [instance] };
    expect(printProgram([], JSON.stringify({ ...state, outputs: { key: { value: MARKER } }, resources: [key, ...state.resources] }))).not.toContain(MARKER);
  });

  test('the state cannot be read', () => {
    const message = messageOf(() => printProgram([], `{"password":"${MARKER}"`));
    expect(message).toContain('The standard input is not JSON.');
    expect(message).not.toContain(MARKER);
  });
});

describe('the command rejects', () => {
  const state = moduleState();
  test.each<[string, string, string]>([
    ['no state', ' \n', 'There is no state on standard input. Pipe the state into this command: terraform state pull |'],
    ['a list', '[]', 'is JSON, but not a Terraform state'],
    ['an encrypted state', '{"encrypted_data":"x","serial":1}', 'The state is encrypted. Pipe the decrypted state into this command: tofu state pull |'],
    ['the output of terraform show', '{"format_version":"1.0","values":{}}', 'is the output of `terraform show -json`, not a state'],
    ['an old state', '{"version":3}', 'The format version of the state is 3. Expected 4'],
    ['a state without a version', '{}', 'The format version of the state is missing. Expected 4'],
    ['a state without a runner', withoutType('platform-orchestrator_serverless_ecs_runner'), 'but no runner on Amazon ECS'],
    ['several runners', JSON.stringify({ ...state, resources: [...state.resources, ...moduleState({ module: 'module.second' }).resources] }),
      'Choose one with --runner \'<address>\':\n  module.ecs_runner.platform-orchestrator_serverless_ecs_runner.runner\n  module.second.platform-orchestrator_serverless_ecs_runner.runner'],
    ['a self-hosted orchestrator without its API', JSON.stringify(moduleState({ issuer: 'oidc.orchestrator.example' })), 'give it with --api-url'],
    ['another partition', JSON.stringify(moduleState({ auth: { role_arn: `arn:aws-cn:iam::${ACCOUNT}:role/manager` } })), 'is not a role of the partition "aws"'],
    ['a runner without subnets', JSON.stringify(moduleState({ job: { subnets: [] } })), 'has no runner_configuration.job.subnets in the state. Expected'],
    ['a sensitive cluster name', JSON.stringify(moduleState({ sensitive: [['runner_configuration', 'job', 'cluster']] })), 'because Terraform marks it as sensitive'],
  ])('%s', (_, text, message) => {
    expect(messageOf(() => printProgram([], text))).toContain(message);
  });

  test('an address that the state does not have', () => {
    expect(messageOf(() => print({}, '--runner', 'module.other'))).toContain('no runner at the address that --runner names');
  });

  test('an unknown option', () => {
    expect(messageOf(() => print({}, '--runner-id', 'x'))).toBe('Unknown option \'--runner-id\'. The options are --runner, --api-token-secret, --api-url, --org, --oidc-issuer.');
  });
});

describe('the process', () => {
  const run = (input: string, ...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(join(ROOT, 'node_modules', '.bin', 'tsx'), ['src/cli.ts', 'from-terraform', ...args], { cwd: ROOT, input, encoding: 'utf8' });
    return { status, stdout, stderr };
  };

  test('prints the app of a large state', () => {
    // Larger than the buffer of a pipe.
    expect(run(JSON.stringify({ ...moduleState(), padding: ' '.repeat(1_000_000) }))).toEqual({ status: 0, stdout: print(), stderr: '' });
  });

  test('fails with the message and prints no app if there is no state', () => {
    const { status, stdout, stderr } = run('');
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^There is no state on standard input\..*\n$/);
  });

  test('describes its options with --help', () => {
    const { status, stdout } = run('', '--help');
    expect(status).toBe(0);
    expect(stdout).toContain('terraform state pull | npx cdk-humanitec-ecs-runner from-terraform > app.ts');
  });
});

function withoutType(type: string): string {
  const state: State = moduleState();
  return JSON.stringify({ ...state, resources: state.resources.filter(resource => resource.type !== type) });
}

function messageOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return (error as Error).message;
  }
  return 'no error';
}
