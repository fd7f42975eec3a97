import {
  ORG, UUID, UNKNOWN_UUID, type Json, call, org, given, kubernetesRunner, runner, expectError, server,
} from './support';

describe('rules', () => {
  beforeEach(async () => {
    await given('/runners', runner('runner-a'));
    await given('/runners', kubernetesRunner('runner-b'));
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
  ])('can name %s', async (_, selector) => {
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
    ['no runner', {}, "body must have required property 'runner_id'"],
    ['an empty runner', { runner_id: '' }, 'runner_id must NOT have fewer than 1 characters'],
    ['an unknown field', { runner_id: 'runner-a', env_id: 'x' }, "body must not have the unknown field 'env_id'"],
    ['another type of value', { runner_id: 'runner-a', project_id: null }, 'project_id must be string'],
  ])('are rejected with 400 for %s', async (_, body, message) => {
    expectError(await org('POST', '/runner-rules', body), 400, message);
  });

  test.each<[string, Json, string]>([
    ['runner', { runner_id: 'nobody' }, "runner 'nobody' not found"],
    ['environment type', { runner_id: 'runner-a', env_type_id: 'never' }, "environment type 'never' not found"],
    ['runner of another organization', { runner_id: 'runner-c' }, "runner 'runner-c' not found"],
  ])('are rejected with 409 if they name an unknown %s', async (_, body, message) => {
    expect((await call('POST', '/orgs/other-org/runners', runner('runner-c'), { token: 'stranger' })).status).toBe(201);
    expectError(await org('POST', '/runner-rules', body), 409, message);
    expect((await org('GET', '/runner-rules')).body).toEqual({ items: [] });
  });

  test('are accepted for an unknown project, although they match no environment', async () => {
    const created = await rule({ runner_id: 'runner-a', project_id: 'misspelt' });
    expect(created.project_id).toBe('misspelt');
    await given('/projects/shop/envs', { id: 'main', env_type_id: 'production' });
    expect((await org('GET', '/projects/shop/envs/main')).body.runner_id).toBeUndefined();
  });

  test.each(['GET', 'DELETE'])('answer %s with 404 for an unknown rule, and with 400 for an id that is not a UUID', async (method) => {
    expectError(await org(method, `/runner-rules/${UNKNOWN_UUID}`), 404, 'runner rule not found');
    expectError(await org(method, '/runner-rules/not-a-uuid'), 400, /^ruleId must match pattern/);
  });

  test('cannot be updated', async () => {
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
  ])('are listed by /runner-rules%s if they apply', async (query, expected) => {
    const names = new Map([
      [(await rule({ runner_id: 'runner-a' })).id, 'all'],
      [(await rule({ runner_id: 'runner-a', project_id: 'shop' })).id, 'project'],
      [(await rule({ runner_id: 'runner-b', env_type_id: 'production' })).id, 'type'],
      [(await rule({ runner_id: 'runner-b', project_id: 'shop', env_type_id: 'production' })).id, 'both'],
    ]);
    const { items } = (await org('GET', `/runner-rules${query}`)).body as { items: Json[] };
    expect(items.map((item) => names.get(item.id)).sort()).toEqual(expected);
  });

  test.each([
    ['runner', '/runners/runner-a'], ['project', '/projects/shop'], ['environment type', '/env-types/production'],
  ])('are deleted together with their %s, and no others', async (_, path) => {
    const { id } = await rule({ runner_id: 'runner-a', project_id: 'shop', env_type_id: 'production' });
    const other = await rule({ runner_id: 'runner-b' });
    expect((await org('DELETE', path)).status).toBe(204);
    expectError(await org('GET', `/runner-rules/${String(id)}`), 404, 'runner rule not found');
    expect((await org('GET', '/runner-rules')).body).toEqual({ items: [other] });
  });

  test('are kept if their runner is in use and cannot be deleted', async () => {
    const created = await rule({ runner_id: 'runner-a' });
    await given('/projects/shop/envs', { id: 'main', env_type_id: 'production' });
    expect((await org('DELETE', '/runners/runner-a')).status).toBe(409);
    expect((await org('GET', '/runner-rules')).body).toEqual({ items: [created] });
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
  ])('in %s of type %s use the runner of the most specific rule: %s', async (project, type, expected) => {
    await given('/runner-rules', { runner_id: 'for-all' });
    await given('/runner-rules', { runner_id: 'for-type', env_type_id: 'production' });
    await given('/runner-rules', { runner_id: 'for-project', project_id: 'shop' });
    await given('/runner-rules', { runner_id: 'for-both', project_id: 'shop', env_type_id: 'production' });
    expect((await environment(project, 'main', type)).runner_id).toBe(expected);
  });

  test('use the rule for their project before the rule for their type', async () => {
    await given('/runner-rules', { runner_id: 'for-type', env_type_id: 'production' });
    await given('/runner-rules', { runner_id: 'for-project', project_id: 'shop' });
    expect((await environment('shop', 'main', 'production')).runner_id).toBe('for-project');
  });

  test('have no runner without a matching rule until they are refreshed', async () => {
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

  test('are listed by project', async () => {
    await environment('blog', 'main', 'test');
    const created = await environment('shop', 'main', 'test');
    expect((await org('GET', '/projects/shop/envs')).body.items).toEqual([created]);
  });

  test('keep their runner in use until they are refreshed or deleted, even if its rule is deleted', async () => {
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

  test.each(['deleting', 'delete_failed'] as const)('keep their runner in use while their status is %s', async (status) => {
    await given('/runner-rules', { runner_id: 'for-all' });
    await environment('shop', 'main', 'test');
    const organization = server.store.organization(ORG)!;
    organization.putEnvironment({ ...organization.environment('shop', 'main')!, status });
    expect((await org('GET', '/projects/shop/envs/main')).body.status).toBe(status);
    expectError(await org('DELETE', '/runners/for-all'), 409, 'runner for-all is in use by the environments: shop/main');
  });

  test('are listed in the error of a refused delete, at most ten of them', async () => {
    await given('/runner-rules', { runner_id: 'for-all' });
    for (let n = 10; n < 21; n++) await environment('shop', `env-${n}`, 'test');
    const named = Array.from({ length: 10 }, (_, n) => `shop/env-${n + 10}`).join(', ');
    expectError(await org('DELETE', '/runners/for-all'), 409, `runner for-all is in use by the environments: ${named}`);
  });

  test('prevent the deletion of their project and type', async () => {
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
  ])('reject %s: %s %s', async (_, method, path, body, status, message) => {
    await environment('shop', 'taken', 'test');
    expectError(await org(method, path, body), status, message);
  });
});

describe.each([
  ['projects', 'project', { status: 'active', updated_at: expect.any(String) as unknown }],
  ['env-types', 'environment type', {}],
])('%s', (path, noun, more) => {
  test('can be created, read, listed and deleted', async () => {
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
    'are rejected with the body %j', async (body) => expectError(await org('POST', `/${path}`, body), 400, /./));
});
