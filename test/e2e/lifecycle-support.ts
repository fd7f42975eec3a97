/** Shared by the checks of lifecycle and outages: runs of the CDK, outages of the API, and what a stack leaves behind. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { StackEvent } from '@aws-sdk/client-cloudformation';
import { assemblyOf } from './assembly';
import type { Fault, FaultyRequest } from '../../local/orchestrator';
import type { Runner, RunnerCreateBody } from '../../local/orchestrator/model';
import { deploy, destroy, lastAssembly, STACK } from '../../local/try/cdk';
import { ORG, SECRET_NAME, type Cloud } from '../../local/try/cloud';
import { OrchestratorClient } from '../../local/try/orchestrator-client';
import type { Output } from '../../local/try/output';
import type { Report } from '../../local/try/report';
import { RUNNER_ID_TYPE, RUNNER_TYPE } from '../../src/registration/wire';

export type Add = Report['add'];

/** So soon a deployment has to fail. */
export const PATIENCE_S = 120;

/** One run of the CDK, and the stack after it. */
export interface Operation {
  readonly code: number;
  readonly output: string;
  readonly seconds: number;
  /** `gone` if there is none. */
  readonly status: string;
  /** Those of this run alone, oldest first. */
  readonly events: StackEvent[];
}

/** The answer to a CloudFormation request is a credential: on AWS by its signature, in the emulator by its path. */
const ANSWER_URLS = ['X-Amz-Signature', '_ministack/cfn-response/'];

/** Soon enough to end an outage while the stack is being rolled back. */
const POLL_MS = 150;
/** Whose runner is in the way. */
export const FOREIGN_ROLE = 'arn:aws:iam::210987654321:role/somebody-else';

export class Stage {
  /** Changes with the token. */
  public client: OrchestratorClient;
  /** Lines of the functions' logs. */
  public readonly logged = new Set<string>();
  private readonly tokens: string[];
  private readonly knownEvents = new Set<string>();
  private readonly texts: [place: string, text: string][] = [];

  constructor(public readonly cloud: Cloud, private readonly report: Report, private readonly output: Output) {
    this.client = cloud.client;
    this.tokens = [cloud.token];
  }

  /** Runs one scenario: its checks bear its name, and its last one is that nothing secret was told anywhere. */
  public async scenario(name: string, run: (add: Report['add']) => Promise<void>): Promise<void> {
    this.output.step(name);
    const add: Report['add'] = (check, ...rest) => this.report.add(`${name}: ${check}`, ...rest);
    try {
      await run(add);
    } finally {
      this.cloud.orchestrator.setFaults();
    }
    add('a token or the URL of an answer is found in', 'none', this.leaks());
  }

  /** Deploys a runner without a rule: CloudFormation would delete a rule before the runner, whose delete is what these checks are about. */
  public async deploy(settings?: NodeJS.ProcessEnv): Promise<Operation> {
    return this.run(deploy, assemblyOf('runner', this.cloud.cdkOptions(settings)), undefined, settings);
  }

  public async destroy(settings?: NodeJS.ProcessEnv): Promise<Operation> {
    return this.run(destroy, lastAssembly(this.cloud.scratch), await this.cloud.account.stackId(STACK), settings);
  }

  /** A new token takes the old one's place at the orchestrator and in the secret. */
  public async rotateToken(): Promise<void> {
    const { account, orchestrator } = this.cloud;
    const token = randomBytes(24).toString('hex');
    this.tokens.push(token);
    orchestrator.setTokens([{ token, orgs: [ORG] }]);
    await account.putSecret(SECRET_NAME, token);
    this.client = new OrchestratorClient(orchestrator.url, ORG, token);
  }

  public async registered(id: string): Promise<Runner> {
    const { status, body } = await this.client.runner(id);
    if (status !== 200) throw new Error(`The orchestrator answers ${status} for the runner ${id}`);
    return body;
  }

  /** What a stack can leave in the account, except the OIDC provider, which belongs to the account. */
  public async holdings(): Promise<string[]> {
    const { account } = this.cloud;
    return [...await account.roleNames(), ...await account.bucketNames(), ...await account.logGroupNames()];
  }

  public async resourceNames(): Promise<string[]> {
    return (await this.cloud.account.stackResources(STACK)).map((resource) => resource.LogicalResourceId ?? '').sort();
  }

