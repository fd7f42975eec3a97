/** The faults of a history, by name: what can happen to a call of the API, to the secret, and to the answer. */
import type { Fault } from '../../local/orchestrator';

const html = '<html><body><h1>Something went wrong</h1></body></html>';
const other = (status: number, more: { headers?: Record<string, string>; body?: string } = {}) => ({ kind: 'other' as const, status, ...more });
const json = (status: number, message: string) =>
  other(status, { headers: { 'content-type': 'application/json' }, body: JSON.stringify({ error: `HTTP-${status}`, message }) });

/** A call of the API that `refused` befalls never gets there. */
export const API_FAULTS = {
  'refused': undefined,
  'reset': { carriedOut: false, answer: { kind: 'reset' } },
  'reset, carried out': { carriedOut: true, answer: { kind: 'reset' } },
  'never answered': { carriedOut: false, answer: { kind: 'never' } },
  'never answered, carried out': { carriedOut: true, answer: { kind: 'never' } },
  'slow': { carriedOut: true, answer: { kind: 'slow', pauseMs: 10 } },
  'too slow': { carriedOut: true, answer: { kind: 'slow', pauseMs: 200 } },
  'truncated': { carriedOut: true, answer: { kind: 'truncated' } },
  'HTML, carried out': { carriedOut: true, answer: other(200, { headers: { 'content-type': 'text/html' }, body: html }) },
  'huge': { carriedOut: false, answer: other(200, { headers: { 'content-type': 'application/json' }, body: `"${'x'.repeat(1_500_000)}"` }) },
  '429': { carriedOut: false, answer: json(429, 'slow down') },
  '429, Retry-After in seconds': { carriedOut: false, answer: other(429, { headers: { 'retry-after': '2' } }) },
  '429, Retry-After as a date': { carriedOut: false, answer: other(429, { headers: { 'retry-after': 'DATE' } }) },
  '500': { carriedOut: false, answer: json(500, 'internal server error') },
  '500, carried out': { carriedOut: true, answer: json(500, 'internal server error') },
  '502, HTML': { carriedOut: false, answer: other(502, { headers: { 'content-type': 'text/html' }, body: html }) },
  '503, Retry-After': { carriedOut: false, answer: other(503, { headers: { 'retry-after': '1' }, body: html }) },
  '504, carried out': { carriedOut: true, answer: other(504, { headers: { 'content-type': 'text/html' }, body: html }) },
  '404 of a proxy': { carriedOut: false, answer: other(404, { headers: { 'content-type': 'text/html' }, body: html }) },
  '401': { carriedOut: false, answer: json(401, 'the token is not accepted') },
  '403': { carriedOut: false, answer: json(403, 'the token may not do this') },
  'an error that shows the token': { carriedOut: false, answer: json(400, 'bad request: authorization was TOKEN, which is not good') },
  'redirect': { carriedOut: false, answer: other(307, { headers: { location: 'ELSEWHERE' } }) },
  'stale': { carriedOut: true, answer: { kind: 'stale' } },
} as const satisfies Record<string, Omit<Fault, 'name'> | undefined>;
export type ApiFaultName = keyof typeof API_FAULTS;
export const API_FAULT_NAMES = Object.keys(API_FAULTS) as ApiFaultName[];

/** What the secret's store says instead of the token. */
export const SECRET_FAULTS = ['missing', 'empty', 'no field', 'not JSON', 'binary', 'line end', 'denied', 'throttled', 'never answered'] as const;
export type SecretFaultName = typeof SECRET_FAULTS[number];

/** What the ResponseURL does with an answer; `reset, taken` has it and says nothing. */
export const ANSWER_FAULTS = ['refused', 'reset', 'reset, taken', '503', 'never answered'] as const;
export type AnswerFaultName = typeof ANSWER_FAULTS[number];

/** Hits some calls in a row, after some that go well. */
export interface Spell<Name extends string> {
  readonly name: Name;
  readonly after: number;
  /** So many calls; more than a step ever makes stand for the rest of the step. */
  readonly calls: number;
}

/** Spells that come one after the other. */
export class Weather<Name extends string> {
  private spells: { name: Name; after: number; calls: number }[] = [];

  set(spells: readonly Spell<Name>[]): void {
    this.spells = spells.map((spell) => ({ ...spell }));
  }

  /** Whether the next call meets a fault. */
  get bad(): boolean {
    return this.spells[0]?.after === 0;
  }

  /** The fault that the next call meets. */
  next(): Name | undefined {
    const [first] = this.spells;
    if (!first) return undefined;
    if (first.after > 0) {
      first.after -= 1;
      return undefined;
    }
    first.calls -= 1;
    if (first.calls <= 0) this.spells.shift();
    return first.name;
  }
}
