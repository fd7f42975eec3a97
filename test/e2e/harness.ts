/** Runs end-to-end checks on a local cloud and prints a table of the results. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { CreateStackCommand, waitUntilStackCreateComplete } from '@aws-sdk/client-cloudformation';
import { startCloud, type Cloud } from '../../local/try/cloud';
import { Output } from '../../local/try/output';
import { Report } from '../../local/try/report';

/** Runs the checks. The exit code is 0 if all results are as expected; `--json FILE` writes the table to a file. */
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
    report.add('no check throws an error\', \'no error', error instanceof Error ? error.message : error, false);
  } finally {
    await cloud?.close();
  }
  report.print(output);
  if (json !== undefined) report.writeJson(json);
  return report.failed > 0 ? 1 : 0;
}

/** Deploys the bootstrap template directly, because `cdk bootstrap` takes longer to start. The trial runs `cdk bootstrap` itself. */
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
