import { api, call, common, runnerProps, send } from './lifecycle-support';
import { SPEED } from './support';

const RUNNERS = Array.from({ length: 20 }, (_, index) => `runner-${index}`);
const REQUESTS_PER_SECOND = 5;
/** Lambda's timeout of the handler. */
const LAMBDA_SECONDS = 120;
const role = (id: string) => `arn:aws:iam::123456789012:role/Stack-${id}`;

/** Makes the orchestrator accept five requests per second of the handler's clock, and reject the others. */
function throttle(headers: Record<string, string>): void {
  const refusedMethods = new Set<string>();
  let tokens = REQUESTS_PER_SECOND;
  let filled = Date.now();
  api.setFaults(({ method }) => {
    const now = Date.now();
    tokens = Math.min(REQUESTS_PER_SECOND, tokens + (now - filled) / 1000 * SPEED * REQUESTS_PER_SECOND);
    filled = now;
    // The first request of each method is always rejected, because requests on a busy machine can be too slow to be throttled.
    if (tokens >= 1 && refusedMethods.has(method)) {
      tokens--;
      return undefined;
    }
    refusedMethods.add(method);
    return { name: 'throttled', carriedOut: false, answer: { kind: 'other', status: 429, headers } };
  });
}

describe('20 runners of one stack, registered at the same time with an API that accepts 5 requests per second', () => {
  test.each<[string, Record<string, string>]>([
    ['sends Retry-After', { 'retry-after': '1' }],
    ['does not send Retry-After', {}],
  ])('are all registered in time if the API %s', async (_what, headers) => {
    throttle(headers);
    const ids = await Promise.all(RUNNERS.map(id => send('RunnerId', 'Create', { ...common(), RunnerId: id }, { logicalId: `Id-${id}` })));
    const registrations = await Promise.all(RUNNERS.map(id =>
      send('Runner', 'Create', runnerProps({ RunnerId: id, Auth: { RoleArn: role(id) } }), { logicalId: `Registration-${id}` })));
    api.setFaults();

    const failures = [...ids, ...registrations].filter(({ Status: status }) => status !== 'SUCCESS').map(({ Reason: reason }) => reason);
    expect(failures).toEqual([]);
    expect(registrations.map(({ PhysicalResourceId: id }) => id.split('@')[0])).toEqual(RUNNERS.map(id => `my-org/${id}`));
    expect(Math.max(...[...ids, ...registrations].map(({ seconds }) => seconds))).toBeLessThan(LAMBDA_SECONDS);

    const { body: { items } } = await call('GET', '/runners?per_page=100');
    expect(items.map(({ id }: { id: string }) => id).sort()).toEqual([...RUNNERS].sort());
    // A list of runners does not contain the roles.
    const roles = await Promise.all(RUNNERS.map(async id => (await call('GET', `/runners/${id}`)).body.runner_configuration.auth.role_arn));
    expect(roles).toEqual(RUNNERS.map(role));
  });
});
