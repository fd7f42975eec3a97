import * as fc from 'fast-check';
import { histories, play } from './history';
import { Lambda } from './lambda';
const lambda = new Lambda();
let done = 0; let events = 0;
const [seed, lanes, runs] = process.argv.slice(2).map(Number);
const t = Date.now();
void Promise.all(Array.from({ length: lanes! }, async (_, i) => {
  const r = await fc.check(fc.asyncProperty(histories, async (h) => {
    const c = await play(h, lambda); done++; events += c.events;
  }), { seed: seed! + i, numRuns: runs, endOnFailure: process.env.SHRINK ? false : true });
  if (r.failed) {
    const e = r.errorInstance as Error;
    console.log('FAILED seed', seed! + i, e?.message?.slice(0, 6000), '\n', process.env.FULL ? JSON.stringify(r.counterexample) : '');
  }
})).then(() => { console.log({ done, events, s: (Date.now() - t) / 1000 }); process.exit(0); });
