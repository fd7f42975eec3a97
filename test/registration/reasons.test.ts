import { createServer, Server } from 'http';
import { AddressInfo } from 'net';
import { Props, send, store, TOKEN } from './lifecycle-support';
import { CfnAnswer, invoke, ROLE, SIGNATURE, STACK } from './support';

/** The longest possible inputs. */
const RUNNER = `runner-${'r'.repeat(93)}`;
const ORG = `org-${'o'.repeat(96)}`;
const LOGICAL_ID = 'L'.repeat(255);
const OWN_ROLE = ROLE.padEnd(150, 'x');
const FOREIGN_ROLE = ROLE.padEnd(150, 'y');
const PATH_LENGTH = 150;
const CREATED_AT = '2026-01-01T00:00:00.000Z';
const RULE_ID = '11111111-2222-3333-4444-555555555555';
const OTHER_RULE_ID = '66666666-7777-8888-9999-000000000000';
const SUMMARY_MAX = 550;
const ANSWER_MAX = 4096;
const LOG_STREAM = ' (log stream log-stream)';

/** The handler gives up on an outage after some seconds; it reserves the rest for its answer and for a delete. */
const CREATE_MS = 45_000;
const DELETE_MS = 22_000;

type Reply = { status: number; json?: object; text?: string; headers?: Record<string, string> } | 'never';
type Api = (method: string, path: string) => Reply;
type Type = 'RunnerId' | 'Runner' | 'RunnerRule';
interface Expected { operation: RegExp; cause: RegExp; remedy: RegExp; details?: RegExp }
interface More {
  /** The content of the secret. Null if there is no secret. */
  secret?: string | null;
  /** The JSON field of the API token in the secret. */
  field?: string;
  properties?: Props;
  /** Replaces the URL of the test server. */
  url?: string;
  /** Whether Secrets Manager or the Parameter Store never responds. */
  slowStore?: boolean;
}
type Case = [name: string, type: Type, request: 'Create' | 'Update' | 'Delete', api: Api, expected: Expected, more?: More];

const OPERATION = {
  access: new RegExp(`^Checking the inputs for organization '${ORG}' failed: `),
  register: new RegExp(`^Registering runner '${RUNNER}' failed: `),
  update: new RegExp(`^Updating runner '${RUNNER}' failed: `),
  remove: new RegExp(`^Deleting runner '${RUNNER}' failed: `),
  rule: new RegExp(`^Creating the rule for runner '${RUNNER}' failed: `),
  removeRule: new RegExp(`^Deleting the rule for runner '${RUNNER}' failed: `),
};
const CREATES: [Type, RegExp][] = [['RunnerId', OPERATION.access], ['Runner', OPERATION.register], ['RunnerRule', OPERATION.rule]];
const DELETES: [Type, RegExp][] = [['Runner', OPERATION.remove], ['RunnerRule', OPERATION.removeRule]];

const RUNNER_PROPERTIES: Props = {
  Auth: { RoleArn: OWN_ROLE },
  Job: {
    Region: 'us-east-1',
    Cluster: 'cluster',
    Subnets: ['subnet-1'],
    IsPublicIpEnabled: 'false',
    ExecutionRoleArn: ROLE.padEnd(150, 'e'),
    TaskRoleArn: ROLE.padEnd(150, 't'),
  },
  StateStorage: { Bucket: 'state-bucket', PathPrefix: 'team' },
};

