/** One process of the soak: many histories at the same time, as most of their time is waiting. */
import * as fc from 'fast-check';
import { histories, play, type Counts, type History } from './history';
import { Lambda } from './lambda';
import { BrokenLaw } from './laws';
import { bundleOf, MUTANTS } from './mutants';
import { REGRESSIONS } from './regressions';
import { ALTERNATIVE, DOCUMENTED, type Behaviour } from '../../local/orchestrator';

export interface Order {
  readonly events: number;
  readonly seed: number;
  readonly regressions: boolean;
  /** Look for a shorter history that breaks the same law. */
  readonly shrink: boolean;
  readonly mutant?: number;
}

export interface Failure {
  readonly law: string;
  readonly message: string;
  readonly history: string;
  /** Of a known history. */
  readonly name?: string;
}

export interface Result {
  readonly histories: number;
  readonly events: number;
  readonly deliveries: number;
  readonly faults: [string, number][];
  readonly answers: [string, number][];
  readonly failures: Failure[];
}

/** Nobody has observed the hosted service: it may behave as documented, or otherwise. */
const BEHAVIOURS = [DOCUMENTED, ALTERNATIVE];
const LANES = 32;
/** Histories of one seed; then the lane goes on with the next. */
const RUNS = 3;
const SHRINK_MS = 90_000;

async function run({ events, seed, regressions, shrink, mutant }: Order): Promise<Result> {
  const lambda = new Lambda(mutant === undefined ? undefined : await bundleOf(MUTANTS[mutant]!));
  const total: Counts & { histories: number } = { histories: 0, events: 0, deliveries: 0, faults: new Map(), answers: new Map() };
  const failures: Failure[] = [];
  const playOne = async (history: History, behaviour: Behaviour): Promise<void> => {
    const counts = await play(history, lambda, behaviour);
    total.histories += 1;
    total.events += counts.events;
    total.deliveries += counts.deliveries;
    for (const kind of ['faults', 'answers'] as const) {
      for (const [name, count] of counts[kind]) total[kind].set(name, (total[kind].get(name) ?? 0) + count);
    }
  };
  const fail = (error: unknown, history: unknown, name?: string): void => {
    const { message } = error as Error;
    failures.push({ law: error instanceof BrokenLaw ? error.law : 'the test itself', message: name ? `${name}: ${message}` : message, history: JSON.stringify(history), name });
  };
  if (regressions) {
    await Promise.all(Object.entries(REGRESSIONS).map(async ([name, history]) => {
      for (const behaviour of BEHAVIOURS) await playOne(history, behaviour).catch((error) => fail(error, history, name));
    }));
  }
  let next = seed;
  await Promise.all(Array.from({ length: LANES }, async () => {
    while (total.events < events && failures.length === 0) {
      const behaviour = BEHAVIOURS[next % BEHAVIOURS.length]!;
      const details = await fc.check(fc.asyncProperty(histories, (history) => playOne(history, behaviour)), {
        seed: next++, numRuns: RUNS, endOnFailure: !shrink, ...(shrink ? { interruptAfterTimeLimit: SHRINK_MS } : {}),
      });
      if (details.counterexample) fail(details.errorInstance, details.counterexample[0]);
    }
  }));
  return { ...total, faults: [...total.faults], answers: [...total.answers], failures };
}

process.once('message', (order: Order) => {
  run(order).then((result) => process.send!(result, () => process.exit(0)), (error) => {
    console.error(error);
    process.exit(1);
  });
});
