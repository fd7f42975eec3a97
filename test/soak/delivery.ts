/** The delivery of one event to the Lambda and of its answer to CloudFormation, with the invariants of each. */
import { randomUUID } from 'node:crypto';
import { violated } from './invariants';
import type { Lambda, Run } from './lambda';
import type { Api } from './orchestrators';
import { OTHER_VALUE, SIGNATURE, type Letter, type Simulation } from './simulation';
import type { Properties, ResourceType } from './templates';
import { EVENT_AGE_SECONDS, SERVICE_TIMEOUT_SECONDS } from '../../src/registration/delivery-times';
import { SUMMARY_MAX_CHARACTERS } from '../../src/registration/handler/limits';

export interface Event {
  readonly request: 'Create' | 'Update' | 'Delete';
  readonly type: ResourceType;
  readonly api: Api;
  readonly stackName: string;
  readonly stackId: string;
  readonly logicalId: string;
  readonly physicalId?: string;
  readonly properties: Properties;
  readonly old?: Properties;
}

export interface Answer {
  readonly status: 'SUCCESS' | 'FAILED';
  readonly physicalId: string;
  readonly reason: string;
  readonly data?: Record<string, string>;
  /** Whether all deliveries of the event had the same outcome. */
  readonly isUnanimous: boolean;
  /** Whether no fault was injected and each copy ran immediately. */
  readonly isUndisturbed: boolean;
  /** The start of the last copy, if there was more than one. */
  readonly repeatedAt?: number;
}

/** How Lambda delivers the events of an operation. */
export interface Deliveries {
  /** The number of copies of each event. Lambda promises only "at least once". */
  readonly copies: number;
  /** Whether the copies run one after the other instead of in parallel. */
  readonly isInTurn: boolean;
  /** The time during which Lambda cannot run the function, for example because it recreates the network interfaces. */
  readonly undeliverableSeconds: number;
  /** The duration of each call of the handler. */
  readonly latencySeconds: number;
}

export const DELIVERED_ONCE: Deliveries = { copies: 1, isInTurn: false, undeliverableSeconds: 0, latencySeconds: 0.1 };

/**
 * Lambda's pauses before it delivers a failed event again, unless the event is too old by then.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
 */
const RETRY_PAUSES_SECONDS = [60, 120];
const LONGEST_RETRY_INTERVAL_SECONDS = 300;
/** The minimum time that CloudFormation, Lambda's queue and the cold start need for an event. */
const START_SECONDS = 2;
const ANSWER_MAX_BYTES = 4096;

export class Delivery {
  readonly answers = new Map<string, number>();
  /** The events and answers, for the report of a violation. */
  readonly trace: string[] = [];
  events = 0;
  runs = 0;

  constructor(private readonly lambda: Lambda, private readonly simulation: Simulation) {}

  async send(event: Event, deliveries: Deliveries): Promise<Answer> {
    const { copies, isInTurn, undeliverableSeconds } = deliveries;
    const { clock } = this.simulation;
    const number = ++this.events;
    const sentAt = clock.now();
    const faultsBefore = this.simulation.faultCount;
    const requestId = randomUUID();
    const letters: Letter[] = [];
    const age = () => (clock.now() - sentAt) / 1000;
    await clock.sleep(START_SECONDS + ageAtFirstRun(undeliverableSeconds));
    let repeatedAt: number | undefined;
    let hasBegun = false;
    const begin = () => {
      if (hasBegun) repeatedAt = clock.now();
      hasBegun = true;
    };
    const deliver = async () => { letters.push(...await this.deliver(event, requestId, sentAt, deliveries, begin)); };
    if (isInTurn) for (let copy = 0; copy < copies; copy++) await deliver();
    else await Promise.all(Array.from({ length: copies }, deliver));
    if (letters.length === 0) {
      if (!this.simulation.answer.isActive) violated('one answer', `${describe(event)}: none, though it would be accepted by now`);
      await clock.sleep(Math.max(0, SERVICE_TIMEOUT_SECONDS - age()));
    }
    const isUndisturbed = this.simulation.faultCount === faultsBefore && copies === 1 && !this.simulation.mayRefuseTokens;
    const answer = { ...this.read(event, requestId, letters), isUndisturbed, repeatedAt };
    const key = `${event.request} of ${event.type}: ${answer.status}`;
    this.answers.set(key, (this.answers.get(key) ?? 0) + 1);
    this.trace.push(`${number}. ${new Date(sentAt).toISOString()} ${event.stackName} ${describe(event)} '${event.properties.RunnerId ?? ''}' with ${event.physicalId}: `
      + `${answer.status} ${answer.physicalId} ${answer.reason}`);
    return answer;
  }

