/**
 * Runs the doctor on a deployed runner: first without a fault, then with one fault at a time, which the matching check must report. The trial covers
 * the other faults.
 *
 * Run with `npx tsx test/e2e/doctor.ts [--json FILE]`.
 */
import { checkCutOff } from './doctor-cut-off';
import { endToEnd } from './harness';
import { deploy, STACK, TRIAL_APP } from '../../local/try/cdk';
import { OTHER_FAULTS } from '../../local/try/faults';
import { examine } from '../../local/try/faults/fault';
import { complaints, deployedWorld, diagnose, run, type World } from '../../local/try/faults/world';

const LIMIT_MS = 20_000;

/** Invalid arguments and environments, and the single sentence that the doctor prints. */
const UNUSABLE: readonly { readonly name: string; readonly args: string[]; readonly env?: Record<string, string>; readonly says: RegExp }[] = [
  { name: 'no stack', args: [], says: /^No stack is named: give it as --stack NAME\.$/ },
  { name: 'an unknown option', args: ['--stack', STACK, '--fix'], says: /^Unknown option '--fix'.*--help/ },
  { name: 'a stack name that looks like an option', args: ['--stack=--json'], says: /^The value '--json' of --stack is not valid/ },
  { name: 'control characters', args: ['--stack', 'a\u001b[31mb'], says: /^The value 'a \[31mb' of --stack is not valid/ },
  { name: 'a stack that does not exist', args: ['--stack', 'NoSuchStack'], says: /NoSuchStack/ },
  { name: 'a stack without a runner', args: ['--stack', 'CDKToolkit'], says: /no runner/ },
  { name: 'a runner that the stack does not have', args: ['--stack', STACK, '--runner', 'Other'], says: /Other/ },
  { name: 'no network', args: ['--stack', STACK], env: { AWS_ENDPOINT_URL: 'http://127.0.0.1:9' }, says: /^Could not reach AWS: / },
];

/** An update that the orchestrator rejects, so CloudFormation rolls it back. */
async function failUpdate({ cloud: { orchestrator, cdkOptions }, runner, settings }: World): Promise<void> {
  let isRefused = false;
  orchestrator.setFaults(({ method, path }) => {
    if (isRefused || method !== 'PATCH' || !path.endsWith(`/runners/${runner.properties.RunnerId}`)) return undefined;
    isRefused = true;
    return { name: 'refused', carriedOut: false, answer: { kind: 'other', status: 400, body: '{"error": "HTTP-400", "message": "refused by a test"}' } };
  });
  await deploy({ ...cdkOptions({ ...settings, RUNNER_DESCRIPTION: 'Another description' }), app: TRIAL_APP });
  orchestrator.setFaults();
}

endToEnd(async (cloud, report) => {
  const world = await deployedWorld(cloud);
  const startedAt = Date.now();
  const healthy = await diagnose();
  const durationMs = Date.now() - startedAt;
  report.add('checks of a healthy runner that are not ok', [], complaints(healthy));
  report.add('exit code for a healthy runner', 0, healthy.code);
  report.add('time of the checks', `less than ${LIMIT_MS / 1000} s`, `${durationMs} ms`, durationMs < LIMIT_MS);

  for (const { name, args, env = {}, says } of UNUSABLE) {
    const before = process.env;
    process.env = { ...before, ...env };
    try {
      const { code, output, errors } = await run('doctor', ...args);
      report.add(`${name}: prints one sentence, exit code 2`, `${says.source}, exit code 2`, `${output}${errors.trimEnd()}, exit code ${code}`,
        code === 2 && output === '' && says.test(errors.trimEnd()) && errors.trimEnd().split('\n').length === 1);
    } finally {
      process.env = before;
    }
  }

  for (const fault of OTHER_FAULTS) {
    await examine(world, fault, report);
  }
  report.add('checks that are not ok when all faults are undone', [], complaints(await diagnose()));

  await failUpdate(world);
  const afterRollback = await diagnose();
  const [stackCheck] = afterRollback.checks;
  report.add('checks that are not ok after an update that was rolled back', [], complaints(afterRollback));
  report.add('exit code after an update that was rolled back', 0, afterRollback.code);
  report.add('the check of the stack says why the update failed', /in UPDATE_ROLLBACK_COMPLETE: .*refused by a test/.source, stackCheck!.findings[0]!.found,
    /in UPDATE_ROLLBACK_COMPLETE: .*refused by a test/.test(stackCheck!.findings[0]!.found));

  await checkCutOff(world, report);
});
