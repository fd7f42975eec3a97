/** The drift check of the Lambda: its reports, and that it changes nothing. */
import { api, call, create, foreign, Props, registered, runnerProps, store, TOKEN } from './lifecycle-support';
import { listen, serverOf } from './server';
import { invoke, SECRET } from './support';

interface Result {
  /** The problems that the Lambda logged. */
  readonly problems: string[];
  /** The number of problems, as the metric filter reads it. Undefined without a result. */
  readonly count?: number;
  readonly log: string;
}

/** Sends the event of the schedule. Checks that nothing is answered or changed, and that the log does not contain the API token. */
async function send(event: object, env: NodeJS.ProcessEnv = {}): Promise<Result> {
  const before = api.requests.length;
  const { answers, log } = await invoke(event, { ...store.env, ORCHESTRATOR_API_URL: api.url, ...env });
  expect(answers).toEqual([]);
  expect(api.requests.slice(before).filter(({ method }) => method !== 'GET')).toEqual([]);
  expect(log).not.toContain(TOKEN);
  const lines = log.split('\n').filter(line => line.startsWith('{')).map(line => JSON.parse(line));
  return {
    problems: lines.filter(({ message }) => message === 'registration drift').map(({ runner, problem }) => `${runner}: ${problem}`),
    count: lines.find(({ message }) => message === 'drift check')?.problems,
    log,
  };
}

/** The schedule's event for a runner, with comma-separated lists. */
function eventFor(physicalId: string, { ApiUrl: _, Job: { Subnets, SecurityGroups, ...job }, ...properties }: Props, rules: object[] = []): object {
  return { DriftCheck: { PhysicalId: physicalId, Runner: { ...properties, Job: { ...job, Subnets: Subnets.join(','), SecurityGroups: SecurityGroups?.join(',') } }, Rules: rules } };
}

async function checkAfter(change: object, properties: Props = runnerProps()): Promise<Result> {
  const id = await create(properties);
  await patch(change);
  return send(eventFor(id, properties));
}

/** Changes the registration as another user would. */
async function patch(change: Props): Promise<void> {
  const { description, runner_configuration: { type, auth, job }, state_storage_configuration: state } = await registered();
  const { status, body } = await call('PATCH', '/runners/prod-runner', {
    description: change.description ?? description,
    runner_configuration: { type, auth: { ...auth, ...change.auth }, job: { ...job, ...change.job } },
    state_storage_configuration: { ...state, ...change.state },
  });
  expect({ status, body }).toMatchObject({ status: 200 });
}

