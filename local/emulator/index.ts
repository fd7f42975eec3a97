/** An emulated AWS account: runs MiniStack with IAM enforcement on a free port of loopback until this process exits. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ACCOUNT, clientEnvironment, REGION, withoutAws } from './environment';
import { newLogFile } from './log-file';
import { stopGroup, killOnExit } from './process-group';
import { emulatorPython } from './venv';

export { assertLoopback, awsSettings, isolateThisProcess, withoutAws } from './environment';
export { stopGroup, killOnExit } from './process-group';

/**
 * Behaviour of AWS that is not documented, or that most tests do not need. `bridge/behaviour.py` explains each setting; every default is
 * the stricter choice.
 */
export interface Behaviour {
  readonly taskSizesAsIntegers: boolean;
  readonly prefixGrantsShowMissingObjects: boolean;
  readonly policyDelayMs: number;
  readonly serviceLinkedRoleDelayMs: number;
  readonly taskStartMs: number;
  readonly fargateVcpuQuota: number;
}

export interface Emulator {
  readonly url: string;
  /** The complete environment for child processes that use AWS. */
  readonly env: NodeJS.ProcessEnv;
  readonly region: string;
  readonly account: string;
  readonly logFile: string;
  /** Changes settings of the running emulator. Returns all settings. */
  setBehaviour(changes: Partial<Behaviour>): Promise<Behaviour>;
  /** The lines of all log groups until now, including deleted ones. */
  logLines(): Promise<string[]>;
  /** Stops the emulator and its Lambda functions. Can be called twice. */
  close(): Promise<void>;
}

export interface EmulatorOptions {
  readonly log?: (line: string) => void;
}

const HOST = '127.0.0.1';
const CHECKOUT = resolve(__dirname, '..', '..');
const LOCAL = join(CHECKOUT, '.local');
const START_TIMEOUT_MS = 60_000;
/** Another process can take the port between finding and using it. */
const MAX_START_ATTEMPTS = 3;

export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const log = options.log ?? (() => {});
  const python = await emulatorPython(join(LOCAL, 'venv'), log);
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(python, await freePort());
    } catch (error) {
      if (attempt === MAX_START_ATTEMPTS || !/already in use/.test(String(error))) throw error;
    }
  }
}

async function start(python: string, port: number): Promise<Emulator> {
  const url = `http://${HOST}:${port}`;
  // Outside the checkout, because functions inside it could load the checkout's node_modules, which Lambda does not have.
  const scratch = mkdtempSync(join(tmpdir(), 'ecs-runner-emulator-'));
  provideAwsSdk(scratch);
  const logFile = newLogFile(join(LOCAL, 'logs'), port);
  const output = openSync(logFile, 'a');
  const child = spawn(python, ['-u', join(__dirname, 'serve.py')], {
    cwd: scratch,
    env: {
      ...withoutAws(),
      NODE_PATH: '',
      ...serverSettings(port, scratch),
      // Lambda functions run on the same Node.js as this process.
      PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ''}`,
    },
    stdio: ['pipe', output, output],
    detached: true,
  });
  closeSync(output);
  const removeExitHandler = killOnExit(child);
  const close = async () => {
    await stopGroup(child);
    removeExitHandler();
    rmSync(scratch, { recursive: true, force: true });
  };
  try {
    await waitUntilReady(child, url, logFile);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    url,
    env: clientEnvironment(url),
    region: REGION,
    account: ACCOUNT,
    logFile,
    setBehaviour: async (changes) => setBehaviour(url, changes),
    logLines: async () => (await fetch(`${url}/_local/log-lines`)).json() as Promise<string[]>,
    close,
  };
}

async function setBehaviour(url: string, changes: Partial<Behaviour>): Promise<Behaviour> {
  const answer = await fetch(`${url}/_local/behaviour`, { method: 'PUT', body: JSON.stringify(changes) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`Could not change the behaviour of the AWS emulator: ${text}`);
  return JSON.parse(text) as Behaviour;
}

function serverSettings(port: number, scratch: string): NodeJS.ProcessEnv {
  return {
    BIND_HOST: HOST,
    MINISTACK_HOST: HOST,
    GATEWAY_PORT: String(port),
    MINISTACK_ACCOUNT_ID: ACCOUNT,
    MINISTACK_REGION: REGION,
    // Enforces policies, trust policies and boundaries, also for the Lambda functions.
    AUTH: 'true',
    LAMBDA_EXECUTOR: 'local',
    // No state is kept after the process exits, and no file is written outside the scratch directory.
    PERSIST_STATE: '0',
    S3_PERSIST: '0',
    STATE_DIR: join(scratch, 'state'),
    S3_DATA_DIR: join(scratch, 's3'),
    TMPDIR: scratch,
    PYTHONDONTWRITEBYTECODE: '1',
    // For the Lambda functions, which inherit the environment.
    NODE_NO_WARNINGS: '1',
    // The registration's Lambda accepts this emulator in place of AWS.
    ALLOW_LOCAL_RESPONSE_URL: 'true',
    NO_PROXY: `${HOST},localhost`,
  };
}

/**
 * Lambda's Node.js runtimes provide the AWS SDK, for `require` and `import`. The emulator unpacks functions below the scratch
 * directory, where Node.js finds the link.
 */
function provideAwsSdk(scratch: string): void {
  const modules = join(scratch, 'node_modules');
  mkdirSync(modules);
  symlinkSync(join(CHECKOUT, 'node_modules', '@aws-sdk'), join(modules, '@aws-sdk'), 'dir');
}

async function waitUntilReady(child: ChildProcess, url: string, logFile: string): Promise<void> {
  let failure: string | undefined;
  child.once('error', (error) => { failure = error.message; });
  child.once('exit', (code, signal) => { failure ??= `it exited with ${signal ?? code}`; });
  for (const startedAt = Date.now(); Date.now() - startedAt < START_TIMEOUT_MS; await sleep(100)) {
    if (failure !== undefined) throw new Error(`The AWS emulator did not start: ${failure}.\n${lastLines(logFile)}`);
    const answer = await fetch(`${url}/_ministack/health`).catch(() => undefined);
    if (answer?.ok) return;
  }
  throw new Error(`The AWS emulator was not ready after ${START_TIMEOUT_MS / 1000} seconds.\n${lastLines(logFile)}`);
}

function lastLines(logFile: string): string {
  return `The end of its log, ${logFile}:\n${readFileSync(logFile, 'utf8').trim().split('\n').slice(-15).join('\n')}`;
}

/** Returns an unused port of this machine. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening, failed) => {
    server.once('error', failed);
    server.listen(0, HOST, listening);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}
