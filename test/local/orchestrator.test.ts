import { connect } from 'node:net';
import { startOrchestrator, type LocalOrchestrator, type LocalToken, type RecordedRequest } from '../../local/orchestrator';
import { createApp } from '../../local/orchestrator/app';
import { TokenRegistry } from '../../local/orchestrator/auth';
import { Store } from '../../local/orchestrator/store';

const ORG = 'my-org';
const TOKENS: LocalToken[] = [
  { token: 'writer', orgs: [ORG] },
  { token: 'reader', orgs: [ORG], canWrite: false },
  { token: 'stranger', orgs: ['other-org'] },
];
const ROLE = 'arn:aws:iam::123456789012:role/my-role';
const SECRET = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:my/secret-AbC123';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const UNKNOWN_UUID = '00000000-0000-4000-8000-000000000000';

type Json = Record<string, unknown>;
interface Answer { readonly status: number; readonly headers: Headers; readonly body: Json }
interface CallOptions { readonly token?: string | null; readonly raw?: string; readonly contentType?: string; readonly authorization?: string }

let server: LocalOrchestrator;
let observed: RecordedRequest[];

beforeEach(async () => {
  observed = [];
  server = await startOrchestrator({ orgs: [ORG, 'other-org'], tokens: TOKENS, onRequest: (request) => observed.push(request) });
});
afterEach(() => server.close());

async function call(method: string, path: string, body?: unknown, options: CallOptions = {}): Promise<Answer> {
  const { token = 'writer', raw, authorization } = options;
  const text = raw ?? (body === undefined ? undefined : JSON.stringify(body));
  const contentType = options.contentType ?? (text === undefined ? undefined : 'application/json');
  const response = await fetch(server.url + path, {
    method,
    body: text,
    headers: {
      ...(token !== null && { authorization: authorization ?? `Bearer ${token}` }),
      ...(contentType && { 'content-type': contentType }),
    },
  });
  const answer = await response.text();
  return { status: response.status, headers: response.headers, body: answer === '' ? {} : JSON.parse(answer) as Json };
}

function org(method: string, path: string, body?: unknown, options?: CallOptions): Promise<Answer> {
  return call(method, `/orgs/${ORG}${path}`, body, options);
}

/** A call that only prepares what a test is about. */
async function given(path: string, body: unknown): Promise<Json> {
  const answer = await org('POST', path, body);
  expect(answer).toMatchObject({ status: 201 });
  return answer.body;
}

function runner(id = 'prod-runner'): Json {
  return {
    id,
    description: 'Runs production',
    runner_configuration: {
      type: 'serverless-ecs',
      auth: { role_arn: ROLE, session_name: 'my-session', sts_region: 'eu-west-1' },
      job: {
        region: 'us-east-1',
        cluster: 'my-cluster',
        subnets: ['subnet-0123456789abcdef0'],
        security_groups: ['sg-0123456789abcdef0'],
        is_public_ip_enabled: false,
        execution_role_arn: ROLE,
        task_role_arn: ROLE,
        image: 'ghcr.io/my-org/runner:v1',
        environment: { STAGE: 'prod' },
        secrets: { PASSWORD: SECRET },
      },
    },
    state_storage_configuration: { type: 's3', bucket: 'my-bucket', path_prefix: 'state' },
  };
}

const ABSENT = Symbol('absent');

/** The body with one field set (or taken away), named as error messages name it. */
function withField(body: Json, path: string, value: unknown): Json {
  const copy = structuredClone(body);
  const steps = path.split('.');
  const last = steps.pop()!;
  const target = steps.reduce<Json>((at, step) => at[step] as Json, copy);
  if (value === ABSENT) delete target[last];
  else target[last] = value;
  return copy;
}

function expectError(answer: Answer, status: number, message: string | RegExp): void {
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
  expect(answer.body).toEqual({
    error: `HTTP-${status}`,
    message: typeof message === 'string' ? message : expect.stringMatching(message),
    ...('details' in answer.body && { details: expect.any(Object) }),
  });
  expect(answer.status).toBe(status);
}

const AUTH = 'runner_configuration.auth';
const JOB = 'runner_configuration.job';
const STATE = 'state_storage_configuration';
const ROLE_FIELDS = [`${AUTH}.role_arn`, `${JOB}.execution_role_arn`, `${JOB}.task_role_arn`];
const RESERVED = [
  'ORG_ID', 'RUNNER_ID', 'DEPLOYMENT_ID', 'DEPLOYMENT_ENV_UUID', 'MODE', 'TOKEN', 'ENCRYPTING_KEY', 'ENCRYPTING_LOGS_KEY',
  'LOG_LEVEL', 'RUNNER_GATEWAY_URL', 'METADATA_KEY', 'PLATFORM_ORCHESTRATOR_BASE_URL',
];

