import { api, BODY, call, create, deploy, foreign, idOf, isGone, OTHER_ROLE, MAX_SECONDS_WITHOUT_WAITING, READ_ONLY, registered, runnerProps, send, sent, SHOWN, store } from './lifecycle-support';
import { lossyProxy, ROLE, SECRET } from './support';

const MINUTE = 60_000;
/** A short time, so the handler soon gives up on an outage. */
const SHORT = { remaining: 45_000 };
const writes = () => api.requests.filter(({ method }) => method !== 'GET').map(({ method }) => method);
const down = (matches: (request: { method: string; path: string }) => boolean) => api.setFaults(request => matches(request)
  ? { name: 'down', carriedOut: false, answer: { kind: 'reset' } } : undefined);
/** Registers a runner with our role as somebody else, with the given age in minutes. */
async function createdBefore(minutes: number): Promise<void> {
  await call('POST', '/runners', { id: 'prod-runner', ...BODY });
  age('prod-runner', minutes, 'created_at');
}
/** Sets the last change of the runner to the given number of minutes ago. */
function age(id: string, minutes: number, ...fields: 'created_at'[]): void {
  const { runners } = api.store.organization('my-org')!;
  const time = new Date(Date.now() - minutes * MINUTE).toISOString();
  runners.set(id, { ...runners.get(id)!, ...Object.fromEntries(['updated_at', ...fields].map(field => [field, time])) });
}
/** The physical ID of a create without a response that was sent and carried out in this period, in minutes from now. */
const unanswered = (from: number, to: number) => `my-org/prod-runner?created=${[from, to].map(minutes => new Date(Date.now() + minutes * MINUTE).toISOString()).join('/')}`;
/** A runner on Kubernetes: it has no role. */
const kubernetes = () => call('POST', '/runners', {
  id: 'prod-runner',
  runner_configuration: {
    type: 'kubernetes-agent', key: '-----BEGIN PUBLIC KEY-----\nkey\n-----END PUBLIC KEY-----', job: { namespace: 'n', service_account: 's' },
  },
  state_storage_configuration: { type: 'kubernetes', namespace: 'state' },
});

