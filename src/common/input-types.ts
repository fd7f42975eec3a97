import { Token } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { Problems } from './problems';
import { quote } from './unknown-values';

/** The type of an input. Checked for plain JavaScript; TypeScript, Python, Java and Go check types themselves. */
export interface InputType {
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
  /** Type of the items of a list or map. */
  readonly items?: InputType;
  readonly fix?: string;
  /** Whether users may pass a secret by mistake, so that messages must not show the value. */
  readonly isSensitive?: boolean;
}

export const TEXT: InputType = { expected: 'a string', accepts: value => typeof value === 'string' };
export const BOOLEAN: InputType = { expected: 'true or false', accepts: value => typeof value === 'boolean' };

/** An object of a class, identified by one of its members. */
export function objectWith(expected: string, member: string, fix?: string): InputType {
  return { expected, accepts: value => typeof value === 'object' && value !== null && member in value, fix };
}

/** A struct: an object with inputs of its own. */
export const OBJECT: InputType = { expected: 'an object with properties', accepts: value => isObject(value) };

export function oneOf(name: string, values: object): InputType {
  return { expected: `a value of ${name}`, accepts: value => Object.values(values).includes(value) };
}

export function listOf(items: InputType): InputType {
  return { expected: `a list in which each item is ${items.expected}`, accepts: Array.isArray, items };
}

export function mapOf(items: InputType): InputType {
  return { expected: `a map in which each value is ${items.expected}`, accepts: isMap, items };
}

/** The type of each input of a struct. The compiler requires one for every input. */
export type InputTypes<T> = { readonly [K in keyof Required<T>]: InputType };

/** Rejects values of wrong types, and required inputs that are missing. */
export function checkTypes<T extends object>(problems: Problems, given: T | undefined, types: InputTypes<T>, required: (keyof T & string)[] = [], prefix = ''): void {
  if (!OBJECT.accepts(given)) {
    problems.add({ input: 'props', expected: OBJECT.expected, got: quote(given), fix: `Give at least ${required.join(' and ') || 'an empty object'}.` });
    return;
  }
  for (const [name, type] of Object.entries<InputType>(types)) {
    const value = (given as Record<string, unknown>)[name];
    if (value !== undefined || (required as string[]).includes(name)) {
      checkType(problems, `${prefix}${name}`, value, type);
    }
  }
}

/**
 * Adds properties to options. A string in place of the options (plain JavaScript) is returned unchanged and later rejected by the type check, because spreading
 * it would turn its characters into properties.
 */
export function extendOptions<O extends object, P extends object>(options: O, properties: P): O & P {
  return OBJECT.accepts(options) ? { ...properties, ...options } : options as O & P;
}

/** Rejects a value of a wrong type. */
export function checkType(problems: Problems, input: string, value: unknown, type: InputType): void {
  if (!type.accepts(value)) {
    problems.add({ input, expected: type.expected, got: type.isSensitive ? kindOf(value) : quote(value), fix: type.fix ?? 'Give a value of this type.' });
    return;
  }
  if (type.items) {
    for (const [key, item] of Object.entries(value as object)) {
      checkType(problems, Array.isArray(value) ? `${input}[${key}]` : `${input}.${key}`, item, type.items);
    }
  }
}

/** The same type, for an input where users may pass a secret by mistake. */
export function sensitive(type: InputType): InputType {
  return { ...type, isSensitive: true };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !Token.isUnresolved(value) && !Construct.isConstruct(value);
}

/** Whether a value is a plain object. The entries of a `Map` and inherited properties would be lost without a message. */
function isMap(value: unknown): boolean {
  const prototype: unknown = isObject(value) ? Object.getPrototypeOf(value) : undefined;
  return prototype === null || (prototype !== undefined && Object.getPrototypeOf(prototype) === null);
}

/** Describes the type of a value, without the value. */
function kindOf(value: unknown): string {
  return Array.isArray(value) ? 'a list' : typeof value === 'string' ? 'a string' : ['number', 'bigint', 'symbol'].includes(typeof value) ? `a ${typeof value}` : quote(value);
}