const ACCEPTED: [string, unknown][] = [
  ['id', 'ab'],
  ['id', 'a-1b-c'],
  ['id', 'a'.repeat(100)],
  ['description', ABSENT],
  ['description', ''],
  ['description', 'd'.repeat(200)],
  ...ROLE_FIELDS.flatMap((field): [string, unknown][] => [
    [field, 'arn:aws:iam::111122223333:role/path/to/My+Role=,.@-_1'],
  ]),
  [`${AUTH}.session_name`, 'abc'],
  [`${AUTH}.session_name`, 'a'.repeat(64)],
  [`${AUTH}.session_name`, 'aZ9+=,.@-_/'],
  [`${AUTH}.session_name`, ABSENT],
  [`${AUTH}.sts_region`, ABSENT],
  [`${AUTH}.sts_region`, 'ap-southeast-2'],
  [`${JOB}.region`, 'eu-central-1'],
  [`${JOB}.cluster`, 'c'],
  [`${JOB}.cluster`, 'c'.repeat(255)],
  [`${JOB}.subnets`, Array<string>(16).fill('s'.repeat(24))],
  [`${JOB}.subnets`, ['s']],
  [`${JOB}.security_groups`, []],
  [`${JOB}.security_groups`, Array<string>(5).fill('sg-1')],
  [`${JOB}.security_groups`, ABSENT],
  [`${JOB}.is_public_ip_enabled`, true],
  [`${JOB}.is_public_ip_enabled`, ABSENT],
  [`${JOB}.task_role_arn`, ABSENT],
  [`${JOB}.image`, ABSENT],
  [`${JOB}.image`, 'i'.repeat(255)],
  [`${JOB}.image`, '123456789012.dkr.ecr.us-east-1.amazonaws.com/a/b@sha256:0123456789abcdefABCDEF'],
  [`${JOB}.environment`, ABSENT],
  [`${JOB}.environment`, {}],
  [`${JOB}.environment.LONG`, 'v'.repeat(1024)],
  [`${JOB}.environment.TOKENS`, 'not a reserved name'],
  [`${JOB}.environment.EMPTY`, ''],
  [`${JOB}.secrets`, ABSENT],
  [`${JOB}.secrets`, {}],
  [`${JOB}.secrets.RUNNER_GIT_SSH_KEYS`, SECRET],
  [`${JOB}.secrets.PARAMETER`, 'arn:aws:ssm:us-east-1:123456789012:parameter/my/parameter'],
  [`${STATE}.bucket`, 'a1'],
  [`${STATE}.bucket`, 'my-bucket-1'],
  [`${STATE}.path_prefix`, ABSENT],
  [`${STATE}.path_prefix`, 'a'],
  [`${STATE}.path_prefix`, 'a/b.c/d_e-f/'],
];

const REFUSED: [string, unknown][] = [
  ['id', ABSENT],
  ['id', 'a'],
  ['id', '1ab'],
  ['id', 'Ab'],
  ['id', 'a_b'],
  ['id', 'a--b'],
  ['id', 'ab-'],
  ['id', 'ab\n'],
  ['id', 12],
  ['id', 'a'.repeat(101)],
  ['description', 'd'.repeat(201)],
  ['description', null],
  ...ROLE_FIELDS.flatMap((field): [string, unknown][] => [
    [field, ''],
    [field, 'arn:aws-us-gov:iam::123456789012:role/my-role'],
    [field, 'arn:aws-cn:iam::123456789012:role/my-role'],
    [field, 'arn:aws:iam::12345678901:role/my-role'],
    [field, 'arn:aws:iam::1234567890123:role/my-role'],
    [field, 'arn:aws:iam::123456789012:user/my-user'],
    [field, 'arn:aws:iam::123456789012:role/'],
    [field, 'arn:aws:iam::123456789012:role/my role'],
    [field, ` ${ROLE}`],
  ]),
  [`${AUTH}.role_arn`, ABSENT],
  [`${AUTH}.session_name`, 'ab'],
  [`${AUTH}.session_name`, 'a'.repeat(65)],
  [`${AUTH}.session_name`, 'my session'],
  [`${AUTH}.sts_region`, 'us-gov-west-1'],
  [`${AUTH}.sts_region`, 'us-east-10'],
  [`${JOB}.region`, ABSENT],
  [`${JOB}.region`, 'us-east'],
  [`${JOB}.region`, 'US-EAST-1'],
  [`${JOB}.cluster`, ABSENT],
  [`${JOB}.cluster`, ''],
  [`${JOB}.cluster`, 'c'.repeat(256)],
  [`${JOB}.cluster`, 'arn:aws:ecs:us-east-1:123456789012:cluster/my-cluster'],
  [`${JOB}.subnets`, ABSENT],
  [`${JOB}.subnets`, []],
  [`${JOB}.subnets`, Array<string>(17).fill('subnet-1')],
  [`${JOB}.subnets`, 'subnet-1'],
  [`${JOB}.subnets.0`, ''],
  [`${JOB}.subnets.0`, 's'.repeat(25)],
  [`${JOB}.security_groups`, Array<string>(6).fill('sg-1')],
  [`${JOB}.security_groups.0`, ''],
  [`${JOB}.is_public_ip_enabled`, 'false'],
  [`${JOB}.is_public_ip_enabled`, 0],
  [`${JOB}.execution_role_arn`, ABSENT],
  [`${JOB}.image`, ''],
  [`${JOB}.image`, 'i'.repeat(256)],
  [`${JOB}.image`, 'my image'],
  [`${JOB}.image`, 'repo@sha256:xyz'],
  [`${JOB}.environment.LONG`, 'v'.repeat(1025)],
  [`${JOB}.environment.NUMBER`, 1],
  [`${JOB}.environment.BOOLEAN`, true],
  [`${JOB}.secrets.PASSWORD`, 'a value'],
  [`${JOB}.secrets.PASSWORD`, 'arn:aws:secretsmanager:us-east-1:123456789012:secret:partial'],
  [`${JOB}.secrets.PASSWORD`, 'arn:aws:secretsmanager:us-east-1:123456789012:secret:my-secret-AbC12'],
  [`${JOB}.secrets.PASSWORD`, `${SECRET}:field::`],
  [`${JOB}.secrets.PASSWORD`, `${SECRET}::AWSCURRENT:`],
  [`${JOB}.secrets.PASSWORD`, 'arn:aws-cn:secretsmanager:us-east-1:123456789012:secret:s-AbC123'],
  [`${JOB}.secrets.PASSWORD`, 'arn:aws:ssm:us-east-1:123456789012:parameter'],
  [`${JOB}.secrets.PASSWORD`, 'arn:aws:ssm:us-east-1:123456789012:parameter/'],
  [`${STATE}.type`, ABSENT],
  [`${STATE}.type`, 'gcs'],
  [`${STATE}.bucket`, ABSENT],
  [`${STATE}.bucket`, 'a'],
  [`${STATE}.bucket`, 'my.bucket'],
  [`${STATE}.bucket`, 'my_bucket'],
  [`${STATE}.bucket`, 'My-bucket'],
  [`${STATE}.bucket`, '-bucket'],
  [`${STATE}.bucket`, 'bucket-'],
  [`${STATE}.path_prefix`, ''],
  [`${STATE}.path_prefix`, '/a'],
  [`${STATE}.path_prefix`, 'a//b'],
  [`${STATE}.path_prefix`, 'a b'],
  ['runner_configuration.type', ABSENT],
  ['runner_configuration.type', 'kubernetes'],
  ['runner_configuration', ABSENT],
  [AUTH, ABSENT],
  [JOB, ABSENT],
  [STATE, ABSENT],
];

