/**
 * Conditions on the detail of a task state change event: evaluated in a program, and written as a filter pattern of CloudWatch Logs. Has no dependency, so
 * that programs without the CDK can use it.
 */

/** A condition on the fields of a task. */
export type Condition =
  | { readonly field: string; readonly is: readonly (string | number)[] }
  | { readonly field: string; readonly like: readonly string[] }
  | { readonly all: readonly Condition[] }
  | { readonly any: readonly Condition[] }
  | { readonly not: Condition };

/** The field has one of the values. */
export function is(field: string, ...values: (string | number)[]): Condition {
  return { field, is: values };
}

/** The text of the field is like one of the texts, which may begin and end with `*` for any text. */
export function like(field: string, ...texts: string[]): Condition {
  return { field, like: texts };
}

export function all(...conditions: Condition[]): Condition {
  return { all: conditions };
}

export function any(...conditions: Condition[]): Condition {
  return { any: conditions };
}

export function not(condition: Condition): Condition {
  return { not: condition };
}

/** Whether the condition applies to a task as the ECS API and its events describe it. */
export function applies(condition: Condition, task: object): boolean {
  if ('all' in condition) {
    return condition.all.every(part => applies(part, task));
  }
  if ('any' in condition) {
    return condition.any.some(part => applies(part, task));
  }
  if ('not' in condition) {
    return !applies(condition.not, task);
  }
  const value = valueAt(task, condition.field);
  return 'is' in condition
    ? condition.is.some(expected => expected === value)
    : typeof value === 'string' && condition.like.some(text => isLike(value, text));
}

function isLike(value: string, text: string): boolean {
  const [, start, inner, end] = /^(\*?)(.*?)(\*?)$/s.exec(text)!;
  return start ? end ? value.includes(inner) : value.endsWith(inner) : end ? value.startsWith(inner) : value === inner;
}

/** The value at a path such as `containers[0].exitCode`; undefined without it. */
function valueAt(task: object, field: string): unknown {
  return field.split(/[.[\]]+/).reduce<unknown>((value, name) => (value as Record<string, unknown> | null | undefined)?.[name], task);
}

/**
 * The filter pattern of CloudWatch Logs for events whose detail the condition applies to.
 *
 * Negations are moved to the fields, because the syntax has no operator for them. A comparison with `!=` is written with `NOT EXISTS`, as it is not documented
 * whether `!=` matches an event without the field.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
 */
export function filterPattern(condition: Condition): string {
  return `{ ${expression(condition, false).text} }`;
}

/**
 * The filter of CloudWatch Logs Insights for the same events.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-Filter.html
 */
export function insightsFilter(condition: Condition): string {
  if ('not' in condition) {
    return `not (${insightsFilter(condition.not)})`;
  }
  if ('all' in condition || 'any' in condition) {
    const parts = ('all' in condition ? condition.all : condition.any).map(insightsFilter);
    return parts.length === 1 ? parts[0] : `(${parts.join('all' in condition ? ' and ' : ' or ')})`;
  }
  // Logs Insights has a dot before the position in a list. A text without anchors matches anywhere.
  const field = `detail.${condition.field.replace(/\[(\d+)\]/g, '.$1')}`;
  const parts = 'is' in condition
    ? condition.is.map(value => `${field} = ${JSON.stringify(value)}`)
    : condition.like.map(text => `${field} like ${JSON.stringify(text.replace(/^\*|\*$/g, ''))}`);
  return parts.length === 1 ? parts[0] : `(${parts.join(' or ')})`;
}

interface Expression {
  readonly text: string;
  readonly operator?: '&&' | '||';
}

function expression(condition: Condition, negated: boolean): Expression {
  if ('not' in condition) {
    return expression(condition.not, !negated);
  }
  if ('all' in condition || 'any' in condition) {
    const parts = ('all' in condition ? condition.all : condition.any).map(part => expression(part, negated));
    return join(('all' in condition) === negated ? '||' : '&&', parts);
  }
  const selector = `$.detail.${condition.field}`;
  const values = ('is' in condition ? condition.is : condition.like).map(value => JSON.stringify(value));
  return negated
    ? join('||', [{ text: `${selector} NOT EXISTS` }, join('&&', values.map(value => ({ text: `${selector} != ${value}` })))])
    : join('||', values.map(value => ({ text: `${selector} = ${value}` })));
}

function join(operator: '&&' | '||', parts: Expression[]): Expression {
  if (parts.length === 1) {
    return parts[0];
  }
  return { text: parts.map(part => part.operator && part.operator !== operator ? `(${part.text})` : part.text).join(` ${operator} `), operator };
}
