import { execFileSync } from 'child_process';
import { join } from 'path';
import { CfnAnswer, invoke, Invocation, lossyProxy, ROLE, SECRET, SecretStore, SIGNATURE, STACK } from './support';
import { LocalOrchestrator, startOrchestrator } from '../../local/orchestrator';

const TOKEN = 'token-of-my-org';
const READ_ONLY = 'token-that-reads';
const OTHER_ROLE = 'arn:aws:iam::123456789012:role/Other';

const store = new SecretStore();
let api: LocalOrchestrator;

beforeAll(async () => {
  execFileSync(join(__dirname, '..', '..', 'node_modules', '.bin', 'tsx'), ['tools/bundle.ts'], { cwd: join(__dirname, '..', '..') });
  await store.start();
});
afterAll(() => store.stop());

beforeEach(async () => {
  api = await startOrchestrator({
    orgs: ['my-org', 'other-org'],
    tokens: [{ token: TOKEN, orgs: ['my-org', 'other-org'] }, { token: READ_ONLY, orgs: ['my-org'], canWrite: false }],
  });
  store.values.clear();
  store.values.set(SECRET, TOKEN);
});
afterEach(() => api.close());

type Props = Record<string, any>;
const common = (): Props => ({ ServiceToken: 'arn:aws:lambda:us-east-1:123456789012:function:f', ApiUrl: api.url, OrgId: 'my-org', Token: { SecretId: SECRET } });
const runnerProps = (change: Props = {}): Props => ({
  ...common(),
  RunnerId: 'prod-runner',
  Description: 'text',
  Auth: { RoleArn: ROLE },
  Job: {
    Region: 'us-east-1',
    Cluster: 'cluster',
    Subnets: ['subnet-1', 'subnet-2'],
    SecurityGroups: ['sg-1'],
    IsPublicIpEnabled: 'false',
    ExecutionRoleArn: 'arn:aws:iam::123456789012:role/execution',
    TaskRoleArn: 'arn:aws:iam::123456789012:role/task',
    Environment: { A: '1' },
    Secrets: { B: `${SECRET.slice(0, -6)}GhIjKl` },
  },
  StateStorage: { Bucket: 'state-bucket', PathPrefix: 'team' },
  ...change,
});
/** The runner as the API has it for `runnerProps()`, but for the fields that the API adds. */
const BODY = {
  description: 'text',
  runner_configuration: {
    type: 'serverless-ecs',
    auth: { role_arn: ROLE },
    job: {
      region: 'us-east-1',
      cluster: 'cluster',
      subnets: ['subnet-1', 'subnet-2'],
      security_groups: ['sg-1'],
      is_public_ip_enabled: false,
      execution_role_arn: 'arn:aws:iam::123456789012:role/execution',
      task_role_arn: 'arn:aws:iam::123456789012:role/task',
      environment: { A: '1' },
      secrets: { B: `${SECRET.slice(0, -6)}GhIjKl` },
    },
  },
  state_storage_configuration: { type: 's3', bucket: 'state-bucket', path_prefix: 'team' },
};

/** Sends one event; CloudFormation has to get exactly one answer, and nobody the token or the signature. */
async function send(
  type: 'RunnerId' | 'Runner' | 'RunnerRule', request: 'Create' | 'Update' | 'Delete', properties: Props,
  extra: { id?: string; old?: Props; logicalId?: string; stack?: string } = {}, options: Parameters<typeof invoke>[2] = {},
): Promise<CfnAnswer & Pick<Invocation, 'log' | 'seconds' | 'bytes' | 'contentTypes'>> {
  const result = await invoke({
    RequestType: request,
    StackId: extra.stack ?? STACK,
    RequestId: 'request-1',
    ResourceType: `Custom::Humanitec${type}`,
    LogicalResourceId: extra.logicalId ?? 'Logical',
    PhysicalResourceId: extra.id,
    ResourceProperties: properties,
    OldResourceProperties: extra.old,
  }, store.env, options);
  expect({ answers: result.answers.length, log: result.answers.length === 1 ? '' : result.log }).toEqual({ answers: 1, log: '' });
  const seen = JSON.stringify(result.answers) + result.log;
  for (const secret of [TOKEN, READ_ONLY, SIGNATURE]) {
    expect(seen).not.toContain(secret);
  }
  return { ...result.answers[0], ...result };
}

