/** The doctor's checks of the API token and the registration, with the local orchestrator. */
import { AwsError } from '../../src/doctor/aws/error';
import { Context, findingsOf, memory } from '../../src/doctor/check';
import { REGISTRATION } from '../../src/doctor/checks/registration';
import { TOKEN } from '../../src/doctor/checks/token';
import { RUNNER_RULE_TYPE } from '../../src/registration/wire';
import { call, ORG, ROLE, server, UNKNOWN_UUID } from '../local/orchestrator/support';

const ALL_PERMISSIONS = 'Give it the permissions runner_read, runner_write, runner_rule_read and runner_rule_write, and check the organization id.';
const SEE_TOKEN = 'See the check `token`.';
const PROPERTIES = {
  RunnerId: 'prod-runner',
  OrgId: ORG,
  Token: { SecretId: 'api-token' } as object,
  Auth: { RoleArn: ROLE },
  Job: { Region: 'us-east-1', Cluster: 'cluster', Subnets: ['subnet-1'], ExecutionRoleArn: ROLE, TaskRoleArn: ROLE },
  StateStorage: { Bucket: 'state' },
};
const BODY = {
  id: 'prod-runner',
  runner_configuration: {
    type: 'serverless-ecs',
    auth: { role_arn: ROLE },
    job: { region: 'us-east-1', cluster: 'cluster', subnets: ['subnet-1'], execution_role_arn: ROLE, task_role_arn: ROLE },
  },
  state_storage_configuration: { type: 's3', bucket: 'state' },
};

interface Deployed {
  /** The content of the secret or parameter, or the error of AWS. */
  readonly stored?: string | AwsError;
  readonly properties?: object;
  readonly physicalId?: string;
  readonly rules?: { physicalId: string; properties: object }[];
  readonly apiUrl?: string;
}

function contextOf({ stored = 'writer', properties, physicalId = 'my-org/prod-runner', rules = [], apiUrl = server.url }: Deployed): Context {
  return {
    stack: { resources: rules.map(rule => ({ type: RUNNER_RULE_TYPE, ...rule })) },
    runner: { apiUrl, properties: { ...PROPERTIES, ...properties }, resource: { physicalId } },
    aws: async (service: string) => {
      if (stored instanceof AwsError) {
        throw stored;
      }
      return service === 'ssm' ? { Parameter: { Value: stored } } : { SecretString: stored };
    },
    once: memory(),
  } as unknown as Context;
}

const awsError = (code: string) => new AwsError('secretsmanager', 'GetSecretValue', code, 'words of AWS.');