  /** Delivers an event, and repeats the delivery after an error, as Lambda does. */
  private async deliver(event: Event, requestId: string, sentAt: number, { latencySeconds }: Deliveries, begin: () => void): Promise<Letter[]> {
    const all: Letter[] = [];
    const age = () => (this.simulation.clock.now() - sentAt) / 1000;
    for (let runs = 0; age() <= EVENT_AGE_SECONDS; runs++) {
      this.runs += 1;
      begin();
      const key = randomUUID();
      const run = await this.lambda.run({
        RequestType: event.request,
        ResponseURL: this.simulation.responseUrl(key, sentAt),
        StackId: event.stackId,
        RequestId: requestId,
        ResourceType: `Custom::Humanitec${event.type}`,
        LogicalResourceId: event.logicalId,
        ...event.physicalId !== undefined && { PhysicalResourceId: event.physicalId },
        ResourceProperties: event.properties,
        ...event.old !== undefined && { OldResourceProperties: event.old },
      }, { ORCHESTRATOR_API_URL: this.simulation.urlOf(event.api), ALLOW_LOCAL_RESPONSE_URL: 'true' }, this.simulation, { stack: event.stackName, latencySeconds });
      const letters = this.simulation.letters.get(key) ?? [];
      this.simulation.letters.delete(key);
      this.checkRun(event, run, letters);
      if (age() > SERVICE_TIMEOUT_SECONDS) violated('one answer', `${describe(event)}: after ${age()} s, when CloudFormation had given up`);
      all.push(...letters);
      if (run.succeeded) return all;
      const pause = RETRY_PAUSES_SECONDS[runs];
      if (pause === undefined) break;
      await this.simulation.clock.sleep(pause);
    }
    return all;
  }

  private checkRun(event: Event, run: Run, letters: Letter[]): void {
    const what = describe(event);
    if (run.timedOut) violated('an end before the timeout', `${what}\n${run.log}`);
    const acknowledged = letters.filter((letter) => letter.acknowledged).length;
    if (acknowledged > 1 || (run.succeeded && acknowledged === 0)) violated('one answer', `${what}: ${acknowledged} acknowledged\n${run.log}`);
    if (new Set(letters.map(({ body }) => body)).size > 1) violated('one answer', `${what}: two different answers`);
    for (const { body } of letters) {
      if (Buffer.byteLength(body) > ANSWER_MAX_BYTES) violated('at most 4,096 bytes', `${what}: ${Buffer.byteLength(body)}`);
    }
    const said = letters.map(({ body }) => body).join('\n') + run.log;
    for (const secret of [...this.simulation.allTokens, SIGNATURE, OTHER_VALUE]) {
      if (said.includes(secret)) violated('no secret in logs and answers', `${what}: ${secret} in\n${said}`);
    }
    if (this.simulation.leaks.length > 0) violated('API tokens reach their orchestrator only', `${what}: ${this.simulation.leaks.join()}`);
  }

  private read(event: Event, requestId: string, letters: Letter[]): Omit<Answer, 'isUndisturbed' | 'repeatedAt'> {
    const bodies = letters.map(({ body }) => JSON.parse(body));
    const [first] = bodies;
    if (!first) {
      // CloudFormation generates a physical ID for a create without an answer.
      return { status: 'FAILED', physicalId: event.physicalId ?? inventedId(event), reason: 'no answer', isUnanimous: true };
    }
    for (const body of bodies) {
      if (body.StackId !== event.stackId || body.RequestId !== requestId || body.LogicalResourceId !== event.logicalId || !body.PhysicalResourceId) {
        violated('one answer', `${describe(event)}: the answer is not one to this event: ${JSON.stringify(body)}`);
      }
      if (body.Status === 'FAILED') this.checkReason(event, body.Reason ?? '');
    }
    return {
      status: first.Status,
      physicalId: first.PhysicalResourceId,
      reason: first.Reason ?? '',
      data: first.Data,
      isUnanimous: new Set(bodies.map(({ Status, PhysicalResourceId: id }) => Status + id)).size === 1,
    };
  }

  private checkReason(event: Event, reason: string): void {
    const [summary = ''] = reason.replace(/ \(log stream [^)]*\)$/, '').split(' Details: ');
    const { RunnerId: runner, OrgId: org } = event.properties;
    // A rollback can fail because of the object of the failed update.
    const isNamed = [runner, event.old?.RunnerId].some((id) => id !== undefined && summary.includes(id)) || (event.type === 'RunnerId' && summary.includes(org));
    if (summary.length > SUMMARY_MAX_CHARACTERS || !isNamed || /unexpected/.test(summary)) violated('a short reason that names the runner', reason);
  }
}

export function describe({ request, logicalId }: Pick<Event, 'request' | 'logicalId'>): string {
  return `${request} of ${logicalId}`;
}

/** The age of an event when Lambda runs the function: the first attempts fail, and the pauses between the attempts double. */
function ageAtFirstRun(undeliverableSeconds: number): number {
  let age = 0;
  for (let pause = 1; age < undeliverableSeconds; pause = Math.min(2 * pause, LONGEST_RETRY_INTERVAL_SECONDS)) age += pause;
  return age;
}

export function inventedId({ stackName, logicalId }: Pick<Event, 'stackName' | 'logicalId'>): string {
  return `${stackName}-${logicalId}-1ABCDEFGHIJKL`;
}
