import {
  ORG, ROLE, type Json, call, org, given, kubernetesRunner, KUBERNETES_CONFIGURATIONS, runner, shown,
  ABSENT, withField, expectError, JOB, RESERVED, ACCEPTED, REFUSED, UNKNOWN_FIELDS, isForPatch, titled, update,
} from './support';

describe('fields of a runner', () => {
  test.each(titled(ACCEPTED))('accept %s as %s', async (field, _, value) => {
    const body = withField(runner(), field, value);
    const answer = await org('POST', '/runners', body);
    expect(answer).toMatchObject({ status: 201, body: shown(body) });
    expect((await org('GET', `/runners/${String(body.id)}`)).body).toEqual(answer.body);
  });

  test.each(titled(REFUSED))('reject %s as %s', async (field, _, value) => {
    const answer = await org('POST', '/runners', withField(runner(), field, value));
    const [parent, name] = [field.split('.').slice(0, -1).join('.') || 'body', field.split('.').pop()!];
    expectError(answer, 400, value === ABSENT ? `${parent} must have required property '${name}'` : /./);
    if (value !== ABSENT) expect(answer.body.message).toContain(field);
    expect((await org('GET', '/runners')).body.items).toEqual([]);
  });

  test.each(titled(REFUSED.filter(isForPatch)))('reject %s as %s in a PATCH too', async (field, _, value) => {
    const before = await given('/runners', runner());
    expectError(await org('PATCH', '/runners/prod-runner', withField(update(), field, value)), 400, /./);
    expect((await org('GET', '/runners/prod-runner')).body).toEqual(before);
  });

  test.each(UNKNOWN_FIELDS)('reject the unknown field %s in POST and PATCH', async (field) => {
    const parent = field.split('.').slice(0, -1).join('.') || 'body';
    const message = `${parent} must not have the unknown field 'extra'`;
    expectError(await org('POST', '/runners', withField(runner(), field, 1)), 400, message);
    await given('/runners', runner());
    expectError(await org('PATCH', '/runners/prod-runner', withField(update(), field, 1)), 400, message);
  });

  test.each(RESERVED)('reject the environment variable %s, which is reserved for the orchestrator', async (name) => {
    const body = withField(runner(), `${JOB}.environment`, { [name]: 'x' });
    expectError(await org('POST', '/runners', body), 400, `environment variable ${name} is reserved for the orchestrator`);
    await given('/runners', runner());
    const change = withField(update(), `${JOB}.environment`, { [name]: 'x' });
    expectError(await org('PATCH', '/runners/prod-runner', change), 400, `environment variable ${name} is reserved for the orchestrator`);
  });

  test('reject Git SSH keys as an environment variable', async () => {
    const answer = await org('POST', '/runners', withField(runner(), `${JOB}.environment`, { RUNNER_GIT_SSH_KEYS: 'x' }));
    expectError(answer, 400, 'environment variable RUNNER_GIT_SSH_KEYS is sensitive and must be given in secrets');
  });

  test('report all invalid fields of a body in one response', async () => {
    const body = withField(withField(runner(), 'id', 'A'), `${JOB}.subnets`, []);
    const { body: error } = await org('POST', '/runners', body);
    expect(error.message).toMatch(/id must match pattern .*; runner_configuration\.job\.subnets must NOT have fewer than 1 items/);
    expect(error.details).toEqual({
      errors: [{ field: 'id', rule: 'pattern' }, { field: `${JOB}.subnets`, rule: 'minItems' }],
    });
  });

  test('reject state storage other than S3 for a runner on ECS', async () => {
    for (const [type, more] of [['gcs', { bucket: 'b1' }], ['kubernetes', { namespace: 'n' }], ['azurerm', { storage_account_name: 'a', container_name: 'c' }]]) {
      const body = { ...runner(), state_storage_configuration: { type, ...(more as Json) } };
      expectError(await org('POST', '/runners', body), 400,
        `state storage type '${String(type)}' is not compatible with runner type 'serverless-ecs', it must be one of [s3]`);
    }
  });

  test('immediately reject an id on which a backtracking pattern would take exponential time', async () => {
    expectError(await org('POST', '/runners', runner(`${'a'.repeat(99)}_`)), 400, /^id must match pattern/);
  });
});

