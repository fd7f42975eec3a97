import { api, BODY, SHOWN, call, common, deploy, isGone, Props, registered, runnerProps, send, TOKEN } from './lifecycle-support';
import { SECRET } from './support';
import { startOrchestrator } from '../../local/orchestrator';

const OTHER_SECRET = SECRET.replace('AbCdEf', 'GhIjKl');
const id = 'my-org/prod-runner';
const statusOf = async (runner: string, org?: string) => (await call('GET', `/runners/${runner}`, undefined, org)).status;
/** Little time, so that an outage is soon given up on. */
const short = { remaining: 45_000 };
const json = { 'content-type': 'application/json' };
/** Refuses the first calls of one runner, as an API does in whose copies a token is not known yet. */
function refuse(runner: string, calls: number, status: number): void {
  let left = calls;
  api.setFaults(({ path }) => path.includes(runner) && left-- > 0
    ? { name: 'refused', carriedOut: false, answer: { kind: 'other', status, headers: json, body: '{"message":"not now"}' } } : undefined);
}

describe('the rollback of a replacement that failed', () => {
  const failed = (change: Props = {}): Props => runnerProps({ RunnerId: 'new-runner', ...change });
  /** The registration from before, and the one of the failed change, of which CloudFormation has no id. */
  const prepare = async (change: Props = {}) => {
    await send('Runner', 'Create', runnerProps());
    await call('POST', '/runners', { id: change.RunnerId ?? 'new-runner', ...BODY }, change.OrgId);
  };
  const rollBack = (old: Props) => send('Runner', 'Update', runnerProps(), { id, old }, short);

  test('removes what it made, with the token from before: the new one is out of reach again', async () => {
    await prepare();
    const old = failed({ Token: { SecretId: OTHER_SECRET } });
    expect(await rollBack(old)).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: id });
    expect(await statusOf('new-runner')).toBe(404);
    expect(await registered()).toMatchObject(SHOWN);
  });

  test.each([401, 403])('fails where the API refuses for a moment (%d), and is done when it is continued', async (status) => {
    await prepare();
    refuse('new-runner', 1, status);
    const answer = await rollBack(failed());
    expect(answer.Status).toBe('FAILED');
    expect(answer.Reason).toMatch(new RegExp(`^Undoing the change to runner 'new-runner' failed: HTTP ${status} from `));
    expect(await rollBack(failed())).toMatchObject({ Status: 'SUCCESS' });
    expect(await statusOf('new-runner')).toBe(404);
  });

  test('removes what it made in another organization', async () => {
    const elsewhere = { OrgId: 'other-org', RunnerId: 'prod-runner' };
    await prepare(elsewhere);
    expect(await rollBack(failed(elsewhere))).toMatchObject({ Status: 'SUCCESS' });
    expect(await statusOf('prod-runner', 'other-org')).toBe(404);
    expect(await isGone()).toBe(false);
  });

  test.each([
    ['a token that is refused there', () => api.setTokens([{ token: TOKEN, orgs: ['my-org'] }]), {}],
    ['a token that cannot be read', () => undefined, { Token: { SecretId: OTHER_SECRET } }],
    ['an organization that is not there', () => undefined, { OrgId: 'nobody' }],
    ['a URL where nobody is', () => undefined, { ApiUrl: 'http://127.0.0.1:2' }],
  ])('does not get stuck on %s, and says what it could not look at', async (_what, spoil, change) => {
    await send('Runner', 'Create', runnerProps());
    spoil();
    const old = failed({ OrgId: 'other-org', ...change });
    expect(await send('Runner', 'Update', old, { id, old: runnerProps() }, short)).toMatchObject({ Status: 'FAILED', PhysicalResourceId: id });
    const answer = await rollBack(old);
    expect(answer.Status).toBe('SUCCESS');
    expect(answer.Reason).toBe(`Nothing should be left of runner 'new-runner' in organization '${old.OrgId}'; the API could not be asked whether that is so.`);
    expect(await registered()).toMatchObject(SHOWN);
  }, 60_000);

  test('removes what it made in an organization of the same name at another API', async () => {
    const other = await startOrchestrator({ orgs: ['my-org'], tokens: [{ token: TOKEN, orgs: ['my-org'] }] });
    try {
      await send('Runner', 'Create', runnerProps());
      const { runners } = other.store.organization('my-org')!;
      await call('POST', '/runners', { id: 'new-runner', ...BODY });
      runners.set('new-runner', api.store.organization('my-org')!.runners.get('new-runner')!);
      expect(await rollBack(failed({ ApiUrl: other.url }))).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: id });
      expect([...runners.keys()]).toEqual([]);
      // It is not the same one.
      expect(await statusOf('new-runner')).toBe(200);
    } finally {
      await other.close();
    }
  });

  test.each([429, 503])('fails where another organization only has a bad moment (%d)', async (status) => {
    await send('Runner', 'Create', runnerProps());
    api.setFaults(({ path }) => path.includes('other-org')
      ? { name: 'down', carriedOut: false, answer: { kind: 'other', status, headers: json, body: '{"message":"down"}' } } : undefined);
    const answer = await rollBack(failed({ OrgId: 'other-org' }));
    expect(answer.Status).toBe('FAILED');
    expect(answer.Reason).toContain(`Undoing the change to runner 'new-runner' failed: HTTP ${status}`);
  }, 60_000);

  test('leaves one that is in use: it was made after all, and CloudFormation deletes it later', async () => {
    await send('Runner', 'Create', runnerProps());
    await deploy();
    const restored = runnerProps({ RunnerId: 'new-runner' });
    await call('POST', '/runners', { id: 'new-runner', ...BODY });
    const answer = await send('Runner', 'Update', restored, { id: 'my-org/new-runner', old: runnerProps() });
    expect(answer).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'my-org/new-runner' });
    expect(answer.Reason).toContain('Deleting runner \'prod-runner\' was refused: it is still in use.');
    expect(await isGone()).toBe(false);
  });
});