/** A message that is too long and contains the API token. */
const WORDS = `Bearer ${TOKEN} ${'ü'.repeat(3000)}`;
const always = (status: number, more: object = {}): Api => () => ({ status, json: { error: `HTTP-${status}`, message: WORDS }, ...more });
const runner = (role: string, bucket = 'state-bucket') => ({
  id: RUNNER,
  created_at: CREATED_AT,
  updated_at: CREATED_AT,
  runner_configuration: { type: 'serverless-ecs', auth: { role_arn: role }, job: {} },
  state_storage_configuration: { type: 's3', bucket, path_prefix: 'team' },
});
/** Runners of other types have no role. */
const kubernetesRunner = {
  id: RUNNER, runner_configuration: { type: 'kubernetes-eks', cluster: { name: 'cluster' }, job: {} }, state_storage_configuration: { type: 'kubernetes', namespace: 'state' },
};
const otherRule = { id: OTHER_RULE_ID, runner_id: `other-${'r'.repeat(94)}`, project_id: '', env_type_id: '', created_at: new Date().toISOString() };
const rules: Api = () => ({ status: 200, json: { items: [otherRule] } });
const http = (status: number) => new RegExp(`failed: HTTP ${status} from http://127\\.0\\.0\\.1:\\S+…p+\\. `);
const SECRET_NAME = 'secret \\S*…n+-AbCdEf';
/** The remedy at the end of a reason. It ends with the next step for the type of request. */
const then = (remedy: string) => new RegExp(`${remedy}; then (deploy again|deploy again, or continue the rollback if the stack is in UPDATE_ROLLBACK_FAILED|delete again)\\.$`);
const THEN = { Create: /then deploy again\.$/, Update: /or continue the rollback if the stack is in UPDATE_ROLLBACK_FAILED\.$/, Delete: /then delete again\.$/ };
const THEN_OR_RETAIN = { ...THEN, Delete: /then delete again\.( If the stack is in DELETE_FAILED, --retain-resources leaves the registration\.)?$/ };
const UNREACHABLE = then('Check that apiUrl is right, that the API is up, and that this Lambda can reach it');
const words = /^Bearer \*\*\* ü+$/;

/** HTTP status codes with the same meaning for every request. */
const STATUSES: [string, number, RegExp, object?][] = [
  ['values that the API does not accept', 400, then('Correct what the details name')],
  ['a token that is not accepted', 401, then(`The API token in the ${SECRET_NAME} was not accepted\\. Put a valid token there`)],
  ['a token that may not do this', 403, then(`Check the organization id, and give the API token in the ${SECRET_NAME} the permissions runner_read, runner_write, runner_rule_read and runner_rule_write`)],
  ['throttling until the time is over', 429, then('The API is throttling\\. Wait some minutes'), { headers: { 'retry-after': '1' } }],
  ['throttling of an unknown length', 429, then('The API is throttling\\. Wait some minutes')],
  ['a fault of the API', 500, then('The API has a fault\\. Wait until it is repaired')],
  ['a redirect', 307, then('Redirects are not followed, as they would forward the API token\\. Give the final URL as apiUrl'), { headers: { location: 'http://127.0.0.1:9/' } }],
  ['a status that nobody expects', 418, then('Correct what the details name')],
];
const statusCases = (types: [Type, RegExp][], request: 'Create' | 'Delete'): Case[] => types.flatMap(([type, operation]) =>
  STATUSES.map(([name, status, remedy, reply]): Case => [name, type, request, always(status, reply), { operation, cause: http(status), remedy, details: words }]));