describe('runners', () => {
  test('are returned completely by a create', async () => {
    const before = Date.now();
    const { status, body } = await org('POST', '/runners', runner());
    expect(status).toBe(201);
    expect(body).toEqual({ ...shown(runner()), org_id: ORG, created_at: body.updated_at, updated_at: expect.any(String) });
    expect(Date.parse(body.created_at as string)).toBeGreaterThanOrEqual(before);
    expect(body.created_at).toMatch(/Z$/);
  });

  test('have ids that are unique in their organization', async () => {
    await given('/runners', runner());
    const changed = withField(runner(), 'description', 'another');
    expectError(await org('POST', '/runners', changed), 409, 'runner with id prod-runner already exists');
    expect((await org('GET', '/runners/prod-runner')).body.description).toBe('Runs production');
    expect((await call('POST', '/orgs/other-org/runners', runner(), { token: 'stranger' })).status).toBe(201);
  });

  test.each(['GET', 'PATCH', 'DELETE'])('answer 404 to %s of an unknown runner', async (method) => {
    expectError(await org(method, '/runners/no-runner', method === 'PATCH' ? {} : undefined), 404, 'runner not found');
  });

  test.each(['a'.repeat(3000), 'UPPER', 'a%2Fb'])('answer 404 for an invalid id', async (id) => {
    expectError(await org('GET', `/runners/${id}`), 404, 'runner not found');
  });

  test('can be deleted once', async () => {
    await given('/runners', runner());
    expect(await org('DELETE', '/runners/prod-runner')).toMatchObject({ status: 204, body: {} });
    expectError(await org('GET', '/runners/prod-runner'), 404, 'runner not found');
    expectError(await org('DELETE', '/runners/prod-runner'), 404, 'runner not found');
    await given('/runners', runner());
  });

  test('accept a DELETE with an empty body and a JSON content type', async () => {
    await given('/runners', runner());
    expect((await org('DELETE', '/runners/prod-runner', undefined, { contentType: 'application/json' })).status).toBe(204);
  });

  test('are listed only with the types of their configurations', async () => {
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

  const configuration = (changes: Json): Json => ({ ...(shown(runner()).runner_configuration as Json), ...changes });
  const newAuth = { role_arn: ROLE };
  const newJob = { region: 'eu-west-1', cluster: 'other', subnets: ['subnet-2'], execution_role_arn: ROLE };
  const newState = { type: 's3', bucket: 'other-bucket' };

  test.each<[string, Json, Json]>([
    ['nothing', {}, {}],
    ['the description', { description: 'new' }, { description: 'new' }],
    ['the description to an empty one', { description: '' }, { description: '' }],
    ['auth, whole', { runner_configuration: { type: 'serverless-ecs', auth: newAuth } }, { runner_configuration: configuration({ auth: newAuth }) }],
    ['job, whole', { runner_configuration: { type: 'serverless-ecs', job: newJob } }, { runner_configuration: configuration({ job: newJob }) }],
    ['nothing, for a body with only the current type', { runner_configuration: { type: 'serverless-ecs' } }, {}],
    ['the complete state storage', { state_storage_configuration: newState }, { state_storage_configuration: newState }],
  ])('changes %s and keeps the rest', async (_, change, difference) => {
    const { status, body } = await org('PATCH', '/runners/prod-runner', change);
    expect(status).toBe(200);
    expect(body).toEqual({ ...before, ...difference, updated_at: expect.any(String) });
    expect(Date.parse(body.updated_at as string)).toBeGreaterThan(Date.parse(before.updated_at as string));
    expect((await org('GET', '/runners/prod-runner')).body).toEqual(body);
  });

  test.each<[string, unknown, RegExp]>([
    ['another id', { id: 'other' }, /^body must not have the unknown field 'id'$/],
    ['another type', { runner_configuration: { type: 'kubernetes' } }, /^runner type kubernetes does not match existing runner type serverless-ecs$/],
    ['a state storage for runners of other types', { state_storage_configuration: { type: 'gcs', bucket: 'my-bucket' } },
      /^state storage type 'gcs' is not compatible with runner type 'serverless-ecs', it must be one of \[s3\]$/],
    ['no type', { runner_configuration: { auth: newAuth } }, /^runner_configuration must have required property 'type'$/],
    ['an incomplete job', { runner_configuration: { type: 'serverless-ecs', job: { region: 'eu-west-1' } } }, /job must have required property 'cluster'/],
    ['no object', [], /^body must be object$/],
  ])('rejects %s', async (_, change, message) => {
    expectError(await org('PATCH', '/runners/prod-runner', change), 400, message);
    expect((await org('GET', '/runners/prod-runner')).body).toEqual(before);
  });
});

describe.each(KUBERNETES_CONFIGURATIONS.map((configuration) => [configuration.type as string, configuration]))('a runner of the type %s', (type, configuration) => {
  const body = kubernetesRunner('other-runner', configuration);

  test('has no auth, and shares the ids with all other runners', async () => {
    const created = await given('/runners', body);
    expect(created.runner_configuration).not.toHaveProperty('auth');
    expect((await org('GET', '/runners/other-runner')).body).toEqual(created);
    expect((await org('GET', '/runners')).body).toMatchObject({ items: [{ id: 'other-runner', runner_configuration: { type } }] });
    expectError(await org('POST', '/runners', runner('other-runner')), 409, 'runner with id other-runner already exists');
    expect((await org('DELETE', '/runners/other-runner')).status).toBe(204);
  });

  test('cannot become a runner on ECS', async () => {
    const created = await given('/runners', body);
    const change = { runner_configuration: runner().runner_configuration };
    expectError(await org('PATCH', '/runners/other-runner', change), 400, `runner type serverless-ecs does not match existing runner type ${type}`);
    expect((await org('GET', '/runners/other-runner')).body).toEqual(created);
  });

  test('rejects unknown and missing fields', async () => {
    expectError(await org('POST', '/runners', withField(body, 'runner_configuration.auth', { role_arn: ROLE })), 400,
      "runner_configuration must not have the unknown field 'auth'");
    expectError(await org('POST', '/runners', withField(body, 'runner_configuration.job', ABSENT)), 400,
      "runner_configuration must have required property 'job'");
  });
});

test('does not show the credentials of a Kubernetes cluster', async () => {
  const created = await given('/runners', kubernetesRunner('other-runner', KUBERNETES_CONFIGURATIONS[0]));
  expect(created.runner_configuration).toMatchObject({ cluster: { auth: { service_account_token: 'SECRET' } } });
});

test.each(KUBERNETES_CONFIGURATIONS.slice(2))('shows the identity of a cluster of the type $type, which is not a credential', async (configuration) => {
  expect((await given('/runners', kubernetesRunner('other-runner', configuration))).runner_configuration).toEqual(configuration);
});