const UNKNOWN_FIELDS = ['extra', 'runner_configuration.extra', `${AUTH}.extra`, `${JOB}.extra`, `${STATE}.extra`];

/** `id`s and fields that a create must have are no matter for a PATCH. */
const isForPatch = ([field, value]: [string, unknown]): boolean => field !== 'id'
  && !(value === ABSENT && [AUTH, JOB, STATE, 'runner_configuration'].includes(field));

const title = (value: unknown): string => value === ABSENT ? 'absent' : JSON.stringify(value).slice(0, 60);
const titled = (rows: [string, unknown][]): [string, string, unknown][] => rows.map(([field, value]) => [field, title(value), value]);

function update(): Json {
  const { id: _, ...rest } = runner();
  return rest;
}

describe('fields of a runner', () => {
  test.each(titled(ACCEPTED))('%s may be %s', async (field, _, value) => {
    const body = withField(runner(), field, value);
    const answer = await org('POST', '/runners', body);
    expect(answer).toMatchObject({ status: 201, body });
    expect((await org('GET', `/runners/${String(body.id)}`)).body).toEqual(answer.body);
  });

  test.each(titled(REFUSED))('%s must not be %s', async (field, _, value) => {
    const answer = await org('POST', '/runners', withField(runner(), field, value));
    const [parent, name] = [field.split('.').slice(0, -1).join('.') || 'body', field.split('.').pop()!];
    expectError(answer, 400, value === ABSENT ? `${parent} must have required property '${name}'` : /./);
    if (value !== ABSENT) expect(answer.body.message).toContain(field);
    expect((await org('GET', '/runners')).body.items).toEqual([]);
  });

  test.each(titled(REFUSED.filter(isForPatch)))('a PATCH is held to the same: %s must not be %s', async (field, _, value) => {
    const before = await given('/runners', runner());
    expectError(await org('PATCH', '/runners/prod-runner', withField(update(), field, value)), 400, /./);
    expect((await org('GET', '/runners/prod-runner')).body).toEqual(before);
  });

  test.each(UNKNOWN_FIELDS)('%s is unknown and refused, in POST and PATCH', async (field) => {
    const parent = field.split('.').slice(0, -1).join('.') || 'body';
    const message = `${parent} must not have the unknown field 'extra'`;
    expectError(await org('POST', '/runners', withField(runner(), field, 1)), 400, message);
    await given('/runners', runner());
    expectError(await org('PATCH', '/runners/prod-runner', withField(update(), field, 1)), 400, message);
  });

  test.each(RESERVED)('%s belongs to the orchestrator', async (name) => {
    const body = withField(runner(), `${JOB}.environment`, { [name]: 'x' });
    expectError(await org('POST', '/runners', body), 400, `environment variable ${name} is reserved for the orchestrator`);
    await given('/runners', runner());
    const change = withField(update(), `${JOB}.environment`, { [name]: 'x' });
    expectError(await org('PATCH', '/runners/prod-runner', change), 400, `environment variable ${name} is reserved for the orchestrator`);
  });

  test('SSH keys must be a secret', async () => {
    const answer = await org('POST', '/runners', withField(runner(), `${JOB}.environment`, { RUNNER_GIT_SSH_KEYS: 'x' }));
    expectError(answer, 400, 'environment variable RUNNER_GIT_SSH_KEYS is sensitive and must be given in secrets');
  });

  test('all faults of a body are told at once', async () => {
    const body = withField(withField(runner(), 'id', 'A'), `${JOB}.subnets`, []);
    const { body: error } = await org('POST', '/runners', body);
    expect(error.message).toMatch(/id must match pattern .*; runner_configuration\.job\.subnets must NOT have fewer than 1 items/);
    expect(error.details).toEqual({
      errors: [{ field: 'id', rule: 'pattern' }, { field: `${JOB}.subnets`, rule: 'minItems' }],
    });
  });

  test('an id that takes the naive pattern forever is refused at once', async () => {
    expectError(await org('POST', '/runners', runner(`${'a'.repeat(99)}_`)), 400, /^id must match pattern/);
  });
});