describe('the check of the API token', () => {
  test('accepts a token with all permissions, also in a field of a secret and in a parameter', async () => {
    const accepted = [{ result: 'ok', found: 'The orchestrator accepts the API token, which may read runners and rules, and write runners.' }];
    expect(await findingsOf(TOKEN, contextOf({}))).toEqual(accepted);
    expect(await findingsOf(TOKEN, contextOf({ stored: '{"a":"writer"}', properties: { Token: { SecretId: 's', SecretField: 'a' } } }))).toEqual(accepted);
    expect(await findingsOf(TOKEN, contextOf({ stored: 'writer\n', properties: { Token: { ParameterName: '/p' } } }))).toEqual(accepted);
  });

  test('reports a token that the orchestrator does not accept', async () => {
    expect(await findingsOf(TOKEN, contextOf({ stored: 'expired' }))).toEqual([{
      result: 'problem',
      found: expect.stringMatching(/^The orchestrator does not accept the API token in the secret api-token\. It said: .+\.$/),
      remedy: 'Put a valid API token there. A deployment is not needed.',
    }]);
  });

  test('reports each missing permission', async () => {
    server.setTokens([{ token: 'reader', orgs: [ORG], permissions: ['runner_read'] }]);
    expect(await findingsOf(TOKEN, contextOf({ stored: 'reader' }))).toEqual(['runner_rule_read', 'runner_write'].map(permission => ({
      result: 'problem',
      found: expect.stringMatching(new RegExp(`^The API token in the secret api-token lacks the permission ${permission} in the organization 'my-org'\\. It said: .+\\.$`)),
      remedy: ALL_PERMISSIONS,
    })));
  });

  test.each(['/runners', '/runner-rules'])('is reported as unknown if the API rejects GET %s for another reason', async (refused) => {
    server.setFaults(({ path }) => path.includes(`${refused}?`)
      ? { name: 'other', carriedOut: false, answer: { kind: 'other', status: 400, body: '{"error":"x","message":"Too many pages."}' } } : undefined);
    expect(await findingsOf(TOKEN, contextOf({}))).toEqual([{
      result: 'unknown',
      found: `The permission ${refused === '/runners' ? 'runner_read' : 'runner_rule_read'} of the API token could not be checked: HTTP 400. It said: Too many pages.`,
      remedy: 'Correct the cause that the orchestrator names, then run the doctor again.',
    }]);
  });

  test('reports a token of another organization', async () => {
    expect(await findingsOf(TOKEN, contextOf({ stored: 'stranger' }))).toEqual([expect.objectContaining({ result: 'problem', remedy: ALL_PERMISSIONS })]);
  });

  test.each<[string, string | AwsError, string, string, string]>([
    ['a missing secret', awsError('ResourceNotFoundException'), 'problem',
      'The secret api-token with the API token cannot be read: ResourceNotFoundException: words of AWS.', 'Restore it. Put the API token of the orchestrator there.'],
    ['a secret that is scheduled for deletion', awsError('InvalidRequestException'), 'problem',
      'The secret api-token with the API token cannot be read: InvalidRequestException: words of AWS.', 'Restore it. Put the API token of the orchestrator there.'],
    ['a secret without a token', '{"token": "x y"}', 'problem', 'The secret api-token holds no API token.', 'Put the API token of the orchestrator there.'],
  ])('reports %s', async (_, stored, result, found, remedy) => {
    expect(await findingsOf(TOKEN, contextOf({ stored }))).toEqual([{ result, found, remedy }]);
    expect(await findingsOf(REGISTRATION, contextOf({ stored }))).toEqual([
      { result: 'unknown', found: 'The registration cannot be read without the API token.', remedy: SEE_TOKEN },
    ]);
  });

  test('reports a secret whose field has no token', async () => {
    expect(await findingsOf(TOKEN, contextOf({ stored: 'writer', properties: { Token: { SecretId: 's', SecretField: 'token' } } }))).toEqual([
      { result: 'problem', found: 'The secret s holds no API token in its field "token".', remedy: 'Put the API token of the orchestrator there.' },
    ]);
  });

  test('names the permission that the user needs to read the secret', async () => {
    const [{ result, found, remedy }] = await findingsOf(TOKEN, contextOf({ stored: awsError('AccessDeniedException') }));
    expect([result, found, remedy]).toEqual(['unknown', 'secretsmanager:GetSecretValue was denied.', 'Allow secretsmanager:GetSecretValue to these credentials.']);
  });
});

