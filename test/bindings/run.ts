import { execFile } from 'child_process';

/** Go compiles the whole CDK if its cache is empty: a minute on an idle machine, and many on a busy one. */
const TIMEOUT_MS = 1_800_000;

/** Runs a command to its end and returns what it printed; on failure says what it said. */
export async function run(command: string, args: string[], cwd: string, env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(command, args, { cwd, env, maxBuffer: 64 * 1024 * 1024, timeout: TIMEOUT_MS, killSignal: 'SIGKILL' }, (error, stdout, stderr) => {
      if (error) {
        reject(new Error(`\`${[command, ...args].join(' ')}\` failed in ${cwd} (${error.signal ?? error.code}). It said:\n${`${stdout}${stderr}`.trim().slice(-4000)}`));
      } else {
        resolve(stdout);
      }
    });
  });
}
