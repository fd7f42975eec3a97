/**
 * Deployments that must fail: what they say, how soon, and that nothing is left of them. The cloud has to be bootstrapped
 * and without the example's stack.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { deploy, destroy, STACK } from './cdk';
import { SECRET_NAME, type Cloud } from './cloud';
import type { Report } from './report';
import { freePort } from '../emulator';

const MINUTE_MS = 60_000;

interface FailureCase {
  readonly name: string;
  /** The example's settings. */
  readonly settings?: NodeJS.ProcessEnv;
  /** What the message has to name, all of it. */
  readonly named: readonly string[];
  /** What must be found nowhere. */
  readonly secrets: readonly string[];
}

/** Every failure after the other, and a clean account at the end. */
export async function checkFailures(cloud: Cloud, report: Report): Promise<void> {
  await failsWithWrongToken(cloud, report);
  await failsWithUnknownOrganization(cloud, report);
  await failsWithUnreachableApi(cloud, report);
  const { code } = await destroy(cloud.cdkOptions());
  report.add('a failed stack can be destroyed', '0, gone', `${code}, ${await cloud.account.stackStatus(STACK)}`);
}

/** The orchestrator does not know the token in the secret. */
export async function failsWithWrongToken(cloud: Cloud, report: Report): Promise<void> {
  const wrong = randomBytes(24).toString('hex');
  await cloud.account.putSecret(SECRET_NAME, wrong);
  try {
    await fails(cloud, report, { name: 'wrong token', named: [SECRET_NAME], secrets: [wrong, cloud.token] });
  } finally {
    await cloud.account.putSecret(SECRET_NAME, cloud.token);
  }
}

/** The token is good, for another organization. */
export async function failsWithUnknownOrganization(cloud: Cloud, report: Report): Promise<void> {
  const org = 'another-org';
  await fails(cloud, report, {
    name: 'unknown organization',
    settings: { RUNNER_ORG_ID: org },
    named: [org, cloud.orchestrator.url],
    secrets: [cloud.token],
  });
}

/** Nobody listens at the API's address. */
export async function failsWithUnreachableApi(cloud: Cloud, report: Report): Promise<void> {
  const url = `http://127.0.0.1:${await freePort()}`;
  await fails(cloud, report, { name: 'unreachable API', settings: { RUNNER_API_URL: url }, named: [url], secrets: [cloud.token] });
}

async function fails(cloud: Cloud, report: Report, { name, settings, named, secrets }: FailureCase): Promise<void> {
  const { account, client, emulator, orchestrator } = cloud;
  const add = (check: string, expected: unknown, seen: unknown, ok?: boolean) => report.add(`${name}: ${check}`, expected, seen, ok);
  const requestsBefore = orchestrator.requests.length;
  const begin = new Date();
  const { code, output } = await deploy(cloud.cdkOptions(settings));
  const took = Date.now() - begin.getTime();

  const events = await account.stackEvents(await account.stackId(STACK), begin);
  const failure = events.find((event) => event.ResourceStatus === 'CREATE_FAILED' && event.ResourceType?.startsWith('Custom::'));
  const reason = failure?.ResourceStatusReason ?? 'no such event';
  add('cdk deploy', 'an exit code other than 0', code, code !== 0);
  add('it fails', 'within a minute', `after ${Math.round(took / 1000)} s`, took < MINUTE_MS);
  add('the message names', named, reason, named.every((text) => reason.includes(text)));
  add('the CDK prints it', named, named.filter((text) => unwrapped(output).includes(text)));
  add('the rollback', 'ROLLBACK_COMPLETE or gone', ...await rollback(cloud));

  const writes = orchestrator.requests.slice(requestsBefore).filter(({ method, status }) => method !== 'GET' && status < 300);
  add('written at the orchestrator', 'none', writes.map(({ method, path }) => `${method} ${path}`));
  add('runners registered', 'none', await client.runnerIds());
  add('left in the account', 'none', [...await account.roleNames(), ...await account.bucketNames(), ...await account.logGroupNames('/aws/ecs/')]);

  const places = { 'the reason': reason, 'what the CDK printed': unwrapped(output), 'the emulator\'s log': readFileSync(emulator.logFile, 'utf8') };
  const leaks = Object.entries(places).filter(([, text]) => secrets.some((secret) => text.includes(secret))).map(([place]) => place);
  add('the token is found in', 'none', leaks);
}

async function rollback({ account }: Cloud): Promise<[seen: string, ok: boolean]> {
  const status = await account.stackStatus(STACK);
  return [status, ['ROLLBACK_COMPLETE', 'gone'].includes(status)];
}

/** The CDK wraps long messages. */
function unwrapped(output: string): string {
  return output.replace(/\s+/g, ' ');
}