async function call(method: string, path: string, body?: object, org = 'my-org'): Promise<{ status: number; body: any }> {
  const response = await fetch(`${api.url}/orgs/${org}${path}`, {
    method, headers: { authorization: `Bearer ${TOKEN}`, ...(body ? { 'content-type': 'application/json' } : {}) }, body: body && JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, body: text ? JSON.parse(text) : undefined };
}

const registered = async () => (await call('GET', '/runners/prod-runner')).body;
const isGone = async () => (await call('GET', '/runners/prod-runner')).status === 404;
const foreign = () => call('POST', '/runners', {
  id: 'prod-runner', ...BODY, runner_configuration: { ...BODY.runner_configuration, auth: { role_arn: OTHER_ROLE } },
});

/** Puts the runner in use, as a deployment would. */
async function deploy(): Promise<void> {
  expect((await call('POST', '/env-types', { id: 'development' })).status).toBe(201);
  expect((await call('POST', '/projects', { id: 'shop' })).status).toBe(201);
  const rule = await call('POST', '/runner-rules', { runner_id: 'prod-runner' });
  expect(rule.status).toBe(201);
  expect((await call('POST', '/projects/shop/envs', { id: 'dev', env_type_id: 'development' })).status).toBe(201);
  await call('DELETE', `/runner-rules/${rule.body.id}`);
}

describe('the runner\'s id', () => {
  test('is the given one', async () => {
    const answer = await send('RunnerId', 'Create', { ...common(), RunnerId: 'prod-runner' });
    expect(answer).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'prod-runner', Data: { RunnerId: 'prod-runner' } });
    expect(answer.contentTypes).toEqual(['']);
  });

  test('is generated: the same each time, another one in other stacks and for other resources', async () => {
    const properties = { ...common(), RunnerIdPrefix: 'prod' };
    const id = (await send('RunnerId', 'Create', properties)).PhysicalResourceId;
    expect(id).toMatch(/^prod-[a-z0-9]{8}$/);
    expect((await send('RunnerId', 'Create', properties)).PhysicalResourceId).toBe(id);
    expect((await send('RunnerId', 'Update', properties, { id })).PhysicalResourceId).toBe(id);
    expect((await send('RunnerId', 'Create', properties, { logicalId: 'Other' })).PhysicalResourceId).not.toBe(id);
    expect((await send('RunnerId', 'Create', properties, { stack: `${STACK}6` })).PhysicalResourceId).not.toBe(id);
  });

  test('is deleted without a call', async () => {
    expect(await send('RunnerId', 'Delete', { ...common(), ApiUrl: 'http://127.0.0.1:1' }, { id: 'prod-runner' })).toMatchObject({ Status: 'SUCCESS' });
    expect(api.requests).toEqual([]);
  });

  test.each([
    ['a token that is not accepted', () => store.values.set(SECRET, 'bad'), {}, new RegExp(`HTTP 401 from .*The API token in secret ${SECRET} was not accepted by http`)],
    ['an unknown organization', () => undefined, { OrgId: 'nobody' }, /HTTP 404 .*Check that organization 'nobody' exists at http/],
    ['a secret that is not there', () => store.values.delete(SECRET), {}, /Reading the API token from secret .* failed: ResourceNotFoundException/],
    ['a secret that may not be read', () => store.values.set(SECRET, 'DENIED'), {}, /Reading the API token from secret .* failed: AccessDeniedException/],
    ['an empty secret', () => store.values.set(SECRET, '\n'), {}, /has no text: expected the API token/],
    ['a secret that is JSON', () => store.values.set(SECRET, '{ "a": "b" }'), {}, /It looks like JSON: name the token's field/],
    ['a secret that is not JSON', () => undefined, { Token: { SecretId: SECRET, SecretField: 'token' } }, /is not JSON: expected an object with the field "token"/],
    ['a secret without the field', () => store.values.set(SECRET, '{}'), { Token: { SecretId: SECRET, SecretField: 'token' } }, /has no text in its field "token"/],
  ])('refuses %s', async (_what, prepare, change, reason) => {
    prepare();
    const answer = await send('RunnerId', 'Create', { ...common(), ...change, RunnerId: 'prod-runner' });
    expect(answer.Status).toBe('FAILED');
    expect(answer.Reason).toMatch(reason);
    expect(answer.Reason).toMatch(/\(log stream log-stream\)$/);
  });

  test('refuses an API that is not there, soon enough for somebody who waits', async () => {
    const answer = await send('RunnerId', 'Create', { ...common(), ApiUrl: 'http://127.0.0.1:1', RunnerId: 'prod-runner' });
    expect(answer.Status).toBe('FAILED');
    expect(answer.Reason).toMatch(/no answer from http:\/\/127\.0\.0\.1:1 \(.+\)\. Check that http:\/\/127\.0\.0\.1:1 is right, up, and can be reached/);
    expect(answer.seconds).toBeLessThan(30);
  }, 60_000);

  test.each([
    ['a field of a secret', { SecretId: SECRET, SecretField: 'token' }, () => store.values.set(SECRET, JSON.stringify({ token: TOKEN }))],
    ['a secret with a line end', { SecretId: SECRET }, () => store.values.set(SECRET, `${TOKEN}\n`)],
    ['a parameter', { ParameterName: '/my-org/token' }, () => store.values.set('/my-org/token', TOKEN)],
  ])('takes the token from %s', async (_what, token, prepare) => {
    prepare();
    expect(await send('RunnerId', 'Create', { ...common(), Token: token, RunnerId: 'prod-runner' })).toMatchObject({ Status: 'SUCCESS' });
  });
});

