import { Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

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
 * Collects what is wrong with the inputs of one construct, so that all of it is reported at once.
 *
 * Tokens are never judged: their value is known to CloudFormation only.
 */
export class Problems {
  private readonly found: Problem[] = [];

  public add(problem: Problem): void {
    this.found.push(problem);
  }

  /** Takes over what another object found about itself; `at` is where the user handed that object in. */
  public addAll(at: string, problems: Problem[]): void {
    for (const problem of problems) {
      this.found.push({ ...problem, input: problem.input ? `${at}.${problem.input}` : at });
    }
  }

  /** A text that has to match a pattern and a length. Says nothing about tokens and about inputs that were not given. */
  public checkText(input: string, value: string | undefined, rule: TextRule): void {
    if (value === undefined || Token.isUnresolved(value)) {
      return;
    }
    if ((rule.max !== undefined && value.length > rule.max) || (rule.min !== undefined && value.length < rule.min)) {
      this.add({ input, expected: rule.expected, got: `${value.length} characters (${quote(value)})`, fix: rule.fix });
    } else if (rule.pattern && !rule.pattern.test(value)) {
      this.add({ input, expected: rule.expected, got: quote(value), fix: rule.fix });
    }
  }

  public get list(): Problem[] {
    return this.found;
  }

  /** Throws one error that names everything found. */
  public throwIfAny(scope: IConstruct, what: string): void {
    if (this.found.length === 0) {
      return;
    }
    const count = this.found.length === 1 ? '1 problem' : `${this.found.length} problems`;
    const lines = this.found.map((p, i) => `  ${i + 1}. ${p.input}: expected ${p.expected}; got ${p.got}. ${p.fix}`);
    throw new Error([`${what} '${scope.node.path}' has ${count}:`, ...lines].join('\n'));
  }
}

export interface TextRule {
  readonly expected: string;
  readonly fix: string;
  readonly pattern?: RegExp;
  readonly min?: number;
  readonly max?: number;
}

/** A value for a message: quoted, on one line, and never endlessly long. */
export function quote(value: string): string {
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 76)}..."` : text;
}

/** Whether the text can be judged at synth. */
export function isKnown(value: string | undefined): value is string {
  return value !== undefined && !Token.isUnresolved(value);
}

/** Replaces the parts of a text that only CloudFormation knows, so that the known parts around them can be judged. */
export function maskTokens(value: string): string {
  return value.replace(/\$\{Token\[[^\]]*\]\}/g, '\u0000');
}
