/**
 * Evaluates CloudWatch Logs filter patterns for JSON events, exactly as documented. MiniStack stores metric filters but does not count events.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
 */

/** The maximum length of a filter pattern. @see https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html */
export const FILTER_PATTERN_MAX = 1024;

export interface Evaluation {
  /** Whether `!=` matches an event without the field. AWS does not document this. */
  readonly missingIsDifferent: boolean;
}

/** Whether CloudWatch Logs would count the event. */
export function matchesPattern(pattern: string, event: object, evaluation: Evaluation = { missingIsDifferent: false }): boolean {
  if (pattern.length > FILTER_PATTERN_MAX) throw new Error(`The filter pattern has ${pattern.length} characters: ${pattern}`);
  const parser = new Parser(tokensOf(pattern), event, evaluation);
  return parser.pattern();
}

const TOKEN = /\s*(?:(&&|\|\||!=|=|[(){}])|(\$(?:\.[A-Za-z]+|\[\d+\])+)|("(?:[^"\\]|\\.)*")|(-?\d+)|(NOT EXISTS)|(IS NULL))/y;

function tokensOf(pattern: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < pattern.trimEnd().length) {
    const start = TOKEN.lastIndex;
    const match = TOKEN.exec(pattern);
    if (!match) throw new Error(`Syntax error in the filter pattern at: ${pattern.slice(start)}`);
    tokens.push(match[0].trim());
  }
  return tokens;
}

class Parser {
  private position = 0;

  constructor(private readonly tokens: string[], private readonly event: object, private readonly evaluation: Evaluation) {}

  public pattern(): boolean {
    this.expect('{');
    const result = this.expression();
    this.expect('}');
    if (this.position !== this.tokens.length) throw new Error(`Unexpected ${this.tokens[this.position]} after the filter pattern`);
    return result;
  }

  /** Conditions with a single operator. Patterns must not depend on the precedence of operators. */
  private expression(): boolean {
    const results = [this.condition()];
    const operator = this.tokens[this.position];
    while (operator !== undefined && this.tokens[this.position] === operator && ['&&', '||'].includes(operator)) {
      this.position++;
      results.push(this.condition());
    }
    return operator === '||' ? results.some(Boolean) : results.every(Boolean);
  }

  private condition(): boolean {
    const token = this.next();
    if (token === '(') {
      const result = this.expression();
      this.expect(')');
      return result;
    }
    if (!token.startsWith('$')) throw new Error(`Expected a selector; got ${token}`);
    const value = valueAt(this.event, token);
    const operator = this.next();
    if (operator === 'NOT EXISTS') return value === undefined;
    if (operator === 'IS NULL') return value === null;
    const equal = equals(value, this.next());
    if (operator === '=') return equal;
    if (operator === '!=') return value === undefined ? this.evaluation.missingIsDifferent : !equal;
    throw new Error(`Expected an operator; got ${operator}`);
  }

  private next(): string {
    const token = this.tokens[this.position++];
    if (token === undefined) throw new Error('The filter pattern ends too early');
    return token;
  }

  private expect(token: string): void {
    const found = this.next();
    if (found !== token) throw new Error(`Expected ${token}; got ${found}`);
  }
}

function valueAt(event: object, selector: string): unknown {
  let value: unknown = event;
  for (const [, name, index] of selector.matchAll(/\.([A-Za-z]+)|\[(\d+)\]/g)) {
    if (name !== undefined) value = value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, unknown>)[name] : undefined;
    else value = Array.isArray(value) ? value[Number(index)] as unknown : undefined;
  }
  return value;
}

/** Compares numbers with numbers and strings with strings. A string can start and end with a wildcard. */
function equals(value: unknown, literal: string): boolean {
  if (!literal.startsWith('"')) return value === Number(literal);
  const text = JSON.parse(literal) as string;
  const inner = text.replace(/^\*|\*$/g, '');
  if (inner.includes('*')) throw new Error(`A wildcard inside a string is not supported: ${literal}`);
  if (typeof value !== 'string') return false;
  if (text.startsWith('*') && text.endsWith('*')) return value.includes(inner);
  if (text.startsWith('*')) return value.endsWith(inner);
  return text.endsWith('*') ? value.startsWith(inner) : value === inner;
}
