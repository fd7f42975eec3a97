/** Runs the parts of `npm test` in parallel. The output of each part goes into a file; the console shows the progress. */
import { ChildProcess, spawn } from 'child_process';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, symlinkSync } from 'fs';
import { availableParallelism, constants, setPriority, tmpdir, userInfo } from 'os';
import { join, relative } from 'path';

export interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** A part of the tests: a command and how to count its results. */
export interface Part {
  readonly name: string;
  /** What the part checks. Printed in the list of parts. */
  readonly description: string;
  /** Additional arguments for `npm run check`. Undefined if `npm run check` does not run the part. */
  readonly inCheck?: string[];
  readonly command: string[];
  readonly env?: NodeJS.ProcessEnv;
  /** The number of processor cores that the part uses on average. Less than 1 for a part that mostly waits. */
  readonly cores: number;
  /** Whether the part writes the compiled library (`lib/`, `.jsii.gz`, `dist/`). Such parts never run in parallel. */
  readonly writesLibrary?: boolean;
  /** Reads the result files of the command. Without it, the part counts as one test, which passes if the exit code is 0. */
  readonly count?: () => Count;
}

interface Finished {
  readonly part: Part;
  readonly count: Count;
  readonly seconds: number;
}

/** The number of output lines that the summary shows for a failed part. */
const REPEATED_LINES = 150;
/** How long a part can take to end after a signal. */
const END_TIMEOUT_MS = 15_000;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** Parts that use at least this many cores run with a lower priority, so parts that mostly wait are not delayed. */
const COMPUTES_FROM = 0.8;

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    await new Promise(resolve => child.on('close', resolve));
  }
}

/** Sends a signal to a part and all processes that it started. */
function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid!, signal);
  } catch {
    // The part has ended.
  }
}

export class PartRunner {
  private readonly running = new Map<Part, ChildProcess>();
  private readonly finished: Finished[] = [];
  private interrupted = false;

  /** The directory for temporary files of the parts. It is removed at the end of the run. */
  private readonly temporary = mkdtempSync(join(tmpdir(), 'npm-test-'));

  /**
   * @param root the checkout
   * @param results the directory for the output of the parts
   * @param resultFile returns the file into which a part writes its results
   */
  constructor(private readonly root: string, private readonly results: string, private readonly resultFile: (part: string) => string) {
    this.keepCompiled();
    for (const signal of SIGNALS) {
      process.on(signal, () => this.interrupt(signal));
    }
  }

  /** Runs all parts and returns their results in the given order. */
  public async run(parts: Part[]): Promise<Count[]> {
    try {
      if (parts.length === 1) {
        // A single part shows its output while it runs.
        const [part] = parts;
        console.log(`\n== ${part.name}: ${part.description}`);
        await this.execute(part, 'inherit');
      } else {
        await this.runSideBySide(parts);
      }
    } finally {
      this.removeTemporary();
    }
    return parts.map(part => this.finished.find(result => result.part === part)!.count);
  }

  /** Stops all parts, then ends the program with the signal. */
  private interrupt(signal: typeof SIGNALS[number]): void {
    if (this.interrupted) {
      return;
    }
    this.interrupted = true;
    console.error(`\nReceived ${signal}: waiting for ${[...this.running.keys()].map(({ name }) => name).join(', ') || 'no part'} to end`);
    const children = [...this.running.values()];
    const killAll = () => children.forEach(child => signalGroup(child, 'SIGKILL'));
    children.forEach(child => signalGroup(child, signal));
    setTimeout(killAll, END_TIMEOUT_MS);
    void Promise.all(children.map(async child => ended(child))).then(() => {
      // A part can end before a process that it started.
      killAll();
      this.removeTemporary();
      process.exit(128 + constants.signals[signal]);
    });
  }

  /** Links the cache of tsx, which is always in the temporary directory, to a permanent directory. Without it, each run compiles all files again. */
  private keepCompiled(): void {
    const cache = join(this.root, '.local', 'caches', 'tsx');
    mkdirSync(cache, { recursive: true });
    symlinkSync(cache, join(this.temporary, `tsx-${userInfo().uid}`), 'dir');
  }

