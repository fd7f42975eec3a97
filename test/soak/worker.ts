/** One process of the soak test. It plays several histories in parallel, because they mostly wait for servers. */
import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { histories, type History } from './history';
import { Violation } from './invariants';
import { Lambda } from './lambda';
import { bundleOf, MUTANTS } from './mutants';
import { play } from './player';
import { REGRESSIONS } from './regressions';
import { ALTERNATIVE, DOCUMENTED, type Behaviour } from '../../local/orchestrator';

export interface Order {
  readonly events: number;
  readonly seed: number;
  /** The number of this worker. Each worker plays other histories. */
  readonly worker: number;
  readonly playsRegressions: boolean;
  /** Whether to search for a shorter history that violates the same invariant. */
  readonly shrinks: boolean;
  readonly mutant?: number;
}

export interface Failure {
  readonly invariant: string;
  readonly message: string;
  readonly history: string;
  /** The number of events that this process played before. */
  readonly afterEvents: number;
  /** The name of the regression, if it is one. */
  readonly name?: string;
}

export interface Result {
  readonly histories: number;
  readonly events: number;
  readonly runs: number;
  readonly faults: [string, number][];
  readonly answers: [string, number][];
  readonly failures: Failure[];
}

/** Histories run with both behaviours, because the hosted service has not been observed. */
const BEHAVIOURS = [DOCUMENTED, ALTERNATIVE];
const LANES = 4;
/** The number of histories per seed. Then the next seed follows. */
const RUNS = 3;
const SHRINK_MS = 60_000;
/** A history counts as a violation only if this number of attempts all fail. */
const MAX_ATTEMPTS = 3;

/** A 32-bit seed for fast-check. Different seeds and workers get different histories. */
const seedOf = (seed: number, worker: number, index: number): number => createHash('sha256').update(`${seed}/${worker}/${index}`).digest().readInt32BE();

async function run({ events, seed, worker, playsRegressions, shrinks, mutant }: Order): Promise<Result> {
  const lambda = new Lambda(mutant === undefined ? undefined : await bundleOf(MUTANTS[mutant]!));
  const total = { histories: 0, events: 0, runs: 0, faults: new Map<string, number>(), answers: new Map<string, number>() };
  const failures: Failure[] = [];
  const playOne = async (history: History, behaviour: Behaviour): Promise<void> => {
    const counts = await playAgainIfDisturbed(history, behaviour);
    total.histories += 1;
    total.events += counts.events;
    total.runs += counts.runs;
    for (const kind of ['faults', 'answers'] as const) {
      for (const [name, count] of counts[kind]) total[kind].set(name, (total[kind].get(name) ?? 0) + count);
    }
  };
  // On a busy machine, the virtual clock can advance before a real response arrives. A fault of the handler occurs in each attempt.
  const playAgainIfDisturbed = async (history: History, behaviour: Behaviour): ReturnType<typeof play> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await play(history, lambda, behaviour);
      } catch (error) {
        if (attempt === MAX_ATTEMPTS) throw error;
      }
    }
  };
  const fail = (error: unknown, history: unknown, name?: string): void => {
    failures.push({
      invariant: error instanceof Violation ? error.invariant : 'the test itself',
      message: error instanceof Violation ? error.message : String((error as Error).stack),
      history: JSON.stringify(history),
      afterEvents: total.events,
      name,
    });
  };
  if (playsRegressions) {
    for (const [name, history] of Object.entries(REGRESSIONS)) {
      // One violation is enough to detect a mutant.
      if (mutant !== undefined && failures.length > 0) break;
      for (const behaviour of BEHAVIOURS) await playOne(history, behaviour).catch((error) => fail(error, history, name));
    }
  }
  let next = 0;
  await Promise.all(Array.from({ length: LANES }, async () => {
    while (total.events < events && failures.length === 0) {
      const behaviour = BEHAVIOURS[next % BEHAVIOURS.length]!;
      const details = await fc.check(fc.asyncProperty(histories, (history) => playOne(history, behaviour)), {
        seed: seedOf(seed, worker, next++), numRuns: RUNS, endOnFailure: !shrinks, ...(shrinks ? { interruptAfterTimeLimit: SHRINK_MS } : {}),
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
