import { call, expectError, given, JOB, ORG, org, restart, runner, server, shown, withField, type Json } from './support';
import { ALTERNATIVE, DOCUMENTED, type Behaviour } from '../../../local/orchestrator';

/** Each option with its documented and its alternative value. */
const both = <Option extends keyof Behaviour>(option: Option): [Behaviour[Option], Partial<Behaviour>][] =>
  [DOCUMENTED, ALTERNATIVE].map((behaviour) => [behaviour[option], { [option]: behaviour[option] }]);

const rule = (body: Json): Promise<Json> => given('/runner-rules', body);

test('has a different value for each documented behaviour', () => {
  expect(Object.keys(ALTERNATIVE)).toEqual(Object.keys(DOCUMENTED));
  for (const option of Object.keys(DOCUMENTED) as (keyof Behaviour)[]) expect(ALTERNATIVE[option]).not.toBe(DOCUMENTED[option]);
});

test.each(both('unknownOrganization'))('answers %s for an unknown organization', async (status, behaviour) => {
  await restart(behaviour);
  for (const path of ['/runners', '/runner-rules', '/runners/x']) {
    expectError(await call('GET', `/orgs/no-org${path}`), status, status === 403 ? 'Forbidden' : 'organization not found');
  }
  expect((await call('GET', '/orgs/no-org/runners', undefined, { token: 'unknown' })).status).toBe(401);
});

test.each(both('unknownReference'))('answers %s for a rule that names an unknown runner or environment type', async (status, behaviour) => {
  await restart(behaviour);
  await given('/runners', runner());
  expectError(await org('POST', '/runner-rules', { runner_id: 'nobody' }), status, "runner 'nobody' not found");
  expectError(await org('POST', '/runner-rules', { runner_id: 'prod-runner', env_type_id: 'never' }), status, "environment type 'never' not found");
});

test.each(both('filterPerRunner'))('with filterPerRunner %s, rejects a second rule with the same filter for the same runner', async (perRunner, behaviour) => {
  await restart(behaviour);
  for (const id of ['runner-a', 'runner-b']) await given('/runners', runner(id));
  const { id } = await rule({ runner_id: 'runner-a', project_id: 'shop' });
  const message = `runner rule conflicts with existing rule '${String(id)}' for runner 'runner-a'`;
  expectError(await org('POST', '/runner-rules', { runner_id: 'runner-a', project_id: 'shop' }), 409, message);
  const other = await org('POST', '/runner-rules', { runner_id: 'runner-b', project_id: 'shop' });
  if (perRunner) expect(other.status).toBe(201);
  else expectError(other, 409, message);
});

test.each(both('deleteRulesWithRunner'))('with deleteRulesWithRunner %s, never keeps a rule without its runner', async (goes, behaviour) => {
  await restart(behaviour);
  await given('/runners', runner());
  const { id } = await rule({ runner_id: 'prod-runner' });
  const deleted = await org('DELETE', '/runners/prod-runner');
  if (goes) {
    expect(deleted.status).toBe(204);
    expect((await org('GET', '/runner-rules')).body).toEqual({ items: [] });
  } else {
    expectError(deleted, 409, `runner prod-runner is referenced by the runner rules: ${String(id)}`);
    expect((await org('GET', '/runners/prod-runner')).status).toBe(200);
  }
});

test.each(both('omitEmptyFields'))('with omitEmptyFields %s, returns a runner in the same form in every response', async (omits, behaviour) => {
  await restart(behaviour);
  const empty = { security_groups: [], environment: {}, secrets: {}, is_public_ip_enabled: false };
  const body = Object.entries(empty).reduce((partial, [name, value]) => withField(partial, `${JOB}.${name}`, value), runner());
  const expected = omits ? shown(body) : body;
  if (omits) for (const name of Object.keys(empty)) expect((expected.runner_configuration as { job: Json }).job).not.toHaveProperty(name);
  const { id: _, ...change } = body;
  for (const answer of [await org('POST', '/runners', body), await org('GET', '/runners/prod-runner'), await org('PATCH', '/runners/prod-runner', change)]) {
    expect(answer.body.runner_configuration).toEqual(expected.runner_configuration);
  }
});

describe('an API token that was rejected', () => {
  const statusOf = async (token: string): Promise<number> => (await org('GET', '/runners', undefined, { token })).status;

  test('stays rejected for a time that each use extends', async () => {
    let now = 0;
    await restart({ rejectedTokenMs: 300 }, () => now);
    expect(await statusOf('late')).toBe(401);
    server.setTokens([{ token: 'late', orgs: [ORG] }, { token: 'never-refused', orgs: [ORG] }]);
    expect(await statusOf('never-refused')).toBe(200);
    for (let use = 0; use < 3; use++) {
      now += 299;
      expect(await statusOf('late')).toBe(401);
    }
    now += 300;
    expect(await statusOf('late')).toBe(200);
  });

  test('stays rejected for one minute by default', async () => {
    expect(DOCUMENTED.rejectedTokenMs).toBe(60_000);
    expect(await statusOf('late')).toBe(401);
    server.setTokens([{ token: 'late', orgs: [ORG] }]);
    expect(await statusOf('late')).toBe(401);
  });

  test('is accepted as soon as it is valid if rejections are not cached', async () => {
    await restart({ rejectedTokenMs: 0 });
    expect(await statusOf('late')).toBe(401);
    server.setTokens([{ token: 'late', orgs: [ORG] }]);
    expect(await statusOf('late')).toBe(200);
  });
});