describe('the create of a runner', () => {
  test('registers the exact body with one call, and returns a physical ID that identifies the registration', async () => {
    expect(await create()).toBe(await idOf());
    expect(api.requests.map(({ method, body }) => ({ method, body })).slice(0, 1)).toEqual([{ method: 'POST', body: { id: 'prod-runner', ...BODY } }]);
  });

  test('sets a session name that STS accepts', async () => {
    const id = `prod-${'x'.repeat(90)}`;
    await create({ RunnerId: id });
    const { session_name: name } = (await call('GET', `/runners/${id}`)).body.runner_configuration.auth;
    expect(name).toHaveLength(64);
    expect(name).toMatch(/^my-org-prod-x+-[0-9a-f]{8}$/);
  });

  test('finds its own registration if the response of the API was lost', async () => {
    let lost = 0;
    const proxy = await lossyProxy(api.url, method => method === 'POST' && lost++ === 0);
    const answer = await send('Runner', 'Create', runnerProps({ ApiUrl: proxy.url }));
    proxy.close();
    expect(answer).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: await idOf() });
    expect(lost).toBe(2);
  });

  test('registers once, even if the event is delivered several times', async () => {
    const answers = await Promise.all([send('Runner', 'Create', runnerProps()), send('Runner', 'Create', runnerProps())]);
    expect(answers).toMatchObject([{ Status: 'SUCCESS' }, { Status: 'SUCCESS', PhysicalResourceId: answers[0].PhysicalResourceId }]);
  });

  test('rejects a runner of somebody else, and its delete keeps that runner for each ID that CloudFormation can send', async () => {
    await foreign();
    const refused = await send('Runner', 'Create', runnerProps());
    expect(refused).toMatchObject({ Status: 'FAILED', PhysicalResourceId: 'nothing-created' });
    expect(refused.Reason).toContain('a runner with this id exists, and this resource did not register it. Choose another runnerId, or set adoptExisting to take it over; then deploy again.');
    expect(refused.Reason).toMatch(new RegExp(`Details: registered at .* with ${OTHER_ROLE}`));
    for (const id of [refused.PhysicalResourceId, 'Stack-Registration-1ABCDEF']) {
      expect(await send('Runner', 'Delete', runnerProps(), { id }, { remaining: 20_000 })).toMatchObject({ Status: 'SUCCESS' });
    }
    expect((await registered()).runner_configuration.auth.role_arn).toBe(OTHER_ROLE);
  });

  test.each([{}, { AdoptExisting: 'true' }])('rejects a runner of another type (%p), and its delete keeps that runner', async (change) => {
    expect((await kubernetes()).status).toBe(201);
    const refused = await send('Runner', 'Create', runnerProps(change));
    expect(refused).toMatchObject({ Status: 'FAILED', PhysicalResourceId: 'nothing-created' });
    expect(refused.Reason).toContain('a runner with this id exists and has another type.');
    expect(refused.Reason).toContain('Details: its type is kubernetes-agent');
    expect(await send('Runner', 'Delete', runnerProps(), { id: 'Stack-Registration-1ABCDEF' }, { remaining: 20_000 })).toMatchObject({ Status: 'SUCCESS' });
    expect(await isGone()).toBe(false);
  });

  test.each([{}, { AdoptExisting: 'true' }])('rejects a runner that this stack registered with another URL of the same installation (%p), and deletes nothing', async (change) => {
    await createdBefore(60);
    const refused = await send('Runner', 'Create', runnerProps(change));
    expect(refused).toMatchObject({ Status: 'FAILED', PhysicalResourceId: 'nothing-created', Reason: expect.stringContaining('keep the old apiUrl') });
    await send('Runner', 'Delete', runnerProps(change), { id: refused.PhysicalResourceId });
    expect(await registered()).toMatchObject(SHOWN);
  });

  test('that the API rejected leaves nothing, and its delete needs neither API nor API token', async () => {
    store.values.set(SECRET, READ_ONLY);
    const refused = await send('Runner', 'Create', runnerProps());
    expect(refused).toMatchObject({ Status: 'FAILED', PhysicalResourceId: 'nothing-created', Reason: expect.stringContaining('HTTP 403') });
    expect(refused.seconds).toBeLessThan(MAX_SECONDS_WITHOUT_WAITING);
    store.values.clear();
    expect(await send('Runner', 'Delete', runnerProps({ ApiUrl: 'http://127.0.0.1:2' }), { id: refused.PhysicalResourceId })).toMatchObject({ Status: 'SUCCESS' });
  });

  test('returns an ID without a registration if the id is taken and the API then fails to return the existing runner', async () => {
    await foreign();
    down(({ method }) => method === 'GET');
    expect(await send('Runner', 'Create', runnerProps(), {}, SHORT)).toMatchObject({ Status: 'FAILED', PhysicalResourceId: 'nothing-created' });
  });

  test('that is retried without a rollback keeps the runner of the retry when the failed create is deleted', async () => {
    store.values.set(SECRET, READ_ONLY);
    const { PhysicalResourceId: failed } = await send('Runner', 'Create', runnerProps());
    api.setTokens([{ token: store.values.set(SECRET, 'token-of-the-retry').get(SECRET)!, orgs: ['my-org'] }]);
    await create();
    expect(await send('Runner', 'Delete', runnerProps(), { id: failed })).toMatchObject({ Status: 'SUCCESS' });
    expect(api.store.organization('my-org')!.runners.has('prod-runner')).toBe(true);
  });

  test('that was carried out without a response is deleted with the period in its physical ID', async () => {
    let posted = false;
    api.setFaults(({ method }) => {
      const carriedOut = method === 'POST' && !posted;
      posted ||= carriedOut;
      return { name: 'down', carriedOut, answer: { kind: 'reset' } };
    });
    const failed = await send('Runner', 'Create', runnerProps());
    expect(failed).toMatchObject({ Status: 'FAILED', PhysicalResourceId: expect.stringMatching(/^my-org\/prod-runner\?created=\S+Z\/\S+Z$/) });
    api.setFaults();
    expect(await isGone()).toBe(false);
    expect(await send('Runner', 'Delete', runnerProps(), { id: failed.PhysicalResourceId })).toMatchObject({ Status: 'SUCCESS' });
    expect(await isGone()).toBe(true);
  });

  test('succeeds if the API responds again in time and has the runner', async () => {
    let posts = 0;
    api.setFaults(({ method }) => method === 'POST' ? { name: 'down', carriedOut: posts++ === 0, answer: { kind: 'reset' } } : undefined);
    expect(await create()).toBe(await idOf());
  });
});