describe('a runner', () => {
  test('is registered with the exact body, changed, and deleted', async () => {
    const created = await send('Runner', 'Create', runnerProps());
    expect(created).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'my-org/prod-runner', Data: { RunnerId: 'prod-runner' } });
    expect(api.requests.find(({ method }) => method === 'POST')!.body).toEqual({ id: 'prod-runner', ...BODY });

    const { Description: _, ...plain } = runnerProps();
    const job = { ...plain.Job, IsPublicIpEnabled: 'true', Image: 'ghcr.io/my-org/runner:1', SecurityGroups: undefined, Environment: undefined, Secrets: undefined };
    const updated = await send('Runner', 'Update', { ...plain, Job: job }, { id: created.PhysicalResourceId, old: runnerProps() });
    expect(updated).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: created.PhysicalResourceId });
    expect(api.requests.find(({ method }) => method === 'PATCH')!.body).toEqual({
      ...BODY,
      // Left out, it would stay as it was.
      description: '',
      runner_configuration: {
        ...BODY.runner_configuration,
        job: { ...BODY.runner_configuration.job, is_public_ip_enabled: true, image: 'ghcr.io/my-org/runner:1', security_groups: [], environment: {}, secrets: {} },
      },
    });

    expect(await send('Runner', 'Delete', plain, { id: created.PhysicalResourceId })).toMatchObject({ Status: 'SUCCESS' });
    expect(await isGone()).toBe(true);
    expect(await send('Runner', 'Delete', plain, { id: created.PhysicalResourceId })).toMatchObject({ Status: 'SUCCESS' });
  });

  test('gets a session name that STS takes', async () => {
    const id = `prod-${'x'.repeat(90)}`;
    await send('Runner', 'Create', runnerProps({ RunnerId: id }));
    const { session_name: name } = (await call('GET', `/runners/${id}`)).body.runner_configuration.auth;
    expect(name).toHaveLength(64);
    expect(name).toMatch(/^my-org-prod-x+-[0-9a-f]{8}$/);
  });

  test('is found again when the answer to its creation was lost', async () => {
    let lost = 0;
    const proxy = await lossyProxy(api.url, method => method === 'POST' && lost++ === 0);
    const answer = await send('Runner', 'Create', runnerProps({ ApiUrl: proxy.url }));
    proxy.close();
    expect(answer).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'my-org/prod-runner' });
    expect(lost).toBe(2);
    expect(await registered()).toMatchObject(BODY);
  });

  test('is made once by two deliveries of the same event', async () => {
    const answers = await Promise.all([send('Runner', 'Create', runnerProps()), send('Runner', 'Create', runnerProps())]);
    expect(answers.map(({ Status: status }) => status)).toEqual(['SUCCESS', 'SUCCESS']);
  });

  test('of somebody else is neither taken over nor deleted', async () => {
    await foreign();
    const created = await send('Runner', 'Create', runnerProps());
    expect(created.Status).toBe('FAILED');
    expect(created.Reason).toContain(`a runner of this id exists already and has another role than this stack's (${OTHER_ROLE}). Choose another runnerId, or set adoptExisting`);
    // What CloudFormation does next.
    expect(await send('Runner', 'Delete', runnerProps(), { id: created.PhysicalResourceId })).toMatchObject({ Status: 'SUCCESS' });
    // And what it does when it has an id of its own invention.
    expect(await send('Runner', 'Delete', runnerProps(), { id: 'Stack-Registration-1ABCDEF' })).toMatchObject({ Status: 'SUCCESS' });
    expect((await registered()).runner_configuration.auth.role_arn).toBe(OTHER_ROLE);
    expect(await send('Runner', 'Update', runnerProps(), { id: 'my-org/prod-runner', old: runnerProps() })).toMatchObject({ Status: 'FAILED' });
    expect((await registered()).runner_configuration.auth.role_arn).toBe(OTHER_ROLE);
  });

  test('is adopted where the user says so', async () => {
    await foreign();
    expect(await send('Runner', 'Create', runnerProps({ AdoptExisting: 'true' }))).toMatchObject({ Status: 'SUCCESS' });
    expect(await registered()).toMatchObject(BODY);
  });

  test('that a person deleted is made again by an update', async () => {
    expect(await send('Runner', 'Update', runnerProps(), { id: 'my-org/prod-runner', old: runnerProps() })).toMatchObject({ Status: 'SUCCESS' });
    expect(await registered()).toMatchObject(BODY);
  });

  test('with another id is another registration, and the old one is deleted after it', async () => {
    await send('Runner', 'Create', runnerProps());
    const replaced = await send('Runner', 'Update', runnerProps({ RunnerId: 'new-runner' }), { id: 'my-org/prod-runner', old: runnerProps() });
    expect(replaced).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'my-org/new-runner' });
    expect(await isGone()).toBe(false);
    await send('Runner', 'Delete', runnerProps(), { id: 'my-org/prod-runner' });
    expect(await isGone()).toBe(true);
    expect((await call('GET', '/runners/new-runner')).status).toBe(200);
  });

  test('keeps its state in place unless it is told to move it', async () => {
    await send('Runner', 'Create', runnerProps());
    const moved = { StateStorage: { Bucket: 'other-bucket' } };
    const refused = await send('Runner', 'Update', runnerProps(moved), { id: 'my-org/prod-runner', old: runnerProps() });
    expect(refused.Status).toBe('FAILED');
    expect(refused.Reason).toContain('its state would move from s3://state-bucket/team to s3://other-bucket/');
    // The rollback of the refused update.
    expect(await send('Runner', 'Update', runnerProps(), { id: 'my-org/prod-runner', old: runnerProps(moved) })).toMatchObject({ Status: 'SUCCESS' });

    const allowed = runnerProps({ ...moved, AllowStateMove: 'true' });
    expect(await send('Runner', 'Update', allowed, { id: 'my-org/prod-runner', old: runnerProps() })).toMatchObject({ Status: 'SUCCESS' });
    expect((await registered()).state_storage_configuration).toEqual({ type: 's3', bucket: 'other-bucket' });
    // The rollback of the allowed one, when something else in the stack failed.
    expect(await send('Runner', 'Update', runnerProps(), { id: 'my-org/prod-runner', old: allowed })).toMatchObject({ Status: 'SUCCESS' });
    expect((await registered()).state_storage_configuration.bucket).toBe('state-bucket');
  });

  test('in use is not deleted, and the reason names what is in the way', async () => {
    await send('Runner', 'Create', runnerProps());
    await deploy();
    const refused = await send('Runner', 'Delete', runnerProps(), { id: 'my-org/prod-runner' });
    expect(refused.Status).toBe('FAILED');
    expect(refused.Reason).toContain('runner prod-runner is in use by the environments: shop/dev');
    expect(refused.Reason).toContain('Move these environments to another runner');
    expect(await isGone()).toBe(false);

    const retained = await send('Runner', 'Delete', runnerProps({ OnInUse: 'retain' }), { id: 'my-org/prod-runner' });
    expect(retained).toMatchObject({ Status: 'SUCCESS' });
    expect(retained.Reason).toContain('Runner \'prod-runner\' stays registered, as onInUse says');
    expect(await isGone()).toBe(false);

    await call('DELETE', '/projects/shop/envs/dev');
    expect(await send('Runner', 'Delete', runnerProps(), { id: 'my-org/prod-runner' })).toMatchObject({ Status: 'SUCCESS' });
    expect(await isGone()).toBe(true);
  });

  test('that could not be registered leaves nothing, and its delete needs neither token nor API', async () => {
    store.values.set(SECRET, READ_ONLY);
    const refused = await send('Runner', 'Create', runnerProps());
    expect(refused.Status).toBe('FAILED');
    expect(refused.Reason).toContain('HTTP 403');
    expect(refused.Reason).toContain('give it the permission to manage runners');
    store.values.clear();
    expect(await send('Runner', 'Delete', runnerProps({ ApiUrl: 'http://127.0.0.1:1' }), { id: refused.PhysicalResourceId })).toMatchObject({ Status: 'SUCCESS' });
  });

  test('that the API finds bad is refused with what the API says', async () => {
    const answer = await send('Runner', 'Create', runnerProps({ StateStorage: { Bucket: 'with.dots' } }));
    expect(answer.Status).toBe('FAILED');
    expect(answer.Reason).toMatch(/HTTP 400 from http.*bucket.*correct the input/);
  });

  test('whose creation is never answered is cleaned up', async () => {
    const proxy = await lossyProxy(api.url, method => method === 'POST' || method === 'PATCH');
    const answer = await send('Runner', 'Create', runnerProps({ ApiUrl: proxy.url }));
    proxy.close();
    expect(answer.Status).toBe('FAILED');
    expect(await isGone()).toBe(true);
  }, 90_000);

  test('uses a rotated token at once', async () => {
    await send('Runner', 'Create', runnerProps());
    api.setTokens([{ token: 'the-new-one', orgs: ['my-org'] }]);
    store.values.set(SECRET, 'the-new-one');
    expect(await send('Runner', 'Delete', runnerProps(), { id: 'my-org/prod-runner' })).toMatchObject({ Status: 'SUCCESS' });
  });
});

