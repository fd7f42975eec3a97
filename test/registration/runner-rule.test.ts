import { api, BODY, call, common, Props, MAX_SECONDS_WITHOUT_WAITING, send, sent, settings } from './lifecycle-support';
import { lossyProxy } from './support';

const props = (change: Props = {}): Props => ({ ...common(), RunnerId: 'prod-runner', ...change });
const rules = async () => (await call('GET', '/runner-rules')).body.items;
const create = async (change: Props = {}) => {
  const answer = await send('RunnerRule', 'Create', props(change));
  expect(answer).toMatchObject({ Status: 'SUCCESS', Data: { RuleId: answer.PhysicalResourceId } });
  return answer.PhysicalResourceId;
};
/** Creates a rule of somebody else with the given age in minutes. */
const createdBefore = async (minutes: number, change: Props = {}): Promise<string> => {
  const { id } = (await call('POST', '/runner-rules', { runner_id: 'prod-runner', ...change })).body;
  age(id, minutes);
  return id;
};
const age = (id: string, minutes: number) => {
  const { rules: stored } = api.store.organization('my-org')!;
  stored.set(id, { ...stored.get(id)!, created_at: new Date(Date.now() - minutes * 60_000).toISOString() });
};

beforeEach(async () => {
  await call('POST', '/runners', { id: 'prod-runner', ...BODY });
  await call('POST', '/runners', { id: 'new-runner', ...BODY });
  for (const id of ['production', 'qa', 'dev']) {
    await call('POST', '/env-types', { id });
  }
});

