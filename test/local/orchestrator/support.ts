import { startOrchestrator, type Behaviour, type LocalOrchestrator, type LocalToken, type RecordedRequest } from '../../../local/orchestrator';

export const ORG = 'my-org';
export const TOKENS: LocalToken[] = [
  { token: 'writer', orgs: [ORG] },
  { token: 'reader', orgs: [ORG], permissions: ['runner_read', 'runner_rule_read'] },
  { token: 'stranger', orgs: ['other-org'] },
];
export const ROLE = 'arn:aws:iam::123456789012:role/my-role';
export const SECRET = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:my/secret-AbC123';
export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
export const UNKNOWN_UUID = '00000000-0000-4000-8000-000000000000';

export type Json = Record<string, unknown>;
export interface Answer { readonly status: number; readonly headers: Headers; readonly body: Json }
export interface CallOptions { readonly token?: string | null; readonly raw?: string; readonly contentType?: string; readonly authorization?: string }

export let server: LocalOrchestrator;
export let observed: RecordedRequest[];

/** Replaces the server of the test by one with another behaviour. */
export async function restart(behaviour?: Partial<Behaviour>, clock?: () => number): Promise<void> {
  await server?.close();
  observed = [];
  server = await startOrchestrator({ orgs: [ORG, 'other-org'], tokens: TOKENS, behaviour, clock, onRequest: (request) => observed.push(request) });
}

beforeEach(() => restart());
afterEach(() => server.close());

export async function call(method: string, path: string, body?: unknown, options: CallOptions = {}): Promise<Answer> {
  const { token = 'writer', raw, authorization } = options;
  const text = raw ?? (body === undefined ? undefined : JSON.stringify(body));
  const contentType = options.contentType ?? (text === undefined ? undefined : 'application/json');
  const response = await fetch(server.url + path, {
    method,
    body: text,
    headers: {
      ...(token !== null && { authorization: authorization ?? `Bearer ${token}` }),
      ...(contentType && { 'content-type': contentType }),
    },
  });
  const answer = await response.text();
  return { status: response.status, headers: response.headers, body: answer === '' ? {} : JSON.parse(answer) as Json };
}

export function org(method: string, path: string, body?: unknown, options?: CallOptions): Promise<Answer> {
  return call(method, `/orgs/${ORG}${path}`, body, options);
}

/** Prepares a test with a call that must succeed. */
export async function given(path: string, body: unknown): Promise<Json> {
  const answer = await org('POST', path, body);
  expect(answer).toMatchObject({ status: 201 });
  return answer.body;
}

export function runner(id = 'prod-runner'): Json {
  return {
    id,
    description: 'Runs production',
    runner_configuration: {
      type: 'serverless-ecs',
      auth: { role_arn: ROLE, session_name: 'my-session', sts_region: 'eu-west-1' },
      job: {
        region: 'us-east-1',
        cluster: 'my-cluster',
        subnets: ['subnet-0123456789abcdef0'],
        security_groups: ['sg-0123456789abcdef0'],
        is_public_ip_enabled: false,
        execution_role_arn: ROLE,
        task_role_arn: ROLE,
        image: 'ghcr.io/my-org/runner:v1',
        environment: { STAGE: 'prod' },
        secrets: { PASSWORD: SECRET },
      },
    },
    state_storage_configuration: { type: 's3', bucket: 'my-bucket', path_prefix: 'state' },
  };
}

const KUBERNETES_JOB = { namespace: 'runners', service_account: 'runner' };
const CERTIFICATE = { certificate_authority_data: 'QQ==', server: 'https://cluster.example.com' };

/** Runner configurations of all types except ECS. */
export const KUBERNETES_CONFIGURATIONS: Json[] = [
  { type: 'kubernetes', job: KUBERNETES_JOB, cluster: { cluster_data: CERTIFICATE, auth: { service_account_token: 'a value' } } },
  { type: 'kubernetes-agent', job: KUBERNETES_JOB, key: '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----\n' },
  { type: 'kubernetes-eks', job: KUBERNETES_JOB, cluster: { name: 'cluster', region: 'eu-west-1', auth: { role_arn: ROLE } } },
  {
    type: 'kubernetes-gke',
    job: KUBERNETES_JOB,
    cluster: { name: 'cluster', project_id: 'project', location: 'europe-west1', auth: { gcp_audience: 'a', gcp_service_account: 'b' } },
  },
];

export function kubernetesRunner(id: string, configuration: Json = KUBERNETES_CONFIGURATIONS[1]!): Json {
  return { id, runner_configuration: configuration, state_storage_configuration: { type: 'kubernetes', namespace: 'state' } };
}

/** The body of a runner on ECS as responses contain it: without empty lists, empty maps and `false`. */
export function shown(body: Json): Json {
  const configuration = body.runner_configuration as Json;
  const isEmpty = (value: unknown): boolean => value === false || ['[]', '{}'].includes(JSON.stringify(value));
  const job = Object.fromEntries(Object.entries(configuration.job as Json).filter(([, value]) => !isEmpty(value)));
  return { ...body, runner_configuration: { ...configuration, job } };
}

