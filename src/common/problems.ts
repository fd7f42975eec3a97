import type { IConstruct } from 'constructs';
import { isKnown, quote, showTokens } from './unknown-values';

/** One thing that is wrong with what a construct was given. */
export interface Problem {
  /** The input, as the user spells it. */
  readonly input: string;
  readonly expected: string;
  readonly got: string;
  /** What to do about it. */
  readonly fix: string;
}

/**
 * Collects what is wrong with the inputs of one construct, so that one error reports all of it.
 *
 * CDK tokens and placeholders of lookups are never judged: their values are not known yet.
 */
export class Problems {
  private readonly found: Problem[] = [];

  public add(problem: Problem): void {
    this.found.push(problem);
  }

  /** Adds the problems of an object that the user passed as the input `at`. */
  public addAll(at: string, problems: Problem[]): void {
    for (const problem of problems) {
      this.found.push({ ...problem, input: problem.input ? `${at}.${problem.input}` : at });
    }
  }

  /** Checks a text against a pattern and a length. Accepts unknown values and inputs that were not given. */
  public checkText(input: string, value: string | undefined, rule: TextRule): void {
    if (!isKnown(value)) {
      return;
    }
    if ((rule.max !== undefined && value.length > rule.max) || (rule.min !== undefined && value.length < rule.min)) {
      this.add({ input, expected: rule.expected, got: `${value.length} characters${rule.isSensitive ? '' : ` (${quote(value)})`}`, fix: rule.fix });
    } else if (rule.pattern && !rule.pattern.test(value)) {
      this.add({ input, expected: rule.expected, got: quote(value), fix: rule.fix });
    }
  }

  /** Whether something is wrong with the input. */
  public has(input: string): boolean {
    return this.found.some(problem => problem.input === input);
  }

  public get list(): Problem[] {
    return this.found;
  }

  /** A line for each problem, for messages. */
  public get lines(): string[] {
    return this.found.map(problem => showTokens(`${problem.input}: expected ${problem.expected}; got ${problem.got}. ${problem.fix}`));
  }

  /** Throws one error that names everything found. `id` is the id of a construct in the scope that does not exist yet. */
  public throwIfAny(scope: IConstruct, what: string, id?: string): void {
    if (this.found.length === 0) {
      return;
    }
    const count = this.found.length === 1 ? '1 problem' : `${this.found.length} problems`;
    const lines = this.lines.map((line, i) => `  ${i + 1}. ${line}`);
    // Names of variables and messages of the CDK can have tokens, too.
    throw new Error(showTokens([`${what} '${[scope.node.path, id].filter(Boolean).join('/')}' has ${count}:`, ...lines].join('\n')));
  }
}

export interface TextRule {
  readonly expected: string;
  readonly fix: string;
  readonly pattern?: RegExp;
  readonly min?: number;
  readonly max?: number;
  /** Whether the message must not show the value. */
  readonly isSensitive?: boolean;
}
