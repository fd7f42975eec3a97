import { api, foreign, idOf, isGone, OTHER_ROLE, Props, registered, runnerProps, send, SHOWN } from './lifecycle-support';
import { lossyProxy, ROLE } from './support';

const adopt = (change: Props = {}) => runnerProps({ AdoptExisting: 'true', ...change });
const writes = () => api.requests.filter(({ method }) => method !== 'GET').map(({ method }) => method);

describe('the adoption of a runner', () => {
  test('takes it over, keeps its description and environment if the template has none, and reports the former configuration', async () => {
    await foreign();
    const { Description: _, ...plain } = adopt();
    const answer = await send('Runner', 'Create', { ...plain, Job: { ...plain.Job, Environment: undefined } });
    expect(answer).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: await idOf() });
    expect(answer.Reason).toContain(OTHER_ROLE);
    expect(answer.log).toContain(OTHER_ROLE);
    expect(await registered()).toMatchObject(SHOWN);
    // Lambda can deliver an event twice.
    expect(await send('Runner', 'Create', adopt())).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: answer.PhysicalResourceId });
  });

  test('by an update, after somebody else registered the runner again, also reports the former configuration', async () => {
    await foreign();
    const answer = await send('Runner', 'Update', adopt(), { id: `${adopt().OrgId}/${adopt().RunnerId}@2026-01-01T00:00:00Z`, old: adopt() });
    expect(answer).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: await idOf(), Reason: expect.stringContaining(OTHER_ROLE) });
  });

  test('is kept by the delete of a failed first deployment', async () => {
    await foreign();
    const { PhysicalResourceId: id } = await send('Runner', 'Create', adopt());
    expect(await send('Runner', 'Delete', adopt(), { id })).toMatchObject({ Status: 'SUCCESS', Reason: expect.stringContaining('because adoptExisting is set') });
    expect(await isGone()).toBe(false);
  });

  test('restores the former configuration if the API\'s response was lost, and the delete keeps the runner', async () => {
    await foreign();
    const before = await registered();
    const proxy = await lossyProxy(api.url, (method, _path, body) => method === 'PATCH' && body.includes(ROLE));
    const failed = await send('Runner', 'Create', adopt({ ApiUrl: proxy.url }));
    proxy.close();
    expect(failed).toMatchObject({ Status: 'FAILED', PhysicalResourceId: 'nothing-created' });
    await send('Runner', 'Delete', adopt(), { id: failed.PhysicalResourceId });
    expect(await registered()).toEqual({ ...before, updated_at: expect.anything() });
  });

  test('restores nothing if the API rejected the new configuration', async () => {
    await foreign();
    api.setFaults(({ method }) => method === 'PATCH' ? { name: 'refused', carriedOut: false, answer: { kind: 'other', status: 400, headers: {}, body: '{"error":"HTTP-400","message":"bad"}' } } : undefined);
    const failed = await send('Runner', 'Create', adopt());
    expect(failed).toMatchObject({ Status: 'FAILED', PhysicalResourceId: 'nothing-created', Reason: expect.stringContaining('HTTP 400') });
    expect(failed.Reason).not.toContain('could not be restored');
    expect(writes().slice(1)).toEqual(['POST', 'PATCH']);
  });

  test('names the former configuration in the reason if it could not be restored', async () => {
    await foreign();
    let patches = 0;
    api.setFaults(({ method }) => method === 'PATCH' ? { name: 'down', carriedOut: patches++ === 0, answer: { kind: 'reset' } } : undefined);
    const failed = await send('Runner', 'Create', adopt());
    expect(failed.Status).toBe('FAILED');
    expect(failed.Reason).toContain('The former configuration could not be restored');
    expect(failed.Reason).toContain(`"role_arn":"${OTHER_ROLE}"`);
  });
});
