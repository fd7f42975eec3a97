/** Runs the handler for tests like Lambda. The processes are reused, because starting one for each event would take most of the time. */
import { ChildProcess, spawn } from 'child_process';
import { readFileSync } from 'fs';
import { join } from 'path';

const PROCESS = join(__dirname, 'lambda-process.js');
const BUNDLE = join(__dirname, '..', '..', 'assets', 'registration', 'index.js');
/** A process ends after this time without an event, in milliseconds. */
const IDLE_MS = 1_000;
/** Variables that Node.js and the AWS SDK read only at their start. Other variables can differ between events. */
const READ_AT_START = /^(PATH$|NODE_|AWS_)/;

/** The number of seconds of the handler's clock per real second. */
export const SPEED = 24;

/** Waits until the given number of seconds has passed on the handler's clock. */
export async function handlerSeconds(seconds: number): Promise<void> {
  await new Promise(resolve => setTimeout(resolve, seconds * 1_000 / SPEED));
}

export interface Run {
  /** The output of the handler and its process. */
  readonly log: string;
  /** The duration in seconds of the handler's clock. */
  readonly seconds: number;
}

interface Waiting {
  output: string;
  end(run: Run): void;
}

/** A process with one set of environment variables. */
class LambdaProcess {
  /** Returns the process for these variables, and starts it if necessary. */
  public static of(node: string, env: NodeJS.ProcessEnv): LambdaProcess {
    // Node.js reads the certificates only at its start.
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

/** Runs the bundle with an event. `remaining` is the time in milliseconds until Lambda would stop the function. */
export function runHandler(event: object, env: NodeJS.ProcessEnv, remaining: number, node = process.env.HANDLER_NODE ?? process.execPath): Promise<Run> {
  const [ofTheProcess, ofTheEvent] = [true, false].map(wanted => Object.fromEntries(Object.entries(env).filter(([name]) => READ_AT_START.test(name) === wanted)));
  return LambdaProcess.of(node, ofTheProcess).run(event, ofTheEvent, remaining);
}
