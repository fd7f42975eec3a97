import { Annotations } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { OBJECT } from './input-types';
import { quote } from './unknown-values';

/** A given property that is no input, and what to use in its place. */
export interface UnknownInput {
  readonly input: string;
  readonly remedy: string;
}

/**
 * Warns about properties that are no inputs, which have no effect. Compilers find them in literals of TypeScript, Python, Java and Go; plain JavaScript ignores them.
 *
 * A warning, and only for a name that resembles an input that was not given: a class that extends `EcsRunner`, or a construct that passes its own properties on,
 * may have more properties on purpose.
 */
export function warnAboutUnknownInputs(scope: Construct, unknown: UnknownInput[]): void {
  if (unknown.length > 0) {
    Annotations.of(scope).addWarningV2('cdk-humanitec-ecs-runner:unknownInput',
      `These properties are no inputs, and have no effect: ${unknown.map(({ input, remedy }) => `${quote(input)} (${remedy})`).join(', ')}. `
      + 'Correct their names, remove them, or acknowledge this warning.');
  }
}

/** The properties whose names resemble inputs that were not given. `types` has a property for each input. */
export function unknownInputs(given: object | undefined, types: object, prefix = ''): UnknownInput[] {
  return propertiesBeside(given, types).flatMap((name) => {
    const meant = Object.keys(types).find(input => isSimilar(name, input) && (given as Record<string, unknown>)[input] === undefined);
    return meant === undefined ? [] : [{ input: `${prefix}${name}`, remedy: `did you mean ${quote(meant)}?` }];
  });
}

/** The names of all given properties that are no inputs. */
export function propertiesBeside(given: object | undefined, types: object): string[] {
  return OBJECT.accepts(given) ? Object.entries(given!).filter(([name, value]) => value !== undefined && !Object.hasOwn(types, name)).map(([name]) => name) : [];
}

/** Whether one name may be the other one misspelt: in another case or style, or with one or two other characters. */
function isSimilar(one: string, other: string): boolean {
  const [first, second] = [one, other].map(name => name.toLowerCase().replace(/[_-]/g, ''));
  return distance(first, second) <= (Math.min(first.length, second.length) < 6 ? 1 : 2);
}

/** How many characters have to be added, removed or replaced to make one text the other. */
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
