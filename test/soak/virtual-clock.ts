/**
 * The time of one simulation. It stops during computations and pending input and output, and jumps to the next timer when everything waits.
 *
 * So the handler's pauses of minutes take no real time, and a busy machine does not change the result.
 */

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly fire: () => void;
}

/** After this number of event loop rounds without work, everything is assumed to wait for a timer. */
const IDLE_ROUNDS = 3;

export class VirtualClock {
  private time = Date.parse('2026-03-01T12:00:00Z');
  private pending = 0;
  private watching = false;
  private idleRounds = 0;
  private created = 0;
  private readonly timers = new Set<Timer>();

  readonly now = (): number => this.time;

  /** Stops the clock until real input or output is complete. */
  async during<T>(operation: Promise<T>): Promise<T> {
    this.pending += 1;
    try {
      return await operation;
    } finally {
      this.pending -= 1;
      this.watch();
    }
  }

  /** Calls back after the given time, unless the returned function is called first. */
  after(milliseconds: number, callback: () => void): () => void {
    const timer: Timer = {
      at: this.time + Math.max(0, milliseconds),
      order: this.created++,
      fire: () => {
        this.timers.delete(timer);
        callback();
      },
    };
    this.timers.add(timer);
    this.watch();
    return () => this.timers.delete(timer);
  }

  sleep(seconds: number): Promise<void> {
    return new Promise((resolve) => this.after(seconds * 1000, resolve));
  }

  private watch(): void {
    this.idleRounds = 0;
    if (this.watching) return;
    this.watching = true;
    const round = (): void => {
      if (this.pending === 0 && this.idleRounds++ < IDLE_ROUNDS) {
        setImmediate(round);
        return;
      }
      this.watching = false;
      if (this.pending === 0) this.fireNext();
    };
    setImmediate(round);
  }

  private fireNext(): void {
    let next: Timer | undefined;
    for (const timer of this.timers) {
      if (!next || timer.at < next.at || (timer.at === next.at && timer.order < next.order)) next = timer;
    }
    if (!next) return;
    this.time = Math.max(this.time, next.at);
    next.fire();
    this.watch();
  }
}

/** Replaces Node.js globals for code in virtual time. All its timers stop together. */
export class VirtualGlobals {
  private readonly running = new Set<() => void>();

  constructor(private readonly clock: VirtualClock) {}

  /** Stops all timers. */
  end(): void {
    for (const cancel of this.running) cancel();
  }

  get(): Record<string, unknown> {
    const { clock } = this;
    class VirtualDate extends Date {
      static now(): number {
        return clock.now();
      }

      constructor(...args: [] | [number | string]) {
        super(args.length === 0 ? clock.now() : args[0]);
      }
    }
    return {
      Date: VirtualDate,
      setTimeout: (callback: () => void, milliseconds = 0) => {
        const cancel = this.after(milliseconds, callback);
        const handle = { cancel, unref: () => handle };
        return handle;
      },
      clearTimeout: (handle?: { cancel(): void }) => handle?.cancel(),
      AbortSignal: {
        timeout: (milliseconds: number) => {
          const controller = new AbortController();
          this.after(milliseconds, () => controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError')));
          return controller.signal;
        },
      },
    };
  }

  private after(milliseconds: number, callback: () => void): () => void {
    const cancel = this.clock.after(milliseconds, callback);
    this.running.add(cancel);
    return cancel;
  }
}
