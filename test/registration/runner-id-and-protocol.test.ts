import { TOKEN, READ_ONLY, store, api, call, common, runnerProps, send } from './lifecycle-support';
import { invoke, SECRET, SIGNATURE, STACK } from './support';

describe('the runner\'s id', () => {
  test('is the given id', async () => {
    const answer = await send('RunnerId', 'Create', { ...common(), RunnerId: 'prod-runner' });
    expect(answer).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'prod-runner', Data: { RunnerId: 'prod-runner' } });
    expect(answer.contentTypes).toEqual(['']);
  });

  test('is generated from stack and seed: it is stable for repeated events, and differs for other stacks and seeds', async () => {
    const properties = { ...common(), RunnerIdPrefix: 'prod', Seed: '/Runner' };
    const id = (await send('RunnerId', 'Create', properties)).PhysicalResourceId;
    expect(id).toMatch(/^prod-[a-z0-9]{8}$/);
    expect((await send('RunnerId', 'Create', properties)).PhysicalResourceId).toBe(id);
    expect((await send('RunnerId', 'Update', properties, { id })).PhysicalResourceId).toBe(id);
    // For another API, the resource has another logical id but must keep the generated id.
    expect((await send('RunnerId', 'Create', properties, { logicalId: 'Other' })).PhysicalResourceId).toBe(id);
    expect((await send('RunnerId', 'Create', { ...properties, Seed: '/Other' })).PhysicalResourceId).not.toBe(id);
    expect((await send('RunnerId', 'Create', properties, { stack: `${STACK}6` })).PhysicalResourceId).not.toBe(id);
  });

  test('keeps its generated part after stack refactoring moved it to another stack, also in a rollback to another prefix', async () => {
    const properties = { ...common(), RunnerIdPrefix: 'prod', Seed: '/Moved' };
    const change = { logicalId: 'Other', stack: `${STACK}6` };
    expect((await send('RunnerId', 'Update', properties, { id: 'prod-abcdefgh', old: properties, ...change })).PhysicalResourceId).toBe('prod-abcdefgh');
    const other = { ...properties, RunnerIdPrefix: 'team' };
    expect((await send('RunnerId', 'Update', other, { id: 'prod-abcdefgh', old: properties, ...change })).PhysicalResourceId).toBe('team-abcdefgh');
    expect((await send('RunnerId', 'Update', properties, { id: 'team-abcdefgh', old: other, ...change })).PhysicalResourceId).toBe('prod-abcdefgh');
  });

  test('keeps its generated part in the rollback of a change to a fixed id, after stack refactoring moved it to another stack', async () => {
    const generated = { ...common(), RunnerIdPrefix: 'prod', Seed: 'Seed' };
    const chosen = { ...common(), RunnerId: 'prod-runner' };
    const change = { stack: `${STACK}7` };
    expect((await send('RunnerId', 'Update', chosen, { id: 'prod-abcdefgh', old: generated, ...change })).PhysicalResourceId).toBe('prod-runner');
    expect((await send('RunnerId', 'Update', generated, { id: 'prod-abcdefgh', old: chosen, ...change })).PhysicalResourceId).toBe('prod-abcdefgh');
    const first = (await send('RunnerId', 'Create', generated, change)).PhysicalResourceId;
    expect((await send('RunnerId', 'Update', generated, { id: 'prod-runner', old: chosen, ...change })).PhysicalResourceId).toBe(first);
    // After a failed update without a rollback, the physical ID can be an earlier fixed id.
    expect((await send('RunnerId', 'Update', generated, { id: 'other-runner', old: chosen, ...change })).PhysicalResourceId).toBe(first);
  });

  test('is created only with an API token that can write and read runners and read rules', async () => {
    store.values.set(SECRET, READ_ONLY);
    const refused = await send('RunnerId', 'Create', { ...common(), RunnerId: 'prod-runner' });
    expect(refused).toMatchObject({ Status: 'FAILED', Reason: expect.stringMatching(/HTTP 403 .*runner_read, runner_write, runner_rule_read and runner_rule_write; then deploy again/) });
    expect(refused.Reason).toContain('"permission":"runner_write"');
    store.values.set(SECRET, TOKEN);
    expect(await send('RunnerId', 'Create', { ...common(), RunnerId: 'prod-runner' })).toMatchObject({ Status: 'SUCCESS' });
    expect((await call('GET', '/runners')).body.items).toEqual([]);
  });

  test('is created if the API token is rotated during the event', async () => {
    store.values.set(SECRET, 'revoked');
    api.setFaults(() => {
      store.values.set(SECRET, TOKEN);
      return undefined;
    });
    expect(await send('RunnerId', 'Create', { ...common(), RunnerId: 'prod-runner' })).toMatchObject({ Status: 'SUCCESS' });
    expect(store.requests).toHaveLength(2);
  });

  test.each([
    ['plain HTTP', 'http://orchestrator.example', "'http://orchestrator.example/'"],
    ['a password', 'https://user:S3CRET@orchestrator.example', "'https://orchestrator.example/' with credentials, a query or a fragment"],
    ['a query', 'https://orchestrator.example?key=S3CRET', "'https://orchestrator.example/' with credentials, a query or a fragment"],
    ['no URL', 'orchestrator', 'no URL'],
  ])('is rejected without reading the API token for an API URL with %s that was unknown at synthesis', async (_what, ApiUrl, found) => {
    const { Status, Reason, log } = await send('RunnerId', 'Create', { ...common(), ApiUrl, RunnerId: 'prod-runner' });
    expect({ Status, Reason }).toMatchObject({ Status: 'FAILED', Reason: expect.stringContaining(`The API URL of the orchestrator is ${found}`) });
    expect(Reason + log).not.toContain('S3CRET');
    expect(store.requests).toEqual([]);
  });

  test('is deleted without a call', async () => {
    expect(await send('RunnerId', 'Delete', { ...common(), ApiUrl: 'http://127.0.0.1:2' }, { id: 'prod-runner' })).toMatchObject({ Status: 'SUCCESS' });
    expect(api.requests).toEqual([]);
  });

  test.each([
    ['a token that is not accepted', () => store.values.set(SECRET, 'bad'), {}, new RegExp('HTTP 401 from http.*The API token in the secret humanitec-api-token-AbCdEf was not accepted')],
    ['an unknown organization', () => undefined, { OrgId: 'nobody' }, /Checking the inputs for organization 'nobody' failed: HTTP 403 from http/],
    ['a secret that is not there', () => store.values.delete(SECRET), {}, /reading the API token from secret .* failed: ResourceNotFoundException/],
    ['a secret that may not be read', () => store.values.set(SECRET, 'DENIED'), {}, /reading the API token from secret .* failed: AccessDeniedException/],
    ['an empty secret', () => store.values.set(SECRET, '\n'), {}, /has no text: expected the API token/],
    ['a secret that is JSON', () => store.values.set(SECRET, '{ "a": "b" }'), {}, /It looks like JSON: name the token's field/],
    ['a secret that is not JSON', () => undefined, { Token: { SecretId: SECRET, SecretField: 'token' } }, /is not JSON: expected an object with the field "token"/],
    ['a secret without the field', () => store.values.set(SECRET, '{}'), { Token: { SecretId: SECRET, SecretField: 'token' } }, /has no text in its field "token"/],
  ])('refuses %s', async (_what, prepare, change, reason) => {
    prepare();
    // A short time, because denials are retried.
    const answer = await send('RunnerId', 'Create', { ...common(), ...change, RunnerId: 'prod-runner' }, {}, { remaining: 42_000 });
    expect(answer.Status).toBe('FAILED');
    expect(answer.Reason).toMatch(reason);
    expect(answer.Reason).toMatch(/\(log stream log-stream\)$/);
  });

  test.each(['*', 'team-?', '${aws:username}'])('rejects the value "%s", which is a wildcard in policies, without a call', async (value) => {
    const properties = { ...common(), RunnerId: 'prod-runner', Values: { 'runnerId': 'prod-runner', 'stateStorage.prefix': value } };
    const reason = `Checking the inputs for organization 'my-org' failed: stateStorage.prefix is "${value}". *, ? and $ are wildcards in IAM policies: use an exact name. `
      + '(log stream log-stream)';
    expect(await send('RunnerId', 'Create', properties)).toMatchObject({ Status: 'FAILED', Reason: reason });
    expect(await send('RunnerId', 'Update', properties, { id: 'prod-runner', old: common() })).toMatchObject({ Status: 'FAILED', Reason: reason });
    expect(api.requests).toEqual([]);
    const good = { ...properties, Values: { 'stateStorage.prefix': 'team/a' } };
    expect(await send('RunnerId', 'Create', good)).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'prod-runner' });
  });

  test('fails soon if the API cannot be reached', async () => {
    const answer = await send('RunnerId', 'Create', { ...common(), ApiUrl: 'http://127.0.0.1:2', RunnerId: 'prod-runner' });
    expect(answer.Status).toBe('FAILED');
    expect(answer.Reason).toMatch(/no answer from http:\/\/127\.0\.0\.1:2 \(.+\)\. Check that apiUrl is right, that the API is up, and that this Lambda can reach it/);
    expect(answer.seconds).toBeLessThan(30);
  });

  test.each([
    ['a field of a secret', { SecretId: SECRET, SecretField: 'token' }, () => store.values.set(SECRET, JSON.stringify({ token: TOKEN }))],
    ['a secret with a line end', { SecretId: SECRET }, () => store.values.set(SECRET, `${TOKEN}\n`)],
    ['a parameter', { ParameterName: '/my-org/token' }, () => store.values.set('/my-org/token', TOKEN)],
  ])('reads the API token from %s', async (_what, token, prepare) => {
    prepare();
    expect(await send('RunnerId', 'Create', { ...common(), Token: token, RunnerId: 'prod-runner' })).toMatchObject({ Status: 'SUCCESS' });
  });
});

