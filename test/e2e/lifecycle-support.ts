/** Shared by lifecycle.ts and outages.ts: CDK operations, API outages, and checks of the resources that a stack leaves behind. */
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

/** A deployment must fail within this time. */
export const MAX_FAILURE_SECONDS = 120;

/** One operation of the CDK CLI and its effect on the stack. */
export interface Operation {
  readonly code: number;
  readonly output: string;
  readonly seconds: number;
  /** The status of the stack, or `gone` if it does not exist. */
  readonly status: string;
  /** The stack events of this operation, oldest first. */
  readonly events: StackEvent[];
}

/** Anybody with a response URL can answer for the resource. Signatures protect these URLs on AWS, and secret paths in the emulator. */
const RESPONSE_URLS = ['X-Amz-Signature', '_ministack/cfn-response/'];

/** Short enough to end an outage during the rollback of the stack. */
const POLL_MS = 150;
/** The role of a runner that somebody else registered. */
export const FOREIGN_ROLE = 'arn:aws:iam::210987654321:role/somebody-else';

export class Stage {
  /** Replaced when the API token changes. */
  public client: OrchestratorClient;
  /** The log lines of all Lambda functions. */
  public readonly logged = new Set<string>();
  private readonly tokens: string[];
  private readonly knownEvents = new Set<string>();
  private readonly texts: [place: string, text: string][] = [];

  constructor(public readonly cloud: Cloud, private readonly report: Report, private readonly output: Output) {
    this.client = cloud.client;
    this.tokens = [cloud.token];
  }

  /** Runs a scenario. The names of its checks start with its name. Finally checks that no secret was printed or logged. */
  public async scenario(name: string, run: (add: Report['add']) => Promise<void>): Promise<void> {
    this.output.step(name);
    const add: Report['add'] = (check, ...rest) => this.report.add(`${name}: ${check}`, ...rest);
    try {
      await run(add);
    } finally {
      this.cloud.orchestrator.setFaults();
    }
    add('an API token or response URL is found in', 'none', this.leaks());
  }

  /** Deploys a runner without a rule. CloudFormation would delete a rule first, and these checks are about the delete of the runner. */
  public async deploy(settings?: NodeJS.ProcessEnv): Promise<Operation> {
    return this.run(deploy, assemblyOf('runner', this.cloud.cdkOptions(settings)), undefined, settings);
  }

  public async destroy(settings?: NodeJS.ProcessEnv): Promise<Operation> {
    return this.run(destroy, lastAssembly(this.cloud.scratch), await this.cloud.account.stackId(STACK), settings);
  }

  /** Replaces the API token at the orchestrator and in the secret. */
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

  /** The roles, buckets and log groups of the account. (The OIDC provider is not listed, because it belongs to the account.) */
  public async holdings(): Promise<string[]> {
    const { account } = this.cloud;
    return [...await account.roleNames(), ...await account.bucketNames(), ...await account.logGroupNames()];
  }

  public async resourceNames(): Promise<string[]> {
    return (await this.cloud.account.stackResources(STACK)).map((resource) => resource.LogicalResourceId ?? '').sort();
  }

  /** Waits until the custom resource of the runner has the status. */
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
    // A deleted stack is found only by its ARN.
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
    // The emulator logs all requests, including the paths of its own response URLs.
    const places = [
      ...[...this.texts.splice(0), ['the functions\' log', [...this.logged].join('\n')] as const]
        .map(([place, text]) => ({ place, text, secrets: [...this.tokens, ...RESPONSE_URLS] })),
      { place: 'the emulator\'s log', text: emulatorLog, secrets: [...this.tokens, 'X-Amz-Signature'] },
    ];
    // Removes white space, because the CDK wraps long lines.
    const found = places.filter(({ text, secrets }) => secrets.some((secret) => text.replace(/\s+/g, '').includes(secret)));
    return [...new Set(found.map(({ place }) => place))];
  }
}

export function eventOf(events: StackEvent[], type: string, status: string): StackEvent | undefined {
  return events.find((event) => event.ResourceType === type && event.ResourceStatus === status);
}

/** The reason why the custom resource of the runner failed. */
export function reasonOf({ events }: Operation, status: string): string {
  return eventOf(events, RUNNER_TYPE, status)?.ResourceStatusReason ?? `no event ${status}`;
}

/** The runner id that a deployment generated. The runner need not be registered. */
export function generatedId({ events }: Operation): string {
  return eventOf(events, RUNNER_ID_TYPE, 'CREATE_COMPLETE')?.PhysicalResourceId ?? 'no id';
}

/** The logical ids of the deleted resources. */
export function deletedResources({ events }: Operation): string[] {
  return events.filter((event) => event.ResourceStatus === 'DELETE_COMPLETE').map((event) => event.LogicalResourceId ?? '');
}

/** The registration without timestamps and description. */
export function content({ created_at: _created, updated_at: _updated, description: _description, ...rest }: Runner): string {
  return JSON.stringify(rest);
}

export const isRegistration = ({ method, path }: FaultyRequest) => method === 'POST' && /^\/orgs\/[^/]+\/runners$/.test(path);
export const reset = (carriedOut: boolean): Fault => ({ name: 'API down', carriedOut, answer: { kind: 'reset' } });

/** Starts an outage: the orchestrator carries the first POST out, but the response and all later requests are lost. Resolves when the outage starts. */
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

/** A runner that somebody else could have registered. */
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

/** Checks that a rollback left nothing in the account, not even the state bucket, which other operations retain. */
export async function leftByRollback(stage: Stage, add: Add, before: string[]): Promise<void> {
  const left = (await stage.holdings()).filter((name) => !before.includes(name));
  add('left in the account', 'none', left);
}

/** Destroys the app and checks that only state buckets are left. */
export async function destroyed(stage: Stage, add: Add, id: string): Promise<void> {
  const buckets = await stage.cloud.account.bucketNames();
  const { code, status } = await stage.destroy();
  add('cdk destroy without an outage', '0, gone', `${code}, ${status}`);
  add('left in the account', buckets, await stage.holdings());
  add('the runner after the destroy', 404, (await stage.client.runner(id)).status);
}

/** Checks that the failure reason and the CDK's output contain the texts. */
export function checkReason(add: Add, operation: Operation, status: string, named: string[]): void {
  const reason = reasonOf(operation, status);
  add('the reason names', named, reason, named.every((text) => reason.includes(text)));
  // The CDK wraps long lines.
  const printed = operation.output.replace(/\s+/g, ' ');
  add('the CDK prints them', named, named.filter((text) => printed.includes(text)));
}

export function rolledBack({ status }: Operation): [seen: string, ok: boolean] {
  return [status, ['ROLLBACK_COMPLETE', 'gone'].includes(status)];
}
