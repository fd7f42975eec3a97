import { api, BODY, call, create, idOf, isGone, Props, MAX_SECONDS_WITHOUT_WAITING, runnerProps, send, sent, TOKEN } from './lifecycle-support';
import { SECRET } from './support';

describe('a replacement of a runner', () => {
  const other = (change: Props = {}) => runnerProps({ RunnerId: 'new-runner', ...change });

  test('registers the new runner before CloudFormation deletes the old one', async () => {
    const id = await create();
    const replaced = await send('Runner', 'Update', other(), { id, old: runnerProps() });
    expect(replaced).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: `${await idOf('new-runner')};was=${id}` });
    expect(await isGone()).toBe(false);
    await send('Runner', 'Delete', runnerProps(), { id });
    expect(await isGone()).toBe(true);
    expect((await call('GET', '/runners/new-runner')).status).toBe(200);
  });

  test('is rolled back to the exact old physical ID, and the new registration is deleted', async () => {
    const id = await create();
    const { PhysicalResourceId: replaced } = await send('Runner', 'Update', other(), { id, old: runnerProps() });
    const rollback = await send('Runner', 'Update', runnerProps(), { id: replaced, old: other() });
    expect(rollback).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: id });
    // There is no cancelled update of the old runner to wait for.
    expect(rollback.seconds).toBeLessThan(MAX_SECONDS_WITHOUT_WAITING);
    expect(await send('Runner', 'Delete', other(), { id: replaced })).toMatchObject({ Status: 'SUCCESS' });
    expect((await call('GET', '/runners/new-runner')).status).toBe(404);
    expect(await idOf()).toBe(id);
  });

  test('that failed without an answer is removed by a rollback with the old physical ID, which needs only the old API token', async () => {
    const id = await create();
    await call('POST', '/runners', { ...BODY, id: 'new-runner' });
    const bad = other({ Token: { SecretId: `${SECRET}-of-the-replacement` } });
    expect(await send('Runner', 'Update', runnerProps(), { id, old: bad })).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: id });
    expect((await call('GET', '/runners/new-runner')).status).toBe(404);
  });

  test('that is deleted with the old physical ID after adoptExisting was set names the runner that stays registered', async () => {
    const id = await create();
    expect(await send('Runner', 'Delete', other({ AdoptExisting: 'true' }), { id })).toMatchObject({
      Status: 'SUCCESS', Reason: 'Runner \'prod-runner\' stays registered, because adoptExisting is set.',
    });
  });

  test('that is cancelled and registers its runner after its rollback has looked is removed by the rollback', async () => {
    const id = await create();
    const rollback = send('Runner', 'Update', runnerProps(), { id, old: other() });
    await sent('PATCH');
    await call('POST', '/runners', { ...BODY, id: 'new-runner' });
    expect(await rollback).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: id });
    expect((await call('GET', '/runners/new-runner')).status).toBe(404);
  });

  test('leaves a runner with adoptExisting, and takes it back with adoptExisting only', async () => {
    const adopting = runnerProps({ AdoptExisting: 'true' });
    await create({ AdoptExisting: 'true' });
    const { runners } = api.store.organization('my-org')!;
    runners.set('prod-runner', { ...runners.get('prod-runner')!, created_at: new Date(Date.now() - 600_000).toISOString() });
    const id = await idOf();
    const { PhysicalResourceId: replaced } = await send('Runner', 'Update', other(), { id, old: adopting });
    await send('Runner', 'Delete', adopting, { id });
    expect(await send('Runner', 'Update', runnerProps(), { id: replaced, old: other() })).toMatchObject({
      Status: 'FAILED', PhysicalResourceId: replaced, Reason: expect.stringContaining('a runner with this id exists, and this resource did not register it'),
    });
    // The rollback of the refused update does not take the runner that stayed for one that the update registered.
    expect(await send('Runner', 'Update', other(), { id: replaced, old: runnerProps() })).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: replaced });
    expect(await idOf()).toBe(id);
    // The rollback of the replacement itself.
    const rollback = await send('Runner', 'Update', adopting, { id: replaced, old: other() });
    expect(rollback).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: id });
    await send('Runner', 'Delete', other(), { id: replaced });
    expect((await call('GET', '/runners')).body.items).toMatchObject([{ id: 'prod-runner' }]);
  });

  test('that failed without an answer with adoptExisting is named by a rollback with the old physical ID', async () => {
    const id = await create();
    await call('POST', '/runners', { ...BODY, id: 'new-runner' });
    expect(await send('Runner', 'Update', runnerProps(), { id, old: other({ AdoptExisting: 'true' }) })).toMatchObject({
      Status: 'SUCCESS', PhysicalResourceId: id, Reason: 'Runner \'new-runner\' stays registered, because adoptExisting is set.',
    });
    expect((await call('GET', '/runners/new-runner')).status).toBe(200);
  });

  test('that failed without an answer and is retried without a rollback keeps the runner, because the physical ID does not change', async () => {
    const id = await create();
    api.setFaults(({ method, path }) => {
      const isNew = method === 'POST' || path.includes('new-runner');
      return isNew ? { name: 'down', carriedOut: true, answer: { kind: 'reset' } } : undefined;
    });
    const failed = await send('Runner', 'Update', other(), { id, old: runnerProps() });
    expect(failed).toMatchObject({ Status: 'FAILED', PhysicalResourceId: expect.stringMatching(/^my-org\/new-runner\?created=.*;was=my-org\/prod-runner@/) });
    api.setFaults();
    const retry = await send('Runner', 'Update', other(), { id: failed.PhysicalResourceId, old: runnerProps() });
    expect(retry).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: failed.PhysicalResourceId });
    await send('Runner', 'Delete', runnerProps(), { id });
    expect((await call('GET', '/runners')).body.items).toMatchObject([{ id: 'new-runner' }]);
    expect(await send('Runner', 'Delete', other(), { id: retry.PhysicalResourceId })).toMatchObject({ Status: 'SUCCESS' });
    expect((await call('GET', '/runners')).body.items).toEqual([]);
  });

  test.each<[string, Props, number | undefined, string, string]>([
    ['succeeds with a note if the other organization refuses the API token', { OrgId: 'other-org' }, undefined, 'SUCCESS', 'Could not check whether the failed update left runner \'new-runner\' in organization \'other-org\''],
    ['succeeds with a note if the API token of the other organization is missing', { OrgId: 'other-org', Token: { SecretId: `${SECRET}-of-the-replacement` } }, undefined, 'SUCCESS', 'Could not check whether'],
    ['fails if the other organization throttles', { OrgId: 'other-org' }, 429, 'FAILED', 'HTTP 429'],
    ['fails if the API has a fault in the other organization', { OrgId: 'other-org' }, 503, 'FAILED', 'HTTP 503'],
    ['fails if the API denies the call in the organization of the runner', {}, 403, 'FAILED', 'HTTP 403'],
  ])('that failed and is rolled back %s', async (_what, change, status, expected, reason) => {
    api.setTokens([{ token: TOKEN, orgs: ['my-org'] }]);
    const id = await create();
    api.setFaults(({ path }) => status && path.includes('new-runner') ? { name: 'refused', carriedOut: false, answer: { kind: 'other', status, headers: {}, body: '{}' } } : undefined);
    expect(await send('Runner', 'Update', runnerProps(), { id, old: other(change) }, { remaining: 45_000 })).toMatchObject({
      Status: expected, PhysicalResourceId: id, Reason: expect.stringContaining(reason),
    });
  });
});
