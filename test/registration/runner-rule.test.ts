import { api, common, BODY, send, call, Props } from './lifecycle-support';
import { lossyProxy } from './support';

describe('a rule', () => {
  const ruleProps = (change: Props = {}): Props => ({ ...common(), RunnerId: 'prod-runner', ...change });
  /** As if it had been made long ago, or so many minutes ago. */
  const makeOld = (id: string, minutes?: number) => {
    const { rules: stored } = api.store.organization('my-org')!;
    stored.set(id, { ...stored.get(id)!, created_at: minutes === undefined ? '2026-01-01T00:00:00.000Z' : new Date(Date.now() - minutes * 60_000).toISOString() });
  };
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
    makeOld((await call('POST', '/runner-rules', { runner_id: 'prod-runner' })).body.id);
    const refused = await send('RunnerRule', 'Create', ruleProps());
    expect(refused.Status).toBe('FAILED');
    expect(refused.Reason).toContain('has the same project and environment type already. Delete that rule, or choose another filter');
    expect(refused.Reason).toContain('Details: it points at runner \'prod-runner\'');
    expect(await send('RunnerRule', 'Delete', ruleProps(), { id: refused.PhysicalResourceId })).toMatchObject({ Status: 'SUCCESS' });
    // And with an id of CloudFormation's own invention.
    expect(await send('RunnerRule', 'Delete', ruleProps(), { id: 'Stack-Rule-1ABCDEF' }, { remaining: 20_000 })).toMatchObject({ Status: 'SUCCESS' });
    expect(await rules()).toHaveLength(1);
  });

  test('that CloudFormation has no id of is found by what it says', async () => {
    await send('RunnerRule', 'Create', ruleProps());
    expect(await send('RunnerRule', 'Delete', ruleProps(), { id: 'Stack-Rule-1ABCDEF' }, { remaining: 20_000 })).toMatchObject({ Status: 'SUCCESS' });
    expect(await rules()).toEqual([]);
  });

  test.each([
    // CloudFormation gives up on the create after 9 minutes; the delete can be delivered after 6 more, and has 2.
    ['that an unanswered create made is removed by a delete that was delivered late', 13, 0],
    ['that is older than a create and its delete can take is left to whoever made it', 18, 1],
  ])('%s', async (_what, minutes, left) => {
    const { PhysicalResourceId: id } = await send('RunnerRule', 'Create', ruleProps());
    makeOld(id, minutes);
    expect(await send('RunnerRule', 'Delete', ruleProps(), { id: 'Stack-Rule-1ABCDEF' }, { remaining: 20_000 })).toMatchObject({ Status: 'SUCCESS' });
    expect(await rules()).toHaveLength(left);
  });

  test('that the orchestrator deleted with its runner is deleted without an error', async () => {
    const { PhysicalResourceId: id } = await send('RunnerRule', 'Create', ruleProps());
    expect((await call('DELETE', '/runners/prod-runner')).status).toBe(204);
    expect(await rules()).toEqual([]);
    expect(await send('RunnerRule', 'Delete', ruleProps(), { id })).toMatchObject({ Status: 'SUCCESS' });
  });

  test('is made once, however often the event is delivered', async () => {
    const first = await send('RunnerRule', 'Create', ruleProps());
    expect(await send('RunnerRule', 'Create', ruleProps())).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: first.PhysicalResourceId });
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