describe('a rule', () => {
  const ruleProps = (change: Props = {}): Props => ({ ...common(), RunnerId: 'prod-runner', ...change });
  const rules = async () => (await call('GET', '/runner-rules')).body.items;

  beforeEach(async () => {
    await call('POST', '/runners', { id: 'prod-runner', ...BODY });
    await call('POST', '/runners', { id: 'new-runner', ...BODY });
    await call('POST', '/projects', { id: 'shop' });
    await call('POST', '/env-types', { id: 'production' });
  });

  test('is made, changed to another filter, and deleted', async () => {
    const created = await send('RunnerRule', 'Create', ruleProps({ EnvTypeId: 'production' }));
    expect(created.Status).toBe('SUCCESS');
    expect(await rules()).toMatchObject([{ id: created.PhysicalResourceId, runner_id: 'prod-runner', env_type_id: 'production' }]);

    const id = created.PhysicalResourceId;
    expect((await send('RunnerRule', 'Update', ruleProps({ EnvTypeId: 'production' }), { id })).PhysicalResourceId).toBe(id);

    const changed = await send('RunnerRule', 'Update', ruleProps({ ProjectId: 'shop' }), { id, old: ruleProps({ EnvTypeId: 'production' }) });
    expect(changed.PhysicalResourceId).not.toBe(id);
    expect(await rules()).toHaveLength(2);
    await send('RunnerRule', 'Delete', ruleProps({ EnvTypeId: 'production' }), { id });
    expect(await rules()).toMatchObject([{ id: changed.PhysicalResourceId, project_id: 'shop' }]);
    await send('RunnerRule', 'Delete', ruleProps({ ProjectId: 'shop' }), { id: changed.PhysicalResourceId });
    expect(await rules()).toEqual([]);
    expect(await send('RunnerRule', 'Delete', ruleProps(), { id: changed.PhysicalResourceId })).toMatchObject({ Status: 'SUCCESS' });
  });

  test('is pointed at another runner, though the orchestrator has one rule for a filter', async () => {
    const { PhysicalResourceId: id } = await send('RunnerRule', 'Create', ruleProps());
    const moved = await send('RunnerRule', 'Update', ruleProps({ RunnerId: 'new-runner' }), { id, old: ruleProps() });
    expect(moved.Status).toBe('SUCCESS');
    expect(await rules()).toMatchObject([{ id: moved.PhysicalResourceId, runner_id: 'new-runner' }]);
    expect(await send('RunnerRule', 'Delete', ruleProps(), { id })).toMatchObject({ Status: 'SUCCESS' });
    expect(await rules()).toHaveLength(1);
  });

  test('that could not be pointed at another runner is put back', async () => {
    const { PhysicalResourceId: id } = await send('RunnerRule', 'Create', ruleProps());
    expect(await send('RunnerRule', 'Update', ruleProps({ RunnerId: 'nobody' }), { id, old: ruleProps() })).toMatchObject({ Status: 'FAILED' });
    expect(await rules()).toMatchObject([{ runner_id: 'prod-runner' }]);
  });

  test('of somebody else is not taken over', async () => {
    await call('POST', '/runner-rules', { runner_id: 'prod-runner' });
    const refused = await send('RunnerRule', 'Create', ruleProps());
    expect(refused.Status).toBe('FAILED');
    expect(refused.Reason).toContain('has the same project and environment type already, and points at runner \'prod-runner\'');
    expect(await send('RunnerRule', 'Delete', ruleProps(), { id: refused.PhysicalResourceId })).toMatchObject({ Status: 'SUCCESS' });
    expect(await rules()).toHaveLength(1);
  });

  test('is found again when the answer to its creation was lost', async () => {
    let lost = 0;
    const proxy = await lossyProxy(api.url, method => method === 'POST' && lost++ === 0);
    const answer = await send('RunnerRule', 'Create', ruleProps({ ApiUrl: proxy.url }));
    proxy.close();
    expect(answer.Status).toBe('SUCCESS');
    expect(await rules()).toMatchObject([{ id: answer.PhysicalResourceId }]);
  });
});

