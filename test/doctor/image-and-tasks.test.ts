import type { Context } from '../../src/doctor/check';
import { IMAGE, parseImage } from '../../src/doctor/checks/image';
import { vcpuQuota } from '../../src/doctor/checks/quotas';
import { lastTask, StoppedTask } from '../../src/doctor/checks/tasks';
import { listen, serverOf } from '../registration/server';

describe('the check of the image', () => {
  /** A registry that gives a token to everybody, like Docker Hub and GitHub. */
  const requests: string[] = [];
  const registry = serverOf((request, _body, response) => {
    const { url = '', headers: { authorization, host } } = request;
    requests.push(url);
    if (url.startsWith('/token')) {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ token: 'anonymous' }));
    } else if (authorization !== 'Bearer anonymous') {
      response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${host}/token",service="registry",scope="repository:team/runner:pull"` }).end();
    } else {
      response.writeHead(url === '/v2/team/runner/manifests/v1' ? 200 : url.includes('private') ? 403 : url.includes('broken') ? 500 : 404).end();
    }
  });
  let host: string;
  beforeAll(async () => { host = (await listen(registry)).replace('http://', ''); });
  afterAll(() => registry.close());

  const check = async (image?: string) => IMAGE.run({ runner: { properties: { Job: { Image: image } } } } as unknown as Context);

  test('finds a public image with an anonymous token', async () => {
    expect(await check(`${host}/team/runner:v1`)).toEqual([{ result: 'ok', found: `The image ${host}/team/runner:v1 exists, and can be pulled without credentials.` }]);
    expect(requests).toContain('/token?service=registry&scope=repository%3Ateam%2Frunner%3Apull');
  });

  test.each([
    ['does not exist', 'team/runner:v2', 'problem', /does not exist\.$/],
    ['is private', 'team/private:v1', 'problem', /cannot be pulled without credentials/],
    ['is in a registry that fails', 'team/broken:v1', 'unknown', /answered HTTP 500/],
  ])('reports an image that %s', async (_what, image, result, found) => {
    expect(await check(`${host}/${image}`)).toEqual([{ result, found: expect.stringMatching(found), remedy: expect.any(String) }]);
  });

  test('reports a registry that does not answer', async () => {
    expect(await check('127.0.0.1:9/runner')).toEqual([expect.objectContaining({ result: 'unknown', found: expect.stringMatching(/^The registry 127\.0\.0\.1:9 gave this machine no answer/) })]);
  });

  test('accepts a runner without an image, for which the orchestrator chooses one', async () => {
    expect(await check()).toEqual([{ result: 'ok', found: 'The orchestrator chooses the image.' }]);
  });

  test.each([
    ['runner', { host: 'registry-1.docker.io', repository: 'library/runner', reference: 'latest' }],
    ['team/runner:v1', { host: 'registry-1.docker.io', repository: 'team/runner', reference: 'v1' }],
    ['docker.io/team/runner', { host: 'registry-1.docker.io', repository: 'team/runner', reference: 'latest' }],
    ['ghcr.io/team/runner:v1@sha256:abc', { host: 'ghcr.io', repository: 'team/runner', reference: 'sha256:abc' }],
    ['localhost:5000/runner', { host: 'localhost:5000', repository: 'runner', reference: 'latest' }],
  ])('understands %s', (image, parts) => {
    expect(parseImage(image)).toEqual(parts);
  });
});

describe('the check of the last task', () => {
  const task = (id: string, minute: number, more: object = {}): StoppedTask => ({
    taskArn: `arn:aws:ecs:eu-west-1:111122223333:task/cluster/${id}`,
    stoppedAtMs: Date.UTC(2026, 0, 1, 0, minute),
    lastStatus: 'STOPPED',
    createdAt: '2026-01-01T00:00:00Z',
    startedAt: '2026-01-01T00:00:30Z',
    stopCode: 'EssentialContainerExited',
    containers: [{ name: 'main', exitCode: 0 }],
    ...more,
  });
  const failed = { containers: [{ name: 'main', exitCode: 1 }] };

  test('reports no problem without tasks', () => {
    expect(lastTask([])).toEqual({ result: 'ok', found: 'No task stopped in the last 24 hours.' });
  });

  test('ignores failures before a success, in any order of the events', () => {
    expect(lastTask([task('new', 3), task('old', 1, failed), task('older', 0, failed)])).toEqual({ result: 'ok', found: 'The last task (new, stopped at 2026-01-01T00:03:00.000Z) succeeded.' });
  });

  test('counts the failures since the last success, and names the newest one', () => {
    const finding = lastTask([task('success', 1), task('first', 2, failed), task('second', 3, failed)]);
    expect(finding).toMatchObject({ result: 'problem', found: expect.stringMatching(/^The last 2 tasks failed; second at 2026-01-01T00:03:00\.000Z \(/), remedy: expect.any(String) });
  });

  test('reports a task that succeeded, but started too late for the orchestrator', () => {
    expect(lastTask([task('late', 5, { startedAt: '2026-01-01T00:02:30Z' })])).toMatchObject({ result: 'problem', found: expect.stringMatching(/^The last task failed; late/) });
  });
});

test.each([
  [6, 'ok', /which are 12 tasks/],
  [0, 'problem', /no task can start/],
])('a quota of %d vCPUs is %s', (vcpus, result, found) => {
  expect(vcpuQuota(vcpus, 'eu-west-1')).toMatchObject({ result, found: expect.stringMatching(found) });
});