  /** Resolves as soon as the runner's custom resource has the status in the stack that is being deployed. */
  public async runnerIs(status: string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !eventOf(await this.newEvents(STACK), RUNNER_TYPE, status)) await pause(POLL_MS);
  }

  private async run(command: typeof destroy, app: string, before: string | undefined, settings?: NodeJS.ProcessEnv): Promise<Operation> {
    const { account, cdkOptions, emulator } = this.cloud;
    const begin = Date.now();
    const { code, output } = await command({ ...cdkOptions(settings), app });
    for (const line of await emulator.logLines()) this.logged.add(line);
    const seconds = Math.round((Date.now() - begin) / 1000);
    const status = await account.stackStatus(STACK);
    // By its ARN: the name of a stack that is gone leads nowhere.
    const events = await this.newEvents(before ?? await account.stackId(STACK));
    for (const { EventId } of events) this.knownEvents.add(EventId ?? '');
    this.output.show(`cdk ${command.name}`, `${code} after ${seconds} s, ${status}`);
    this.texts.push(
      ['what the CDK printed', output],
      ['an event\'s reason', events.map((event) => event.ResourceStatusReason ?? '').join('\n')],
    );
    return { code, output, seconds, status, events };
  }

  private async newEvents(stack: string): Promise<StackEvent[]> {
    const events = await this.cloud.account.stackEvents(stack, new Date(0)).catch((error: unknown) => {
      if (/does not exist/.test(String(error))) return [];
      throw error;
    });
    return events.filter(({ EventId }) => !this.knownEvents.has(EventId ?? ''));
  }

  private leaks(): string[] {
    const emulatorLog = readFileSync(this.cloud.emulator.logFile, 'utf8');
    // The emulator logs the requests that it gets, and so the paths of its own answer URLs.
    const places = [
      ...[...this.texts.splice(0), ['the functions\' log', [...this.logged].join('\n')] as const]
        .map(([place, text]) => ({ place, text, secrets: [...this.tokens, ...ANSWER_URLS] })),
      { place: 'the emulator\'s log', text: emulatorLog, secrets: [...this.tokens, 'X-Amz-Signature'] },
    ];
    // The CDK wraps long lines, which must hide nothing.
    const found = places.filter(({ text, secrets }) => secrets.some((secret) => text.replace(/\s+/g, '').includes(secret)));
    return [...new Set(found.map(({ place }) => place))];
  }
}

export function eventOf(events: StackEvent[], type: string, status: string): StackEvent | undefined {
  return events.find((event) => event.ResourceType === type && event.ResourceStatus === status);
}

/** Why the runner's custom resource failed. */
export function reasonOf({ events }: Operation, status: string): string {
  return eventOf(events, RUNNER_TYPE, status)?.ResourceStatusReason ?? `no event ${status}`;
}

/** The id that a deployment made, registered or not. */
export function madeId({ events }: Operation): string {
  return eventOf(events, RUNNER_ID_TYPE, 'CREATE_COMPLETE')?.PhysicalResourceId ?? 'no id';
}

/** What was deleted, by its name in the template. */
export function tornDown({ events }: Operation): string[] {
  return events.filter((event) => event.ResourceStatus === 'DELETE_COMPLETE').map((event) => event.LogicalResourceId ?? '');
}

/** What the registration is about, without its times. */
export function content({ created_at: _created, updated_at: _updated, description: _description, ...rest }: Runner): string {
  return JSON.stringify(rest);
}

export const isRegistration = ({ method, path }: FaultyRequest) => method === 'POST' && /^\/orgs\/[^/]+\/runners$/.test(path);
export const reset = (carriedOut: boolean): Fault => ({ name: 'API down', carriedOut, answer: { kind: 'reset' } });

/** The first POST is carried out, but not answered, and nothing after it gets through. Resolves when that begins. */
export async function downFromRegistration({ orchestrator }: Cloud): Promise<void> {
  return new Promise((begun) => {
    let down = false;
    orchestrator.setFaults((request) => {
      if (down) return reset(false);
      if (!isRegistration(request)) return undefined;
      down = true;
      begun();
      return reset(true);
    });
  });
}

/** What somebody else could have registered. */
export function foreign(id: string): RunnerCreateBody {
  return {
    id,
    description: 'of somebody else',
    runner_configuration: {
      type: 'serverless-ecs',
      auth: { role_arn: FOREIGN_ROLE },
      job: {
        region: 'eu-central-1',
        cluster: 'theirs',
        subnets: ['subnet-0123456789abcdef0'],
        security_groups: [],
        is_public_ip_enabled: false,
        execution_role_arn: 'arn:aws:iam::210987654321:role/their-execution',
      },
    },
    state_storage_configuration: { type: 's3', bucket: 'their-state' },
  };
}

/** Not even the state bucket, which is kept otherwise. */
export async function leftByRollback(stage: Stage, add: Add, before: string[]): Promise<void> {
  const left = (await stage.holdings()).filter((name) => !before.includes(name));
  add('left in the account', 'none', left);
}

/** Destroys the example: only state buckets are kept. */
export async function destroyed(stage: Stage, add: Add, id: string): Promise<void> {
  const buckets = await stage.cloud.account.bucketNames();
  const { code, status } = await stage.destroy();
  add('cdk destroy without an outage', '0, gone', `${code}, ${status}`);
  add('left in the account', buckets, await stage.holdings());
  add('the runner after the destroy', 404, (await stage.client.runner(id)).status);
}

/** Checks that the reason of a failure names the texts, also where the CDK prints it. */
export function checkReason(add: Add, operation: Operation, status: string, named: string[]): void {
  const reason = reasonOf(operation, status);
  add('the reason names', named, reason, named.every((text) => reason.includes(text)));
  // It wraps long lines.
  const printed = operation.output.replace(/\s+/g, ' ');
  add('the CDK prints them', named, named.filter((text) => printed.includes(text)));
}

export function rolledBack({ status }: Operation): [seen: string, ok: boolean] {
  return [status, ['ROLLBACK_COMPLETE', 'gone'].includes(status)];
}
