/** Runs the real CDK CLI as a child process that can reach only the emulated account. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { stopGroup, killOnExit } from '../emulator';

export const CHECKOUT = resolve(__dirname, '..', '..');
/** The command that runs an example. Relative to the checkout, because the checkout's own path may have spaces. */
export const exampleApp = (name: string) => `node_modules/.bin/tsx --tsconfig tsconfig.dev.json examples/typescript/${name}/app.ts`;
export const APP = exampleApp('basic');
/** The app of the trial. It needs the environment variables of `prepareSecrets`. */
export const TRIAL_APP = 'node_modules/.bin/tsx --tsconfig tsconfig.dev.json local/try/app.ts';
/** The stack of both apps. */
export const STACK = 'RunnerStack';

/** Longer than a deployment takes on a busy machine. */
const TIMEOUT_MS = 600_000;

/** The cloud assembly of the last deployment. As the `app` of a destroy, it saves running the app again. */
export const lastAssembly = (scratch: string) => join(scratch, 'cdk.out');

export interface CdkOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
  /** Directory for all files that the CDK writes. */
  readonly scratch: string;
  readonly app?: string;
  /** Additional arguments of `cdk deploy`. */
  readonly arguments?: string[];
  readonly onLine?: (line: string) => void;
}

export interface CdkResult {
  readonly code: number;
  readonly output: string;
}

/** Turns off network calls that a deployment does not need. */
const COMMON_OPTIONS = ['--no-notices', '--no-version-reporting', '--ci', '--no-color'];

export async function bootstrap(environment: string, options: CdkOptions): Promise<CdkResult> {
  return run(['bootstrap', environment, ...COMMON_OPTIONS], options);
}

export async function deploy(options: CdkOptions): Promise<CdkResult & { readonly outputs: Record<string, string> }> {
  const file = join(options.scratch, 'outputs.json');
  rmSync(file, { force: true });
  const result = await run(['deploy', '--all', '--require-approval', 'never', '--progress', 'events', '--outputs-file', file, ...options.arguments ?? [], ...appArguments(options), ...COMMON_OPTIONS], options);
  const written = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) as Record<string, Record<string, string>> : {};
  return { ...result, outputs: Object.assign({}, ...Object.values(written)) as Record<string, string> };
}

export async function destroy(options: CdkOptions): Promise<CdkResult> {
  return run(['destroy', '--all', '--force', ...appArguments(options), ...COMMON_OPTIONS], options);
}

function appArguments({ app, scratch }: CdkOptions): string[] {
  return ['--app', app ?? APP, '--output', lastAssembly(scratch)];
}

async function run(args: string[], options: CdkOptions): Promise<CdkResult> {
  options.signal?.throwIfAborted();
  const child = spawn(process.execPath, [cdkProgram(), ...args], {
    // The CDK reads cdk.json and writes cdk.context.json in its working directory. The root of the checkout has neither.
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
  const removeExitHandler = killOnExit(child);
  const stop = () => { void stopGroup(child); };
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
    const code = await new Promise<number>((resolveExit, reject) => {
      child.once('error', reject);
      child.once('close', (exit) => resolveExit(exit ?? 1));
    });
    options.signal?.throwIfAborted();
    return { code, output: lines.join('\n') };
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', stop);
    removeExitHandler();
  }
}

function cdkProgram(): string {
  return join(dirname(require.resolve('aws-cdk/package.json')), 'bin', 'cdk');
}

/** Whether the trial shows a line of the CDK's output. */
export function isRelevant(line: string): boolean {
  if (line.trim() === '' || /_IN_PROGRESS|^Including dependency|start: |success: |CloudTrail delivery/.test(line)) return false;
  // The emulator writes this event for every resource of an updated stack, even for unchanged resources.
  return !/UPDATE_COMPLETE +\| AWS::(?!CloudFormation)/.test(line);
}
