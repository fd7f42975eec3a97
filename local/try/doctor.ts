/** Runs `npx cdk-humanitec-ecs-runner doctor` as a user does. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { STACK } from './cdk';
import { SHOWN_FAULTS } from './faults';
import { examine } from './faults/fault';
import { complaints, diagnose, worldOf } from './faults/world';
import type { Trial } from './trial';
import { awsSettings } from '../emulator';

/** The maximum length of a remedy in the output. */
const MAX_REMEDY = 130;
const ROOT = join(__dirname, '..', '..');
const PROGRAM = [join(ROOT, 'node_modules', '.bin', 'tsx'), '--tsconfig', join(ROOT, 'tsconfig.dev.json'), join(ROOT, 'src', 'cli.ts')];

/** Runs the doctor and checks which of its checks report a problem. */
export async function runDoctor({ cloud: { emulator }, output, report }: Trial, situation: string, expectedProblems: string[]): Promise<void> {
  const [program, ...args] = [...PROGRAM, 'doctor', '--stack', STACK];
  const env = { PATH: process.env.PATH, ...awsSettings(emulator.url) };
  const { code, text } = await new Promise<{ code: number; text: string }>((resolve) => {
    execFile(program!, args, { cwd: ROOT, env }, (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, text: stdout + stderr }));
  });
  const lines = text.trimEnd().split('\n');
  for (const line of lines) output.quote(line);
  const problems = lines.flatMap((line) => /^problem +(\S+)/.exec(line)?.[1] ?? []);
  report.add(`problems that the doctor finds ${situation}`, expectedProblems.join(', ') || 'none', problems.join(', ') || 'none');
  report.add(`exit code of the doctor ${situation}`, expectedProblems.length > 0 ? 1 : 0, code);
}

/** Injects faults into the deployed runner one at a time, and shows the doctor's findings. */
export async function showFaults(trial: Trial, settings: NodeJS.ProcessEnv): Promise<void> {
  const { output, report } = trial;
  output.step(`${SHOWN_FAULTS.length} faults, one at a time; only the matching check must report each`);
  const world = await worldOf(trial, settings);
  for (const fault of SHOWN_FAULTS) {
    const problems = await examine(world, fault, report);
    output.print(`   ${fault.name}`);
    for (const { check, remedy } of problems) output.quote(`problem  ${check.padEnd(17)}  → ${firstSentence(remedy)}`);
  }
  report.add('checks that are not ok when the faults are undone', [], complaints(await diagnose()));
}

/** Commands can contain dots, but never before a space. */
function firstSentence(text: string): string {
  const [sentence = text] = /^.*?\.(?= |$)/.exec(text) ?? [];
  return sentence.length <= MAX_REMEDY ? sentence : `${sentence.slice(0, MAX_REMEDY - 1)}…`;
}