describe('runners', () => {
  test('create answers with the whole runner', async () => {
    const before = Date.now();
    const { status, body } = await org('POST', '/runners', runner());
    expect(status).toBe(201);
    expect(body).toEqual({ ...runner(), org_id: ORG, created_at: body.updated_at, updated_at: expect.any(String) });
    expect(Date.parse(body.created_at as string)).toBeGreaterThanOrEqual(before);
    expect(body.created_at).toMatch(/Z$/);
  });

  test('an id exists once in an organization', async () => {
    await given('/runners', runner());
    const changed = withField(runner(), 'description', 'another');
    expectError(await org('POST', '/runners', changed), 409, 'runner with id prod-runner already exists');
    expect((await org('GET', '/runners/prod-runner')).body.description).toBe('Runs production');
    expect((await call('POST', '/orgs/other-org/runners', runner(), { token: 'stranger' })).status).toBe(201);
  });

  test.each(['GET', 'PATCH', 'DELETE'])('%s of an unknown one is a 404', async (method) => {
    expectError(await org(method, '/runners/no-runner', method === 'PATCH' ? {} : undefined), 404, 'runner not found');
  });

  test.each(['a'.repeat(3000), 'UPPER', 'a%2Fb'])('an id that cannot exist is a 404 too', async (id) => {
    expectError(await org('GET', `/runners/${id}`), 404, 'runner not found');
  });

  test('delete takes it away, once', async () => {
    await given('/runners', runner());
    expect(await org('DELETE', '/runners/prod-runner')).toMatchObject({ status: 204, body: {} });
    expectError(await org('GET', '/runners/prod-runner'), 404, 'runner not found');
    expectError(await org('DELETE', '/runners/prod-runner'), 404, 'runner not found');
    await given('/runners', runner());
  });

  test('a DELETE may say that its empty body is JSON', async () => {
    await given('/runners', runner());
    expect((await org('DELETE', '/runners/prod-runner', undefined, { contentType: 'application/json' })).status).toBe(204);
  });

  test('a list shows kinds only', async () => {
    const created = await given('/runners', runner());
    expect((await org('GET', '/runners')).body).toEqual({
      items: [{ ...created, runner_configuration: { type: 'serverless-ecs' }, state_storage_configuration: { type: 's3' } }],
    });
  });
});

describe('PATCH', () => {
  let before: Json;
  beforeEach(async () => {
    before = await given('/runners', runner());
    await new Promise((resolve) => setTimeout(resolve, 2));
  });

  const configuration = (changes: Json): Json => ({ ...(runner().runner_configuration as Json), ...changes });
  const newAuth = { role_arn: ROLE };
  const newJob = { region: 'eu-west-1', cluster: 'other', subnets: ['subnet-2'], execution_role_arn: ROLE };
  const newState = { type: 's3', bucket: 'other-bucket' };

  test.each<[string, Json, Json]>([
    ['nothing', {}, {}],
    ['the description', { description: 'new' }, { description: 'new' }],
    ['the description, away', { description: '' }, { description: '' }],
    ['auth, whole', { runner_configuration: { type: 'serverless-ecs', auth: newAuth } }, { runner_configuration: configuration({ auth: newAuth }) }],
    ['job, whole', { runner_configuration: { type: 'serverless-ecs', job: newJob } }, { runner_configuration: configuration({ job: newJob }) }],
    ['the type alone, to what it is', { runner_configuration: { type: 'serverless-ecs' } }, {}],
    ['the state storage, whole', { state_storage_configuration: newState }, { state_storage_configuration: newState }],
  ])('changes %s and leaves the rest', async (_, change, difference) => {
    const { status, body } = await org('PATCH', '/runners/prod-runner', change);
    expect(status).toBe(200);
    expect(body).toEqual({ ...before, ...difference, updated_at: expect.any(String) });
    expect(Date.parse(body.updated_at as string)).toBeGreaterThan(Date.parse(before.updated_at as string));
    expect((await org('GET', '/runners/prod-runner')).body).toEqual(body);
  });

  test.each<[string, unknown, RegExp]>([
    ['another id', { id: 'other' }, /^body must not have the unknown field 'id'$/],
    ['another type', { runner_configuration: { type: 'kubernetes' } }, /^runner_configuration\.type must be equal to constant$/],
    ['no type', { runner_configuration: { auth: newAuth } }, /^runner_configuration must have required property 'type'$/],
    ['half a job', { runner_configuration: { type: 'serverless-ecs', job: { region: 'eu-west-1' } } }, /job must have required property 'cluster'/],
    ['no object', [], /^body must be object$/],
  ])('refuses %s', async (_, change, message) => {
    expectError(await org('PATCH', '/runners/prod-runner', change), 400, message);
    expect((await org('GET', '/runners/prod-runner')).body).toEqual(before);
  });
});

