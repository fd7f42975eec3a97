/**
 * An AWS account on this machine: MiniStack, with its IAM checks on, on loopback and a free port, for as long as this
 * process lives.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ACCOUNT, clientEnvironment, REGION, withoutAws } from './environment';
import { endGroup, tieToThisProcess } from './process-group';
import { emulatorPython } from './venv';

export { assertLoopback, awsSettings, isolateThisProcess, withoutAws } from './environment';
export { endGroup, tieToThisProcess } from './process-group';

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
}

export interface Emulator {
  readonly url: string;
  /** Complete environment for child processes that use AWS. */
  readonly env: NodeJS.ProcessEnv;
  readonly region: string;
  readonly account: string;
  readonly logFile: string;
  /** Changes settings while the emulator runs. Returns all of them. */
  behave(changes: Partial<Behaviour>): Promise<Behaviour>;
  /** Ends the emulator and every function that it runs. May be called twice. */
  close(): Promise<void>;
}

export interface EmulatorOptions {
  readonly log?: (line: string) => void;
}

const HOST = '127.0.0.1';
const CHECKOUT = resolve(__dirname, '..', '..');
const LOCAL = join(CHECKOUT, '.local');
const READY_WITHIN_MS = 60_000;
const LOGS_KEPT = 10;
/** Somebody else may take a free port between the look for it and its use. */
const PORTS_TRIED = 3;

export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const log = options.log ?? (() => {});
  const python = await emulatorPython(join(LOCAL, 'venv'), log);
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(python, await freePort());
    } catch (error) {
      if (attempt === PORTS_TRIED || !/already in use/.test(String(error))) throw error;
    }
  }
}

async function start(python: string, port: number): Promise<Emulator> {
  const url = `http://${HOST}:${port}`;
  // Outside the checkout: a function unpacked inside would find the checkout's node_modules, which Lambda does not have.
  const scratch = mkdtempSync(join(tmpdir(), 'ecs-runner-emulator-'));
  provideAwsSdk(scratch);
  const logFile = newLogFile(port);
  const output = openSync(logFile, 'a');
  const child = spawn(python, ['-u', join(__dirname, 'serve.py')], {
    cwd: scratch,
    env: {
      ...withoutAws(),
      NODE_PATH: '',
      ...serverSettings(port, scratch),
      // Functions run on the Node that runs this, and not on whichever comes first.
      PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ''}`,
    },
    stdio: ['pipe', output, output],
    detached: true,
  });
  closeSync(output);
  const untie = tieToThisProcess(child);
  const close = async () => {
    await endGroup(child);
    untie();
    rmSync(scratch, { recursive: true, force: true });
  };
  try {
    await ready(child, url, logFile);
  } catch (error) {
    await close();
    throw error;
  }
  return { url, env: clientEnvironment(url), region: REGION, account: ACCOUNT, logFile, behave: async (changes) => behave(url, changes), close };
}

async function behave(url: string, changes: Partial<Behaviour>): Promise<Behaviour> {
  const answer = await fetch(`${url}/_local/behaviour`, { method: 'PUT', body: JSON.stringify(changes) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`The AWS emulator refused to change its behaviour: ${text}`);
  return JSON.parse(text) as Behaviour;
}

function serverSettings(port: number, scratch: string): NodeJS.ProcessEnv {
  return {
    BIND_HOST: HOST,
    MINISTACK_HOST: HOST,
    GATEWAY_PORT: String(port),
    MINISTACK_ACCOUNT_ID: ACCOUNT,
    MINISTACK_REGION: REGION,
    // Policies, trust and boundaries are evaluated, for the functions too.
    AUTH: 'true',
    LAMBDA_EXECUTOR: 'local',
    // Nothing outlives the process, and nothing is left in places that other programs use.
    PERSIST_STATE: '0',
    S3_PERSIST: '0',
    STATE_DIR: join(scratch, 'state'),
    S3_DATA_DIR: join(scratch, 's3'),
    TMPDIR: scratch,
    PYTHONDONTWRITEBYTECODE: '1',
    // The functions', which inherit it.
    NODE_NO_WARNINGS: '1',
    NO_PROXY: `${HOST},localhost`,
  };
}

/**
 * Lambda's Node.js runtimes bring the AWS SDK and nothing else, for `require` and for `import`. Functions are unpacked
 * below the scratch directory, and find it there.
 */
function provideAwsSdk(scratch: string): void {
  const modules = join(scratch, 'node_modules');
  mkdirSync(modules);
  symlinkSync(join(CHECKOUT, 'node_modules', '@aws-sdk'), join(modules, '@aws-sdk'), 'dir');
}

async function ready(child: ChildProcess, url: string, logFile: string): Promise<void> {
  let ended: string | undefined;
  child.once('error', (error) => { ended = error.message; });
  child.once('exit', (code, signal) => { ended ??= `it ended with ${signal ?? code}`; });
  for (const begin = Date.now(); Date.now() - begin < READY_WITHIN_MS; await sleep(100)) {
    if (ended !== undefined) throw new Error(`The AWS emulator did not start: ${ended}.\n${lastLines(logFile)}`);
    const answer = await fetch(`${url}/_ministack/health`).catch(() => undefined);
    if (answer?.ok) return;
  }
  throw new Error(`The AWS emulator did not get ready within ${READY_WITHIN_MS / 1000} seconds.\n${lastLines(logFile)}`);
}

function lastLines(logFile: string): string {
  return `The end of its log, ${logFile}:\n${readFileSync(logFile, 'utf8').trim().split('\n').slice(-15).join('\n')}`;
}

/** A log for each start; the oldest ones go. */
function newLogFile(port: number): string {
  const logs = join(LOCAL, 'logs');
  mkdirSync(logs, { recursive: true });
  const old = readdirSync(logs).filter((name) => name.startsWith('emulator-')).sort().reverse().slice(LOGS_KEPT - 1);
  for (const name of old) rmSync(join(logs, name), { force: true });
  return join(logs, `emulator-${new Date().toISOString().replace(/[:.]/g, '-')}-${port}.log`);
}

/** A port of this machine that nothing uses yet. */
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
