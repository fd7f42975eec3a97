/**
 * Evaluates EventBridge event patterns. Supports only the operators that the library uses.
 *
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
 */

/** Whether a rule with the pattern matches the event. */
export function matchesEvent(pattern: unknown, value: unknown): boolean {
  if (Array.isArray(pattern)) {
    return [value].flat().some(item => pattern.some(expected => matchesValue(expected, item)));
  }
  // One object of a list must meet all conditions.
  return [value].flat().some(item => typeof item === 'object' && item !== null && Object.entries(pattern as object).every(([name, expected]) => (
    name === '$or' ? (expected as unknown[]).some(option => matchesEvent(option, item)) : name in item && matchesEvent(expected, (item as Record<string, unknown>)[name])
  )));
}

function matchesValue(expected: unknown, value: unknown): boolean {
  if (typeof expected !== 'object' || expected === null) return expected === value;
  const [[operator, operand], ...others] = Object.entries(expected);
  if (others.length === 0 && operator === 'prefix') return typeof value === 'string' && value.startsWith(String(operand));
  if (others.length === 0 && operator === 'anything-but') return value !== undefined && ![operand].flat().includes(value);
  throw new Error(`Unsupported operator: ${JSON.stringify(expected)}`);
}
