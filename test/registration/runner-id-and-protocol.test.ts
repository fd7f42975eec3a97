import { TOKEN, store, api, common, runnerProps, send } from './lifecycle-support';
import { SECRET, STACK } from './support';

describe('the runner\'s id', () => {
  test('is the given one', async () => {
    const answer = await send('RunnerId', 'Create', { ...common(), RunnerId: 'prod-runner' });
    expect(answer).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'prod-runner', Data: { RunnerId: 'prod-runner' } });
    expect(answer.contentTypes).toEqual(['']);
  });

  test('is generated: the same each time, another one in other stacks and for other resources', async () => {
    const properties = { ...common(), RunnerIdPrefix: 'prod' };
    const id = (await send('RunnerId', 'Create', properties)).PhysicalResourceId;
    expect(id).toMatch(/^prod-[a-z0-9]{8}$/);
    expect((await send('RunnerId', 'Create', properties)).PhysicalResourceId).toBe(id);
    expect((await send('RunnerId', 'Update', properties, { id })).PhysicalResourceId).toBe(id);
    expect((await send('RunnerId', 'Create', properties, { logicalId: 'Other' })).PhysicalResourceId).not.toBe(id);
    expect((await send('RunnerId', 'Create', properties, { stack: `${STACK}6` })).PhysicalResourceId).not.toBe(id);
  });

  test('is deleted without a call', async () => {
    expect(await send('RunnerId', 'Delete', { ...common(), ApiUrl: 'http://127.0.0.1:2' }, { id: 'prod-runner' })).toMatchObject({ Status: 'SUCCESS' });
    expect(api.requests).toEqual([]);
  });

  test.each([
    ['a token that is not accepted', () => store.values.set(SECRET, 'bad'), {}, new RegExp('HTTP 401 from http.*The API token in secret humanitec-api-token-AbCdEf was not accepted')],
    ['an unknown organization', () => undefined, { OrgId: 'nobody' }, /Checking the access to organization 'nobody' failed: HTTP 403 from http/],
    ['a secret that is not there', () => store.values.delete(SECRET), {}, /reading the API token from secret .* failed: ResourceNotFoundException/],
    ['a secret that may not be read', () => store.values.set(SECRET, 'DENIED'), {}, /reading the API token from secret .* failed: AccessDeniedException/],
    ['an empty secret', () => store.values.set(SECRET, '\n'), {}, /has no text: expected the API token/],
    ['a secret that is JSON', () => store.values.set(SECRET, '{ "a": "b" }'), {}, /It looks like JSON: name the token's field/],
    ['a secret that is not JSON', () => undefined, { Token: { SecretId: SECRET, SecretField: 'token' } }, /is not JSON: expected an object with the field "token"/],
    ['a secret without the field', () => store.values.set(SECRET, '{}'), { Token: { SecretId: SECRET, SecretField: 'token' } }, /has no text in its field "token"/],
  ])('refuses %s', async (_what, prepare, change, reason) => {
    prepare();
    // Little time, as a denial is not final at once.
    const answer = await send('RunnerId', 'Create', { ...common(), ...change, RunnerId: 'prod-runner' }, {}, { remaining: 42_000 });
    expect(answer.Status).toBe('FAILED');
    expect(answer.Reason).toMatch(reason);
    expect(answer.Reason).toMatch(/\(log stream log-stream\)$/);
  });

  test.each(['*', 'team-?', '${aws:username}'])('refuses the value "%s" that a policy would take for a wildcard, before it asks anybody', async (value) => {
    const properties = { ...common(), RunnerId: 'prod-runner', Values: { 'runnerId': 'prod-runner', 'stateStorage.prefix': value } };
    const reason = `Organization 'my-org': stateStorage.prefix is "${value}". Policies take *, ? and $ for wildcards: give the name of the one thing that is meant. `
      + '(log stream log-stream)';
    expect(await send('RunnerId', 'Create', properties)).toMatchObject({ Status: 'FAILED', Reason: reason });
    expect(await send('RunnerId', 'Update', properties, { id: 'prod-runner', old: common() })).toMatchObject({ Status: 'FAILED', Reason: reason });
    expect(api.requests).toEqual([]);
    const good = { ...properties, Values: { 'stateStorage.prefix': 'team/a' } };
    expect(await send('RunnerId', 'Create', good)).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'prod-runner' });
  });

  test('refuses an API that is not there, soon enough for somebody who waits', async () => {
    const answer = await send('RunnerId', 'Create', { ...common(), ApiUrl: 'http://127.0.0.1:2', RunnerId: 'prod-runner' });
    expect(answer.Status).toBe('FAILED');
    expect(answer.Reason).toMatch(/no answer from http:\/\/127\.0\.0\.1:2 \(.+\)\. Check that this URL is right, up, and can be reached/);
    expect(answer.seconds).toBeLessThan(30);
  }, 60_000);

  test.each([
    ['a field of a secret', { SecretId: SECRET, SecretField: 'token' }, () => store.values.set(SECRET, JSON.stringify({ token: TOKEN }))],
    ['a secret with a line end', { SecretId: SECRET }, () => store.values.set(SECRET, `${TOKEN}\n`)],
    ['a parameter', { ParameterName: '/my-org/token' }, () => store.values.set('/my-org/token', TOKEN)],
  ])('takes the token from %s', async (_what, token, prepare) => {
    prepare();
    expect(await send('RunnerId', 'Create', { ...common(), Token: token, RunnerId: 'prod-runner' })).toMatchObject({ Status: 'SUCCESS' });
  });
});

describe('the protocol', () => {
  test('answers again until CloudFormation takes it', async () => {
    expect(await send('RunnerId', 'Create', { ...common(), RunnerId: 'prod-runner' }, {}, { refuse: 3 })).toMatchObject({ Status: 'SUCCESS' });
  });

  test('answers before its time is over, with what to do', async () => {
    const answer = await send('RunnerId', 'Create', { ...common(), ApiUrl: 'http://127.0.0.1:2', RunnerId: 'prod-runner' }, {}, { remaining: 17_000 });
    expect(answer.Status).toBe('FAILED');
    expect(answer.seconds).toBeLessThan(16);
  }, 30_000);

  test('keeps to 4,096 bytes, however much the API says', async () => {
    const answer = await send('Runner', 'Create', runnerProps({ Job: { ...runnerProps().Job, Subnets: Array.from({ length: 300 }, () => 'ü'.repeat(30)) } }));
    expect(answer.Status).toBe('FAILED');
    expect(answer.bytes[0]).toBeLessThanOrEqual(4096);
  });

  test('says so when it does not know the resource', async () => {
    const answer = await send('Unknown' as 'Runner', 'Create', runnerProps());
    expect(answer.Reason).toContain('This Lambda does not know Custom::HumanitecUnknown');
  });
});
