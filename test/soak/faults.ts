/** The faults that a history can inject: into API calls, into reads of the API token, and into the answer to CloudFormation. */
import type { Fault } from '../../local/orchestrator';

const html = '<html><body><h1>Something went wrong</h1></body></html>';
const other = (status: number, more: { headers?: Record<string, string>; body?: string } = {}) => ({ kind: 'other' as const, status, ...more });
const json = (status: number, message: string) =>
  other(status, { headers: { 'content-type': 'application/json' }, body: JSON.stringify({ error: `HTTP-${status}`, message }) });

/** Faults of the orchestrator or of a proxy in front of it. The local orchestrator injects them. */
export const SERVER_FAULTS = {
  'reset': { carriedOut: false, answer: { kind: 'reset' } },
  'reset, carried out': { carriedOut: true, answer: { kind: 'reset' } },
  'truncated': { carriedOut: true, answer: { kind: 'truncated' } },
  'HTML, carried out': { carriedOut: true, answer: other(200, { headers: { 'content-type': 'text/html' }, body: html }) },
  '429': { carriedOut: false, answer: json(429, 'slow down') },
  '429, Retry-After in seconds': { carriedOut: false, answer: other(429, { headers: { 'retry-after': '2' } }) },
  '429, Retry-After as a date': { carriedOut: false, answer: other(429, { headers: { 'retry-after': 'DATE' } }) },
  '500': { carriedOut: false, answer: json(500, 'internal server error') },
  '500, carried out': { carriedOut: true, answer: json(500, 'internal server error') },
  '502, HTML': { carriedOut: false, answer: other(502, { headers: { 'content-type': 'text/html' }, body: html }) },
  '503, Retry-After': { carriedOut: false, answer: other(503, { headers: { 'retry-after': '1' }, body: html }) },
  '504, carried out': { carriedOut: true, answer: other(504, { headers: { 'content-type': 'text/html' }, body: html }) },
  '404 of a proxy': { carriedOut: false, answer: other(404, { headers: { 'content-type': 'text/html' }, body: html }) },
  '404 of another server, in JSON': { carriedOut: false, answer: other(404, { headers: { 'content-type': 'application/json' }, body: '{"message":"no route matched"}' }) },
  '401': { carriedOut: false, answer: json(401, 'the token is not accepted') },
  '403': { carriedOut: false, answer: json(403, 'the token may not do this') },
  'an error that shows the token': { carriedOut: false, answer: json(400, 'bad request: authorization was TOKEN, which is not good') },
  'redirect': { carriedOut: false, answer: other(307, { headers: { location: 'ELSEWHERE' } }) },
} as const satisfies Record<string, Omit<Fault, 'name'>>;

/** Faults of the network and of the API token. The simulation injects them on the way to the orchestrator. */
export const NETWORK_FAULTS = [
  'refused', 'never answered', 'never answered, carried out', 'slow', 'too slow', 'token rotated', 'token rotated, accepted late',
] as const;
export type ApiFaultName = keyof typeof SERVER_FAULTS | typeof NETWORK_FAULTS[number];
export const API_FAULT_NAMES = [...Object.keys(SERVER_FAULTS), ...NETWORK_FAULTS] as ApiFaultName[];

/** Faulty responses of Secrets Manager. */
export const SECRET_FAULTS = ['missing', 'empty', 'no field', 'not JSON', 'binary', 'line end', 'denied', 'throttled', 'never answered'] as const;
export type SecretFaultName = typeof SECRET_FAULTS[number];

/** Faults of the ResponseURL. With `reset, received`, CloudFormation receives the answer, but the sender sees an error. */
export const ANSWER_FAULTS = ['refused', 'reset', 'reset, received', '503', 'never answered'] as const;
export type AnswerFaultName = typeof ANSWER_FAULTS[number];

/** A fault in a number of consecutive calls, after a number of successful calls. */
export interface FaultRun<Name extends string> {
  readonly name: Name;
  readonly after: number;
  /** A number larger than the calls of a step means the rest of the step. */
  readonly calls: number;
}

/** The faults of one operation. */
export interface Faults {
  readonly api: readonly FaultRun<ApiFaultName>[];
  readonly secret: readonly FaultRun<SecretFaultName>[];
  readonly answer: readonly FaultRun<AnswerFaultName>[];
}

export const NO_FAULTS: Faults = { api: [], secret: [], answer: [] };

/** Returns the fault for each call, in order. */
export class FaultSchedule<Name extends string> {
  private runs: { name: Name; after: number; calls: number }[] = [];

  set(runs: readonly FaultRun<Name>[]): void {
    this.runs = runs.map((run) => ({ ...run }));
  }

  /** Whether the next call has a fault. */
  get isActive(): boolean {
    return this.runs[0]?.after === 0;
  }

  /** The fault of the next call. */
  next(): Name | undefined {
    const [first] = this.runs;
    if (!first) return undefined;
    if (first.after > 0) {
      first.after -= 1;
      return undefined;
    }
    first.calls -= 1;
    if (first.calls <= 0) this.runs.shift();
    return first.name;
  }
}