describe('rules', () => {
  beforeEach(async () => {
    await given('/runners', runner('runner-a'));
    await given('/runners', runner('runner-b'));
    await given('/projects', { id: 'shop' });
    await given('/env-types', { id: 'production' });
  });

  const rule = (body: Json): Promise<Json> => given('/runner-rules', body);

  test.each<[string, Json]>([
    ['nothing', {}],
    ['a project', { project_id: 'shop' }],
    ['a type', { env_type_id: 'production' }],
    ['both', { project_id: 'shop', env_type_id: 'production' }],
    ['nothing, by empty strings', { project_id: '', env_type_id: '' }],
  ])('one that names %s', async (_, selector) => {
    const created = await rule({ runner_id: 'runner-a', ...selector });
    expect(created).toEqual({
      project_id: '',
      env_type_id: '',
      ...selector,
      runner_id: 'runner-a',
      org_id: ORG,
      id: expect.stringMatching(UUID),
      created_at: expect.any(String),
    });
    expect(await org('GET', `/runner-rules/${String(created.id)}`)).toMatchObject({ status: 200, body: created });
    expect((await org('GET', '/runner-rules')).body).toEqual({ items: [created] });

    const message = `runner rule conflicts with existing rule '${String(created.id)}' for runner 'runner-a'`;
    for (const runner_id of ['runner-a', 'runner-b']) {
      expectError(await org('POST', '/runner-rules', { runner_id, ...selector }), 409, message);
    }

    expect((await org('DELETE', `/runner-rules/${String(created.id)}`)).status).toBe(204);
    expectError(await org('DELETE', `/runner-rules/${String(created.id)}`), 404, 'runner rule not found');
    expectError(await org('GET', `/runner-rules/${String(created.id)}`), 404, 'runner rule not found');
  });

  test.each<[string, Json, string]>([
    ['an unknown runner', { runner_id: 'nobody' }, "runner 'nobody' not found"],
    ['an unknown project', { runner_id: 'runner-a', project_id: 'nowhere' }, "project 'nowhere' not found"],
    ['an unknown type', { runner_id: 'runner-a', env_type_id: 'never' }, "environment type 'never' not found"],
    ['no runner', {}, "body must have required property 'runner_id'"],
    ['an empty runner', { runner_id: '' }, 'runner_id must NOT have fewer than 1 characters'],
    ['an unknown field', { runner_id: 'runner-a', env_id: 'x' }, "body must not have the unknown field 'env_id'"],
    ['another type of value', { runner_id: 'runner-a', project_id: null }, 'project_id must be string'],
  ])('%s is a 400', async (_, body, message) => {
    expectError(await org('POST', '/runner-rules', body), 400, message);
  });

  test.each(['GET', 'DELETE'])('%s of an unknown one is a 404', async (method) => {
    expectError(await org(method, `/runner-rules/${UNKNOWN_UUID}`), 404, 'runner rule not found');
    expectError(await org(method, '/runner-rules/not-a-uuid'), 404, 'runner rule not found');
  });

  test('there is no update', async () => {
    const { id } = await rule({ runner_id: 'runner-a' });
    expectError(await org('PATCH', `/runner-rules/${String(id)}`, {}), 404, /^no such route: PATCH /);
  });

  test.each([
    ['', ['all', 'both', 'project', 'type']],
    ['?byRunnerId=runner-a', ['all', 'project']],
    ['?byRunnerId=nobody', []],
    ['?byProjectId=shop', ['all', 'both', 'project', 'type']],
    ['?byProjectId=elsewhere', ['all', 'type']],
    ['?byEnvTypeId=production', ['all', 'both', 'project', 'type']],
    ['?byEnvTypeId=test', ['all', 'project']],
    ['?byProjectId=elsewhere&byEnvTypeId=test', ['all']],
    ['?byRunnerId=runner-b&byProjectId=elsewhere', ['type']],
  ])('the list%s has those that have a say', async (query, expected) => {
    const names = new Map([
      [(await rule({ runner_id: 'runner-a' })).id, 'all'],
      [(await rule({ runner_id: 'runner-a', project_id: 'shop' })).id, 'project'],
      [(await rule({ runner_id: 'runner-b', env_type_id: 'production' })).id, 'type'],
      [(await rule({ runner_id: 'runner-b', project_id: 'shop', env_type_id: 'production' })).id, 'both'],
    ]);
    const { items } = (await org('GET', `/runner-rules${query}`)).body as { items: Json[] };
    expect(items.map((item) => names.get(item.id)).sort()).toEqual(expected);
  });

  test('a runner that a rule points at cannot be deleted, nor can the project and the type', async () => {
    const { id } = await rule({ runner_id: 'runner-a', project_id: 'shop', env_type_id: 'production' });
    expectError(await org('DELETE', '/runners/runner-a'), 409, `runner runner-a is referenced by the runner rules: ${String(id)}`);
    expectError(await org('DELETE', '/projects/shop'), 409, 'project shop is referenced by runner rules');
    expectError(await org('DELETE', '/env-types/production'), 409, 'environment type production is referenced by runner rules');
    await org('DELETE', `/runner-rules/${String(id)}`);
    for (const path of ['/runners/runner-a', '/projects/shop', '/env-types/production']) {
      expect((await org('DELETE', path)).status).toBe(204);
    }
  });
});

