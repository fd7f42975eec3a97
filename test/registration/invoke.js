// Runs a Lambda bundle on one event from standard input: node invoke.js BUNDLE MILLISECONDS
const [, , bundle, milliseconds] = process.argv;
const end = Date.now() + Number(milliseconds);
let text = '';
process.stdin.on('data', chunk => { text += chunk; });
process.stdin.on('end', () => {
  require(bundle).handler(JSON.parse(text), { logStreamName: 'log-stream', getRemainingTimeInMillis: () => end - Date.now() })
    .then(() => process.exit(0), error => { console.error(error); process.exit(1); });
});
