// The handler's clock in tests. It runs faster than real time, because the handler waits for minutes.
// Plain JavaScript, because Lambda's Node.js versions run it without a compiler.
const { performance } = require('perf_hooks');

/** The maximum real time between two heartbeats that the clock counts, in milliseconds. */
const GAP_MS = 7;

const realSetTimeout = setTimeout;
const realClearTimeout = clearTimeout;

/**
 * A clock that runs faster than real time, and stops without heartbeats.
 *
 * Without heartbeats, the process of the handler or of a service gets no processor time. If the clock went on, a busy machine would look like a slow API.
 */
class AcceleratedClock {
  /** @param speed the number of seconds of this clock per real second */
  constructor(speed) {
    this.speed = speed;
    this.elapsed = 0;
    this.last = performance.now();
  }

  beat() {
    this.elapsed = this.now();
    this.last = performance.now();
  }

  /** Milliseconds of this clock since its creation. */
  now() {
    return this.elapsed + Math.min(performance.now() - this.last, GAP_MS) * this.speed;
  }

  /** `setTimeout` in milliseconds of this clock. */
  setTimeout = (callback, milliseconds = 1, ...values) => {
    let due = this.now() + milliseconds;
    const fire = () => {
      const rest = due - this.now();
      if (rest <= 0) {
        callback(...values);
        return;
      }
      // The clock was stopped for some time.
      timer.rest = realSetTimeout(fire, rest / this.speed);
      if (!timer.hasRef()) {
        timer.rest.unref();
      }
    };
    const timer = realSetTimeout(fire, milliseconds / this.speed);
    const { refresh } = timer;
    timer.refresh = () => {
      realClearTimeout(timer.rest);
      due = this.now() + milliseconds;
      return refresh.call(timer);
    };
    return timer;
  };

  /** `clearTimeout` for timers of this clock. */
  clearTimeout = (timer) => {
    realClearTimeout(timer?.rest);
    realClearTimeout(timer);
  };

  /** `AbortSignal.timeout` in milliseconds of this clock. */
  timeoutSignal = (milliseconds) => {
    const controller = new AbortController();
    this.setTimeout(() => controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError')), milliseconds).unref();
    return controller.signal;
  };

  /** `Date` that starts at the real time and then follows this clock. */
  date() {
    const begin = Date.now() - this.now();
    const now = () => Math.floor(begin + this.now());
    return class extends Date {
      static now() {
        return now();
      }

      constructor(...values) {
        super(...(values.length === 0 ? [now()] : values));
      }
    };
  }
}

module.exports = { AcceleratedClock };