describe('environments', () => {
  beforeEach(async () => {
    for (const id of ['for-all', 'for-type', 'for-project', 'for-both']) await given('/runners', runner(id));
    for (const id of ['shop', 'blog']) await given('/projects', { id });
    for (const id of ['production', 'test']) await given('/env-types', { id });
  });

  const environment = (project: string, id: string, type: string): Promise<Json> =>
    given(`/projects/${project}/envs`, { id, env_type_id: type });

  test.each([
    ['shop', 'production', 'for-both'],
    ['shop', 'test', 'for-project'],
    ['blog', 'production', 'for-type'],
    ['blog', 'test', 'for-all'],
  ])('in %s of type %s the most specific rule wins: %s', async (project, type, expected) => {
    await given('/runner-rules', { runner_id: 'for-all' });
    await given('/runner-rules', { runner_id: 'for-type', env_type_id: 'production' });
    await given('/runner-rules', { runner_id: 'for-project', project_id: 'shop' });
    await given('/runner-rules', { runner_id: 'for-both', project_id: 'shop', env_type_id: 'production' });
    expect((await environment(project, 'main', type)).runner_id).toBe(expected);
  });

  test('a project outweighs a type', async () => {
    await given('/runner-rules', { runner_id: 'for-type', env_type_id: 'production' });
    await given('/runner-rules', { runner_id: 'for-project', project_id: 'shop' });
    expect((await environment('shop', 'main', 'production')).runner_id).toBe('for-project');
  });

  test('without a rule there is no runner, until it is refreshed', async () => {
    const created = await environment('shop', 'main', 'test');
    expect(created).toEqual({
      id: 'main',
      display_name: 'main',
      env_type_id: 'test',
      project_id: 'shop',
      status: 'active',
      uuid: expect.stringMatching(UUID),
      project_uuid: expect.stringMatching(UUID),
      created_at: expect.any(String),
      updated_at: expect.any(String),
    });
    const refresh = '/projects/shop/envs/main/actions/refresh_runner';
    expectError(await org('POST', refresh), 409, 'no matching runner found for the supplied environment');
    await given('/runner-rules', { runner_id: 'for-all' });
    expect((await org('POST', `${refresh}?dry_run=true`)).body).toEqual({ runner_id: 'for-all', updated: false });
    expect((await org('GET', '/projects/shop/envs/main')).body).toEqual(created);
    expect(await org('POST', refresh)).toMatchObject({ status: 200, body: { runner_id: 'for-all', updated: true } });
    expect((await org('GET', '/projects/shop/envs/main')).body.runner_id).toBe('for-all');
    expectError(await org('POST', `${refresh}?dry_run=yes`), 400, /^dry_run must be equal to one of the allowed values$/);
  });

  test('a runner is in use until its environments are refreshed or deleted, whatever became of its rule', async () => {
    const { id } = await given('/runner-rules', { runner_id: 'for-all' });
    await environment('shop', 'main', 'test');
    await environment('blog', 'main', 'test');
    const inUse = (environments: string): string => `runner for-all is in use by the environments: ${environments}`;
    expectError(await org('DELETE', '/runners/for-all'), 409, inUse('blog/main, shop/main'));

    await org('DELETE', `/runner-rules/${String(id)}`);
    await given('/runner-rules', { runner_id: 'for-type' });
    expect((await org('GET', '/projects/blog/envs/main')).body.runner_id).toBe('for-all');
    expectError(await org('DELETE', '/runners/for-all'), 409, inUse('blog/main, shop/main'));

    await org('POST', '/projects/blog/envs/main/actions/refresh_runner');
    expectError(await org('DELETE', '/runners/for-all'), 409, inUse('shop/main'));
    expect((await org('DELETE', '/projects/shop/envs/main')).status).toBe(204);
    expect((await org('DELETE', '/runners/for-all')).status).toBe(204);
  });

  test('a refusal names ten environments at most', async () => {
    await given('/runner-rules', { runner_id: 'for-all' });
    for (let n = 10; n < 21; n++) await environment('shop', `env-${n}`, 'test');
    const named = Array.from({ length: 10 }, (_, n) => `shop/env-${n + 10}`).join(', ');
    expectError(await org('DELETE', '/runners/for-all'), 409, `runner for-all is in use by the environments: ${named}`);
  });

  test('what holds an environment cannot be deleted', async () => {
    await environment('shop', 'main', 'test');
    expectError(await org('DELETE', '/projects/shop'), 409, 'project shop still has environments');
    expectError(await org('DELETE', '/env-types/test'), 409, 'environment type test still has environments');
  });

  test.each<[string, string, string, unknown, number, string]>([
    ['a second one with an id', 'POST', '/projects/shop/envs', { id: 'taken', env_type_id: 'test' }, 409, 'environment with id taken already exists'],
    ['an unknown type', 'POST', '/projects/shop/envs', { id: 'new', env_type_id: 'never' }, 409, "environment type 'never' not found"],
    ['an unknown project', 'POST', '/projects/nowhere/envs', { id: 'new', env_type_id: 'test' }, 404, 'project not found'],
    ['the list of an unknown project', 'GET', '/projects/nowhere/envs', undefined, 404, 'project not found'],
    ['no type', 'POST', '/projects/shop/envs', { id: 'new' }, 400, "body must have required property 'env_type_id'"],
    ['an unknown field', 'POST', '/projects/shop/envs', { id: 'new', env_type_id: 'test', x: 1 }, 400, "body must not have the unknown field 'x'"],
    ['an unknown one', 'GET', '/projects/shop/envs/none', undefined, 404, 'environment not found'],
    ['an unknown one', 'DELETE', '/projects/shop/envs/none', undefined, 404, 'environment not found'],
    ['an unknown one', 'POST', '/projects/shop/envs/none/actions/refresh_runner', undefined, 404, 'environment not found'],
  ])('%s is refused: %s %s', async (_, method, path, body, status, message) => {
    await environment('shop', 'taken', 'test');
    expectError(await org(method, path, body), status, message);
  });
});

