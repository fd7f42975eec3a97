/** Lambda: runs the bundle on an event, in this process and with a fast clock, and keeps its log. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import * as sdk from '@aws-sdk/client-secrets-manager';
import { FastClock, SPEED, stalls } from './clock';
import { HANDLER_SECONDS } from '../../src/registration/delivery-times';

export const BUNDLE = join(__dirname, '..', '..', 'assets', 'registration', 'index.js');
/** What the function's Timeout says. */
export const LAMBDA_SECONDS = HANDLER_SECONDS;
/** Nobody listens there; port 1 would be refused by fetch itself. */
const NOWHERE = 'http://127.0.0.1:2';

export interface Run {
  /** Whether the handler ended without an error; one that threw is delivered again by Lambda. */
  readonly ended: boolean;
  readonly log: string;
  /** Seconds of the handler's own time. */
  readonly seconds: number;
  /** What of it this process was too busy to let the handler run. */
  readonly lost: number;
}

interface Context {
  readonly logStreamName: string;
  getRemainingTimeInMillis(): number;
}

const load = createRequire(__filename);

type Handler = (event: object, context: Context) => Promise<void>;

/** What the handler can reach. */
export interface Surroundings {
  readonly secretUrl: string;
  /** Whether the connection that the handler is about to open is refused. */
  refuses(url: string): boolean;
}

/** The SDK as Lambda has it, but for where it finds its service. */
function secretsManager(endpoint: string): object {
  return {
    ...sdk,
    SecretsManagerClient: class extends sdk.SecretsManagerClient {
      constructor(configuration: sdk.SecretsManagerClientConfig) {
        super({ ...configuration, endpoint, region: 'us-east-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } });
      }
    },
  };
}

/** Lambda ends what runs for too long; a little later here, so that it can be told from what ended in the last moment. */
function cutOff(): Promise<never> {
  return new Promise((_, reject) => setTimeout(() => reject(new Error('Task timed out')), (LAMBDA_SECONDS + 5) * 1000 / SPEED).unref());
}

/** What the handler finds around it that is ours. */
const GLOBALS = ['module', 'exports', 'require', 'Date', 'setTimeout', 'AbortSignal', 'console', 'fetch'] as const;

export class Lambda {
  private readonly load: (...globals: unknown[]) => void;

  constructor(bundle = readFileSync(BUNDLE, 'utf8')) {
    this.load = new Function(...GLOBALS, bundle) as typeof this.load;
  }

  /** Runs the handler on an event of this age. */
  async run(event: object, ageSeconds: number, { secretUrl, refuses }: Surroundings): Promise<Run> {
    const clock = new FastClock(ageSeconds * 1000);
    const begin = clock.now();
    const stalled = stalls();
    const lines: string[] = [];
    const log = (...values: unknown[]) => lines.push(values.map(String).join(' '));
    const handler = this.instance({
      ...clock.globals(),
      console: { log, error: log, warn: log, info: log, debug: log },
      fetch: (url: string, options: RequestInit) =>
        fetch(refuses(url) ? NOWHERE + new URL(url).pathname : url, options),
      require: (name: string) => name === '@aws-sdk/client-secrets-manager' ? secretsManager(secretUrl) : load(name),
    });
    let ended = true;
    try {
      const context = { logStreamName: 'log-stream', getRemainingTimeInMillis: () => begin + LAMBDA_SECONDS * 1000 - clock.now() };
      await Promise.race([handler(event, context), cutOff()]);
    } catch (error) {
      ended = false;
      // Lambda logs what a handler throws.
      log(error instanceof Error ? error.stack : error);
    }
    return { ended, log: lines.join('\n'), seconds: (clock.now() - begin) / 1000, lost: (stalls() - stalled) * SPEED / 1000 };
  }

  /** A fresh instance, as after a cold start. */
  private instance(globals: Record<string, unknown>): Handler {
    const module: { exports: { handler?: Handler } } = { exports: {} };
    const scope: Record<string, unknown> = { module, exports: module.exports, ...globals };
    this.load(...GLOBALS.map((name) => scope[name]));
    return module.exports.handler!;
  }
}
