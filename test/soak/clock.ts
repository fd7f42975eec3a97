/**
 * Time that runs faster for the handler alone: its patience is minutes, and there are thousands of histories. The handler
 * itself is the bundle as it ships; only the clock and the timers that it finds around it are these.
 */

/** So many of the handler's seconds pass in one of ours. */
export const SPEED = 20;

export class FastClock {
  private readonly begin: number;
  private readonly started = performance.now();

  /** @param aheadMs by so much it is later for the handler than for everybody else, as its event has waited */
  constructor(aheadMs = 0) {
    this.begin = Date.now() + aheadMs;
  }

  now(): number {
    return this.begin + (performance.now() - this.started) * SPEED;
  }

  /** The globals that the handler tells the time by. */
  globals(): Record<string, unknown> {
    const now = () => this.now();
    class FastDate extends Date {
      static now(): number {
        return now();
      }

      constructor(...args: [] | [number | string]) {
        super(args.length === 0 ? now() : args[0]);
      }
    }
    return {
      Date: FastDate,
      setTimeout: (callback: () => void, milliseconds: number) => setTimeout(callback, milliseconds / SPEED),
      AbortSignal: { timeout: (milliseconds: number) => AbortSignal.timeout(Math.ceil(milliseconds / SPEED)) },
    };
  }
}

const BEAT_MS = 10;
let stalled = 0;
let last = performance.now();
setInterval(() => {
  const now = performance.now();
  stalled += Math.max(0, now - last - BEAT_MS);
  last = now;
}, BEAT_MS).unref();

/** Milliseconds so far in which this process was busy, and no timer of it was served: they weigh heavily where time runs fast. */
export function stalls(): number {
  // With the one that has not ended yet: what it delayed can run before its beat.
  return stalled + Math.max(0, performance.now() - last - BEAT_MS);
}
