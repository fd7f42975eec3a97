/**
 * The doctor on a deployed runner: all is well, then one fault at a time, each of which its own check reports. Run with
 * `npx tsx test/e2e/doctor.ts [--json FILE]`.
 */
import { FAULTS } from './doctor-faults';
import { complaints, deployedWorld, diagnose } from './doctor-world';
import { endToEnd } from './harness';

const LIMIT_MS = 20_000;

endToEnd(async (cloud, report) => {
  const world = await deployedWorld(cloud);
  const startedAt = Date.now();
  const healthy = await diagnose();
  const durationMs = Date.now() - startedAt;
  report.add('checks of a healthy runner that are not ok', [], complaints(healthy));
  report.add('exit code for a healthy runner', 0, healthy.code);
  report.add('time of the checks', `less than ${LIMIT_MS / 1000} s`, `${durationMs} ms`, durationMs < LIMIT_MS);

  for (const { name, check, remedy, inject } of FAULTS) {
    const undo = await inject(world);
    try {
      const found = await diagnose();
      const failed = found.checks.filter(({ result }) => result !== 'ok');
      report.add(`${name}: the check that reports it`, `${check}, exit code 1`, `${failed.map(({ id }) => id).join(', ')}, exit code ${found.code}`);
      const remedies = failed.flatMap(({ findings }) => findings.map((finding) => finding.remedy ?? '')).join(' ');
      report.add(`${name}: the remedy`, remedy.source, remedies, remedy.test(remedies));
    } finally {
      await undo();
    }
  }
  report.add('checks that are not ok when all faults are undone', [], complaints(await diagnose()));
});
