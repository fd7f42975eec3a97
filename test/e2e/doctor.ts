/**
 * The doctor on a deployed runner: all is well, then one fault at a time, each of which its own check reports. Run with
 * `npx tsx test/e2e/doctor.ts [--json FILE]`.
 */
import { checkCutOff } from './doctor-cut-off';
import { FAULTS } from './doctor-faults';
import { complaints, deployedWorld, diagnose, run } from './doctor-world';
import { endToEnd } from './harness';
import { STACK } from '../../local/try/cdk';

const LIMIT_MS = 20_000;

/** Arguments and environment variables with which the doctor cannot work, and the one sentence that it prints. */
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
      report.add(`${name}: one sentence, exit code 2`, `${says.source}, exit code 2`, `${output}${errors.trimEnd()}, exit code ${code}`,
        code === 2 && output === '' && says.test(errors.trimEnd()) && errors.trimEnd().split('\n').length === 1);
    } finally {
      process.env = before;
    }
  }

  for (const { name, check, remedy, inject } of FAULTS) {
    const undo = await inject(world);
    try {
      const found = await diagnose();
      // What needs the API token cannot be checked without it, and says so.
      const failed = found.checks.filter(({ result }) => result === 'problem');
      report.add(`${name}: the check that reports it`, `${check}, exit code 1`, `${failed.map(({ id }) => id).join(', ')}, exit code ${found.code}`);
      const remedies = failed.flatMap(({ findings }) => findings.map((finding) => finding.remedy ?? '')).join(' ');
      report.add(`${name}: the remedy`, remedy.source, remedies, remedy.test(remedies));
    } finally {
      await undo();
    }
  }
  report.add('checks that are not ok when all faults are undone', [], complaints(await diagnose()));

  await checkCutOff(world, report);
});
