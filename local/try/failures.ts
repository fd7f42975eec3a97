/**
 * Deployments that must fail: checks the message, the time until the failure, and that no resources remain. The cloud must be
 * bootstrapped and must not have the stack of the example.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { deploy, destroy, STACK } from './cdk';
import { SECRET_NAME, type Cloud } from './cloud';
import { diagnose } from './faults/world';
import type { Report } from './report';
import { freePort, isolateThisProcess } from '../emulator';

const MINUTE_MS = 60_000;

interface FailureCase {
  readonly name: string;
  /** Environment variables of the example. */
  readonly settings?: NodeJS.ProcessEnv;
  /** Texts that the message must contain. */
  readonly expectedTexts: readonly string[];
  /** Values that no message or log may contain. */
  readonly secrets: readonly string[];
}

/** Runs all failures, and destroys the stack at the end. */
export async function checkFailures(cloud: Cloud, report: Report): Promise<void> {
  await failsWithWrongToken(cloud, report);
  await failsWithUnknownOrganization(cloud, report);
  await failsWithUnreachableApi(cloud, report);
  const { code } = await destroy(cloud.cdkOptions());
  report.add('exit code and stack status of cdk destroy after the failures', '0, gone', `${code}, ${await cloud.account.stackStatus(STACK)}`);
}

/** The secret has a token that the orchestrator does not know. */
export async function failsWithWrongToken(cloud: Cloud, report: Report): Promise<void> {
  const wrong = randomBytes(24).toString('hex');
  await cloud.account.putSecret(SECRET_NAME, wrong);
  try {
    await checkFailure(cloud, report, { name: 'wrong token', expectedTexts: [SECRET_NAME], secrets: [wrong, cloud.token] });
  } finally {
    await cloud.account.putSecret(SECRET_NAME, cloud.token);
  }
}

/** The token is valid for another organization only. */
export async function failsWithUnknownOrganization(cloud: Cloud, report: Report): Promise<void> {
  const org = 'another-org';
  await checkFailure(cloud, report, {
    name: 'unknown organization',
    settings: { RUNNER_ORG_ID: org },
    expectedTexts: [org, cloud.orchestrator.url],
    secrets: [cloud.token],
  });
}

/** No server listens at the URL of the API. */
export async function failsWithUnreachableApi(cloud: Cloud, report: Report): Promise<void> {
  const url = `http://127.0.0.1:${await freePort()}`;
  await checkFailure(cloud, report, { name: 'unreachable API', settings: { RUNNER_API_URL: url }, expectedTexts: [url], secrets: [cloud.token] });
}

async function checkFailure(cloud: Cloud, report: Report, { name, settings, expectedTexts, secrets }: FailureCase): Promise<void> {
  const { account, client, emulator, orchestrator } = cloud;
  const add = (check: string, expected: unknown, actual: unknown, ok?: boolean) => report.add(`${name}: ${check}`, expected, actual, ok);
  const requestsBefore = orchestrator.requests.length;
  const startedAt = new Date();
  const { code, output } = await deploy(cloud.cdkOptions(settings));
  const durationMs = Date.now() - startedAt.getTime();

  const events = await account.stackEvents(await account.stackId(STACK), startedAt);
  const failure = events.find((event) => event.ResourceStatus === 'CREATE_FAILED' && event.ResourceType?.startsWith('Custom::'));
  const reason = failure?.ResourceStatusReason ?? 'no such event';
  add('exit code of cdk deploy', 'not 0', code, code !== 0);
  add('time until the failure', 'less than a minute', `${Math.round(durationMs / 1000)} s`, durationMs < MINUTE_MS);
  add('the event reason names the cause', expectedTexts, reason, expectedTexts.every((text) => reason.includes(text)));
  add('the output of the CDK names the cause', expectedTexts, expectedTexts.filter((text) => unwrapped(output).includes(text)));
  add('stack status after the rollback', 'ROLLBACK_COMPLETE', await account.stackStatus(STACK));

  isolateThisProcess(emulator.url);
  const { code: doctorCode, checks } = await diagnose();
  const found = checks.flatMap(({ id, findings }) => findings.map((finding) => `${id}: ${finding.found}`)).join(' ');
  add('exit code of the doctor', 1, doctorCode);
  add('the doctor says only why the deployment failed', ['stack: ', ...expectedTexts], found, checks.length === 1 && ['stack: ', ...expectedTexts].every((text) => found.includes(text)));

  const writes = orchestrator.requests.slice(requestsBefore).filter(({ method, status }) => method !== 'GET' && status < 300);
  add('changes at the orchestrator', 'none', writes.map(({ method, path }) => `${method} ${path}`));
  add('registered runners', 'none', await client.runnerIds());
  add('remaining resources in the account', 'none', [...await account.roleNames(), ...await account.bucketNames(), ...await account.logGroupNames('/aws/ecs/')]);

  const texts = { 'event reason': reason, 'output of the CDK': unwrapped(output), 'log of the emulator': readFileSync(emulator.logFile, 'utf8') };
  const leaks = Object.entries(texts).filter(([, text]) => secrets.some((secret) => text.includes(secret))).map(([text]) => text);
  add('texts that contain the token', 'none', leaks);
}

/** Joins the lines that the CDK has wrapped. */
function unwrapped(output: string): string {
  return output.replace(/\s+/g, ' ');
}
