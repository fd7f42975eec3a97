/** Plays random histories of stacks with injected faults through the handler's bundle, and checks the invariants. `--help` lists the options. */
import { fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { INVARIANTS } from './invariants';
import { type Mutant, MUTANTS } from './mutants';
import type { Order, Result } from './worker';
import { choose, readOptions, runProgram, UsageError } from '../../tools/options';

const HELP = `Plays random operations on two stacks, with injected faults, through the bundle of the handler, and checks the invariants after each.

  npm run soak                    20,000 events
  npm run soak -- --events N      at least N events
  npm run soak -- --seed N        the histories of this seed; by default, the seed is the current time
  npm run soak -- --mutants       removes each precaution of the handler in turn; each time, an invariant must be violated
  npm run soak -- --only NAME     removes only this precaution
  npm run soak -- --list          lists the invariants and the precautions
  npm run soak -- --json FILE     also writes the result for each invariant to a file`;
const MUTANT_EVENTS = 6_000;

function work(order: Order): Promise<Result> {
  return new Promise((resolve, reject) => {
    let result: Result | undefined;
    const child = fork(require.resolve('./worker'), {
      execArgv: [...process.execArgv, '--no-deprecation'], env: { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    });
    child.on('message', (message) => { result = message as Result; });
    child.on('exit', (code) => result ? resolve(result) : reject(new Error(`a worker ended with exit code ${code}`)));
    child.send(order);
  });
}

function print(title: string, counts: [string, number][]): void {
  const sums = new Map<string, number>();
  for (const [name, count] of counts) sums.set(name, (sums.get(name) ?? 0) + count);
  console.log(`\n${title}`);
  for (const [name, count] of [...sums].sort()) console.log(`  ${String(count).padStart(7)}  ${name}`);
}

async function soak(events: number, seed: number, file?: string): Promise<boolean> {
  const began = Date.now();
  const workers = availableParallelism();
  const results = await Promise.all(Array.from({ length: workers }, (_, index) =>
    work({ events: Math.ceil(events / workers), seed, worker: index, playsRegressions: index === 0, shrinks: true })));
  const sum = (of: (result: Result) => number) => results.reduce((total, result) => total + of(result), 0);
  print('faults injected', results.flatMap((result) => result.faults));
  print('answers', results.flatMap((result) => result.answers));
  const failures = results.flatMap((result) => result.failures);
  console.log(`\n${sum((r) => r.histories)} histories, ${sum((r) => r.events)} events, ${sum((r) => r.runs)} runs of the handler, `
    + `${Math.round((Date.now() - began) / 1000)} s, seed ${seed}; invariants violated: ${failures.length}`);
  for (const { invariant, message, history, afterEvents, name } of failures) {
    console.log(`\nVIOLATED after ${afterEvents} events${name ? ` (${name})` : ''}: ${invariant}\n${message}\n${history}`);
  }
  const checks = INVARIANTS.map((name) => ({ name, ok: !failures.some(({ invariant }) => invariant === name || invariant === 'the test itself') }));
  if (file) writeFileSync(file, JSON.stringify({ checks }));
  return failures.length === 0 && sum((r) => r.events) >= events;
}

async function testMutants(seed: number, mutants: Mutant[]): Promise<boolean> {
  let unnoticed = 0;
  const queue = mutants.map((mutant) => MUTANTS.indexOf(mutant));
  await Promise.all(Array.from({ length: availableParallelism() }, async () => {
    for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
      const { failures: [failure], events } = await work({ events: MUTANT_EVENTS, seed, worker: 0, playsRegressions: true, shrinks: false, mutant });
      if (!failure) unnoticed += 1;
      console.log(`${MUTANTS[mutant]!.name}: ${failure ? `violates "${failure.invariant}"` : 'NOT NOTICED'} within ${events} events${failure?.name ? ` (${failure.name})` : ''}`);
    }
  }));
  console.log(`\n${mutants.length} precautions removed, ${mutants.length - unnoticed} noticed`);
  return unnoticed === 0;
}

function numberOf(option: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d+$/.test(value)) throw new UsageError(`--${option} is '${value}': expected a whole number.`);
  return Number(value);
}

async function main(): Promise<boolean> {
  const options = readOptions({ events: 'text', seed: 'text', mutants: 'flag', only: 'texts', list: 'flag', json: 'text' }, HELP);
  if (options.list) {
    console.log(`Invariants:\n${INVARIANTS.map((name) => `  ${name}`).join('\n')}\n\nPrecautions:\n${MUTANTS.map(({ name }) => `  ${name}`).join('\n')}`);
    return true;
  }
  const seed = numberOf('seed', options.seed) ?? Date.now() % 1_000_000;
  return options.mutants || options.only ? testMutants(seed, choose('precaution', MUTANTS, options.only)) : soak(numberOf('events', options.events) ?? 20_000, seed, options.json);
}

runProgram(main);
