/**
 * Deployments that must fail, on the local cloud. Run with `npx tsx test/e2e/failures.ts [--json FILE]`; the exit code is
 * 0 if everything was as it has to be.
 */
import { parseArgs } from 'node:util';
import { bootstrapCloud, startCloud, type Cloud } from '../../local/try/cloud';
import { checkFailures } from '../../local/try/failures';
import { Output } from '../../local/try/output';
import { Report } from '../../local/try/report';

process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

async function main(): Promise<number> {
  const { values: { json } } = parseArgs({ options: { json: { type: 'string' } } });
  const output = new Output();
  const report = new Report();
  const interruption = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => interruption.abort(new Error('interrupted')));
  let cloud: Cloud | undefined;
  try {
    cloud = await startCloud({ log: (line) => output.say(line), signal: interruption.signal });
    await bootstrapCloud(cloud);
    await checkFailures(cloud, report);
  } catch (error) {
    report.add('the checks run to their end', 'they do', error instanceof Error ? error.message : error, false);
  } finally {
    await cloud?.close();
  }
  report.print(output);
  if (json !== undefined) report.writeJson(json);
  return report.failed > 0 ? 1 : 0;
}

main().then(
  (code) => { process.exitCode = code; },
  (error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exitCode = 1;
  },
);
