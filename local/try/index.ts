/** `npm run try`: deploys, uses, changes and destroys a runner on this machine. See HELP in `options.ts`. */
import { STACK, TRIAL_APP } from './cdk';
import { bootstrapCloud, ISSUER, ORG } from './cloud';
import { runNextDeployment, runFirstDeployment } from './deployments';
import { runDoctor, showFaults } from './doctor';
import { inspectAccount, inspectOrchestrator } from './inspection';
import { HELP, parseOptions, type Options } from './options';
import { Output } from './output';
import { destroyUnused, createEnvironment, destroyInUse } from './removal';
import { Report } from './report';
import { expectedSecrets, runDeploymentWithoutSecret, prepareSecrets } from './secrets';
import { Trial } from './trial';
import { awsSettings } from '../emulator';

const NEW_DESCRIPTION = 'Deployments of my-org, changed by npm run try';

/** Runs all steps. Returns the environment variables of the app. */
async function run(trial: Trial, { keep }: Options): Promise<NodeJS.ProcessEnv> {
  const { output, report } = trial;
  output.step('cdk bootstrap');
  report.add('cdk bootstrap', 0, await bootstrapCloud(trial.cloud));

  output.step('cdk deploy');
  const settings = await prepareSecrets(trial);
  const outputs = await trial.deployApp(settings);
  report.add('stack status after the first deployment', 'CREATE_COMPLETE', await trial.stackStatus());
  output.step('Outputs of the stack');
  for (const [name, value] of Object.entries(outputs)) output.show(name, String(value));

  await inspectAccount(trial, outputs);
  const runner = await inspectOrchestrator(trial, outputs);
  const first = await runFirstDeployment(trial, runner, await expectedSecrets(trial, runner));
  output.step('The doctor checks everything between the stack and a running task');
  await runDoctor(trial, 'after the first deployment', []);
  await showFaults(trial, settings);
  await runDeploymentWithoutSecret(trial, outputs, runner, first);

  output.step('cdk deploy with a changed description');
  const changedOutputs = await trial.deployApp({ ...settings, RUNNER_DESCRIPTION: NEW_DESCRIPTION });
  const changed = await trial.registered(changedOutputs.RunnerId);
  output.show('registered description', `${changed.description}`);
  report.add('stack status after the update', 'UPDATE_COMPLETE', await trial.stackStatus());
  report.add('runner id after the update', runner.id, changed.id);
  report.add('registered description before the update', 'Deployments of my-org', runner.description);
  report.add('registered description after the update', NEW_DESCRIPTION, changed.description);
  await runNextDeployment(trial, changed, first);

  if (keep) return settings;
  const deleteEnvironment = await createEnvironment(trial, outputs);
  await destroyInUse(trial, outputs, settings);
  output.step('Delete the environment');
  await deleteEnvironment();
  await destroyUnused(trial, outputs, first, settings);
  return settings;
}

function printCommands({ cloud: { emulator, orchestrator, token }, output }: Trial, settings: NodeJS.ProcessEnv): void {
  output.step('The emulator and the orchestrator keep running until you press Ctrl-C');
  const exported = {
    ...awsSettings(emulator.url),
    RUNNER_ORG_ID: ORG,
    RUNNER_API_URL: orchestrator.url,
    RUNNER_OIDC_ISSUER_URL: ISSUER,
    ...settings,
    CDK_DISABLE_CLI_TELEMETRY: 'true',
  };
  output.print('Open another terminal in this directory. Start a new bash, so that these variables do not change your own shell:\n');
  output.print('  bash');
  output.print('  unset ${!AWS_@} ${!CDK_@}');
  for (const [name, value] of Object.entries(exported)) output.print(`  export ${name}='${value}'`);
  output.print(`\n  npx cdk diff    --no-notices --app '${TRIAL_APP}'`);
  output.print(`  npx cdk deploy  --no-notices --app '${TRIAL_APP}'`);
  output.print(`  npx cdk destroy --no-notices --app '${TRIAL_APP}' ${STACK}`);
  output.print('  aws ecs list-clusters             # needs the AWS CLI');
  output.print(`  curl -H 'Authorization: Bearer ${token}' ${orchestrator.url}/orgs/${ORG}/runners\n`);
  output.print(`  tail -f ${emulator.logFile}`);
}

async function waitForAbort(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const output = new Output();
  const report = new Report();
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interruption.abort(new Error('interrupted')));

  output.step('Start the AWS emulator and the orchestrator');
  let trial: Trial | undefined;
  let settings: NodeJS.ProcessEnv | undefined;
  try {
    trial = await Trial.start(output, report, interruption.signal);
    settings = await run(trial, options);
  } catch (error) {
    if (!interruption.signal.aborted) {
      const message = error instanceof Error ? error.message : String(error);
      output.print(`\n${message}`);
      report.add('the trial completes', 'all steps', message, false);
    }
  }
  if (settings || !interruption.signal.aborted) report.print(output);
  if (options.json) report.writeJson(options.json);
  if (trial && options.keep && settings) {
    printCommands(trial, settings);
    await waitForAbort(interruption.signal);
  }
  if (interruption.signal.aborted) output.print('\nStopping the emulator and the orchestrator.');
  if (trial && report.failed > 0) output.print(`Log of the emulator: ${trial.cloud.emulator.logFile}`);
  await trial?.cloud.close();
  if (!settings && interruption.signal.aborted) return 130;
  return report.failed > 0 ? 1 : 0;
}

// The AWS SDK warns about old Node.js versions, which users of the trial need not see.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

main().then(
  (code) => { process.exitCode = code; },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\nRun npm run try -- --help for the options.\n`);
    process.exitCode = 1;
  },
);