describe('the delete of a runner', () => {
  test('deletes the registration in its physical ID, and succeeds if that does not exist', async () => {
    const id = await create();
    const deleted = await send('Runner', 'Delete', runnerProps(), { id });
    expect(await isGone()).toBe(true);
    for (const answer of [deleted, await send('Runner', 'Delete', runnerProps(), { id })]) {
      expect(answer.Status).toBe('SUCCESS');
      expect(answer.seconds).toBeLessThan(MAX_SECONDS_WITHOUT_WAITING);
    }
  });

  test('keeps a runner that was created after the period in its physical ID', async () => {
    await createdBefore(1);
    expect(await send('Runner', 'Delete', runnerProps(), { id: unanswered(-60, -59) })).toMatchObject({
      Status: 'SUCCESS', Reason: expect.stringContaining('stays registered: this resource did not register it'),
    });
    expect(await isGone()).toBe(false);
  });

  test('waits for a create that may still be carried out, and deletes its runner', async () => {
    const deleting = send('Runner', 'Delete', runnerProps(), { id: unanswered(-1, 0.5) });
    // Shortly before it must be over.
    await sent('GET', 4);
    await call('POST', '/runners', { id: 'prod-runner', ...BODY });
    expect(await deleting).toMatchObject({ Status: 'SUCCESS' });
    const looks = api.requests.filter(({ method, path }) => method === 'GET' && path.endsWith('/runners/prod-runner')).length;
    expect(await isGone()).toBe(true);
    expect(looks).toBeLessThan(9);
  });

  test('keeps a runner that somebody registered again with the same id and role', async () => {
    const id = await create();
    await call('DELETE', '/runners/prod-runner');
    await call('POST', '/runners', { id: 'prod-runner', ...BODY });
    const answer = await send('Runner', 'Delete', runnerProps(), { id });
    expect(answer).toMatchObject({ Status: 'SUCCESS', Reason: expect.stringContaining('stays registered: this resource did not register it') });
    expect(await isGone()).toBe(false);
  });

  test.each([[13, true], [40, false]])('with an ID that CloudFormation invented, %i minutes after the create: removes it: %p', async (minutes, removed) => {
    await createdBefore(minutes);
    expect(await send('Runner', 'Delete', runnerProps(), { id: 'Stack-Registration-1ABCDEF' }, { remaining: 20_000 })).toMatchObject({ Status: 'SUCCESS' });
    expect(await isGone()).toBe(removed);
  });

  test('with an ID that CloudFormation invented fails with the reason if the API cannot be reached', async () => {
    down(() => true);
    expect(await send('Runner', 'Delete', runnerProps(), { id: 'Stack-Registration-1ABCDEF' }, SHORT)).toMatchObject({
      Status: 'FAILED', Reason: expect.stringMatching(/^Deleting runner 'prod-runner' failed: no answer from .*then delete again\./),
    });
  });

  test('does not treat the 404 of a proxy as success', async () => {
    const id = await create();
    api.setFaults(() => ({ name: 'proxy', carriedOut: false, answer: { kind: 'other', status: 404, headers: { 'content-type': 'text/html' }, body: '<h1>No backend</h1>' } }));
    expect(await send('Runner', 'Delete', runnerProps(), { id }, SHORT)).toMatchObject({ Status: 'FAILED', Reason: expect.stringContaining('not the API\'s') });
  });

  test('fails while environments use the runner, and the reason names them; onInUse can keep the registration', async () => {
    const id = await create();
    await deploy();
    const refused = await send('Runner', 'Delete', runnerProps(), { id });
    expect(refused.Status).toBe('FAILED');
    expect(refused.Reason).toContain('runner prod-runner is in use by the environments: shop/dev');
    expect(await send('Runner', 'Delete', runnerProps({ OnInUse: 'retain' }), { id })).toMatchObject({
      Status: 'SUCCESS', Reason: expect.stringContaining('Runner \'prod-runner\' stays registered, because it is in use: '),
    });
    expect(await isGone()).toBe(false);
    await call('DELETE', '/projects/shop/envs/dev');
    expect(await send('Runner', 'Delete', runnerProps(), { id })).toMatchObject({ Status: 'SUCCESS' });
    expect(await isGone()).toBe(true);
  });

  test('fails while rules of others refer to the runner, and the reason names them', async () => {
    const id = await create();
    const { id: rule } = (await call('POST', '/runner-rules', { runner_id: 'prod-runner' })).body;
    const refused = await send('Runner', 'Delete', runnerProps(), { id });
    expect(refused).toMatchObject({ Status: 'FAILED', Reason: expect.stringContaining(`runner rules of others: ${rule} `) });
    expect((await call('GET', `/runner-rules/${rule}`)).status).toBe(200);
    expect(await send('Runner', 'Delete', runnerProps({ OnInUse: 'retain' }), { id })).toMatchObject({ Status: 'SUCCESS' });
    expect((await call('GET', `/runner-rules/${rule}`)).status).toBe(200);
  });

  test('that the API rejects fails with the reason, for any value of onInUse', async () => {
    const id = await create();
    api.setFaults(({ method }) => method === 'DELETE' ? { name: 'refused', carriedOut: false, answer: { kind: 'other', status: 403, headers: {}, body: '{}' } } : undefined);
    expect(await send('Runner', 'Delete', runnerProps({ OnInUse: 'retain' }), { id })).toMatchObject({ Status: 'FAILED', Reason: expect.stringContaining('HTTP 403') });
  });

  test('uses a rotated API token immediately', async () => {
    const id = await create();
    api.setTokens([{ token: 'the-new-one', orgs: ['my-org'] }]);
    store.values.set(SECRET, 'the-new-one');
    expect(await send('Runner', 'Delete', runnerProps(), { id })).toMatchObject({ Status: 'SUCCESS' });
  });
});