describe('the create of a rule', () => {
  test('creates one rule, even if the event is delivered several times', async () => {
    const id = await create({ EnvTypeId: 'production' });
    expect(await send('RunnerRule', 'Create', props({ EnvTypeId: 'production' }))).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: id });
    expect(await rules()).toMatchObject([{ id, runner_id: 'prod-runner', env_type_id: 'production' }]);
  });

  test('finds its own rule if the response of the API was lost', async () => {
    let lost = 0;
    const proxy = await lossyProxy(api.url, method => method === 'POST' && lost++ === 0);
    const answer = await send('RunnerRule', 'Create', props({ ApiUrl: proxy.url }));
    proxy.close();
    expect(answer.Status).toBe('SUCCESS');
    expect(await rules()).toMatchObject([{ id: answer.PhysicalResourceId }]);
  });

  test('rejects a rule of somebody else with the same content, of any age, and its delete keeps that rule', async () => {
    const rule = await createdBefore(1);
    const refused = await send('RunnerRule', 'Create', props());
    expect(refused).toMatchObject({ Status: 'FAILED', PhysicalResourceId: 'nothing-created' });
    expect(refused.Reason).toContain(`rule ${rule} has the same project and environment type, and this resource did not create it.`);
    expect(refused.Reason).toContain('Details: it points at runner \'prod-runner\'');
    expect(await send('RunnerRule', 'Delete', props(), { id: 'nothing-created' })).toMatchObject({ Status: 'SUCCESS' });
    age(rule, 60);
    expect(await send('RunnerRule', 'Delete', props(), { id: 'Stack-Rule-1ABCDEF' }, { remaining: 20_000 })).toMatchObject({ Status: 'SUCCESS' });
    expect(await rules()).toMatchObject([{ id: rule }]);
  });

  test('finds a rule on the second page of the list', async () => {
    const { rules: stored } = api.store.organization('my-org')!;
    const first = (await call('POST', '/runner-rules', { runner_id: 'prod-runner', project_id: 'project' })).body;
    for (let number = 1; number <= 120; number++) {
      const id = `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
      stored.set(id, { ...stored.get(first.id)!, id, project_id: `project-${number}` });
    }
    const rule = await createdBefore(60);
    expect((await send('RunnerRule', 'Create', props())).Reason).toContain(`rule ${rule} has the same project and environment type`);
  });

  test('that failed and is retried without a rollback keeps the rule of the retry when the failed create is deleted', async () => {
    expect(await send('RunnerRule', 'Create', props({ RunnerId: 'nobody' }))).toMatchObject({ Status: 'FAILED', PhysicalResourceId: 'nothing-created' });
    const id = await create();
    expect(await send('RunnerRule', 'Delete', props(), { id: 'nothing-created' })).toMatchObject({ Status: 'SUCCESS' });
    expect(await rules()).toMatchObject([{ id }]);
  });

  test('that was carried out without a response is deleted with the period in its physical ID', async () => {
    let posted = false;
    api.setFaults(({ method }) => {
      const isFirst = method === 'POST' && !posted;
      posted ||= isFirst;
      return posted ? { name: 'down', carriedOut: isFirst, answer: { kind: 'reset' } } : undefined;
    });
    const failed = await send('RunnerRule', 'Create', props());
    expect(failed).toMatchObject({ Status: 'FAILED', PhysicalResourceId: expect.stringMatching(/^rule\?created=\S+Z\/\S+Z$/) });
    api.setFaults();
    expect(await rules()).toHaveLength(1);
    expect(await send('RunnerRule', 'Delete', props(), { id: failed.PhysicalResourceId })).toMatchObject({ Status: 'SUCCESS' });
    expect(await rules()).toEqual([]);
  });

  test.each([
    ['adoptExisting, for a rule of any runner', 'true', 'new-runner', true],
    ['an adopted runner, for a rule of this runner', 'identical', 'prod-runner', true],
    ['an adopted runner, but not for a rule of another runner', 'identical', 'new-runner', false],
  ])('takes over a rule with %s', async (_what, AdoptExisting, runner, isTaken) => {
    await createdBefore(60, { runner_id: runner });
    const answer = await send('RunnerRule', 'Create', props({ AdoptExisting }));
    expect(answer.Status).toBe(isTaken ? 'SUCCESS' : 'FAILED');
    expect(await rules()).toMatchObject([{ runner_id: isTaken ? 'prod-runner' : runner }]);
    expect(await send('RunnerRule', 'Delete', props({ AdoptExisting }), { id: answer.PhysicalResourceId })).toMatchObject({ Status: 'SUCCESS' });
    expect(await rules()).toHaveLength(1);
  });
});

describe('the delete of a rule', () => {
  test('deletes a rule that this resource created, even while adoptExisting is set, so that its runner can be deleted', async () => {
    const { PhysicalResourceId: id } = await send('RunnerRule', 'Create', props({ AdoptExisting: 'true' }));
    expect(await send('RunnerRule', 'Delete', props({ AdoptExisting: 'true' }), { id })).toMatchObject({ Status: 'SUCCESS' });
    expect(await rules()).toEqual([]);
  });

  test('keeps a rule that was taken over and then changed to another runner, while adoptExisting is set', async () => {
    await createdBefore(60, { runner_id: 'new-runner' });
    const { PhysicalResourceId: adopted } = await send('RunnerRule', 'Create', props({ AdoptExisting: 'true' }));
    const now = props({ AdoptExisting: 'true', RunnerId: 'new-runner' });
    const { PhysicalResourceId: id } = await send('RunnerRule', 'Update', now, { id: adopted, old: props({ AdoptExisting: 'true' }) });
    expect(await send('RunnerRule', 'Delete', now, { id })).toMatchObject({ Status: 'SUCCESS', Reason: expect.stringContaining('stays, because adoptExisting is set') });
    expect(await rules()).toMatchObject([{ runner_id: 'new-runner' }]);
  });

  test('deletes only the rule in its physical ID, and succeeds if it does not exist', async () => {
    const id = await create();
    const other = await createdBefore(60, { env_type_id: 'production' });
    expect(await send('RunnerRule', 'Delete', props(), { id })).toMatchObject({ Status: 'SUCCESS' });
    expect(await send('RunnerRule', 'Delete', props(), { id })).toMatchObject({ Status: 'SUCCESS' });
    expect(await rules()).toMatchObject([{ id: other }]);
  });

  test.each([
    // CloudFormation gives up on the create after 9 minutes. The delete can be delivered 6 minutes later and run for 2 minutes.
    [13, 0],
    [40, 1],
  ])('with an ID that CloudFormation invented, %i minutes after the create, leaves %i rules', async (minutes, left) => {
    await createdBefore(minutes);
    const ids = { id: 'Stack-HumanitecRunnerRule0a1b2c3dByFilter-1ABCDEF', logicalId: 'HumanitecRunnerRule0a1b2c3dByFilter' };
    expect(await send('RunnerRule', 'Delete', props(), ids, { remaining: 20_000 })).toMatchObject({ Status: 'SUCCESS' });
    expect(await rules()).toHaveLength(left);
  });

  test('with an ID that CloudFormation invented keeps and names a rule whose filter was unknown at synthesis, because another resource may have created it', async () => {
    const rule = await createdBefore(1);
    expect(await send('RunnerRule', 'Delete', props(), { id: 'Stack-HumanitecRunnerRule0A1B2C3D-1ABCDEF', logicalId: 'HumanitecRunnerRule0A1B2C3D' })).toMatchObject({
      Status: 'SUCCESS', Reason: `The cancelled create may have left rule ${rule} for runner 'prod-runner': delete it, unless another resource created it.`,
    });
    expect(await rules()).toMatchObject([{ id: rule }]);
  });

  test('succeeds if the orchestrator deleted the rule with its runner', async () => {
    const id = await create();
    expect((await call('DELETE', '/runners/prod-runner')).status).toBe(settings.behaviour.deleteRulesWithRunner ? 204 : 409);
    expect(await send('RunnerRule', 'Delete', props(), { id })).toMatchObject({ Status: 'SUCCESS' });
  });
});

describe('the update of a rule to another runner', () => {
  const moved = () => props({ RunnerId: 'new-runner' });

  test('replaces the rule of its filter, and a rollback replaces it again, with either physical ID', async () => {
    const id = await create();
    const update = await send('RunnerRule', 'Update', moved(), { id, old: props() });
    expect(await rules()).toMatchObject([{ id: update.PhysicalResourceId, runner_id: 'new-runner' }]);
    expect(update.seconds).toBeLessThan(MAX_SECONDS_WITHOUT_WAITING);
    const rollback = await send('RunnerRule', 'Update', props(), { id, old: moved() });
    expect(await rules()).toMatchObject([{ id: rollback.PhysicalResourceId, runner_id: 'prod-runner' }]);
    const again = await send('RunnerRule', 'Update', moved(), { id: rollback.PhysicalResourceId, old: props() });
    const other = await send('RunnerRule', 'Update', props(), { id: again.PhysicalResourceId, old: moved() });
    expect(await rules()).toMatchObject([{ id: other.PhysicalResourceId, runner_id: 'prod-runner' }]);
    // CloudFormation deletes this afterwards.
    await send('RunnerRule', 'Delete', moved(), { id: again.PhysicalResourceId });
    expect(await rules()).toHaveLength(1);
  });

  test('keeps the rule and does not wait for a cancelled update if nothing changes', async () => {
    const id = await create();
    const update = await send('RunnerRule', 'Update', props(), { id, old: props() });
    expect(update).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: id });
    expect(update.seconds).toBeLessThan(MAX_SECONDS_WITHOUT_WAITING);
    expect(await rules()).toMatchObject([{ id }]);
  });

  test('restores the rule if it fails, and its rollback finds the rule with either physical ID', async () => {
    const id = await create();
    // The orchestrator rejects the new rule and accepts the former one again.
    let posts = 0;
    api.setFaults(({ method }) => method === 'POST' && posts++ === 0 ? { name: 'refused', carriedOut: false, answer: { kind: 'other', status: 400, body: '{"error": "HTTP-400"}' } } : undefined);
    const failed = await send('RunnerRule', 'Update', moved(), { id, old: props() });
    api.setFaults();
    expect(failed).toMatchObject({ Status: 'FAILED', Reason: expect.stringContaining('The former rule was restored.') });
    expect(await rules()).toMatchObject([{ id: failed.PhysicalResourceId, runner_id: 'prod-runner' }]);
    for (const either of [failed.PhysicalResourceId, id]) {
      expect(await send('RunnerRule', 'Update', props(), { id: either, old: moved() })).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: failed.PhysicalResourceId });
    }
  });

  test('deletes nothing if the new runner does not exist', async () => {
    const id = await create();
    expect(await send('RunnerRule', 'Update', props({ RunnerId: 'nobody' }), { id, old: props() })).toMatchObject({
      Status: 'FAILED', PhysicalResourceId: id, Reason: expect.stringContaining('this runner does not exist, so the rule that has the filter stays as it is. Register the runner, or correct runnerId; '),
    });
    expect(await rules()).toMatchObject([{ id, runner_id: 'prod-runner' }]);
  });

  test('rejects an old rule of somebody else with the filter, and neither its rollback nor its delete removes that rule', async () => {
    const id = await create();
    await call('DELETE', `/runner-rules/${id}`);
    const rule = await createdBefore(60, { runner_id: 'new-runner' });
    expect(await send('RunnerRule', 'Update', moved(), { id, old: props() })).toMatchObject({ Status: 'FAILED', PhysicalResourceId: id });
    expect(await send('RunnerRule', 'Update', props(), { id, old: moved() })).toMatchObject({ Status: 'FAILED', PhysicalResourceId: id });
    await send('RunnerRule', 'Delete', props(), { id });
    expect(await rules()).toMatchObject([{ id: rule }]);
  });

  test('that rolls back a cancelled update writes last', async () => {
    const id = await create();
    const rollback = send('RunnerRule', 'Update', props(), { id, old: moved() });
    // The cancelled update is still running.
    await sent('GET');
    await call('DELETE', `/runner-rules/${id}`);
    await call('POST', '/runner-rules', { runner_id: 'new-runner' });
    expect((await rollback).Status).toBe('SUCCESS');
    expect(await rules()).toMatchObject([{ runner_id: 'prod-runner' }]);
  });
});

describe('the update of a rule to another filter that was unknown at synthesis', () => {
  const qa = () => props({ EnvTypeId: 'qa' });
  const dev = () => props({ EnvTypeId: 'dev' });

  test('creates the new rule before CloudFormation deletes the old one, and a rollback returns the old physical ID', async () => {
    const id = await create({ EnvTypeId: 'qa' });
    const { PhysicalResourceId: changed, Data: data } = await send('RunnerRule', 'Update', dev(), { id, old: qa() });
    expect(changed).toBe(`${data!.RuleId};was=${id}`);
    expect(await rules()).toHaveLength(2);
    const rollback = await send('RunnerRule', 'Update', qa(), { id: changed, old: dev() });
    expect(rollback).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: id, Data: { RuleId: id } });
    // There is no cancelled update of the old rule to wait for.
    expect(rollback.seconds).toBeLessThan(MAX_SECONDS_WITHOUT_WAITING);
    await send('RunnerRule', 'Delete', dev(), { id: changed });
    expect(await rules()).toMatchObject([{ id }]);
  });

  test('keeps the old physical ID for a rollback if the rule moves to another organization', async () => {
    await call('POST', '/runners', { id: 'prod-runner', ...BODY }, 'other-org');
    const id = await create();
    const elsewhere = props({ OrgId: 'other-org' });
    const { PhysicalResourceId: changed, Data: data } = await send('RunnerRule', 'Update', elsewhere, { id, old: props() });
    expect(changed).toBe(`${data!.RuleId};was=${id}`);
    expect(await send('RunnerRule', 'Update', props(), { id: changed, old: elsewhere })).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: id });
  });

  test('names the place to check after a failed move to another organization if the physical ID contains an earlier replacement', async () => {
    const id = await create({ EnvTypeId: 'qa' });
    const { PhysicalResourceId: changed } = await send('RunnerRule', 'Update', dev(), { id, old: qa() });
    const rollback = await send('RunnerRule', 'Update', qa(), { id: changed, old: props({ OrgId: 'other-org' }) });
    expect(rollback).toMatchObject({
      Status: 'SUCCESS', PhysicalResourceId: id, Reason: "If the failed update left a rule for runner 'prod-runner' in organization 'other-org', delete it there.",
    });
  });

  test('rejects the rule of another resource in a shifted list, and its rollback keeps both rules', async () => {
    const [first, second] = [await create({ EnvTypeId: 'qa' }), await create({ EnvTypeId: 'dev' })];
    age(second, 1);
    const failed = await send('RunnerRule', 'Update', dev(), { id: first, old: qa() });
    expect(failed).toMatchObject({ Status: 'FAILED', PhysicalResourceId: first });
    expect(await send('RunnerRule', 'Update', qa(), { id: first, old: dev() })).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: first });
    expect((await rules()).map(({ id }: { id: string }) => id).sort()).toEqual([first, second].sort());
  });

  test('that failed without an answer is named by a rollback with the old physical ID', async () => {
    const id = await create({ EnvTypeId: 'qa' });
    const left = await createdBefore(1, { env_type_id: 'dev' });
    expect(await send('RunnerRule', 'Update', qa(), { id, old: dev() })).toMatchObject({
      Status: 'SUCCESS', PhysicalResourceId: id, Reason: `The failed update may have left rule ${left} for runner 'prod-runner': delete it, unless another resource created it.`,
    });
  });

  test('that failed without an answer is named by a rollback that must create the former rule again', async () => {
    const id = await create({ EnvTypeId: 'qa' });
    await call('DELETE', `/runner-rules/${id}`);
    const left = await createdBefore(1, { env_type_id: 'dev' });
    expect((await send('RunnerRule', 'Update', qa(), { id, old: dev() })).Reason).toContain(`The failed update may have left rule ${left} `);
  });

  test('asks for nothing more once the new rule exists, so that no failure hides it', async () => {
    const id = await create({ EnvTypeId: 'qa' });
    let isPosted = false;
    api.setFaults(({ method }) => {
      const wasPosted = isPosted;
      isPosted ||= method === 'POST';
      return wasPosted ? { name: 'down', carriedOut: false, answer: { kind: 'reset' } } : undefined;
    });
    expect(await send('RunnerRule', 'Update', dev(), { id, old: qa() })).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: expect.stringMatching(`;was=${id}$`) });
  });

  test('that is cancelled and creates its rule after its rollback has looked is named by the rollback', async () => {
    const id = await create({ EnvTypeId: 'qa' });
    const rollback = send('RunnerRule', 'Update', qa(), { id, old: dev() });
    await sent('GET');
    const left = await createdBefore(0, { env_type_id: 'dev' });
    expect((await rollback).Reason).toContain(`The failed update may have left rule ${left} `);
  });

  test('leaves a rule that was taken over, and takes it back with adoptExisting only', async () => {
    const rule = await createdBefore(60, { env_type_id: 'qa' });
    const adopting = { ...qa(), AdoptExisting: 'true' };
    const { PhysicalResourceId: id } = await send('RunnerRule', 'Create', adopting);
    const { PhysicalResourceId: changed } = await send('RunnerRule', 'Update', dev(), { id, old: adopting });
    await send('RunnerRule', 'Delete', adopting, { id });
    expect(await send('RunnerRule', 'Update', qa(), { id: changed, old: dev() })).toMatchObject({
      Status: 'FAILED', PhysicalResourceId: changed, Reason: expect.stringContaining(`rule ${rule} has the same project and environment type`),
    });
    expect(await send('RunnerRule', 'Update', adopting, { id: changed, old: dev() })).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: id });
    await send('RunnerRule', 'Delete', dev(), { id: changed });
    expect(await rules()).toMatchObject([{ id: rule }]);
  });

  test('returns no note about the former rule or the former organization', async () => {
    const id = await create({ EnvTypeId: 'qa' });
    expect((await send('RunnerRule', 'Update', dev(), { id, old: qa() })).Reason).toBeUndefined();
    await call('POST', '/runners', { ...BODY, id: 'prod-runner' }, 'other-org');
    await call('POST', '/env-types', { id: 'qa' }, 'other-org');
    const moved = await send('RunnerRule', 'Update', { ...qa(), OrgId: 'other-org' }, { id, old: qa() });
    expect([moved.Status, moved.Reason]).toEqual(['SUCCESS', undefined]);
  });

  test('that failed without an answer and is retried without a rollback keeps the rule, because the physical ID does not change', async () => {
    const id = await create({ EnvTypeId: 'qa' });
    let posted = false;
    api.setFaults(({ method }) => {
      const isFirst = method === 'POST' && !posted;
      posted ||= isFirst;
      return posted ? { name: 'down', carriedOut: isFirst, answer: { kind: 'reset' } } : undefined;
    });
    const failed = await send('RunnerRule', 'Update', dev(), { id, old: qa() });
    expect(failed).toMatchObject({ Status: 'FAILED', PhysicalResourceId: expect.stringMatching(new RegExp(`^rule\\?created=.*;was=${id}$`)) });
    api.setFaults();
    const retry = await send('RunnerRule', 'Update', dev(), { id: failed.PhysicalResourceId, old: qa() });
    expect(retry).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: failed.PhysicalResourceId });
    await send('RunnerRule', 'Delete', qa(), { id });
    expect(await rules()).toMatchObject([{ id: retry.Data!.RuleId, env_type_id: 'dev' }]);
    expect(await send('RunnerRule', 'Delete', dev(), { id: retry.PhysicalResourceId })).toMatchObject({ Status: 'SUCCESS' });
    expect(await rules()).toEqual([]);
  });
});
