/** Runs the parts of `npm test` side by side: each writes its output into a file, and the list of parts shows how far they are. */
import { ChildProcess, spawn } from 'child_process';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, symlinkSync } from 'fs';
import { availableParallelism, constants, setPriority, tmpdir, userInfo } from 'os';
import { join, relative } from 'path';

export interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** A part of the tests: a command, and how its results are counted. */
export interface Part {
  readonly name: string;
  /** What the part checks, for the list of parts. */
  readonly description: string;
  /** Whether `npm run check` runs it, too, and with which more arguments. */
  readonly inCheck?: string[];
  readonly command: string[];
  readonly env?: NodeJS.ProcessEnv;
  /** The share of a processor core that the part uses on average; a part that mostly waits has less than 1. */
  readonly cores: number;
  /** Whether the part writes the compiled library (`lib/`, `.jsii.gz`, `dist/`): such parts run one after the other. */
  readonly writesLibrary?: boolean;
  /** Reads the results that the command left. Without it the part is one test, which the exit code decides. */
  readonly count?: () => Count;
}

interface Finished {
  readonly part: Part;
  readonly count: Count;
  readonly seconds: number;
}

/** Lines of a failed part's output that the summary repeats. */
const REPEATED_LINES = 150;
/** After a signal, a part has this time to end by itself. */
const END_TIMEOUT_MS = 15_000;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** Parts that compute run with a lower priority, so that a part that waits gets its processor time at once. */
const COMPUTES_FROM = 0.8;

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    await new Promise(resolve => child.on('close', resolve));
  }
}

/** Signals a part and what it has started. */
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

  /** The parts write their temporary files into it, and the end of the run removes it. */
  private readonly temporary = mkdtempSync(join(tmpdir(), 'npm-test-'));

  /**
   * @param root the checkout
   * @param results the directory for the parts' output
   * @param resultFile the file in which a part leaves its results
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

  /** Ends the program by a signal, after its parts. */
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
      // A part may have ended before a program that it started.
      killAll();
      this.removeTemporary();
      process.exit(128 + constants.signals[signal]);
    });
  }

  /** Links the cache of tsx, which is always in the temporary directory, to a place that stays: compiling everything again costs each run many seconds. */
  private keepCompiled(): void {
    const cache = join(this.root, '.local', 'caches', 'tsx');
    mkdirSync(cache, { recursive: true });
    symlinkSync(cache, join(this.temporary, `tsx-${userInfo().uid}`), 'dir');
  }

  private removeTemporary(): void {
    rmSync(this.temporary, { recursive: true, force: true, maxRetries: 3 });
  }

  private async runSideBySide(parts: Part[]): Promise<void> {
    // One core more, because the parts use less than their average for much of their time.
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

  /** The first waiting part that fits beside the running ones. */
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
      // A process group of its own: a signal reaches the programs that the part has started, and reaches them once.
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
      // The results of an interrupted part mean nothing; interrupt() ends the program.
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
    // No results, or half of them, means that the command broke before it could fail a test; a bad exit code without a failed test likewise.
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