/** Errors without a meaningful HTTP status. */
const outageCases = (types: [Type, RegExp][], request: 'Create' | 'Delete'): Case[] => types.flatMap(([type, operation]): Case[] => [
  ['HTML', type, request, () => ({ status: 200, text: '<!doctype html><title>Sign in</title>', headers: { 'content-type': 'text/html' } }),
    { operation, cause: /failed: an answer that is not JSON came from http:\S+…p+\. /, remedy: UNREACHABLE }],
  ['a 404 of a proxy', type, request, () => ({ status: 404, text: '<!doctype html><title>No backend</title>', headers: { 'content-type': 'text/html' } }),
    { operation, cause: /failed: an answer that is not the API's came from http:\S+…p+\. /, remedy: UNREACHABLE }],
  ['a 404 of a gateway', type, request, () => ({ status: 404, json: { message: 'Not Found' } }),
    { operation, cause: /failed: an answer that is not the API's came from http:\S+…p+\. /, remedy: UNREACHABLE }],
  ['an API that is not there', type, request, always(500),
    { operation, cause: /failed: no answer from http:\S+…p+ \(ECONNREFUSED\)\. /, remedy: UNREACHABLE }, { url: 'closed' }],
  ['an API without TLS', type, request, always(500),
    { operation, cause: /failed: no answer from https:\S+…p+ \(ERR_SSL_\w+\)\. /, remedy: UNREACHABLE }, { url: 'tls' }],
]);

const tokenCases = (types: [Type, RegExp][], request: 'Create' | 'Delete'): Case[] => types.flatMap(([type, operation]): Case[] => [
  ['a secret that is not there', type, request, always(500), {
    operation,
    cause: new RegExp(`failed: reading the API token from ${SECRET_NAME} failed: ResourceNotFoundException\\. `),
    remedy: then('Check that it exists in us-east-1, and that the registration\'s role and the key\'s policy allow to read it'),
  }, { secret: null }],
  ['a secret that may not be read', type, request, always(500), {
    operation,
    cause: new RegExp(`failed: reading the API token from ${SECRET_NAME} failed: AccessDeniedException\\. `),
    remedy: then('the registration\'s role and the key\'s policy allow to read it'),
  }, { secret: 'DENIED' }],
  ['an empty secret', type, request, always(500), {
    operation, cause: new RegExp(`failed: the ${SECRET_NAME} has no text: expected the API token\\. `), remedy: then('Put the token there'),
  }, { secret: '\n' }],
  ['a secret without the field', type, request, always(500), {
    operation, cause: new RegExp(`failed: the ${SECRET_NAME} has no text in its field "f+…f+"\\. `), remedy: then('Add it, or name another field'),
  }, { secret: JSON.stringify({ other: TOKEN }), field: 'f'.repeat(255) }],
  ['a secret that is not JSON', type, request, always(500), {
    operation,
    cause: new RegExp(`failed: the ${SECRET_NAME} is not JSON: expected an object with the field "f+…f+"\\. `),
    remedy: then('Correct the secret, or leave the field out'),
  }, { secret: TOKEN, field: 'f'.repeat(255) }],
  ['a secret that is JSON', type, request, always(500), {
    operation, cause: new RegExp(`failed: the ${SECRET_NAME} holds no API token: it has blanks or line breaks inside\\. `), remedy: then('name the token\'s field'),
  }, { secret: JSON.stringify({ token: TOKEN }, null, 1) }],
  ['a secret with blanks', type, request, always(500), {
    operation, cause: new RegExp(`failed: the ${SECRET_NAME} holds no API token: it has blanks or line breaks inside\\. `), remedy: then('Put the token alone there'),
  }, { secret: `${TOKEN} and more` }],
]);

const noAccess = then(`Check that organization 'org-o+…o+' exists, and that the API token in the ${SECRET_NAME} belongs to it`);
const IN_USE = 'is in use by the environments: shop/dev, shop/prod';
const TOO_SLOW = /failed: the API, or the service that stores its token, was too slow\. /;
const TRY_AGAIN = /Wait some minutes, then deploy again\.$/;

const CASES: Case[] = [
  ...statusCases(CREATES, 'Create'),
  ...statusCases(DELETES, 'Delete'),
  ...outageCases(CREATES, 'Create'),
  ...outageCases(DELETES, 'Delete'),
  ...tokenCases(CREATES, 'Create'),
  ...tokenCases(DELETES, 'Delete'),
  // A delete treats this as success.
  ...CREATES.map(([type, operation]): Case =>
    ['an organization that is not there', type, 'Create', always(404), { operation, cause: http(404), remedy: noAccess, details: words }]),
  ['a permission that is missing', 'Runner', 'Create', always(403, { json: { error: 'HTTP-403', message: 'Forbidden', details: { failed_checks: [{ permission: 'runner_write', seen: TOKEN }] } } }), {
    operation: OPERATION.register, cause: http(403), remedy: THEN.Create, details: /^Forbidden \{"failed_checks":\[\{"permission":"runner_write","seen":"\*\*\*"\}\]\}$/,
  }],
  ...([{}, { AdoptExisting: 'true' }].map((properties): Case => [`a runner of another type, ${'AdoptExisting' in properties ? 'to be taken over' : 'not to be taken over'}`, 'Runner', 'Create',
    method => method === 'POST' ? { status: 409, json: { error: 'HTTP-409', message: 'exists' } } : { status: 200, json: kubernetesRunner }, {
      operation: OPERATION.register,
      cause: /a runner with this id exists and has another type\. /,
      remedy: /The type of a runner cannot change: choose another runnerId, then deploy again\.$/,
      details: /^its type is kubernetes-eks$/,
    }, { properties }])),
  ['a bad token', 'Runner', 'Update', always(401), { operation: OPERATION.update, cause: http(401), remedy: THEN.Update, details: words }],
  ['a runner of somebody else', 'Runner', 'Create', method => method === 'POST' ? { status: 409 } : { status: 200, json: runner(FOREIGN_ROLE) }, {
    operation: OPERATION.register,
    cause: /a runner with this id exists, and this resource did not register it\. /,
    remedy: /Choose another runnerId, or set adoptExisting to take it over; then deploy again\.$/,
    details: new RegExp(`^registered at ${CREATED_AT} with ${FOREIGN_ROLE}$`),
  }],
  ['a runner that is there and is not found', 'Runner', 'Create', method => ({ status: method === 'POST' ? 409 : 404, json: { error: 'HTTP-4xx', message: WORDS } }), {
    operation: OPERATION.register, cause: http(409), remedy: then('Correct what the details name'), details: words,
  }],
  ['a runner in use', 'Runner', 'Delete', (method, path) => method === 'DELETE' ? { status: 409, json: { message: IN_USE } } : { status: 200, json: path.includes('/runner-rules') ? { items: [] } : runner(OWN_ROLE) }, {
    operation: OPERATION.remove,
    cause: /the runner is still in use\. /,
    remedy: /Move or delete the environments and rules that the details name, then delete again\. If the stack is in DELETE_FAILED, --retain-resources leaves the registration\.$/,
    details: new RegExp(`^${IN_USE}$`),
  }],
  ['a move of the state', 'Runner', 'Update', () => ({ status: 200, json: runner(OWN_ROLE, 'b'.repeat(63)) }), {
    operation: OPERATION.update,
    cause: /its state would move to another place, where the old state is not found, and the next deployments would create everything once more\. /,
    remedy: /Copy the state and set allowStateMove, or keep the old place; then deploy again, or continue the rollback if the stack is in UPDATE_ROLLBACK_FAILED\.$/,
    details: /^from s3:\/\/b{63}\/team to s3:\/\/c{63}\/p{200}$/,
  }, { properties: { StateStorage: { Bucket: 'c'.repeat(63), PathPrefix: 'p'.repeat(200) } } }],
  ...(['Create', 'Update'] as const).map((request): Case => ['a rule whose filter is taken', 'RunnerRule', request, rules, {
    operation: request === 'Create' ? OPERATION.rule : new RegExp(`^Updating the rule for runner '${RUNNER}' failed: `),
    cause: new RegExp(`rule ${OTHER_RULE_ID} has the same project and environment type, and this resource did not create it\\. `),
    remedy: THEN[request],
    details: new RegExp(`^it points at runner '${otherRule.runner_id}'$`),
  }]),
  ...CREATES.map(([type, operation]): Case => ['an API that never answers', type, 'Create', () => 'never', {
    operation, cause: /failed: no answer from http:\S+…p+ \(TimeoutError\)\. /, remedy: UNREACHABLE,
  }]),
  // Either the call or the whole event can time out first, so the reason can name either.
  ...DELETES.map(([type]): Case => ['an API that never answers', type, 'Delete', () => 'never', {
    operation: /^Deleting /, cause: /failed: (no answer from |the API, or the service that stores its token, was too slow)/, remedy: /then delete again\.$/,
  }]),
  ...CREATES.map(([type, operation]): Case => ['a store of tokens that never answers', type, 'Create', always(500), {
    operation,
    cause: TOO_SLOW,
    remedy: TRY_AGAIN,
  }, { slowStore: true }]),
];
const titled = CASES.map((each): [string, Case] => [`${each[2]} of a ${each[1]}: ${each[0]}`, each]);

const servers: Server[] = [];
const outcomes = new Map<string, PromiseSettledResult<CfnAnswer & { log: string; bytes: number[] }>>();

async function listen(server: Server): Promise<string> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  servers.push(server);
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function outcomeOf([name, type, request, , , more = {}]: Case, index: number, at: Record<string, string>) {
  const secret = `arn:aws:secretsmanager:us-east-1:123456789012:secret:${`${index}-`.padEnd(293, 'n')}-AbCdEf`;
  if (more.secret !== null) {
    store.values.set(secret, more.secret ?? TOKEN);
  }
  const scheme = more.url === 'tls' ? 'https' : 'http';
  const properties: Props = {
    ServiceToken: 'arn:aws:lambda:us-east-1:123456789012:function:f',
    RunnerId: RUNNER,
    ...type === 'RunnerId' && more.slowStore ? { RunnerId: undefined, RunnerIdPrefix: RUNNER } : {},
    OrgId: ORG,
    ApiUrl: `${scheme}://${more.url === 'closed' ? at.closed : at.api}${`/${index}/`.padEnd(PATH_LENGTH, 'p')}`,
    Token: { SecretId: secret, ...more.field ? { SecretField: more.field } : {} },
    ...type === 'Runner' ? RUNNER_PROPERTIES : {},
    ...more.properties,
  };
  const id = request === 'Create' ? undefined : type === 'Runner' ? `${ORG}/${RUNNER}@${CREATED_AT}` : RULE_ID;
  const remaining = request === 'Delete' ? DELETE_MS : CREATE_MS;
  if (!more.slowStore) {
    return send(type, request, properties, { id, old: request === 'Update' ? properties : undefined, logicalId: LOGICAL_ID }, { remaining });
  }
  const { ApiUrl: apiUrl, ...sent } = properties;
  const { answers, ...rest } = await invoke({
    RequestType: request, StackId: STACK, RequestId: name, ResourceType: `Custom::Humanitec${type}`, LogicalResourceId: LOGICAL_ID, ResourceProperties: sent,
  }, { ...store.env, ORCHESTRATOR_API_URL: apiUrl, AWS_ENDPOINT_URL_SECRETS_MANAGER: `http://${at.silent}` }, { remaining: 18_000 });
  expect(answers).toHaveLength(1);
  return { ...answers[0], ...rest };
}

/** The last attempt can start only milliseconds before the time is over. Then the reason describes only its timeout, which is not tested here. */
const isCutOff = (reason = '', expected: Expected) => /\(TimeoutError\)|no time left/.test(reason) && !expected.cause.test(reason);

beforeAll(async () => {
  const closed = createServer();
  const at = {
    api: await listen(createServer((request, response) => {
      const reply = CASES[Number(request.url!.split('/')[1])][3](request.method!, request.url!);
      if (reply !== 'never') {
        response.writeHead(reply.status, reply.headers).end(reply.text ?? JSON.stringify(reply.json));
      }
    })),
    silent: await listen(createServer(() => undefined)),
    closed: await listen(closed),
  };
  await new Promise(resolve => closed.close(resolve));

  // The cases mostly wait, so several run in parallel. If all ran in parallel, those with little time would time out.
  const queue = [...titled.entries()];
  await Promise.all(Array.from({ length: 8 }, async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const [index, [title, each]] = next;
      let [outcome] = await Promise.allSettled([outcomeOf(each, index, at)]);
      if (outcome.status === 'fulfilled' && isCutOff(outcome.value.Reason, each[4])) {
        [outcome] = await Promise.allSettled([outcomeOf(each, index, at)]);
      }
      outcomes.set(title, outcome);
    }
  }));
});

afterAll(() => servers.forEach(server => {
  server.close();
  server.closeAllConnections();
}));

test('every case has a unique name', () => {
  expect(outcomes.size).toBe(CASES.length);
});

test.each(titled)('%s', (title, [, type, request, , expected]) => {
  const outcome = outcomes.get(title)!;
  if (outcome.status === 'rejected') {
    throw outcome.reason;
  }
  const { Status: status, Reason: reason = '', bytes, log } = outcome.value;
  expect(status).toBe('FAILED');
  expect(reason.endsWith(LOG_STREAM)).toBe(true);
  const [summary, ...details] = reason.slice(0, -LOG_STREAM.length).split(' Details: ');

  expect(summary.length).toBeLessThanOrEqual(SUMMARY_MAX);
  expect(summary).toMatch(expected.operation);
  expect(summary).toMatch(expected.cause);
  // The pattern includes the end of the summary, so it must not be cut off.
  expect(summary).toMatch(expected.remedy);
  expect(summary.endsWith('.')).toBe(true);
  expect(summary).toMatch(THEN_OR_RETAIN[request]);
  expect(summary).toContain(type === 'RunnerId' ? ORG : RUNNER);
  expect(details).toHaveLength(expected.details ? 1 : 0);
  expect(details.join()).toMatch(expected.details ?? /^$/);

  expect(bytes[0]).toBeLessThanOrEqual(ANSWER_MAX);
  for (const secret of [TOKEN, SIGNATURE]) {
    expect(JSON.stringify(outcome.value) + log).not.toContain(secret);
  }
});
