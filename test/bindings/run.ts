import { execFile } from 'child_process';

/** With an empty cache, Go compiles the whole CDK: a minute on an idle machine, and much longer on a busy one. */
const TIMEOUT_MS = 1_800_000;

/** Runs a command and returns its output. The error of a failed command includes the output. */
export async function run(command: string, args: string[], cwd: string, env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(command, args, { cwd, env, maxBuffer: 64 * 1024 * 1024, timeout: TIMEOUT_MS, killSignal: 'SIGKILL' }, (error, stdout, stderr) => {
      if (error) {
        reject(new Error(`\`${[command, ...args].join(' ')}\` failed in ${cwd} (${error.signal ?? error.code}). Its output:\n${`${stdout}${stderr}`.trim().slice(-4000)}`));
      } else {
        resolve(stdout);
      }
    });
  });
}