describe.each([
  ['projects', 'project', { status: 'active', updated_at: expect.any(String) as unknown }],
  ['env-types', 'environment type', {}],
])('%s', (path, noun, more) => {
  test('create, get, list, delete', async () => {
    const created = await given(`/${path}`, { id: 'first', display_name: 'The first' });
    expect(created).toEqual({
      id: 'first', display_name: 'The first', uuid: expect.stringMatching(UUID), created_at: expect.any(String), ...more,
    });
    expect((await given(`/${path}`, { id: 'second' })).display_name).toBe('second');
    expect((await org('GET', `/${path}/first`)).body).toEqual(created);
    expect((await org('GET', `/${path}`)).body).toMatchObject({ items: [{ id: 'first' }, { id: 'second' }] });
    expectError(await org('POST', `/${path}`, { id: 'first' }), 409, `${noun} with id first already exists`);
    expect((await org('DELETE', `/${path}/first`)).status).toBe(204);
    expectError(await org('GET', `/${path}/first`), 404, `${noun} not found`);
    expectError(await org('DELETE', `/${path}/first`), 404, `${noun} not found`);
  });

  test.each([{}, { id: 'A' }, { id: 'a' }, { id: 'ab', display_name: 'x' }, { id: 'ab', display_name: 'x'.repeat(61) }, { id: 'ab', x: 1 }])(
    'refuses %j', async (body) => expectError(await org('POST', `/${path}`, body), 400, /./));
});

describe('paging', () => {
  const IDS = ['r-0', 'r-1', 'r-2', 'r-3', 'r-4'];
  beforeEach(async () => {
    for (const id of [...IDS].reverse()) await given('/runners', runner(id));
  });

  type PageBody = { items: { id: string }[]; next_page_token?: string };

  async function walk(path: string, perPage: number): Promise<string[][]> {
    const pages: string[][] = [];
    for (let token: string | undefined = ''; token !== undefined;) {
      const query: string = `per_page=${perPage}${token && `&page=${encodeURIComponent(token)}`}`;
      const page = (await org('GET', `${path}?${query}`)).body as unknown as PageBody;
      pages.push(page.items.map((item) => item.id));
      token = page.next_page_token;
    }
    return pages;
  }

  test.each<[number, string[][]]>([
    [1, IDS.map((id) => [id])],
    [2, [['r-0', 'r-1'], ['r-2', 'r-3'], ['r-4']]],
    [4, [['r-0', 'r-1', 'r-2', 'r-3'], ['r-4']]],
    [5, [IDS]],
    [6, [IDS]],
    [0, IDS.map((id) => [id])],
    [-1, IDS.map((id) => [id])],
  ])('with %s a page', async (perPage, pages) => {
    expect(await walk('/runners', perPage)).toEqual(pages);
  });

  test('a page is 100 long unless told', async () => {
    for (let n = 0; n < 96; n++) await given('/env-types', { id: `t${100 + n}` });
    await Promise.all([...Array(5).keys()].map((n) => given('/env-types', { id: `u${n}` })));
    const { items, next_page_token } = (await org('GET', '/env-types')).body as unknown as PageBody;
    expect(items).toHaveLength(100);
    const rest = (await org('GET', `/env-types?page=${next_page_token}`)).body as unknown as PageBody;
    expect(rest).toEqual({ items: [expect.objectContaining({ id: 'u4' })] });
  });

  test('what is deleted meanwhile hides nothing', async () => {
    const first = (await org('GET', '/runners?per_page=2')).body as unknown as PageBody;
    for (const { id } of first.items) await org('DELETE', `/runners/${id}`);
    const second = (await org('GET', `/runners?per_page=2&page=${first.next_page_token}`)).body as unknown as PageBody;
    expect(second.items.map(({ id }) => id)).toEqual(['r-2', 'r-3']);
  });

  test('rules come page by page too, by runner', async () => {
    for (const id of ['a1', 'a2', 'a3']) await given('/projects', { id });
    const rules = new Map<unknown, unknown>();
    for (const [runner_id, project_id] of [['r-2', 'a1'], ['r-1', 'a2'], ['r-2', 'a3']]) {
      rules.set((await given('/runner-rules', { runner_id, project_id })).id, runner_id);
    }
    const pages = await walk('/runner-rules', 1);
    expect(pages.map(([id]) => rules.get(id))).toEqual(['r-1', 'r-2', 'r-2']);
    expect(new Set(pages.flat()).size).toBe(3);
  });

  test.each(['per_page=many', 'per_page=1.5', 'per_page=', 'page=nonsense', 'page=W10', 'page=WzFd', 'page=a&page=b'])(
    '%s is a 400', async (query) => expectError(await org('GET', `/runners?${query}`), 400, /page/));
});

describe('tokens', () => {
  test.each<[string, CallOptions]>([
    ['no header', { token: null }],
    ['an unknown token', { token: 'unknown' }],
    ['an empty token', { authorization: 'Bearer ' }],
    ['another scheme', { authorization: 'Basic writer' }],
    ['no scheme', { authorization: 'writer' }],
    ['more than a token', { authorization: 'Bearer writer writer' }],
  ])('%s is a 401, whatever is asked', async (_, options) => {
    for (const [method, path] of [['GET', '/runners'], ['POST', '/runners'], ['DELETE', '/runners/x'], ['GET', '/nothing']]) {
      const answer = await org(method, path, undefined, options);
      expectError(answer, 401, 'the request has no bearer token, or one that is not accepted');
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    }
    expect((await call('GET', '/orgs/no-org/runners', undefined, options)).status).toBe(401);
  });

  test('the scheme is not case-sensitive', async () => {
    expect((await org('GET', '/runners', undefined, { authorization: 'bearer writer' })).status).toBe(200);
  });

  const CALLS: [string, string][] = ['runners', 'runner-rules', 'projects', 'env-types', 'projects/x/envs'].flatMap((path): [string, string][] =>
    [['POST', `/${path}`], ['GET', `/${path}`], ['GET', `/${path}/x`], ['DELETE', `/${path}/x`]]);

  test.each([...CALLS, ['PATCH', '/runners/x'], ['POST', '/projects/x/envs/x/actions/refresh_runner']])(
    '%s %s wants an organization and a right to it', async (method, path) => {
      expectError(await call(method, `/orgs/no-org${path}`), 404, 'organization not found');
      expectError(await org(method, path, undefined, { token: 'stranger' }), 403, 'the token has no permission in the organization my-org');
      const reading = await org(method, path, undefined, { token: 'reader' });
      if (method === 'GET') expect([200, 404]).toContain(reading.status);
      else expectError(reading, 403, 'the token has no permission to write in the organization my-org');
    });

  test('tokens are replaced at once', async () => {
    server.setTokens([{ token: 'rotated', orgs: [ORG] }]);
    expect((await org('GET', '/runners')).status).toBe(401);
    expect((await org('GET', '/runners', undefined, { token: 'rotated' })).status).toBe(200);
  });
});

