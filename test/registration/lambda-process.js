// Runs a Lambda bundle with an accelerated clock, in a new instance for each event of the IPC channel: node lambda-process.js BUNDLE SPEED
const { AsyncLocalStorage } = require('async_hooks');
const { readFileSync } = require('fs');
const { createRequire } = require('module');
const { format } = require('util');
const { AcceleratedClock } = require('./accelerated-clock');

const HEARTBEAT_MS = 5;
const [, , bundle, speed] = process.argv;
const source = readFileSync(bundle, 'utf8');
const clock = new AcceleratedClock(Number(speed));
const beatLater = setTimeout;
/** The current invocation: its log and the signal that ends it. */
const current = new AsyncLocalStorage();

// Replaces the globals of the AWS SDK, fetch() and the handler. They have no effect after the invocation ends, because Lambda freezes the process.
globalThis.setTimeout = (callback, ...rest) => {
  const { ended } = current.getStore() ?? {};
  return clock.setTimeout((...values) => ended?.aborted || callback(...values), ...rest);
};
globalThis.clearTimeout = clock.clearTimeout;
AbortSignal.timeout = clock.timeoutSignal;
for (const method of ['debug', 'error', 'info', 'log', 'warn']) {
  const print = console[method];
  console[method] = (...values) => {
    const invocation = current.getStore();
    if (invocation) {
      invocation.lines.push(format(...values));
    } else {
      print(...values);
    }
  };
}

let invocations = 0;
let beating = false;
// The test process answers each heartbeat, so the clock also stops when the services of that process get no processor time.
process.on('message', (message) => {
  if (message === 'beat') {
    clock.beat();
    beating = false;
  } else {
    const lines = [];
    const end = new AbortController();
    invocations++;
    current.run({ lines, ended: end.signal }, () => invoke(message, end)).then(seconds => process.send({ id: message.id, log: lines.map(line => `${line}\n`).join(''), seconds }));
  }
  if (invocations > 0 && !beating) {
    beating = true;
    beatLater(() => process.send('beat'), HEARTBEAT_MS);
  }
});
process.on('disconnect', () => process.exit());

/** Runs one event. Returns the duration in seconds of the handler's clock. */
async function invoke({ event, env, remaining }, end) {
  const begin = clock.now();
  try {
    const context = { logStreamName: 'log-stream', getRemainingTimeInMillis: () => begin + remaining - clock.now() };
    // Lambda stops an invocation at its timeout.
    const timeout = new Promise((_, reject) => clock.setTimeout(() => reject(new Error('Task timed out')), remaining).unref());
    await Promise.race([load(env, end.signal)(event, context), timeout]);
  } catch (error) {
    console.error(error);
  } finally {
    end.abort();
    invocations--;
  }
  return (clock.now() - begin) / 1000;
}

/** A new instance of the handler, as after a cold start. */
function load(env, ended) {
  const module = { exports: {} };
  const scope = {
    module,
    exports: module.exports,
    require: createRequire(bundle),
    process: Object.create(process, {
      env: { value: { ...process.env, ...env } },
      stdout: { value: { write: (text) => current.getStore()?.lines.push(text.trimEnd()) } },
    }),
    Date: clock.date(),
    performance: { now: () => clock.now() },
    fetch: (url, options) => ended.aborted
      ? new Promise(() => undefined)
      : fetch(url, { ...options, signal: options?.signal ? AbortSignal.any([options.signal, ended]) : ended }),
  };
  new Function(...Object.keys(scope), source)(...Object.values(scope));
  return module.exports.handler;
}
