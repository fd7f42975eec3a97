/** How a registration differs from what it should be. The handler and the doctor use it, so it imports types only. */
import type { RunnerBody } from './runner-body';

/**
 * A sentence for each field whose registered value is not the expected one, with the path of the field in the API. The values of environment variables are not
 * shown, as somebody may have put a secret there.
 */
export function differencesOf(expected: RunnerBody, { description, runner_configuration, state_storage_configuration }: RunnerBody): string[] {
  const shouldBe = fieldsOf(expected);
  // The API keeps a description that an update does not give.
  const is = fieldsOf({ ...expected.description !== undefined && { description }, runner_configuration, state_storage_configuration });
  return Object.keys({ ...shouldBe, ...is }).filter(field => is[field] !== shouldBe[field])
    .map(field => /\.environment\./.test(field) ? `${field} differs` : `${field} is ${quoted(is[field])}, expected ${quoted(shouldBe[field])}`);
}

/** The values by their paths, without empty values and `false`, which the API leaves out. The order of a list means nothing. */
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