describe.each([TOKEN, REGISTRATION])('the check `$id`', (checked) => {
  test.each<[string, { status: number; headers?: Record<string, string>; body?: string }, RegExp]>([
    ['a redirect', { status: 302, headers: { location: 'https://other.example/' } }, /answered HTTP 302\.$/],
    ['throttling', { status: 429, body: '{"error":"x"}' }, /answered HTTP 429\.$/],
    ['an error of the server', { status: 503 }, /answered HTTP 503\.$/],
    ['a 404 of a proxy', { status: 404, body: '<html></html>' }, /is not the orchestrator's API \(HTTP 404\)\.$/],
    ['a page of a proxy', { status: 200, body: '<html></html>' }, /is not the orchestrator's API \(HTTP 200\)\.$/],
  ])('cannot be completed after %s', async (name, answer, found) => {
    server.setFaults(() => ({ name, carriedOut: false, answer: { kind: 'other', ...answer } }));
    expect(await findingsOf(checked, contextOf({}))).toEqual([{ result: 'unknown', found: expect.stringMatching(found), remedy: expect.any(String) }]);
  });

  test('cannot be completed without an answer', async () => {
    expect(await findingsOf(checked, contextOf({ apiUrl: 'http://127.0.0.1:2' }))).toEqual([{
      result: 'unknown',
      found: expect.stringMatching(/^The orchestrator's API at http:\/\/127\.0\.0\.1:2 gave this machine no answer \(.+\)\.$/),
      remedy: 'Check that the API is up, and that this machine can reach it. For a private CA, set NODE_EXTRA_CA_CERTS.',
    }]);
  });

  test('never prints the API token', async () => {
    server.setFaults(() => ({ name: 'echo', carriedOut: false, answer: { kind: 'other', status: 401, body: '{"error":"x","message":"bad token writer"}' } }));
    const text = JSON.stringify(await findingsOf(checked, contextOf({})));
    expect(text).toContain('bad token ***');
    expect(text).not.toContain('writer');
  });
});

describe('the check of the registration', () => {
  const register = async () => (await call('POST', `/orgs/${ORG}/runners`, BODY)).body;
  const addRule = async (change: object = {}) => (await call('POST', `/orgs/${ORG}/runner-rules`, { runner_id: 'prod-runner', project_id: 'blog', ...change })).body.id;
  const rule = (physicalId: string) => ({ physicalId, properties: { RunnerId: 'prod-runner', ProjectId: 'blog' } });
  const RULE_REMEDY = 'Remove the rule from the app, deploy, add it again, and deploy again.';

  test('accepts a registration and its rules as in the template', async () => {
    const { created_at: created } = await register();
    const id = await addRule();
    expect(await findingsOf(REGISTRATION, contextOf({ physicalId: `my-org/prod-runner@${created}`, rules: [rule(`${id};adopted`)] }))).toEqual([
      { result: 'ok', found: "The runner 'prod-runner' is registered as in the template." },
    ]);
  });

  test('reports a runner that is not registered', async () => {
    expect(await findingsOf(REGISTRATION, contextOf({}))).toEqual([{
      result: 'problem', found: "The runner 'prod-runner' is not registered at the orchestrator.", remedy: 'To register it again, change an input such as `description` and deploy again.',
    }]);
  });

  test('reports a field that differs from the template', async () => {
    await register();
    const [finding, ...others] = await findingsOf(REGISTRATION, contextOf({ properties: { StateStorage: { Bucket: 'another' } } }));
    expect(finding).toMatchObject({ result: 'problem', found: expect.stringMatching(/^The registration of 'prod-runner' differs from the template: .*'another'.*\.$/) });
    expect(others).toEqual([]);
  });

  test('reports a runner that somebody else created again', async () => {
    const { created_at: created } = await register();
    expect(await findingsOf(REGISTRATION, contextOf({ physicalId: 'my-org/prod-runner@2026-01-01T00:00:00Z;was=x' }))).toEqual([{
      result: 'problem',
      found: `The runner 'prod-runner' was created again by somebody else at ${created}; the stack created it at 2026-01-01T00:00:00Z.`,
      remedy: expect.stringContaining('`adoptExisting`'),
    }]);
  });

  test('reports a rule that does not exist, and a rule that points at another runner', async () => {
    await register();
    await call('POST', `/orgs/${ORG}/runners`, { ...BODY, id: 'other-runner' });
    const id = await addRule({ runner_id: 'other-runner' });
    expect(await findingsOf(REGISTRATION, contextOf({ rules: [rule(UNKNOWN_UUID), rule(id as string)] }))).toEqual([
      {
        result: 'problem',
        remedy: RULE_REMEDY,
        found: `The runner rule ${UNKNOWN_UUID} (project blog, environment type any) does not exist at the orchestrator: its environments do not get this runner.`,
      },
      { result: 'problem', remedy: RULE_REMEDY, found: `The runner rule ${id} (project blog, environment type any) points at the runner 'other-runner'.` },
    ]);
  });

  test('cannot read runner and rules without permission', async () => {
    await register();
    server.setTokens([{ token: 'writer', orgs: [ORG], permissions: ['runner_read'] }]);
    expect(await findingsOf(REGISTRATION, contextOf({ rules: [rule(UNKNOWN_UUID)] }))).toEqual([
      { result: 'unknown', found: `The runner rule ${UNKNOWN_UUID} cannot be read: HTTP 403.`, remedy: SEE_TOKEN },
    ]);
    server.setTokens([{ token: 'writer', orgs: [ORG], permissions: ['runner_rule_read'] }]);
    expect(await findingsOf(REGISTRATION, contextOf({}))).toEqual([
      { result: 'unknown', found: expect.stringMatching(/^The runner 'prod-runner' cannot be read: HTTP 403\. It said: .+\.$/), remedy: SEE_TOKEN },
    ]);
  });
});
