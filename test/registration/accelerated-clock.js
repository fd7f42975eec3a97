// The clock of the handler in tests: the handler waits for minutes, and the tests cannot.
// Plain JavaScript, as the Node.js versions of Lambda run it without a compiler.
const { performance } = require('perf_hooks');

/** Between two heartbeats the clock advances by at most this many real milliseconds. */
const GAP_MS = 25;

const realSetTimeout = setTimeout;
const realClearTimeout = clearTimeout;

/**
 * A clock that runs faster than real time, and stands still while the heartbeats stay away: then the processes that the handler talks with, or its own,
 * get no processor time. Otherwise a busy machine would look like a slow API.
 */
class AcceleratedClock {
  /** @param speed so many seconds of this clock pass in one real second */
  constructor(speed) {
    this.speed = speed;
    this.elapsed = 0;
    this.last = performance.now();
  }

  beat() {
    this.elapsed = this.now();
    this.last = performance.now();
  }

  /** Milliseconds of the handler since the clock was created. */
  now() {
    return this.elapsed + Math.min(performance.now() - this.last, GAP_MS) * this.speed;
  }

  /** A `setTimeout` that counts milliseconds of this clock. */
  setTimeout = (callback, milliseconds = 1, ...values) => {
    let due = this.now() + milliseconds;
    const fire = () => {
      const rest = due - this.now();
      if (rest <= 0) {
        callback(...values);
        return;
      }
      // The clock stood still meanwhile.
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

  /** The `clearTimeout` for timers of this clock. */
  clearTimeout = (timer) => {
    realClearTimeout(timer?.rest);
    realClearTimeout(timer);
  };

  /** An `AbortSignal.timeout` that counts milliseconds of this clock. */
  timeoutSignal = (milliseconds) => {
    const controller = new AbortController();
    this.setTimeout(() => controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError')), milliseconds).unref();
    return controller.signal;
  };

  /** A `Date` that begins at the real time and then follows this clock. */
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
