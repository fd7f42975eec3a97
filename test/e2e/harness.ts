/** What the end-to-end tests share: a local cloud of their own, and a table of what was seen in it. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { CreateStackCommand, waitUntilStackCreateComplete } from '@aws-sdk/client-cloudformation';
import { startCloud, type Cloud } from '../../local/try/cloud';
import { Output } from '../../local/try/output';
import { Report } from '../../local/try/report';

/** Runs the checks; the exit code is 0 if everything was as it has to be, and `--json FILE` writes the table. */
export function endToEnd(checks: (cloud: Cloud, report: Report) => Promise<void>): void {
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
  run(checks).then(
    (code) => { process.exitCode = code; },
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exitCode = 1;
    },
  );
}

async function run(checks: (cloud: Cloud, report: Report) => Promise<void>): Promise<number> {
  const { values: { json } } = parseArgs({ options: { json: { type: 'string' } } });
  const output = new Output();
  const report = new Report();
  const interruption = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => interruption.abort(new Error('interrupted')));
  let cloud: Cloud | undefined;
  try {
    cloud = await startCloud({ log: (line) => output.print(line), signal: interruption.signal });
    await bootstrap(cloud);
    await checks(cloud, report);
  } catch (error) {
    report.add('the checks run to their end', 'they do', error instanceof Error ? error.message : error, false);
  } finally {
    await cloud?.close();
  }
  report.print(output);
  if (json !== undefined) report.writeJson(json);
  return report.failed > 0 ? 1 : 0;
}

/** Does what `cdk bootstrap` does, which takes longer to start. The trial runs the command itself. */
async function bootstrap({ account: { cloudFormation } }: Cloud): Promise<void> {
  const StackName = 'CDKToolkit';
  const parameters = { FileAssetsBucketKmsKeyId: 'AWS_MANAGED_KEY', CloudFormationExecutionPolicies: 'arn:aws:iam::aws:policy/AdministratorAccess' };
  await cloudFormation.send(new CreateStackCommand({
    StackName,
    TemplateBody: readFileSync(require.resolve('aws-cdk/lib/api/bootstrap/bootstrap-template.yaml'), 'utf8'),
    Parameters: Object.entries(parameters).map(([ParameterKey, ParameterValue]) => ({ ParameterKey, ParameterValue })),
    Capabilities: ['CAPABILITY_NAMED_IAM'],
  }));
  await waitUntilStackCreateComplete({ client: cloudFormation, maxWaitTime: 120, minDelay: 1, maxDelay: 1 }, { StackName });
}