describe('the protocol', () => {
  test('answers again until CloudFormation takes it', async () => {
    expect(await send('RunnerId', 'Create', { ...common(), RunnerId: 'prod-runner' }, {}, { refuse: 3 })).toMatchObject({ Status: 'SUCCESS' });
  });

  test('answers before its time is over, with what to do', async () => {
    const answer = await send('RunnerId', 'Create', { ...common(), ApiUrl: 'http://127.0.0.1:1', RunnerId: 'prod-runner' }, {}, { remaining: 17_000 });
    expect(answer.Status).toBe('FAILED');
    expect(answer.seconds).toBeLessThan(16);
  }, 30_000);

  test('keeps to 4,096 bytes, however much the API says', async () => {
    const answer = await send('Runner', 'Create', runnerProps({ Job: { ...runnerProps().Job, Subnets: Array.from({ length: 300 }, () => 'ü'.repeat(30)) } }));
    expect(answer.Status).toBe('FAILED');
    expect(answer.bytes[0]).toBeLessThanOrEqual(4096);
  });

  test('says so when it does not know the resource', async () => {
    const answer = await send('Unknown' as 'Runner', 'Create', runnerProps());
    expect(answer.Reason).toContain('This Lambda does not know Custom::HumanitecUnknown');
  });
});