describe('the update of a runner', () => {
  test('sends the exact body, and clears fields that only the previous template had', async () => {
    const id = await create();
    const { Description: _, ...plain } = runnerProps();
    const job = { ...plain.Job, IsPublicIpEnabled: 'true', Image: 'ghcr.io/my-org/runner:1', SecurityGroups: undefined, Environment: undefined, Secrets: undefined };
    expect(await send('Runner', 'Update', { ...plain, Job: job }, { id, old: runnerProps() })).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: id });
    expect(api.requests.find(({ method }) => method === 'PATCH')!.body).toEqual({
      ...BODY,
      description: '',
      runner_configuration: {
        ...BODY.runner_configuration,
        job: { ...BODY.runner_configuration.job, is_public_ip_enabled: true, image: 'ghcr.io/my-org/runner:1', security_groups: [], environment: {}, secrets: {} },
      },
    });
  });

  test('registers a runner again that a person deleted', async () => {
    const id = await create();
    await call('DELETE', '/runners/prod-runner');
    expect(await send('Runner', 'Update', runnerProps(), { id, old: runnerProps() })).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: await idOf() });
  });

  test.each([
    ['with the role of the update', { Auth: { RoleArn: OTHER_ROLE } }],
    ['with another location for its state', { StateStorage: { Bucket: 'other-bucket' } }],
  ])('that registered a runner again %s is rolled back with the former physical ID', async (_how, change) => {
    const id = await create();
    await call('DELETE', '/runners/prod-runner');
    const updated = await send('Runner', 'Update', runnerProps(change), { id, old: runnerProps() });
    expect(updated.PhysicalResourceId).not.toBe(id);
    age('prod-runner', 10, 'created_at');
    expect(await send('Runner', 'Update', runnerProps(), { id, old: runnerProps(change) })).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: await idOf() });
    expect(await registered()).toMatchObject({ runner_configuration: { auth: { role_arn: ROLE } }, state_storage_configuration: { bucket: 'state-bucket' } });
  });

  test('rejects a runner that somebody registered again', async () => {
    const id = await create();
    await call('DELETE', '/runners/prod-runner');
    await foreign();
    expect(await send('Runner', 'Update', runnerProps(), { id, old: runnerProps() })).toMatchObject({
      Status: 'FAILED', PhysicalResourceId: id, Reason: expect.stringMatching(/^Updating runner 'prod-runner' failed: .*continue the rollback if the stack is in UPDATE_ROLLBACK_FAILED/),
    });
    expect((await registered()).runner_configuration.auth.role_arn).toBe(OTHER_ROLE);
  });

  test('takes over a runner that somebody registered again with the role of this stack if adoptExisting is set', async () => {
    const id = await create();
    await call('DELETE', '/runners/prod-runner');
    await createdBefore(60);
    const adopting = runnerProps({ AdoptExisting: 'true' });
    const answer = await send('Runner', 'Update', adopting, { id, old: adopting });
    expect(answer).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: await idOf() });
    expect(answer.PhysicalResourceId).not.toBe(id);
  });

  test('that changes the role finds a runner that a create without a response registered with the former role', async () => {
    await createdBefore(0);
    const id = unanswered(-1, 1);
    expect(await send('Runner', 'Update', runnerProps({ Auth: { RoleArn: OTHER_ROLE } }), { id, old: runnerProps() })).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: id });
    expect((await registered()).runner_configuration.auth.role_arn).toBe(OTHER_ROLE);
  });

  test('that changes nothing writes once, and does not wait for a cancelled update', async () => {
    const id = await create();
    const answer = await send('Runner', 'Update', runnerProps(), { id, old: runnerProps() });
    expect(answer).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: id });
    expect(writes()).toEqual(['POST', 'PATCH']);
    expect(answer.seconds).toBeLessThan(MAX_SECONDS_WITHOUT_WAITING);
  });

  test('keeps the location of the state unless allowStateMove is set', async () => {
    const id = await create();
    const moved = { StateStorage: { Bucket: 'other-bucket' } };
    const refused = await send('Runner', 'Update', runnerProps(moved), { id, old: runnerProps() });
    expect(refused.Status).toBe('FAILED');
    expect(refused.Reason).toContain('Details: from s3://state-bucket/team to s3://other-bucket/');
    expect(await send('Runner', 'Update', runnerProps(), { id, old: runnerProps(moved) })).toMatchObject({ Status: 'SUCCESS' });
    const allowed = runnerProps({ ...moved, AllowStateMove: 'true' });
    expect(await send('Runner', 'Update', allowed, { id, old: runnerProps() })).toMatchObject({ Status: 'SUCCESS' });
    expect((await registered()).state_storage_configuration).toEqual({ type: 's3', bucket: 'other-bucket' });
    expect(await send('Runner', 'Update', runnerProps(), { id, old: allowed })).toMatchObject({ Status: 'SUCCESS' });
    expect((await registered()).state_storage_configuration.bucket).toBe('state-bucket');
    // The permission to move applied to another location.
    await call('PATCH', '/runners/prod-runner', { state_storage_configuration: { type: 's3', bucket: 'third-bucket' } });
    expect((await send('Runner', 'Update', runnerProps(), { id, old: allowed })).Reason).toContain('Details: from s3://third-bucket/ to s3://state-bucket/team');
  });

  test('that rolls back a cancelled update writes last, unless somebody registered the runner again', async () => {
    const changed = { description: 'changed' };
    const runners = { unwritten: 'not-yet-written', written: 'written-just-now', foreign: 'registered-again' };
    const ids = Object.fromEntries(await Promise.all(Object.values(runners).map(async id => [id, await create({ RunnerId: id })])));
    age(runners.unwritten, 10);
    await call('PATCH', `/runners/${runners.written}`, changed);
    const rollbacks = Promise.all(Object.values(runners).map(RunnerId =>
      send('Runner', 'Update', runnerProps({ RunnerId }), { id: ids[RunnerId], old: runnerProps({ RunnerId, Description: 'changed' }) })));
    // The cancelled updates are still running, and write after the rollbacks have written.
    await sent('PATCH', 3);
    expect(writes().filter(method => method === 'PATCH')).toHaveLength(1 + 3);
    await call('PATCH', `/runners/${runners.unwritten}`, changed);
    await call('PATCH', `/runners/${runners.written}`, changed);
    await call('DELETE', `/runners/${runners.foreign}`);
    await call('POST', '/runners', { id: runners.foreign, ...BODY, ...changed });
    expect(await rollbacks).toMatchObject(Object.values(runners).map(id => ({ Status: 'SUCCESS', PhysicalResourceId: ids[id] })));
    const descriptions = await Promise.all(Object.values(runners).map(async id => (await call('GET', `/runners/${id}`)).body.description));
    expect(descriptions).toEqual(['text', 'text', 'changed']);
  });

  test('starts no write after its time window', async () => {
    const id = await create();
    api.setFaults(({ method }) => method === 'GET' ? { name: 'slow', carriedOut: false, answer: { kind: 'other', status: 429, headers: { 'retry-after': '22' }, body: '{}' } } : undefined);
    const update = send('Runner', 'Update', runnerProps({ Description: 'late' }), { id, old: runnerProps() });
    await sent('GET');
    api.setFaults();
    expect(await update).toMatchObject({ Status: 'FAILED' });
    expect((await registered()).description).toBe('text');
  });
});
