/**
 * Plays random histories of stacks in bad weather through the handler's bundle, and looks for a broken law.
 *
 *   npm run soak                         20,000 events
 *   npm run soak -- --events N --seed S  so many; the same seed gives the same histories
 *   npm run soak -- --mutants            takes out one precaution after the other, and reports which law noticed
 */
import { fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { MUTANTS } from './mutants';
import type { Order, Result } from './worker';

const LAWS = [
  'somebody else\'s runner stays as it is', 'nothing is left behind', 'SUCCESS says what is so', 'the physical id is the identity', 'one answer',
  'before the deadline', 'at most 4,096 bytes', 'no secret is told', 'state stays in place', 'a short reason', 'a reason that names the runner',
  'a reason that was thought of', 'nothing gets stuck', 'what can be done is done',
];
const MUTANT_EVENTS = 6_000;

function work(order: Order): Promise<Result> {
  return new Promise((resolve, reject) => {
    let result: Result | undefined;
    const child = fork(require.resolve('./worker'), {
      execArgv: [...process.execArgv, '--no-deprecation'], env: { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    });
    child.on('message', (message) => { result = message as Result; });
    child.on('exit', (code) => result ? resolve(result) : reject(new Error(`a worker ended with ${code}`)));
    child.send(order);
  });
}

const add = (maps: [string, number][][]): [string, number][] => {
  const sum = new Map<string, number>();
  for (const [name, count] of maps.flat()) sum.set(name, (sum.get(name) ?? 0) + count);
  return [...sum].sort(([one], [other]) => one < other ? -1 : 1);
};

function print(title: string, counts: [string, number][]): void {
  console.log(`\n${title}`);
  for (const [name, count] of counts) console.log(`  ${String(count).padStart(7)}  ${name}`);
}

async function soak(events: number, seed: number, file?: string): Promise<boolean> {
  const workers = availableParallelism();
  const began = Date.now();
  const results = await Promise.all(Array.from({ length: workers }, (_, index) =>
    work({ events: Math.ceil(events / workers), seed: seed + index * 1000, regressions: index === 0, shrink: true })));
  const sum = (of: (result: Result) => number) => results.reduce((total, result) => total + of(result), 0);
  print('faults', add(results.map((result) => result.faults)));
  print('answers', add(results.map((result) => result.answers)));
  const failures = results.flatMap((result) => result.failures);
  console.log(`\n${sum((r) => r.histories)} histories, ${sum((r) => r.events)} events, ${sum((r) => r.deliveries)} deliveries, `
    + `${sum((r) => r.faults.reduce((total, [, count]) => total + count, 0))} faults, ${Math.round((Date.now() - began) / 1000)} s, seed ${seed}; laws broken: ${failures.length}`);
  for (const { law, message, history } of failures) console.log(`\nBROKEN: ${law}\n${message}\n${history}`);
  // A law that held is one that was looked at after each of these events.
  if (file) writeFileSync(file, JSON.stringify({ checks: LAWS.map((name) => ({ name, ok: !failures.some(({ law }) => law === name) })) }));
  return failures.length === 0 && sum((r) => r.events) >= events;
}

async function mutants(seed: number): Promise<boolean> {
  const survivors: string[] = [];
  const queue = [...MUTANTS.keys()];
  const lines: string[] = [];
  await Promise.all(Array.from({ length: availableParallelism() }, async () => {
    for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
      const { name } = MUTANTS[mutant]!;
      const { failures: [failure], events } = await work({ events: MUTANT_EVENTS, seed, regressions: true, shrink: false, mutant });
      if (!failure) survivors.push(name);
      lines.push(`${name}: ${failure ? `"${failure.law}" broke` : 'NOBODY NOTICED'} within ${events} events${failure?.name ? ` (${failure.name})` : ''}`);
      console.log(lines[lines.length - 1]);
    }
  }));
  console.log(`\n${MUTANTS.length} precautions taken out, ${MUTANTS.length - survivors.length} noticed`);
  return survivors.length === 0;
}

const { values } = parseArgs({
  options: { events: { type: 'string' }, seed: { type: 'string' }, mutants: { type: 'boolean' }, json: { type: 'string' } },
});
const seed = Number(values.seed ?? Date.now() % 1_000_000);
void (values.mutants ? mutants(seed) : soak(Number(values.events ?? 20_000), seed, values.json)).then((good) => { process.exitCode = good ? 0 : 1; });