describe('the protocol', () => {
  test.each([
    ['another host', 'https://attacker.example/?X-Amz-Signature='],
    ['plain HTTP', 'http://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/?X-Amz-Signature='],
    ['a host that only starts like CloudFormation\'s host', 'https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com.attacker.example/?X-Amz-Signature='],
    ['this machine, which is allowed only for the local emulator', undefined],
  ])('neither carries out nor answers an event whose ResponseURL is %s', async (_what, url) => {
    const { ALLOW_LOCAL_RESPONSE_URL: _local, ...env } = store.env;
    const { log, answers } = await invoke({
      RequestType: 'Create', StackId: STACK, RequestId: 'request-1', ResourceType: 'Custom::HumanitecRunner', LogicalResourceId: 'Logical', ResourceProperties: runnerProps(),
    }, { ...env, ORCHESTRATOR_API_URL: 'https://orchestrator.example' }, { responseUrl: url && url + SIGNATURE });
    expect(answers).toEqual([]);
    expect(log).toContain('The ResponseURL of the event is not one of CloudFormation');
    expect(log).not.toContain(SIGNATURE);
    expect(store.requests).toEqual([]);
  });

  test('replaces control characters and incomplete characters in messages of the API', async () => {
    api.setFaults(() => ({
      name: 'odd words',
      carriedOut: false,
      answer: { kind: 'other', status: 400, headers: { 'content-type': 'application/json' }, body: '{"error":"HTTP-400","message":"a\\u0000b\\ud800c"}' },
    }));
    const { Reason: reason } = await send('Runner', 'Create', runnerProps());
    expect(reason).toContain('Details: a b\ufffdc');
  });

  test('retries its answer until CloudFormation accepts it', async () => {
    expect(await send('RunnerId', 'Create', { ...common(), RunnerId: 'prod-runner' }, {}, { refuse: 3 })).toMatchObject({ Status: 'SUCCESS' });
  });

  test('answers with a remedy before its time is over', async () => {
    const answer = await send('RunnerId', 'Create', { ...common(), ApiUrl: 'http://127.0.0.1:2', RunnerId: 'prod-runner' }, {}, { remaining: 17_000 });
    expect(answer.Status).toBe('FAILED');
    expect(answer.seconds).toBeLessThan(16);
  });

  test('answers with at most 4,096 bytes for any message of the API', async () => {
    const answer = await send('Runner', 'Create', runnerProps({ Job: { ...runnerProps().Job, Subnets: Array.from({ length: 300 }, () => 'ü'.repeat(30)) } }));
    expect(answer.Status).toBe('FAILED');
    expect(answer.bytes[0]).toBeLessThanOrEqual(4096);
  });

  test('reports an unknown resource type', async () => {
    const answer = await send('Unknown' as 'Runner', 'Create', runnerProps());
    expect(answer.Reason).toContain('this Lambda does not know the resource type Custom::HumanitecUnknown');
  });
});
