/** Lambda for the tests of the handler: processes that stay, as starting one for each event would take most of the time. */
import { ChildProcess, spawn } from 'child_process';
import { readFileSync } from 'fs';
import { join } from 'path';

const PROCESS = join(__dirname, 'lambda-process.js');
const BUNDLE = join(__dirname, '..', '..', 'assets', 'registration', 'index.js');
/** A process without an event ends after this time. */
const IDLE_MS = 1_000;
/** These variables are read by Node.js and the AWS SDK when they start; others can differ from event to event. */
const OF_THE_PROCESS = /^(PATH$|NODE_|AWS_)/;

/** So many seconds of the handler pass in one real second. */
export const SPEED = 24;

/** Waits in the test while this many seconds of the handler pass. */
export async function handlerSeconds(seconds: number): Promise<void> {
  await new Promise(resolve => setTimeout(resolve, seconds * 1_000 / SPEED));
}

export interface Run {
  /** What the handler and its process printed. */
  readonly log: string;
  /** Seconds of the handler's time. */
  readonly seconds: number;
}

interface Waiting {
  output: string;
  end(run: Run): void;
}

/** A process that has one set of environment variables. */
class LambdaProcess {
  /** The process of these variables, started if there is none. */
  public static of(node: string, env: NodeJS.ProcessEnv): LambdaProcess {
    // Node.js reads the certificates once.
    const certificates = env.NODE_EXTRA_CA_CERTS && readFileSync(env.NODE_EXTRA_CA_CERTS, 'utf8');
    const key = JSON.stringify([node, Object.entries(env).sort(), certificates]);
    const running = this.running.get(key) ?? new LambdaProcess(node, env, () => this.running.delete(key));
    this.running.set(key, running);
    return running;
  }

  private static readonly running = new Map<string, LambdaProcess>();

  private readonly child: ChildProcess;
  private readonly waiting = new Map<number, Waiting>();
  private events = 0;
  private idle?: NodeJS.Timeout;

  private constructor(node: string, env: NodeJS.ProcessEnv, private readonly onEnd: () => void) {
    this.child = spawn(node, [PROCESS, BUNDLE, String(SPEED)], { env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.on('data', (chunk) => { this.waiting.forEach((event) => { event.output += chunk; }); });
    }
    this.child.on('message', (message: 'beat' | Run & { id: number }) => {
      if (message === 'beat') {
        this.child.send('beat', () => undefined);
      } else {
        this.end(message.id, message);
      }
    });
    this.child.on('error', error => this.crashed(error.message));
    this.child.on('close', (code, signal) => this.crashed(`The process of the handler ended with ${signal ?? code}.`));
  }

  public async run(event: object, env: NodeJS.ProcessEnv, remaining: number): Promise<Run> {
    clearTimeout(this.idle);
    const id = this.events++;
    return new Promise((resolve) => {
      this.waiting.set(id, { output: '', end: resolve });
      this.child.send({ id, event, env, remaining }, (error) => {
        if (error) {
          this.crashed(error.message);
        }
      });
    });
  }

  private end(id: number, { log, seconds }: Run): void {
    const event = this.waiting.get(id);
    this.waiting.delete(id);
    if (this.waiting.size === 0) {
      this.idle = setTimeout(() => {
        this.onEnd();
        if (this.child.connected) {
          this.child.disconnect();
        }
      }, IDLE_MS).unref();
    }
    event?.end({ log: event.output + log, seconds });
  }

  private crashed(message: string): void {
    this.onEnd();
    [...this.waiting.keys()].forEach(id => this.end(id, { log: message, seconds: 0 }));
  }
}

/** Runs the bundle on an event, with these environment variables and this many milliseconds until Lambda ends it. */
export function runHandler(event: object, env: NodeJS.ProcessEnv, remaining: number, node = process.env.HANDLER_NODE ?? process.execPath): Promise<Run> {
  const [ofTheProcess, ofTheEvent] = [true, false].map(wanted => Object.fromEntries(Object.entries(env).filter(([name]) => OF_THE_PROCESS.test(name) === wanted)));
  return LambdaProcess.of(node, ofTheProcess).run(event, ofTheEvent, remaining);
}