  private removeTemporary(): void {
    rmSync(this.temporary, { recursive: true, force: true, maxRetries: 3 });
  }

  private async runSideBySide(parts: Part[]): Promise<void> {
    // One core is added, because parts often use less than their average.
    const capacity = availableParallelism() + 1;
    const waiting = [...parts];
    const active = new Set<Promise<void>>();
    while (waiting.length > 0 || active.size > 0) {
      for (let next = this.next(waiting, capacity); next; next = this.next(waiting, capacity)) {
        waiting.splice(waiting.indexOf(next), 1);
        console.log(`started   ${next.name}: ${next.description}`);
        const execution: Promise<void> = this.execute(next, this.output(next)).then(() => { active.delete(execution); });
        active.add(execution);
      }
      await Promise.race(active);
    }
    this.repeatFailures();
  }

  /** The first waiting part for which enough cores are free. */
  private next(waiting: Part[], capacity: number): Part | undefined {
    const running = [...this.running.keys()];
    const used = running.reduce((sum, { cores }) => sum + cores, 0);
    return waiting.find(part => (running.length === 0 || used + part.cores <= capacity)
      && !(part.writesLibrary && running.some(({ writesLibrary }) => writesLibrary)));
  }

  private async execute(part: Part, output: 'inherit' | string): Promise<void> {
    const started = Date.now();
    const [command, ...args] = part.command;
    const file = output === 'inherit' ? undefined : openSync(output, 'w');
    const child = spawn(join(this.root, 'node_modules', '.bin', command), args, {
      cwd: this.root,
      stdio: ['ignore', file ?? 'inherit', file ?? 'inherit'],
      env: { ...process.env, TMPDIR: this.temporary, ...part.env },
      // A process group lets a signal reach all processes of the part exactly once.
      detached: true,
    });
    this.running.set(part, child);
    if (part.cores >= COMPUTES_FROM && child.pid !== undefined && file !== undefined) {
      setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL);
    }
    const status = await new Promise<number | null>((resolve) => {
      child.on('error', (error) => {
        console.error(error.message);
        resolve(null);
      });
      child.on('close', resolve);
    });
    if (file !== undefined) {
      closeSync(file);
    }
    if (this.interrupted) {
      // An interrupted part has no meaningful results. interrupt() ends the program.
      return new Promise(() => undefined);
    }
    this.running.delete(part);
    const count = this.countOf(part, status);
    const seconds = Math.round((Date.now() - started) / 1000);
    this.finished.push({ part, count, seconds });
    console.log(`${count.failed > 0 ? 'FAILED  ' : 'passed  '}  ${part.name}: ${count.passed} passed, ${count.failed} failed, ${seconds} s`
      + `${this.running.size > 0 ? `; running: ${[...this.running.keys()].map(({ name }) => name).join(', ')}` : ''}`);
  }

  private countOf(part: Part, status: number | null): Count {
    if (!part.count) {
      return { passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1, skipped: 0 };
    }
    // If the command fails without a failed test, or without readable results, one test counts as failed.
    const counted = this.resultsOf(part) ?? { passed: 0, failed: 1, skipped: 0 };
    const count = status !== 0 && counted.failed === 0 ? { ...counted, failed: 1 } : counted;
    return count.passed + count.failed === 0 ? { ...count, failed: 1 } : count;
  }

  private resultsOf(part: Part): Count | undefined {
    try {
      return existsSync(this.resultFile(part.name)) ? part.count?.() : undefined;
    } catch (error) {
      console.error(`The results of ${part.name} cannot be read: ${(error as Error).message}`);
      return undefined;
    }
  }

  private repeatFailures(): void {
    for (const { part } of this.finished.filter(({ count }) => count.failed > 0)) {
      const lines = readFileSync(this.output(part), 'utf8').trimEnd().split('\n');
      console.log(`\n== ${part.name} failed. The end of its output, ${relative(this.root, this.output(part))}:\n${lines.slice(-REPEATED_LINES).join('\n')}`);
    }
  }

  private output(part: Part): string {
    return join(this.results, `${part.name}.log`);
  }
}
