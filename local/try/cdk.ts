/** The real CDK command line, as a child process that knows no account but the emulated one. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { endGroup, tieToThisProcess } from '../emulator';

export const CHECKOUT = resolve(__dirname, '..', '..');
/** Command line of an example. Relative to the checkout, so that no path with blanks gets into it. */
export const exampleApp = (name: string) => `node_modules/.bin/tsx --tsconfig tsconfig.dev.json examples/typescript/${name}/app.ts`;
export const APP = exampleApp('basic');
/** The app of the trial, which needs the settings of `prepareSecrets`. */
export const TRIAL_APP = 'node_modules/.bin/tsx --tsconfig tsconfig.dev.json local/try/app.ts';
/** The stack of both apps. */
export const STACK = 'RunnerStack';

const TIMEOUT_MS = 150_000;

export interface CdkOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
  /** Directory for everything that the CDK writes. */
  readonly scratch: string;
  readonly app?: string;
  readonly onLine?: (line: string) => void;
}

export interface CdkResult {
  readonly code: number;
  readonly output: string;
}

/** Nothing is asked for over the network that is not needed to deploy. */
const QUIET = ['--no-notices', '--no-version-reporting', '--ci', '--no-color'];

export async function bootstrap(environment: string, options: CdkOptions): Promise<CdkResult> {
  return run(['bootstrap', environment, ...QUIET], options);
}

export async function deploy(options: CdkOptions): Promise<CdkResult & { readonly outputs: Record<string, string> }> {
  const file = join(options.scratch, 'outputs.json');
  rmSync(file, { force: true });
  const result = await run(['deploy', '--all', '--require-approval', 'never', '--progress', 'events', '--outputs-file', file, ...appArguments(options), ...QUIET], options);
  const written = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) as Record<string, Record<string, string>> : {};
  return { ...result, outputs: Object.assign({}, ...Object.values(written)) as Record<string, string> };
}

export async function destroy(options: CdkOptions): Promise<CdkResult> {
  return run(['destroy', '--all', '--force', ...appArguments(options), ...QUIET], options);
}

function appArguments({ app, scratch }: CdkOptions): string[] {
  return ['--app', app ?? APP, '--output', join(scratch, 'cdk.out')];
}

async function run(args: string[], options: CdkOptions): Promise<CdkResult> {
  options.signal?.throwIfAborted();
  const child = spawn(process.execPath, [cdkProgram(), ...args], {
    // The CDK reads cdk.json and writes cdk.context.json where it is started: there is none in the checkout's root.
    cwd: CHECKOUT,
    env: {
      ...options.env,
      CDK_HOME: join(options.scratch, 'cdk-home'),
      CDK_DISABLE_CLI_TELEMETRY: 'true',
      CDK_DISABLE_VERSION_CHECK: '1',
      JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION: '1',
      JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION: '1',
      JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION: '1',
      NODE_NO_WARNINGS: '1',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const untie = tieToThisProcess(child);
  const stop = () => { void endGroup(child); };
  options.signal?.addEventListener('abort', stop, { once: true });
  const timer = setTimeout(stop, TIMEOUT_MS);

  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      options.onLine?.(line);
    });
  }
  try {
    const code = await new Promise<number>((ended, failed) => {
      child.once('error', failed);
      child.once('close', (exit) => ended(exit ?? 1));
    });
    options.signal?.throwIfAborted();
    return { code, output: lines.join('\n') };
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', stop);
    untie();
  }
}

function cdkProgram(): string {
  return join(dirname(require.resolve('aws-cdk/package.json')), 'bin', 'cdk');
}

/** Whether a line of the CDK's tells something that a reader of the trial wants to know. */
export function isWorthReading(line: string): boolean {
  if (line.trim() === '' || /_IN_PROGRESS|^Including dependency|start: |success: |CloudTrail delivery/.test(line)) return false;
  // The emulator has such an event for every resource of a stack that is updated, changed or not.
  return !/UPDATE_COMPLETE +\| AWS::(?!CloudFormation)/.test(line);
}
