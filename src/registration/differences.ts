/** Compares a registration with its expected values. The handler and the doctor use this file, so it imports types only. */
import type { RunnerBody } from './runner-body';

/**
 * Returns a sentence for each field whose registered value differs from the expected one, with the path of the field in the API. Does not show values of environment
 * variables, because they may contain secrets.
 */
export function differencesOf(expected: RunnerBody, { description, runner_configuration, state_storage_configuration }: RunnerBody): string[] {
  const shouldBe = fieldsOf(expected);
  // The API keeps the description if an update has none.
  const is = fieldsOf({ ...expected.description !== undefined && { description }, runner_configuration, state_storage_configuration });
  return Object.keys({ ...shouldBe, ...is }).filter(field => is[field] !== shouldBe[field])
    .map(field => /\.environment\./.test(field) ? `${field} differs` : `${field} is ${quoted(is[field])}, expected ${quoted(shouldBe[field])}`);
}

/** The values by path, without empty values and `false`, which the API omits. Lists are sorted, because their order has no meaning. */
function fieldsOf(value: unknown, path?: string): Record<string, string> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return Object.assign({}, ...Object.entries(value).map(([name, each]) => fieldsOf(each, path === undefined ? name : `${path}.${name}`)));
  }
  const text = value ? Array.isArray(value) ? [...value].sort().join(', ') : `${value}` : '';
  return text ? { [path ?? '']: text } : {};
}

function quoted(value?: string): string {
  return value === undefined ? 'absent' : `'${value}'`;
}
