import { createServer } from 'http';
import { AddressInfo } from 'net';
import { READ_ONLY, OTHER_ROLE, store, api, runnerProps, BODY, SHOWN, send, call, registered, isGone, foreign, deploy } from './lifecycle-support';
import { lossyProxy, ROLE, SECRET } from './support';

describe('a runner', () => {
  test('whose id a runner of another type has taken is deleted without touching that one', async () => {
    const kubernetes = { id: 'prod-runner', runner_configuration: { type: 'kubernetes-eks', job: {} }, state_storage_configuration: { type: 'kubernetes' } };
    const server = createServer((request, response) => {
      response.writeHead(request.method === 'GET' ? 200 : 500, { 'content-type': 'application/json' }).end(JSON.stringify(kubernetes));
      methods.push(request.method!);
    });
    const methods: string[] = [];
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const answer = await send('Runner', 'Delete', runnerProps({ ApiUrl: url }), { id: 'my-org/prod-runner' });
    server.close();
    expect(answer).toMatchObject({ Status: 'SUCCESS', Reason: 'Runner \'prod-runner\' is registered with another role than this stack\'s, and was left as it is.' });
    expect(methods).toEqual(['GET']);
  });

  test('is registered with the exact body, changed, and deleted', async () => {
    const created = await send('Runner', 'Create', runnerProps());
    expect(created).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'my-org/prod-runner', Data: { RunnerId: 'prod-runner' } });
    expect(api.requests.find(({ method }) => method === 'POST')!.body).toEqual({ id: 'prod-runner', ...BODY });

    const { Description: _, ...plain } = runnerProps();
    const job = { ...plain.Job, IsPublicIpEnabled: 'true', Image: 'ghcr.io/my-org/runner:1', SecurityGroups: undefined, Environment: undefined, Secrets: undefined };
    const updated = await send('Runner', 'Update', { ...plain, Job: job }, { id: created.PhysicalResourceId, old: runnerProps() });
    expect(updated).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: created.PhysicalResourceId });
    expect(api.requests.find(({ method }) => method === 'PATCH')!.body).toEqual({
      ...BODY,
      // Left out, it would stay as it was.
      description: '',
      runner_configuration: {
        ...BODY.runner_configuration,
        job: { ...BODY.runner_configuration.job, is_public_ip_enabled: true, image: 'ghcr.io/my-org/runner:1', security_groups: [], environment: {}, secrets: {} },
      },
    });

    expect(await send('Runner', 'Delete', plain, { id: created.PhysicalResourceId })).toMatchObject({ Status: 'SUCCESS' });
    expect(await isGone()).toBe(true);
    expect(await send('Runner', 'Delete', plain, { id: created.PhysicalResourceId })).toMatchObject({ Status: 'SUCCESS' });
  });

  test('gets a session name that STS takes', async () => {
    const id = `prod-${'x'.repeat(90)}`;
    await send('Runner', 'Create', runnerProps({ RunnerId: id }));
    const { session_name: name } = (await call('GET', `/runners/${id}`)).body.runner_configuration.auth;
    expect(name).toHaveLength(64);
    expect(name).toMatch(/^my-org-prod-x+-[0-9a-f]{8}$/);
  });

  test('is found again when the answer to its creation was lost', async () => {
    let lost = 0;
    const proxy = await lossyProxy(api.url, method => method === 'POST' && lost++ === 0);
    const answer = await send('Runner', 'Create', runnerProps({ ApiUrl: proxy.url }));
    proxy.close();
    expect(answer).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'my-org/prod-runner' });
    expect(lost).toBe(2);
    expect(await registered()).toMatchObject(SHOWN);
  });

  test('is made once by two deliveries of the same event', async () => {
    const answers = await Promise.all([send('Runner', 'Create', runnerProps()), send('Runner', 'Create', runnerProps())]);
    expect(answers.map(({ Status: status }) => status)).toEqual(['SUCCESS', 'SUCCESS']);
  });

  test('of somebody else is neither taken over nor deleted', async () => {
    await foreign();
    const created = await send('Runner', 'Create', runnerProps());
    expect(created.Status).toBe('FAILED');
    expect(created.Reason).toContain('a runner of this id exists already and has another role than this stack\'s. Choose another runnerId, or set adoptExisting');
    expect(created.Reason).toContain(`Details: its role is ${OTHER_ROLE}`);
    // What CloudFormation does next.
    expect(await send('Runner', 'Delete', runnerProps(), { id: created.PhysicalResourceId })).toMatchObject({ Status: 'SUCCESS' });
    // And what it does when it has an id of its own invention.
    expect(await send('Runner', 'Delete', runnerProps(), { id: 'Stack-Registration-1ABCDEF' }, { remaining: 20_000 })).toMatchObject({ Status: 'SUCCESS' });
    expect((await registered()).runner_configuration.auth.role_arn).toBe(OTHER_ROLE);
    expect(await send('Runner', 'Update', runnerProps(), { id: 'my-org/prod-runner', old: runnerProps() })).toMatchObject({ Status: 'FAILED' });
    expect((await registered()).runner_configuration.auth.role_arn).toBe(OTHER_ROLE);
  });

  test('is adopted where the user says so', async () => {
    await foreign();
    expect(await send('Runner', 'Create', runnerProps({ AdoptExisting: 'true' }))).toMatchObject({ Status: 'SUCCESS' });
    expect(await registered()).toMatchObject(SHOWN);
  });

  test('that could not be adopted goes back to what it was, even if it got our role before that failed', async () => {
    await foreign();
    const before = await registered();
    let lost = 0;
    // All tries of the take-over; what puts things back is answered again.
    const proxy = await lossyProxy(api.url, (method, _path, body) => method === 'PATCH' && body.includes(ROLE) && lost++ >= 0);
    const properties = runnerProps({ AdoptExisting: 'true', ApiUrl: proxy.url });
    const failed = await send('Runner', 'Create', properties);
    proxy.close();
    expect(failed.Status).toBe('FAILED');
    expect(await send('Runner', 'Delete', { ...properties, ApiUrl: api.url }, { id: failed.PhysicalResourceId })).toMatchObject({ Status: 'SUCCESS' });
    expect(lost).toBeGreaterThan(0);
    expect(await registered()).toEqual({ ...before, updated_at: expect.anything() });
  }, 90_000);

  test('that a person deleted is made again by an update', async () => {
    expect(await send('Runner', 'Update', runnerProps(), { id: 'my-org/prod-runner', old: runnerProps() })).toMatchObject({ Status: 'SUCCESS' });
    expect(await registered()).toMatchObject(SHOWN);
  });

  test('with another id is another registration, and the old one is deleted after it', async () => {
    await send('Runner', 'Create', runnerProps());
    const replaced = await send('Runner', 'Update', runnerProps({ RunnerId: 'new-runner' }), { id: 'my-org/prod-runner', old: runnerProps() });
    expect(replaced).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'my-org/new-runner' });
    expect(await isGone()).toBe(false);
    await send('Runner', 'Delete', runnerProps(), { id: 'my-org/prod-runner' });
    expect(await isGone()).toBe(true);
    expect((await call('GET', '/runners/new-runner')).status).toBe(200);
  });

  test('keeps its state in place unless it is told to move it', async () => {
    await send('Runner', 'Create', runnerProps());
    const moved = { StateStorage: { Bucket: 'other-bucket' } };
    const refused = await send('Runner', 'Update', runnerProps(moved), { id: 'my-org/prod-runner', old: runnerProps() });
    expect(refused.Status).toBe('FAILED');
    expect(refused.Reason).toContain('Details: from s3://state-bucket/team to s3://other-bucket/');
    // The rollback of the refused update.
    expect(await send('Runner', 'Update', runnerProps(), { id: 'my-org/prod-runner', old: runnerProps(moved) })).toMatchObject({ Status: 'SUCCESS' });

    const allowed = runnerProps({ ...moved, AllowStateMove: 'true' });
    expect(await send('Runner', 'Update', allowed, { id: 'my-org/prod-runner', old: runnerProps() })).toMatchObject({ Status: 'SUCCESS' });
    expect((await registered()).state_storage_configuration).toEqual({ type: 's3', bucket: 'other-bucket' });
    // The rollback of the allowed one, when something else in the stack failed.
    expect(await send('Runner', 'Update', runnerProps(), { id: 'my-org/prod-runner', old: allowed })).toMatchObject({ Status: 'SUCCESS' });
    expect((await registered()).state_storage_configuration.bucket).toBe('state-bucket');
  });

  test('in use is not deleted, and the reason names what is in the way', async () => {
    await send('Runner', 'Create', runnerProps());
    await deploy();
    const refused = await send('Runner', 'Delete', runnerProps(), { id: 'my-org/prod-runner' });
    expect(refused.Status).toBe('FAILED');
    expect(refused.Reason).toContain('runner prod-runner is in use by the environments: shop/dev');
    expect(refused.Reason).toContain('Move its environments to another runner');
    expect(await isGone()).toBe(false);

    const retained = await send('Runner', 'Delete', runnerProps({ OnInUse: 'retain' }), { id: 'my-org/prod-runner' });
    expect(retained).toMatchObject({ Status: 'SUCCESS' });
    expect(retained.Reason).toContain('Runner \'prod-runner\' stays registered, as onInUse says');
    expect(await isGone()).toBe(false);

    await call('DELETE', '/projects/shop/envs/dev');
    expect(await send('Runner', 'Delete', runnerProps(), { id: 'my-org/prod-runner' })).toMatchObject({ Status: 'SUCCESS' });
    expect(await isGone()).toBe(true);
  });

  test('that could not be registered leaves nothing, and its delete needs neither token nor API', async () => {
    store.values.set(SECRET, READ_ONLY);
    const refused = await send('Runner', 'Create', runnerProps());
    expect(refused.Status).toBe('FAILED');
    expect(refused.Reason).toContain('HTTP 403');
    expect(refused.Reason).toContain('the permission to manage runners; then deploy again. Details: ');
    store.values.clear();
    expect(await send('Runner', 'Delete', runnerProps({ ApiUrl: 'http://127.0.0.1:2' }), { id: refused.PhysicalResourceId })).toMatchObject({ Status: 'SUCCESS' });
  });

  test('that the API finds bad is refused with what the API says', async () => {
    const answer = await send('Runner', 'Create', runnerProps({ StateStorage: { Bucket: 'with.dots' } }));
    expect(answer.Status).toBe('FAILED');
    expect(answer.Reason).toMatch(/HTTP 400 from http.*correct what it names.*Details: .*bucket/);
  });

  test('whose creation is never answered is cleaned up', async () => {
    const proxy = await lossyProxy(api.url, method => method === 'POST' || method === 'PATCH');
    const answer = await send('Runner', 'Create', runnerProps({ ApiUrl: proxy.url }));
    proxy.close();
    expect(answer.Status).toBe('FAILED');
    expect(await isGone()).toBe(true);
  }, 90_000);

  test('uses a rotated token at once', async () => {
    await send('Runner', 'Create', runnerProps());
    api.setTokens([{ token: 'the-new-one', orgs: ['my-org'] }]);
    store.values.set(SECRET, 'the-new-one');
    expect(await send('Runner', 'Delete', runnerProps(), { id: 'my-org/prod-runner' })).toMatchObject({ Status: 'SUCCESS' });
  });
});
