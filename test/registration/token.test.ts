import { AddressInfo, createServer, Socket } from 'net';
import { common, isGone, registered, runnerProps, send, store, TOKEN } from './lifecycle-support';
import { SECRET } from './support';

const ELSEWHERE = 'eu-west-1';
/** No server listens at this URL. */
const NOWHERE = 'http://127.0.0.1:2';
const NAME = 'humanitec-api-token';
const inRegion = (arn: string, region: string) => arn.replace('us-east-1', region);
const parameterArn = (region: string) => `arn:aws:ssm:${region}:123456789012:parameter/${NAME}`;

test.each<[string, object, string, string]>([
  ['a secret of another region, given by ARN', { SecretId: inRegion(SECRET, ELSEWHERE) }, inRegion(SECRET, ELSEWHERE), ELSEWHERE],
  ['a secret of this region, given by ARN', { SecretId: SECRET }, SECRET, 'us-east-1'],
  ['a secret whose ARN names another region than Region', { SecretId: SECRET, Region: ELSEWHERE }, SECRET, 'us-east-1'],
  ['a secret of another region, given by name', { SecretId: NAME, Region: ELSEWHERE }, NAME, ELSEWHERE],
  ['a secret of this region, given by name', { SecretId: NAME }, NAME, 'us-east-1'],
  ['a parameter of another region, given by ARN', { ParameterName: parameterArn(ELSEWHERE) }, parameterArn(ELSEWHERE), ELSEWHERE],
  ['a parameter of another region, given by name', { ParameterName: NAME, Region: ELSEWHERE }, NAME, ELSEWHERE],
  ['a parameter of this region, given by name', { ParameterName: NAME }, NAME, 'us-east-1'],
])('reads the API token from %s', async (_what, source, name, region) => {
  store.clear();
  store.values.set(name, TOKEN);
  store.regions.set(name, region);
  const answer = await send('RunnerId', 'Create', { ...common(), RunnerId: 'prod-runner', Token: source });
  expect(answer).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'prod-runner' });
  expect(store.requests.map(({ at: _, ...request }) => request)).toEqual([{ name, region }]);
});

test('reports the region in which a secret does not exist', async () => {
  const answer = await send('RunnerId', 'Create', { ...common(), RunnerId: 'prod-runner', Token: { SecretId: NAME, Region: ELSEWHERE } });
  expect(answer).toMatchObject({ Status: 'FAILED' });
  expect(answer.Reason).toContain(`reading the API token from secret ${NAME} failed: ResourceNotFoundException. Check that it exists in ${ELSEWHERE}, `);
  expect(store.requests).toHaveLength(1);
});

describe('when IAM denies the first reads of the API token', () => {
  test.each(['not allowed', 'Access to KMS is not allowed'])('a create succeeds after denials that say "%s"', async (denial) => {
    store.denials = 3;
    store.denial = denial;
    expect(await send('Runner', 'Create', runnerProps())).toMatchObject({ Status: 'SUCCESS' });
    expect(store.requests).toHaveLength(4);
    expect(await registered()).toMatchObject({ id: 'prod-runner' });
  });

  test('an update succeeds after the denials', async () => {
    const { PhysicalResourceId: id } = await send('Runner', 'Create', runnerProps());
    store.denials = 3;
    const changed = runnerProps({ Description: 'another text' });
    expect(await send('Runner', 'Update', changed, { id, old: runnerProps() })).toMatchObject({ Status: 'SUCCESS' });
    expect(await registered()).toMatchObject({ description: 'another text' });
  });

  test('a delete fails at the first denial, because its permission is not new', async () => {
    const { PhysicalResourceId: id } = await send('Runner', 'Create', runnerProps());
    store.requests.length = 0;
    store.denials = 1;
    expect(await send('Runner', 'Delete', runnerProps(), { id })).toMatchObject({ Status: 'FAILED' });
    expect(store.requests).toHaveLength(1);
    expect(await isGone()).toBe(false);
  });
});

describe('when the API token cannot be read for longer than the handler waits', () => {
  const DENIED = 'denied-for-good';
  const CASES = {
    'IAM denies every read': { SecretId: DENIED },
    'Secrets Manager never answers': { SecretId: SECRET },
    'Systems Manager never answers': { ParameterName: NAME },
  };
  const outcomes: Partial<Record<keyof typeof CASES, Awaited<ReturnType<typeof send>>>> = {};
  const readsAt: number[] = [];
  let connections = 0;

  // The cases mostly wait, so they run in parallel.
  beforeAll(async () => {
    const sockets = new Set<Socket>();
    const silent = createServer((socket) => {
      connections++;
      sockets.add(socket.on('error', () => undefined));
    });
    await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    store.values.set(DENIED, 'DENIED');
    await Promise.all(Object.entries(CASES).map(async ([name, source]) => {
      const properties = { ServiceToken: 'arn', ApiUrl: NOWHERE, OrgId: 'my-org', RunnerId: 'prod-runner', Token: source };
      const env = name.includes('never') ? { AWS_ENDPOINT_URL_SECRETS_MANAGER: url, AWS_ENDPOINT_URL_SSM: url } : {};
      outcomes[name as keyof typeof CASES] = await send('RunnerId', 'Create', properties, { env });
    }));
    readsAt.push(...store.requests.map(({ at }) => at));
    silent.close();
    sockets.forEach(socket => socket.destroy());
  });

  test('a create fails about 25 seconds after the first denial, with a remedy', () => {
    const { Status: status, Reason: reason, seconds } = outcomes['IAM denies every read']!;
    expect(status).toBe('FAILED');
    expect(reason).toContain('failed: AccessDeniedException. Check that it exists in us-east-1, ');
    expect(seconds).toBeGreaterThan(18);
    expect(seconds).toBeLessThan(30);
  });

  test('the pauses between the reads are random, because all runners of a stack read the API token', () => {
    const pauses = readsAt.slice(1).map((at, index) => at - readsAt[index]);
    expect(new Set(pauses.map(pause => Math.round(pause / 50))).size).toBeGreaterThan(2);
    expect(pauses.length).toBeLessThan(40);
  });

  test.each([
    ['Secrets Manager', `secret ${SECRET.split(':secret:')[1]}`],
    ['Systems Manager', `parameter ${NAME}`],
  ] as const)('a create fails soon with a remedy if %s accepts connections but never responds', (service, name) => {
    const { Status: status, Reason: reason, seconds } = outcomes[`${service} never answers`]!;
    expect(status).toBe('FAILED');
    expect(reason).toBe(`Checking the inputs for organization 'my-org' failed: reading the API token from ${name} failed: no answer from `
      + `${service} in us-east-1 (ETIMEDOUT). Give the Lambda a route to it (NAT gateway or VPC endpoint); then deploy again. (log stream log-stream)`);
    expect(seconds).toBeLessThan(30);
  });

  test('a service that never responds is called four times', () => {
    expect(connections).toBe(2 * 4);
  });
});
