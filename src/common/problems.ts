import type { IConstruct } from 'constructs';
import { isKnown, quote, showTokens } from './unknown-values';

/** A problem with an input of a construct. */
export interface Problem {
  /** Path of the input, as users write it. */
  readonly input: string;
  readonly expected: string;
  readonly got: string;
  /** What the user can do. */
  readonly fix: string;
}

/**
 * Collects the problems of the inputs of a construct, so that one error reports all of them.
 *
 * CDK tokens and placeholders of lookups are never checked: their values are not known yet.
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

  /** Whether the input has a problem. */
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

  /** Throws one error that lists all problems. `id` is the id of a construct in the scope that does not exist yet. */
  public throwIfAny(scope: IConstruct, what: string, id?: string): void {
    if (this.found.length === 0) {
      return;
    }
    const count = this.found.length === 1 ? '1 problem' : `${this.found.length} problems`;
    const lines = this.lines.map((line, i) => `  ${i + 1}. ${line}`);
    // The names of inputs and the messages of the CDK can contain CDK tokens.
    throw new Error(showTokens([`${what} '${[scope.node.path, id].filter(Boolean).join('/')}' has ${count}:`, ...lines].join('\n')));
  }
}

export interface TextRule {
  readonly expected: string;
  readonly fix: string;
  readonly pattern?: RegExp;
  readonly min?: number;
  readonly max?: number;
  /** Whether messages must not show the value. */
  readonly isSensitive?: boolean;
}
