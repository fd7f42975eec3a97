/** Lambda: runs the bundle with an event in this process, in virtual time, and records its log. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import * as sdk from '@aws-sdk/client-secrets-manager';
import type { Caller, Simulation } from './simulation';
import { VirtualGlobals } from './virtual-clock';
import { HANDLER_SECONDS } from '../../src/registration/delivery-times';

export const BUNDLE = join(__dirname, '..', '..', 'assets', 'registration', 'index.js');

export interface Run {
  /** Whether the handler ended without an error. After an error, Lambda delivers the event again. */
  readonly succeeded: boolean;
  readonly timedOut: boolean;
  readonly log: string;
}

interface Context {
  readonly logStreamName: string;
  getRemainingTimeInMillis(): number;
}

type Handler = (event: object, context: Context) => Promise<void>;

/** Replaces the SDK's own timeout, in real milliseconds. */
const SDK_TIMEOUT_MS = 30;
const SDK_TIMEOUT_SECONDS = 20;
const GLOBALS = [
  'module', 'exports', 'require', 'process', 'Date', 'Math', 'setTimeout', 'clearTimeout', 'AbortSignal', 'console', 'fetch',
] as const;

/** The AWS SDK of Lambda, connected to the simulated Secrets Manager. */
function secretsManager(simulation: Simulation, caller: Caller): object {
  return {
    ...sdk,
    SecretsManagerClient: class extends sdk.SecretsManagerClient {
      constructor(_configuration: sdk.SecretsManagerClientConfig) {
        const fault = simulation.nextSecretFault();
        super({
          endpoint: simulation.secretsManagerUrl(caller),
          region: 'us-east-1',
          credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
          maxAttempts: 1,
          ...fault === 'never answered' && { requestHandler: { requestTimeout: SDK_TIMEOUT_MS, throwOnRequestTimeout: true } },
        });
        this.middlewareStack.add((next) => async (args) => {
          (args.request as { headers: Record<string, string> }).headers['x-fault'] = fault ?? '';
          try {
            return await simulation.clock.during(next(args));
          } finally {
            if (fault === 'never answered') await simulation.clock.sleep(SDK_TIMEOUT_SECONDS);
          }
        }, { step: 'build' });
      }
    },
  };
}

/** A random number generator that gives the same numbers for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed % 2 ** 32;
  return () => {
    // Exact with doubles, because the product has less than 53 bits.
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

export class Lambda {
  private readonly evaluate: (...globals: unknown[]) => void;

  constructor(bundle = readFileSync(BUNDLE, 'utf8')) {
    this.evaluate = new Function(...GLOBALS, bundle) as typeof this.evaluate;
  }

  /** Runs a new instance of the handler, as after a cold start. */
  async run(event: object, environment: Record<string, string>, simulation: Simulation, caller: Caller): Promise<Run> {
    const { clock } = simulation;
    const virtual = new VirtualGlobals(clock);
    const end = clock.now() + HANDLER_SECONDS * 1000;
    const lines: string[] = [];
    const log = (...values: unknown[]) => lines.push(values.map(String).join(' '));
    let frozen = false;
    const handler = this.instance({
      ...virtual.get(),
      process: { ...process, env: { AWS_REGION: 'us-east-1', ...environment } },
      Math: Object.assign(Object.create(Math), { random: randomFrom(clock.now()) }),
      console: { log, error: log, warn: log, info: log, debug: log },
      fetch: (url: string, options: RequestInit) => frozen ? new Promise(() => undefined) : simulation.fetch(caller, String(url), options),
      require: (name: string) => name === '@aws-sdk/client-secrets-manager' ? secretsManager(simulation, caller) : load(name),
    });
    let cancel: () => void = () => undefined;
    const timeout = new Promise<'timeout'>((resolve) => { cancel = clock.after(HANDLER_SECONDS * 1000, () => resolve('timeout')); });
    let succeeded = false;
    let timedOut = false;
    try {
      const context = { logStreamName: 'log-stream', getRemainingTimeInMillis: () => end - clock.now() };
      timedOut = await Promise.race([handler(event, context), timeout]) === 'timeout';
      succeeded = !timedOut;
    } catch (error) {
      // Lambda logs the errors of a handler.
      log(error instanceof Error ? error.stack : error);
    }
    frozen = true;
    cancel();
    virtual.end();
    return { succeeded, timedOut, log: lines.join('\n') };
  }

  private instance(globals: Record<string, unknown>): Handler {
    const module: { exports: { handler?: Handler } } = { exports: {} };
    const scope: Record<string, unknown> = { module, exports: module.exports, ...globals };
    this.evaluate(...GLOBALS.map((name) => scope[name]));
    return module.exports.handler!;
  }
}

const load = createRequire(__filename);
