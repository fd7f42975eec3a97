import { CfnAnswer, handlerSeconds, invoke, Invocation, ROLE, SECRET, SecretStore, SIGNATURE, STACK } from './support';
import { DOCUMENTED, LocalOrchestrator, startOrchestrator } from '../../local/orchestrator';

export const TOKEN = 'token-of-my-org';
export const READ_ONLY = 'token-that-reads';
export const OTHER_ROLE = 'arn:aws:iam::123456789012:role/Other';

/** The handler takes longer if it waits for another run of the handler, or for a write that the API may still carry out. */
export const MAX_SECONDS_WITHOUT_WAITING = 15;

export const store = new SecretStore();
export let api: LocalOrchestrator;
/** The orchestrator's behaviour in the following tests. */
export const settings = { behaviour: DOCUMENTED };

beforeAll(() => store.start());
afterAll(() => store.stop());

beforeEach(async () => {
  api = await startOrchestrator({
    orgs: ['my-org', 'other-org'],
    behaviour: settings.behaviour,
    tokens: [{ token: TOKEN, orgs: ['my-org', 'other-org'] }, { token: READ_ONLY, orgs: ['my-org'], permissions: ['runner_read', 'runner_rule_read'] }],
  });
  store.clear();
  store.values.set(SECRET, TOKEN);
});
afterEach(() => api.close());

/** Waits until the handler has sent this many more requests, and then for 8 seconds of the handler's clock. */
export async function sent(method: string, more = 1): Promise<void> {
  const requests = () => api.requests.filter(request => request.method === method).length;
  const wanted = requests() + more;
  while (requests() < wanted) {
    await handlerSeconds(0.1);
  }
  await handlerSeconds(8);
}

export type Props = Record<string, any>;
export const common = (): Props => ({ ServiceToken: 'arn:aws:lambda:us-east-1:123456789012:function:f', ApiUrl: api.url, OrgId: 'my-org', Token: { SecretId: SECRET } });
export const runnerProps = (change: Props = {}): Props => ({
  ...common(),
  RunnerId: 'prod-runner',
  Description: 'text',
  Auth: { RoleArn: ROLE },
  Job: {
    Region: 'us-east-1',
    Cluster: 'cluster',
    Subnets: ['subnet-1', 'subnet-2'],
    SecurityGroups: ['sg-1'],
    IsPublicIpEnabled: 'false',
    ExecutionRoleArn: 'arn:aws:iam::123456789012:role/execution',
    TaskRoleArn: 'arn:aws:iam::123456789012:role/task',
    Environment: { A: '1' },
    Secrets: { B: `${SECRET.slice(0, -6)}GhIjKl` },
  },
  StateStorage: { Bucket: 'state-bucket', PathPrefix: 'team' },
  ...change,
});
/** The request body that the handler sends for `runnerProps()`. */
export const BODY = {
  description: 'text',
  runner_configuration: {
    type: 'serverless-ecs',
    auth: { role_arn: ROLE },
    job: {
      region: 'us-east-1',
      cluster: 'cluster',
      subnets: ['subnet-1', 'subnet-2'],
      security_groups: ['sg-1'],
      is_public_ip_enabled: false,
      execution_role_arn: 'arn:aws:iam::123456789012:role/execution',
      task_role_arn: 'arn:aws:iam::123456789012:role/task',
      environment: { A: '1' },
      secrets: { B: `${SECRET.slice(0, -6)}GhIjKl` },
    },
  },
  state_storage_configuration: { type: 's3', bucket: 'state-bucket', path_prefix: 'team' },
};

const { is_public_ip_enabled: _false, ...shownJob } = BODY.runner_configuration.job;
/** The runner as the API shows it for `runnerProps()`: without `false`, and without the fields that the API adds. */
export const SHOWN = { ...BODY, runner_configuration: { ...BODY.runner_configuration, job: shownJob } };

/**
 * Sends an event to the function that was deployed for `ApiUrl`. Checks that CloudFormation gets exactly one answer, and that no answer or log
 * contains the API token or the signature.
 */
export async function send(
  type: 'RunnerId' | 'Runner' | 'RunnerRule' | 'OidcProvider', request: 'Create' | 'Update' | 'Delete', { ApiUrl: apiUrl, ...properties }: Props,
  extra: { id?: string; old?: Props; logicalId?: string; stack?: string; env?: NodeJS.ProcessEnv } = {}, options: Parameters<typeof invoke>[2] = {},
): Promise<CfnAnswer & Pick<Invocation, 'log' | 'seconds' | 'bytes' | 'contentTypes'>> {
  const result = await invoke({
    RequestType: request,
    StackId: extra.stack ?? STACK,
    RequestId: 'request-1',
    ResourceType: `Custom::Humanitec${type}`,
    LogicalResourceId: extra.logicalId ?? 'Logical',
    PhysicalResourceId: extra.id,
    ResourceProperties: properties,
    OldResourceProperties: extra.old,
  }, { ...store.env, ORCHESTRATOR_API_URL: apiUrl, ...extra.env }, options);
  expect({ answers: result.answers.length, log: result.answers.length === 1 ? '' : result.log }).toEqual({ answers: 1, log: '' });
  const seen = JSON.stringify(result.answers) + result.log;
  for (const secret of [TOKEN, READ_ONLY, SIGNATURE]) {
    expect(seen).not.toContain(secret);
  }
  return { ...result.answers[0], ...result };
}

export async function call(method: string, path: string, body?: object, org = 'my-org'): Promise<{ status: number; body: any }> {
  const response = await fetch(`${api.url}/orgs/${org}${path}`, {
    method, headers: { authorization: `Bearer ${TOKEN}`, ...(body ? { 'content-type': 'application/json' } : {}) }, body: body && JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, body: text ? JSON.parse(text) : undefined };
}

export const registered = async () => (await call('GET', '/runners/prod-runner')).body;
export const isGone = async () => (await call('GET', '/runners/prod-runner')).status === 404;
export const foreign = () => call('POST', '/runners', {
  id: 'prod-runner', ...BODY, runner_configuration: { ...BODY.runner_configuration, auth: { role_arn: OTHER_ROLE } },
});

/** Creates an environment that uses the runner. */
export async function deploy(): Promise<void> {
  expect((await call('POST', '/env-types', { id: 'development' })).status).toBe(201);
  expect((await call('POST', '/projects', { id: 'shop' })).status).toBe(201);
  const rule = await call('POST', '/runner-rules', { runner_id: 'prod-runner' });
  expect(rule.status).toBe(201);
  expect((await call('POST', '/projects/shop/envs', { id: 'dev', env_type_id: 'development' })).status).toBe(201);
  await call('DELETE', `/runner-rules/${rule.body.id}`);
}

/** Registers a runner. Returns its physical ID. */
export const create = async (change: Props = {}) => {
  const answer = await send('Runner', 'Create', runnerProps(change));
  expect(answer.Status).toBe('SUCCESS');
  return answer.PhysicalResourceId;
};
/** The physical ID of the current registration of a runner. */
export const idOf = async (runner = 'prod-runner') => `my-org/${runner}@${(await call('GET', `/runners/${runner}`)).body.created_at}`;