describe('the rollback of a change of a rule', () => {
  const rule = (change: Props = {}): Props => ({ ...common(), RunnerId: 'prod-runner', ...change });
  const rules = async (org?: string) => (await call('GET', '/runner-rules', undefined, org)).body.items;
  beforeEach(async () => {
    await call('POST', '/runners', { id: 'prod-runner', ...BODY });
    await call('POST', '/runners', { id: 'prod-runner', ...BODY }, 'other-org');
    await call('POST', '/env-types', { id: 'production' });
  });

  test('removes what a change made whose answer nobody heard, with the token from before', async () => {
    const { PhysicalResourceId } = await send('RunnerRule', 'Create', rule());
    await call('POST', '/runner-rules', { runner_id: 'prod-runner', env_type_id: 'production' });
    const old = rule({ EnvTypeId: 'production', Token: { SecretId: OTHER_SECRET } });
    expect(await send('RunnerRule', 'Update', rule(), { id: PhysicalResourceId, old })).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId });
    expect(await rules()).toMatchObject([{ id: PhysicalResourceId }]);
  });

  test('does not get stuck where the token was never good, and says so', async () => {
    const { PhysicalResourceId } = await send('RunnerRule', 'Create', rule());
    api.setTokens([{ token: TOKEN, orgs: ['my-org'] }]);
    const old = rule({ OrgId: 'other-org' });
    expect(await send('RunnerRule', 'Update', old, { id: PhysicalResourceId, old: rule() })).toMatchObject({ Status: 'FAILED', PhysicalResourceId });
    expect(await send('RunnerRule', 'Update', rule(), { id: PhysicalResourceId, old })).toMatchObject({
      Status: 'SUCCESS',
      PhysicalResourceId,
      Reason: 'Nothing should be left of runner \'prod-runner\' in organization \'other-org\'; the API could not be asked whether that is so.',
    });
    expect(await rules()).toHaveLength(1);
  });

  test('fails where the API refuses for a moment, and is done when it is continued', async () => {
    const { PhysicalResourceId } = await send('RunnerRule', 'Create', rule());
    await call('POST', '/runner-rules', { runner_id: 'prod-runner', env_type_id: 'production' });
    const old = rule({ EnvTypeId: 'production' });
    let lists = 0;
    api.setFaults(({ method }) => method === 'GET' && ++lists === 2
      ? { name: 'refused', carriedOut: false, answer: { kind: 'other', status: 401, headers: json, body: '{"message":"not now"}' } } : undefined);
    const answer = await send('RunnerRule', 'Update', rule(), { id: PhysicalResourceId, old });
    expect(answer).toMatchObject({ Status: 'FAILED', PhysicalResourceId });
    expect(answer.Reason).toContain('Undoing the change to runner \'prod-runner\' failed: HTTP 401');
    expect(await send('RunnerRule', 'Update', rule(), { id: PhysicalResourceId, old })).toMatchObject({ Status: 'SUCCESS' });
    expect(await rules()).toMatchObject([{ id: PhysicalResourceId }]);
  });
});

describe('the create of a runner that comes once more, when it was answered already', () => {
  test.each(['POST', 'PATCH'])('leaves what was made, when the %s does not get through any more', async (method) => {
    await send('Runner', 'Create', runnerProps());
    api.setFaults((request) => request.method === method
      ? { name: 'down', carriedOut: false, answer: { kind: 'other', status: 502, headers: json, body: '{"message":"down"}' } } : undefined);
    expect(await send('Runner', 'Create', runnerProps(), {}, short)).toMatchObject({ Status: 'FAILED', PhysicalResourceId: id });
    expect(await registered()).toMatchObject(SHOWN);
  }, 60_000);
});
