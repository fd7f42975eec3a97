/** `npx cdk-humanitec-ecs-runner doctor`, as a user runs it. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { STACK } from './cdk';
import type { Trial } from './trial';
import { awsSettings } from '../emulator';

const ROOT = join(__dirname, '..', '..');
const PROGRAM = [join(ROOT, 'node_modules', '.bin', 'tsx'), '--tsconfig', join(ROOT, 'tsconfig.dev.json'), join(ROOT, 'src', 'cli.ts')];

/** Runs the doctor, and reports which checks found a problem. */
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