describe('every answer is JSON', () => {
  test.each<[string, string, string, CallOptions, number, RegExp]>([
    ['an unknown route', 'GET', '/nowhere', {}, 404, /^no such route: GET \/nowhere$/],
    ['an unknown route of an organization', 'GET', '/orgs/my-org/nowhere?x=1', {}, 404, /^no such route: GET \/orgs\/my-org\/nowhere$/],
    ['a method that is not there', 'PUT', '/orgs/my-org/runners', {}, 404, /^no such route: PUT /],
    ['malformed JSON', 'POST', '/orgs/my-org/runners', { raw: '{"id":' }, 400, /not valid JSON/],
    ['a poisoned body', 'POST', '/orgs/my-org/runners', { raw: '{"__proto__":{}}' }, 400, /not valid JSON/],
    ['an empty body', 'POST', '/orgs/my-org/runners', {}, 400, /^body must be object$/],
    ['a body that is no object', 'POST', '/orgs/my-org/runners', { raw: '"x"' }, 400, /^body must be object$/],
    ['text', 'POST', '/orgs/my-org/runners', { raw: '{}', contentType: 'text/plain' }, 415, /Unsupported Media Type/],
    ['a form', 'POST', '/orgs/my-org/runners', { raw: 'a=b', contentType: 'application/x-www-form-urlencoded' }, 415, /Unsupported/],
    ['too large a body', 'POST', '/orgs/my-org/runners', { raw: `"${'x'.repeat(1_100_000)}"` }, 413, /too large/],
    ['a malformed path', 'GET', '/orgs/%zz/runners', {}, 400, /not a valid url/],
  ])('%s', async (_, method, path, options, status, message) => {
    expectError(await call(method, path, undefined, options), status, message);
  });

  test('an internal error says nothing of what happened', async () => {
    const app = createApp({ store: new Store([ORG]), tokens: new TokenRegistry(TOKENS), record: () => undefined });
    app.get('/broken', () => { throw new Error('a detail'); });
    const response = await fetch(`${await app.listen({ host: '127.0.0.1', port: 0 })}/broken`, { headers: { authorization: 'Bearer writer' } });
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({ error: 'HTTP-500', message: 'internal server error' });
    await app.close();
  });

  test('even what is not HTTP', async () => {
    const answer = await new Promise<string>((resolve, reject) => {
      let received = '';
      const socket = connect(server.port, '127.0.0.1', () => socket.write('nonsense\r\n\r\n'));
      socket.on('data', (chunk) => (received += chunk.toString()));
      socket.on('close', () => resolve(received)).on('error', reject);
    });
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(JSON.parse(answer.split('\r\n\r\n')[1])).toEqual({ error: 'HTTP-400', message: 'the request is not valid HTTP' });
  });
});

describe('the server', () => {
  test('records what was asked and answered, and never the token', async () => {
    await org('GET', '/runners?per_page=1');
    await org('POST', '/runners', { id: 'A' });
    await org('DELETE', '/runners/none', undefined, { token: 'unknown' });
    expect(server.requests).toEqual([
      { method: 'GET', path: '/orgs/my-org/runners?per_page=1', status: 200 },
      { method: 'POST', path: '/orgs/my-org/runners', status: 400, body: { id: 'A' } },
      { method: 'DELETE', path: '/orgs/my-org/runners/none', status: 401 },
    ]);
    expect(observed).toEqual(server.requests);
    expect(JSON.stringify(server.requests)).not.toContain('writer');
  });

  test('listens on loopback, on a free port or the one it is told', async () => {
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
    const other = await startOrchestrator({ orgs: [], tokens: [] });
    expect(other.port).not.toBe(server.port);
    await other.close();
    const again = await startOrchestrator({ port: other.port, orgs: [], tokens: [] });
    expect(again.port).toBe(other.port);
    await expect(startOrchestrator({ port: other.port, orgs: [], tokens: [] })).rejects.toThrow('EADDRINUSE');
    await again.close();
  });

  test('closes though a client is in the middle of a request, and answers no more', async () => {
    const other = await startOrchestrator({ orgs: [ORG], tokens: TOKENS });
    const socket = connect(other.port, '127.0.0.1');
    const ended = new Promise((resolve) => socket.on('error', resolve).on('close', resolve));
    await new Promise((resolve) => socket.write('GET / HTTP/1.1\r\n', resolve));
    // Once this is answered, the server has the first connection too.
    await fetch(other.url);
    await other.close();
    await ended;
    await expect(fetch(other.url)).rejects.toThrow();
  });
});