export const ABSENT = Symbol('absent');

/** The body with one field set or removed. The path is the one in error messages. */
export function withField(body: Json, path: string, value: unknown): Json {
  const copy = structuredClone(body);
  const steps = path.split('.');
  const last = steps.pop()!;
  const target = steps.reduce<Json>((at, step) => at[step] as Json, copy);
  if (value === ABSENT) delete target[last];
  else target[last] = value;
  return copy;
}

export function expectError(answer: Answer, status: number, message: string | RegExp): void {
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
  expect(answer.body).toEqual({
    error: `HTTP-${status}`,
    message: typeof message === 'string' ? message : expect.stringMatching(message),
    ...('details' in answer.body && { details: expect.any(Object) }),
  });
  expect(answer.status).toBe(status);
}

export const AUTH = 'runner_configuration.auth';
export const JOB = 'runner_configuration.job';
export const STATE = 'state_storage_configuration';
export const ROLE_FIELDS = [`${AUTH}.role_arn`, `${JOB}.execution_role_arn`, `${JOB}.task_role_arn`];
export const RESERVED = [
  'ORG_ID', 'RUNNER_ID', 'DEPLOYMENT_ID', 'DEPLOYMENT_ENV_UUID', 'MODE', 'TOKEN', 'ENCRYPTING_KEY', 'ENCRYPTING_LOGS_KEY',
  'LOG_LEVEL', 'RUNNER_GATEWAY_URL', 'METADATA_KEY', 'PLATFORM_ORCHESTRATOR_BASE_URL',
];

export const ACCEPTED: [string, unknown][] = [
  ['id', 'ab'],
  ['id', 'a-1b-c'],
  ['id', 'a'.repeat(100)],
  ['description', ABSENT],
  ['description', ''],
  ['description', 'd'.repeat(200)],
  ...ROLE_FIELDS.flatMap((field): [string, unknown][] => [
    [field, 'arn:aws:iam::111122223333:role/path/to/My+Role=,.@-_1'],
  ]),
  [`${AUTH}.session_name`, 'abc'],
  [`${AUTH}.session_name`, 'a'.repeat(64)],
  [`${AUTH}.session_name`, 'aZ9+=,.@-_/'],
  [`${AUTH}.session_name`, ABSENT],
  [`${AUTH}.sts_region`, ABSENT],
  [`${AUTH}.sts_region`, 'ap-southeast-2'],
  [`${JOB}.region`, 'eu-central-1'],
  [`${JOB}.cluster`, 'c'],
  [`${JOB}.cluster`, 'c'.repeat(255)],
  [`${JOB}.subnets`, Array<string>(16).fill('s'.repeat(24))],
  [`${JOB}.subnets`, ['s']],
  [`${JOB}.security_groups`, []],
  [`${JOB}.security_groups`, Array<string>(5).fill('sg-1')],
  [`${JOB}.security_groups`, ABSENT],
  [`${JOB}.is_public_ip_enabled`, true],
  [`${JOB}.is_public_ip_enabled`, ABSENT],
  [`${JOB}.task_role_arn`, ABSENT],
  [`${JOB}.image`, ABSENT],
  [`${JOB}.image`, 'i'.repeat(255)],
  [`${JOB}.image`, '123456789012.dkr.ecr.us-east-1.amazonaws.com/a/b@sha256:0123456789abcdefABCDEF'],
  [`${JOB}.environment`, ABSENT],
  [`${JOB}.environment`, {}],
  [`${JOB}.environment.LONG`, 'v'.repeat(1024)],
  [`${JOB}.environment.TOKENS`, 'not a reserved name'],
  [`${JOB}.environment.EMPTY`, ''],
  [`${JOB}.secrets`, ABSENT],
  [`${JOB}.secrets`, {}],
  [`${JOB}.secrets.RUNNER_GIT_SSH_KEYS`, SECRET],
  [`${JOB}.secrets.PARAMETER`, 'arn:aws:ssm:us-east-1:123456789012:parameter/my/parameter'],
  [`${STATE}.bucket`, 'a1'],
  [`${STATE}.bucket`, 'my-bucket-1'],
  [`${STATE}.path_prefix`, ABSENT],
  [`${STATE}.path_prefix`, 'a'],
  [`${STATE}.path_prefix`, 'a/b.c/d_e-f/'],
];

