// Loads the bundle of the handler and runs the events that come over the IPC channel, as an instance of the Lambda does: node handler-process.js BUNDLE
const { performance } = require('perf_hooks');

const [, , bundle] = process.argv;
const start = performance.now();
const { handler } = require(bundle);
process.send({ loadMs: performance.now() - start });
process.on('message', async (event) => {
  const begin = performance.now();
  await handler(event, { logStreamName: 'log-stream', getRemainingTimeInMillis: () => 120_000 });
  process.send({ eventMs: performance.now() - begin });
});
process.on('disconnect', () => process.exit());
