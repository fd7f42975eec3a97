/**
 * `npm run try`: a runner, from nothing to its end, on this machine alone. See HELP in `options.ts`.
 */
import { STACK, APP } from './cdk';
import { bootstrapCloud, ISSUER, ORG } from './cloud';
import { deployAgain, deployOnce } from './deployments';
import { destroyed, putInUse, refusedDestroy } from './end';
import { lookAtAccount, lookAtOrchestrator } from './look';
import { HELP, parseOptions, type Options } from './options';
import { Output } from './output';
import { Report } from './report';
import { Trial } from './trial';
import { awsSettings } from '../emulator';

const NEW_DESCRIPTION = 'Deployments of my-org, changed by npm run try';

async function run(trial: Trial, { keep }: Options): Promise<void> {
  const { output, report } = trial;
  output.step('cdk bootstrap');
  report.add('cdk bootstrap', 0, await bootstrapCloud(trial.cloud));

  output.step('cdk deploy');
  const outputs = await trial.deployExample();
  report.add('the stack after the first deployment', 'CREATE_COMPLETE', await trial.stackStatus());
  output.step('The stack\'s outputs');
  for (const [name, value] of Object.entries(outputs)) output.show(name, String(value));

  await lookAtAccount(trial, outputs);
  const runner = await lookAtOrchestrator(trial, outputs);
  const first = await deployOnce(trial, runner);

  output.step('cdk deploy with another description');
  const changedOutputs = await trial.deployExample({ RUNNER_DESCRIPTION: NEW_DESCRIPTION });
  const changed = await trial.registered(changedOutputs.RunnerId);
  output.show('registered description', `${changed.description}`);
  report.add('the stack after the change', 'UPDATE_COMPLETE', await trial.stackStatus());
  report.add('the runner\'s id after the change', runner.id, changed.id);
  report.add('registered description before', 'Deployments of my-org', runner.description);
  report.add('registered description after', NEW_DESCRIPTION, changed.description);
  await deployAgain(trial, changed, first);

  if (keep) return;
  const free = await putInUse(trial, outputs);
  await refusedDestroy(trial, outputs);
  output.step('The environment is deleted');
  await free();
  await destroyed(trial, outputs, first);
}

function lookAround({ cloud: { emulator, orchestrator, token }, output }: Trial): void {
  output.step('Everything stays up until Ctrl-C');
  const exported = {
    ...awsSettings(emulator.url),
    RUNNER_ORG_ID: ORG,
    RUNNER_API_URL: orchestrator.url,
    RUNNER_OIDC_ISSUER_URL: ISSUER,
    CDK_DISABLE_CLI_TELEMETRY: 'true',
  };
  output.say('In another shell, in this directory (the inner bash keeps your own AWS settings as they are):\n');
  output.say('  bash');
  output.say('  unset ${!AWS_@} ${!CDK_@}');
  for (const [name, value] of Object.entries(exported)) output.say(`  export ${name}='${value}'`);
  output.say(`\n  npx cdk diff    --no-notices --app '${APP}'`);
  output.say(`  npx cdk deploy  --no-notices --app '${APP}'`);
  output.say(`  npx cdk destroy --no-notices --app '${APP}' ${STACK}`);
  output.say('  aws ecs list-clusters             # if you have the AWS command line; every other service works alike');
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
  let finished = false;
  try {
    trial = await Trial.start(output, report, interruption.signal);
    await run(trial, options);
    finished = true;
  } catch (error) {
    if (!interruption.signal.aborted) {
      const message = error instanceof Error ? error.message : String(error);
      output.say(`\n${message}`);
      report.add('the trial runs to its end', 'it does', message, false);
    }
  }
  if (finished || !interruption.signal.aborted) report.print(output);
  if (options.json) report.writeJson(options.json);
  if (trial && options.keep && finished) {
    lookAround(trial);
    await aborted(interruption.signal);
  }
  if (interruption.signal.aborted) output.say('\nEnding everything that was started.');
  if (trial && report.failed > 0) output.say(`The emulator's log is ${trial.cloud.emulator.logFile}.`);
  await trial?.cloud.close();
  if (!finished && interruption.signal.aborted) return 130;
  return report.failed > 0 ? 1 : 0;
}

// The AWS SDK's advice on Node versions is not about this project.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

main().then(
  (code) => { process.exitCode = code; },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\nnpm run try -- --help tells what there is.\n`);
    process.exitCode = 1;
  },
);
