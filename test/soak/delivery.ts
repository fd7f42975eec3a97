/** One event on its way to the Lambda and its answer on the way back, with the laws that hold for each. */
import { randomUUID } from 'node:crypto';
import { LAMBDA_SECONDS, type Lambda, type Run } from './lambda';
import { broken } from './laws';
import type { Properties, ResourceType } from './templates';
import { OTHER_VALUE, SIGNATURE, type Letter, type World } from './world';
import { EVENT_AGE_SECONDS, SERVICE_TIMEOUT_SECONDS } from '../../src/registration/delivery-times';

export interface Event {
  readonly request: 'Create' | 'Update' | 'Delete';
  readonly type: ResourceType;
  readonly stackId: string;
  readonly logical: string;
  readonly physicalId?: string;
  readonly properties: Properties;
  readonly old?: Properties;
}

/** What CloudFormation makes of an event. */
export interface Answer {
  readonly status: 'SUCCESS' | 'FAILED';
  readonly physicalId: string;
  readonly reason: string;
  readonly data?: Record<string, string>;
  /** Whether it has to be true in the end: not where deliveries at the same time ended differently, as one may undo what the other did. */
  readonly binding: boolean;
  /** How often the Lambda ran for the event. */
  readonly runs: number;
}

/** Lambda's deliveries of one event. */
export interface Deliveries {
  /** How often the event comes, as Lambda promises "at least once". */
  readonly copies: number;
  /** One after the other, rather than at the same time. */
  readonly inTurn: boolean;
  /** For so long Lambda cannot run the function: it is inactive and gets its network interfaces back, or nothing is free to run it. */
  readonly undeliverableSeconds?: number;
}

interface Delivered {
  readonly letters: Letter[];
  readonly runs: number;
}

/**
 * Lambda delivers an event again that ended in an error, after these pauses, unless the event is too old then.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
 */
const RETRY_PAUSES_SECONDS = [60, 120];
const LONGEST_RETRY_INTERVAL_SECONDS = 300;
const ANSWER_MAX_BYTES = 4096;
const SUMMARY_MAX_CHARACTERS = 400;

export class Post {
  readonly answers = new Map<string, number>();
  /** What was sent and answered, for the report of a broken law. */
  readonly trace: string[] = [];
  /** Seconds of the handler's time that a busy machine took from it, in the worst of its runs. */
  lost = 0;
  events = 0;
  deliveries = 0;

  constructor(private readonly lambda: Lambda, private readonly world: World) {}

  async send(event: Event, { copies, inTurn, undeliverableSeconds }: Deliveries): Promise<Answer> {
    this.events += 1;
    this.world.beginEvent();
    const began = Date.now();
    const requestId = randomUUID();
    const delivered: Delivered[] = [];
    const deliver = async () => { delivered.push(await this.deliver(event, requestId, ageAtFirstRun(undeliverableSeconds))); };
    if (inTurn) for (let copy = 0; copy < copies; copy++) await deliver();
    else await Promise.all(Array.from({ length: copies }, deliver));
    const runs = delivered.reduce((sum, each) => sum + each.runs, 0);
    const letters = delivered.flatMap((each) => each.letters);
    if (runs === 0) broken('one answer', `${event.request} of ${event.logical}: none, as Lambda dropped the event`);
    if (letters.length === 0 && !this.world.answerWeather.bad) {
      broken('one answer', `${event.request} of ${event.logical}: none, though it would be accepted by now`);
    }
    // CloudFormation waits for its ServiceTimeout before it goes on.
    if (letters.length === 0) this.world.ageRulesSince(began, SERVICE_TIMEOUT_SECONDS);
    const read = this.read(event, requestId, letters);
    const answer = { ...read, binding: read.binding || inTurn, runs };
    const key = `${event.request} of ${event.type}: ${answer.status}`;
    this.answers.set(key, (this.answers.get(key) ?? 0) + 1);
    this.trace.push(`${event.stackId.split('/')[2]} ${event.request} ${event.logical} ${JSON.stringify(event.properties.RunnerId ?? '')} with ${event.physicalId}: `
      + `${answer.status} ${answer.physicalId} ${answer.reason}`);
    return answer;
  }