describe('a drift check', () => {
  test('reports no problem for an unchanged registration', async () => {
    expect(await checkAfter({})).toMatchObject({ problems: [], count: 0 });
  });

  test('reports each changed field, without values of environment variables', async () => {
    const { problems, count, log } = await checkAfter({
      description: 'changed',
      auth: { session_name: 'changed', sts_region: 'eu-west-1' },
      job: { subnets: ['subnet-9'], is_public_ip_enabled: true, image: 'registry.example.com/other', environment: { A: 'hunter2', B: '2' }, secrets: {} },
      state: { path_prefix: 'elsewhere' },
    });
    expect(problems.sort()).toEqual([
      "description is 'changed', expected 'text'",
      "runner_configuration.auth.session_name is 'changed', expected absent",
      "runner_configuration.auth.sts_region is 'eu-west-1', expected absent",
      'runner_configuration.job.environment.A differs',
      'runner_configuration.job.environment.B differs',
      "runner_configuration.job.image is 'registry.example.com/other', expected absent",
      "runner_configuration.job.is_public_ip_enabled is 'true', expected absent",
      `runner_configuration.job.secrets.B is absent, expected '${SECRET.slice(0, -6)}GhIjKl'`,
      "runner_configuration.job.subnets is 'subnet-9', expected 'subnet-1, subnet-2'",
      "state_storage_configuration.path_prefix is 'elsewhere', expected 'team'",
    ].map(problem => `prod-runner: ${problem}`));
    expect(count).toBe(10);
    expect(log).not.toContain('hunter2');
  });

  test('accepts any description and environment if the template has none, and any order of lists', async () => {
    const { Job: { Environment: _, ...job }, Description: __, ...properties } = runnerProps();
    expect(await checkAfter({ description: 'of others', job: { environment: { C: '3' }, subnets: ['subnet-2', 'subnet-1'] } }, { ...properties, Job: job, Description: undefined }))
      .toMatchObject({ problems: [], count: 0 });
  });

  test('reports exactly the field that somebody changed', async () => {
    const id = await create();
    const fields: [string, object][] = [
      ['description', { description: 'changed' }],
      ['role_arn', { auth: { role_arn: 'arn:aws:iam::123456789012:role/changed' } }],
      ...Object.entries({
        region: 'eu-west-1', cluster: 'changed', security_groups: ['sg-2'], execution_role_arn: 'arn:aws:iam::123456789012:role/changed', task_role_arn: 'arn:aws:iam::123456789012:role/changed',
      }).map(([name, value]): [string, object] => [name, { job: { [name]: value } }]),
      ['bucket', { state: { bucket: 'changed' } }],
    ];
    const event = eventFor(id, runnerProps());
    const { description, runner_configuration: { auth, job }, state_storage_configuration: state } = await registered();
    const original = { description, auth, job, state };
    for (const [field, change] of fields) {
      await patch(original);
      await patch(change);
      const { problems, count } = await send(event);
      expect(problems).toEqual([expect.stringMatching(new RegExp(`^prod-runner: (\\w+\\.)*${field} is `))]);
      expect(count).toBe(1);
    }
  });

  test('reports a runner that was deleted', async () => {
    const id = await create();
    await call('DELETE', '/runners/prod-runner');
    expect(await send(eventFor(id, runnerProps()))).toMatchObject({ problems: ['prod-runner: the runner does not exist'], count: 1 });
  });

  test('reports a runner that somebody else created again', async () => {
    const id = await create();
    await call('DELETE', '/runners/prod-runner');
    await new Promise(resolve => setTimeout(resolve, 5));
    await foreign();
    const { problems } = await send(eventFor(id, runnerProps()));
    expect(problems[0]).toMatch(/^prod-runner: somebody else created the runner again at /);
    expect(problems[1]).toMatch(/role_arn is /);
  });

  test('reports a missing rule, and ignores rules of others', async () => {
    const id = await create();
    await call('POST', '/env-types', { id: 'production' });
    const { body: rule } = await call('POST', '/runner-rules', { runner_id: 'prod-runner', env_type_id: 'production' });
    await call('POST', '/runner-rules', { runner_id: 'prod-runner', project_id: 'of-others' });
    const event = eventFor(id, runnerProps(), [{ RuleId: rule.id, EnvTypeId: 'production' }]);
    expect(await send(event)).toMatchObject({ problems: [], count: 0 });
    await call('DELETE', `/runner-rules/${rule.id}`);
    expect(await send(event)).toMatchObject({
      problems: [`prod-runner: the rule ${rule.id} (project '', environment type 'production') does not exist`], count: 1,
    });
  });

  test.each<[string, () => void, RegExp]>([
    ['the API token is not accepted', () => store.values.set(SECRET, 'another-token'), /could not compare: HTTP 401 from /],
    ['the API token cannot be read', () => store.values.delete(SECRET), /could not compare: reading the API token from secret humanitec-api-token-AbCdEf failed/],
    ['the API is down', () => api.setFaults(() => ({ name: 'down', carriedOut: false, answer: { kind: 'other', status: 503, body: '{}' } })), /could not compare: HTTP 503 from /],
    ['another server answers', () => api.setFaults(() => ({ name: 'other', carriedOut: false, answer: { kind: 'other', status: 404, body: '<html>' } })), /could not compare: an answer that is not the API's came from /],
  ])('reports one problem if %s', async (_situation, arrange, problem) => {
    const id = await create();
    arrange();
    expect(await send(eventFor(id, runnerProps()))).toMatchObject({ problems: [expect.stringMatching(problem)], count: 1 });
  });

  test('sends the API token only to the API that the Lambda was deployed for', async () => {
    let requests = 0;
    const server = serverOf((_request, _body, response) => { requests++; response.writeHead(200).end('{}'); });
    const url = await listen(server);
    try {
      const id = await create();
      const event: any = eventFor(id, runnerProps());
      Object.assign(event, { ApiUrl: url, ORCHESTRATOR_API_URL: url });
      Object.assign(event.DriftCheck, { ApiUrl: url, apiUrl: url });
      Object.assign(event.DriftCheck.Runner, { ApiUrl: url, OrgId: `../../${url}` });
      expect((await send(event)).count).toBe(1);
      expect(requests).toBe(0);
    } finally {
      server.close();
    }
  });

  test.each<[unknown, number | undefined]>([[null, undefined], [{}, undefined], [[], undefined], ['text', undefined], [{ Runner: {} }, 1]])('sends no request if the event is %j', async (check, count) => {
    const before = api.requests.length;
    expect((await send({ DriftCheck: check })).count).toBe(count);
    expect(api.requests.length).toBe(before);
  });
});
