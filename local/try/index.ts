/** `npm run try`: deploys, uses, changes and destroys a runner on this machine. See HELP in `options.ts`. */
import { STACK, TRIAL_APP } from './cdk';
import { bootstrapCloud, ISSUER, ORG } from './cloud';
import { deployAgain, deployOnce } from './deployments';
import { destroyed, putInUse, refusedDestroy } from './end';
import { lookAtAccount, lookAtOrchestrator } from './look';
import { HELP, parseOptions, type Options } from './options';
import { Output } from './output';
import { Report } from './report';
import { expectedSecrets, failsWithoutSecret, prepareSecrets } from './secrets';
import { Trial } from './trial';
import { awsSettings } from '../emulator';

const NEW_DESCRIPTION = 'Deployments of my-org, changed by npm run try';

/** Returns the settings of the app. */
async function run(trial: Trial, { keep }: Options): Promise<NodeJS.ProcessEnv> {
  const { output, report } = trial;
  output.step('cdk bootstrap');
  report.add('cdk bootstrap', 0, await bootstrapCloud(trial.cloud));

  output.step('cdk deploy');
  const settings = await prepareSecrets(trial);
  const outputs = await trial.deployApp(settings);
  report.add('the stack after the first deployment', 'CREATE_COMPLETE', await trial.stackStatus());
  output.step('The stack\'s outputs');
  for (const [name, value] of Object.entries(outputs)) output.show(name, String(value));

  await lookAtAccount(trial, outputs);
  const runner = await lookAtOrchestrator(trial, outputs);
  const first = await deployOnce(trial, runner, await expectedSecrets(trial, runner));
  await failsWithoutSecret(trial, outputs, runner, first);

  output.step('cdk deploy with another description');
  const changedOutputs = await trial.deployApp({ ...settings, RUNNER_DESCRIPTION: NEW_DESCRIPTION });
  const changed = await trial.registered(changedOutputs.RunnerId);
  output.show('registered description', `${changed.description}`);
  report.add('the stack after the change', 'UPDATE_COMPLETE', await trial.stackStatus());
  report.add('the runner\'s id after the change', runner.id, changed.id);
  report.add('registered description before', 'Deployments of my-org', runner.description);
  report.add('registered description after', NEW_DESCRIPTION, changed.description);
  await deployAgain(trial, changed, first);

  if (keep) return settings;
  const free = await putInUse(trial, outputs);
  await refusedDestroy(trial, outputs, settings);
  output.step('The environment is deleted');
  await free();
  await destroyed(trial, outputs, first, settings);
  return settings;
}

function lookAround({ cloud: { emulator, orchestrator, token }, output }: Trial, settings: NodeJS.ProcessEnv): void {
  output.step('The emulator and the orchestrator run until you press Ctrl-C');
  const exported = {
    ...awsSettings(emulator.url),
    RUNNER_ORG_ID: ORG,
    RUNNER_API_URL: orchestrator.url,
    RUNNER_OIDC_ISSUER_URL: ISSUER,
    ...settings,
    CDK_DISABLE_CLI_TELEMETRY: 'true',
  };
  output.say('Use another shell in this directory. Start a new bash, so that these variables do not change your own shell:\n');
  output.say('  bash');
  output.say('  unset ${!AWS_@} ${!CDK_@}');
  for (const [name, value] of Object.entries(exported)) output.say(`  export ${name}='${value}'`);
  output.say(`\n  npx cdk diff    --no-notices --app '${TRIAL_APP}'`);
  output.say(`  npx cdk deploy  --no-notices --app '${TRIAL_APP}'`);
  output.say(`  npx cdk destroy --no-notices --app '${TRIAL_APP}' ${STACK}`);
  output.say('  aws ecs list-clusters             # needs the AWS command line');
  output.say(`  curl -H 'Authorization: Bearer ${token}' ${orchestrator.url}/orgs/${ORG}/runners\n`);
  output.say(`  tail -f ${emulator.logFile}`);
}

async function aborted(signal: AbortSignal): Promise<void> {
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

  output.step('The AWS emulator and the orchestrator');
  let trial: Trial | undefined;
  let settings: NodeJS.ProcessEnv | undefined;
  try {
    trial = await Trial.start(output, report, interruption.signal);
    settings = await run(trial, options);
  } catch (error) {
    if (!interruption.signal.aborted) {
      const message = error instanceof Error ? error.message : String(error);
      output.say(`\n${message}`);
      report.add('the trial', 'runs to its end', message, false);
    }
  }
  if (settings || !interruption.signal.aborted) report.print(output);
  if (options.json) report.writeJson(options.json);
  if (trial && options.keep && settings) {
    lookAround(trial, settings);
    await aborted(interruption.signal);
  }
  if (interruption.signal.aborted) output.say('\nStopping the emulator and the orchestrator.');
  if (trial && report.failed > 0) output.say(`The emulator's log is ${trial.cloud.emulator.logFile}.`);
  await trial?.cloud.close();
  if (!settings && interruption.signal.aborted) return 130;
  return report.failed > 0 ? 1 : 0;
}

// The AWS SDK's advice on Node versions is not about this project.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

main().then(
  (code) => { process.exitCode = code; },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\nRun npm run try -- --help for the options.\n`);
    process.exitCode = 1;
  },
);