export const REFUSED: [string, unknown][] = [
  ['id', ABSENT],
  ['id', 'a'],
  ['id', '1ab'],
  ['id', 'Ab'],
  ['id', 'a_b'],
  ['id', 'a--b'],
  ['id', 'ab-'],
  ['id', 'ab\n'],
  ['id', 12],
  ['id', 'a'.repeat(101)],
  ['description', 'd'.repeat(201)],
  ['description', null],
  ...ROLE_FIELDS.flatMap((field): [string, unknown][] => [
    [field, ''],
    [field, 'arn:aws-us-gov:iam::123456789012:role/my-role'],
    [field, 'arn:aws-cn:iam::123456789012:role/my-role'],
    [field, 'arn:aws:iam::12345678901:role/my-role'],
    [field, 'arn:aws:iam::1234567890123:role/my-role'],
    [field, 'arn:aws:iam::123456789012:user/my-user'],
    [field, 'arn:aws:iam::123456789012:role/'],
    [field, 'arn:aws:iam::123456789012:role/my role'],
    [field, ` ${ROLE}`],
  ]),
  [`${AUTH}.role_arn`, ABSENT],
  [`${AUTH}.session_name`, 'ab'],
  [`${AUTH}.session_name`, 'a'.repeat(65)],
  [`${AUTH}.session_name`, 'my session'],
  [`${AUTH}.sts_region`, 'us-gov-west-1'],
  [`${AUTH}.sts_region`, 'us-east-10'],
  [`${JOB}.region`, ABSENT],
  [`${JOB}.region`, 'us-east'],
  [`${JOB}.region`, 'US-EAST-1'],
  [`${JOB}.cluster`, ABSENT],
  [`${JOB}.cluster`, ''],
  [`${JOB}.cluster`, 'c'.repeat(256)],
  [`${JOB}.cluster`, 'arn:aws:ecs:us-east-1:123456789012:cluster/my-cluster'],
  [`${JOB}.subnets`, ABSENT],
  [`${JOB}.subnets`, []],
  [`${JOB}.subnets`, Array<string>(17).fill('subnet-1')],
  [`${JOB}.subnets`, 'subnet-1'],
  [`${JOB}.subnets.0`, ''],
  [`${JOB}.subnets.0`, 's'.repeat(25)],
  [`${JOB}.security_groups`, Array<string>(6).fill('sg-1')],
  [`${JOB}.security_groups.0`, ''],
  [`${JOB}.is_public_ip_enabled`, 'false'],
  [`${JOB}.is_public_ip_enabled`, 0],
  [`${JOB}.execution_role_arn`, ABSENT],
  [`${JOB}.image`, ''],
  [`${JOB}.image`, 'i'.repeat(256)],
  [`${JOB}.image`, 'my image'],
  [`${JOB}.image`, 'repo@sha256:xyz'],
  [`${JOB}.environment.LONG`, 'v'.repeat(1025)],
  [`${JOB}.environment.NUMBER`, 1],
  [`${JOB}.environment.BOOLEAN`, true],
  [`${JOB}.secrets.PASSWORD`, 'a value'],
  [`${JOB}.secrets.PASSWORD`, 'arn:aws:secretsmanager:us-east-1:123456789012:secret:partial'],
  [`${JOB}.secrets.PASSWORD`, 'arn:aws:secretsmanager:us-east-1:123456789012:secret:my-secret-AbC12'],
  [`${JOB}.secrets.PASSWORD`, `${SECRET}:field::`],
  [`${JOB}.secrets.PASSWORD`, `${SECRET}::AWSCURRENT:`],
  [`${JOB}.secrets.PASSWORD`, 'arn:aws-cn:secretsmanager:us-east-1:123456789012:secret:s-AbC123'],
  [`${JOB}.secrets.PASSWORD`, 'arn:aws:ssm:us-east-1:123456789012:parameter'],
  [`${JOB}.secrets.PASSWORD`, 'arn:aws:ssm:us-east-1:123456789012:parameter/'],
  [`${STATE}.type`, ABSENT],
  [`${STATE}.type`, 'local'],
  [`${STATE}.bucket`, ABSENT],
  [`${STATE}.bucket`, 'a'],
  [`${STATE}.bucket`, 'my.bucket'],
  [`${STATE}.bucket`, 'my_bucket'],
  [`${STATE}.bucket`, 'My-bucket'],
  [`${STATE}.bucket`, '-bucket'],
  [`${STATE}.bucket`, 'bucket-'],
  [`${STATE}.path_prefix`, ''],
  [`${STATE}.path_prefix`, '/a'],
  [`${STATE}.path_prefix`, 'a//b'],
  [`${STATE}.path_prefix`, 'a b'],
  ['runner_configuration.type', ABSENT],
  ['runner_configuration.type', 'serverless-lambda'],
  ['runner_configuration', ABSENT],
  [AUTH, ABSENT],
  [JOB, ABSENT],
  [STATE, ABSENT],
];

export const UNKNOWN_FIELDS = ['extra', 'runner_configuration.extra', `${AUTH}.extra`, `${JOB}.extra`, `${STATE}.extra`];

/** A PATCH needs neither the id nor the required fields of a create. */
export const isForPatch = ([field, value]: [string, unknown]): boolean => field !== 'id'
  && !(value === ABSENT && [AUTH, JOB, STATE, 'runner_configuration'].includes(field));

export const title = (value: unknown): string => value === ABSENT ? 'absent' : JSON.stringify(value).slice(0, 60);
export const titled = (rows: [string, unknown][]): [string, string, unknown][] => rows.map(([field, value]) => [field, title(value), value]);

export function update(): Json {
  const { id: _, ...rest } = runner();
  return rest;
}