  /** One delivery, and its repetitions by Lambda where it failed. */
  private async deliver(event: Event, requestId: string, ageAtFirst: number): Promise<Delivered> {
    const all: Letter[] = [];
    let age = ageAtFirst;
    for (let runs = 0; ;) {
      if (age > EVENT_AGE_SECONDS) return { letters: all, runs };
      runs += 1;
      this.deliveries += 1;
      const key = randomUUID();
      const run = await this.lambda.run({
        RequestType: event.request,
        ResponseURL: this.world.responseUrl(key),
        StackId: event.stackId,
        RequestId: requestId,
        ResourceType: `Custom::Humanitec${event.type}`,
        LogicalResourceId: event.logical,
        ...(event.physicalId === undefined ? {} : { PhysicalResourceId: event.physicalId }),
        ResourceProperties: event.properties,
        ...(event.old === undefined ? {} : { OldResourceProperties: event.old }),
      }, age, this.world);
      this.lost = Math.max(this.lost, run.lost);
      age += run.seconds;
      if (age - run.lost > SERVICE_TIMEOUT_SECONDS) broken('one answer', `${event.request} of ${event.logical}: after ${age} s, when CloudFormation had given up`);
      const letters = this.world.letters.get(key) ?? [];
      this.world.letters.delete(key);
      this.checkDelivery(event, run, letters);
      all.push(...letters);
      if (run.ended) return { letters: all, runs };
      age += RETRY_PAUSES_SECONDS[runs - 1] ?? Infinity;
    }
  }

  private checkDelivery(event: Event, run: Run, letters: Letter[]): void {
    const what = `${event.request} of ${event.logical}`;
    const acknowledged = letters.filter((letter) => letter.acknowledged).length;
    // One that the sender gave up waiting for may have been taken all the same: it says so in its log, and sends the same again.
    const doubted = run.log.split('the answer was not accepted').length - 1;
    if (acknowledged > doubted + (run.ended ? 1 : 0) || (run.ended && acknowledged === 0)) broken('one answer', `${what}: ${acknowledged} accepted, ${run.ended ? 'ended well' : 'ended with an error'}\n${run.log}`);
    if (new Set(letters.map(({ body }) => body)).size > 1) broken('one answer', `${what}: two different answers`);
    if (run.seconds - run.lost > LAMBDA_SECONDS) broken('before the deadline', `${what}: ${run.seconds} s, ${run.lost} s of them lost`);
    for (const { body } of letters) {
      if (Buffer.byteLength(body) > ANSWER_MAX_BYTES) broken('at most 4,096 bytes', `${what}: ${Buffer.byteLength(body)}`);
    }
    const said = letters.map(({ body }) => body).join('\n') + run.log;
    for (const secret of [...this.world.tokens, SIGNATURE, OTHER_VALUE]) {
      if (said.includes(secret)) broken('no secret is told', `${what}: ${secret} in\n${said}`);
    }
    if (this.world.strays.length > 0) broken('no secret is told', `${what}: a redirect was followed with ${this.world.strays.join()}`);
  }

  private read(event: Event, requestId: string, letters: Letter[]): Omit<Answer, 'runs'> {
    const what = `${event.request} of ${event.logical}`;
    const bodies = letters.map(({ body }) => JSON.parse(body));
    const [first] = bodies;
    if (!first) {
      // CloudFormation waits for its ServiceTimeout, and then has an id of its own invention where it needs one.
      return { status: 'FAILED', physicalId: event.physicalId ?? invented(event), reason: 'no answer', binding: false };
    }
    for (const body of bodies) {
      if (body.StackId !== event.stackId || body.RequestId !== requestId || body.LogicalResourceId !== event.logical) {
        broken('one answer', `${what}: the answer is to another question: ${JSON.stringify(body)}`);
      }
      if (!body.PhysicalResourceId) broken('one answer', `${what}: no physical id`);
      if (body.Status === 'FAILED') this.checkReason(event, body.Reason ?? '');
    }
    return {
      status: first.Status,
      physicalId: first.PhysicalResourceId,
      reason: first.Reason ?? '',
      data: first.Data,
      binding: new Set(bodies.map(({ Status }) => Status)).size === 1,
    };
  }

  private checkReason(event: Event, reason: string): void {
    const [summary = ''] = reason.replace(/ \(log stream [^)]*\)$/, '').split(' Details: ');
    if (summary.length > SUMMARY_MAX_CHARACTERS) broken('a short reason', summary);
    const { RunnerId: runner, OrgId: org } = event.properties;
    // A rollback may fail on what it undoes.
    const named = [runner, event.old?.RunnerId].some((id) => id !== undefined && summary.includes(id));
    if (!named && !(event.type === 'RunnerId' && summary.includes(org))) broken('a reason that names the runner', reason);
    if (/unexpected/.test(summary)) broken('a reason that was thought of', reason);
  }
}

/** How old an event is when Lambda runs the function for it: the first try fails, and the pauses between the tries double. */
function ageAtFirstRun(undeliverableSeconds = 0): number {
  let age = 0;
  for (let pause = 1; age < undeliverableSeconds; pause = Math.min(2 * pause, LONGEST_RETRY_INTERVAL_SECONDS)) age += pause;
  return age;
}

export function invented({ stackId, logical }: Pick<Event, 'stackId' | 'logical'>): string {
  return `${stackId.split('/')[1]}-${logical}-1ABCDEFGHIJKL`;
}
