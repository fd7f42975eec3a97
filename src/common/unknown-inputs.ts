import { Annotations } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { OBJECT } from './input-types';
import { quote } from './unknown-values';

/** A given property that is not an input, and what to use instead. */
export interface UnknownInput {
  readonly input: string;
  readonly remedy: string;
}

/**
 * Warns about properties that are not inputs, because they have no effect. The compilers of TypeScript, Java and Go, and Python, reject them. Plain JavaScript ignores them.
 *
 * Only a warning, and only for a name similar to an input that was not given: a class that extends `EcsRunner`, or a construct that passes its own properties on,
 * can have more properties on purpose.
 */
export function warnAboutUnknownInputs(scope: Construct, unknown: UnknownInput[]): void {
  if (unknown.length > 0) {
    Annotations.of(scope).addWarningV2('cdk-humanitec-ecs-runner:unknownInput',
      `These properties are not inputs and have no effect: ${unknown.map(({ input, remedy }) => `${quote(input)} (${remedy})`).join(', ')}. `
      + 'Correct their names, remove them, or acknowledge this warning.');
  }
}

/** The properties whose names are similar to inputs that were not given. `types` has a property for each input. */
export function unknownInputs(given: object | undefined, types: object, prefix = ''): UnknownInput[] {
  return propertiesBeside(given, types).flatMap((name) => {
    const meant = Object.keys(types).find(input => isSimilar(name, input) && (given as Record<string, unknown>)[input] === undefined);
    return meant === undefined ? [] : [{ input: `${prefix}${name}`, remedy: `did you mean ${quote(meant)}?` }];
  });
}

/** The names of all given properties that are not inputs. */
export function propertiesBeside(given: object | undefined, types: object): string[] {
  return OBJECT.accepts(given) ? Object.entries(given!).filter(([name, value]) => value !== undefined && !Object.hasOwn(types, name)).map(([name]) => name) : [];
}

/** Whether two names are similar: they differ in case, in `-` and `_`, or in one or two characters. */
function isSimilar(one: string, other: string): boolean {
  const [first, second] = [one, other].map(name => name.toLowerCase().replace(/[_-]/g, ''));
  return distance(first, second) <= (Math.min(first.length, second.length) < 6 ? 1 : 2);
}

/** The Levenshtein distance: the number of characters to add, remove or replace. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, i) => i);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) {
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (one[i - 1] === other[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[other.length];
}
