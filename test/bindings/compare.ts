/** Compares templates and error messages of a language with those of TypeScript. */
import { existsSync, readdirSync, readFileSync } from 'fs';
import { join } from 'path';
import { isDeepStrictEqual } from 'util';
import { MESSAGE_ADDITIONS, Difference, DIFFERENCES, LANGUAGE_ERRORS, Template } from './differences';
import type { Language } from '../../tools/toolchains';

const MAX_SHOWN = 10;

export interface Comparison {
  /** The number of compared templates. */
  readonly templates: number;
  /** Differences that are not allowed. */
  readonly unexplained: string[];
  /** Allowed differences that were found. */
  readonly explained: Difference[];
}

/** The templates of a cloud assembly, by stack. */
export function templatesIn(directory: string): Record<string, Template> {
  const files = existsSync(directory) ? readdirSync(directory).filter(file => file.endsWith('.template.json')) : [];
  return Object.fromEntries(files.map(file => [file.replace('.template.json', ''), JSON.parse(readFileSync(join(directory, file), 'utf8'))]));
}

export function compare(expected: Record<string, Template>, got: Record<string, Template>, language: Language): Comparison {
  const stacks = Object.keys(expected).sort();
  const unexplained: string[] = [];
  if (stacks.length === 0 || !isDeepStrictEqual(stacks, Object.keys(got).sort())) {
    unexplained.push(`expected the templates of ${stacks.join(', ') || 'at least one stack'}; got those of ${Object.keys(got).join(', ') || 'none'}`);
    return { templates: 0, unexplained, explained: [] };
  }
  const explained = new Set<Difference>();
  for (const stack of stacks) {
    const [one, other] = [structuredClone(expected[stack]), structuredClone(got[stack])];
    for (const difference of DIFFERENCES.filter(({ languages }) => languages.includes(language))) {
      const before = paths(one, other).length;
      [one, other].forEach(difference.remove);
      if (paths(one, other).length < before) {
        explained.add(difference);
      }
    }
    unexplained.push(...paths(one, other).map(line => `${stack}: ${line}`));
  }
  return { templates: stacks.length, unexplained: shown(unexplained), explained: [...explained] };
}

function shown(lines: string[]): string[] {
  return lines.length > MAX_SHOWN ? [...lines.slice(0, MAX_SHOWN), `and ${lines.length - MAX_SHOWN} more`] : lines;
}

/** Lists the differences between two values. The order of keys is ignored; the order of lists is not. */
function paths(expected: unknown, got: unknown, path = ''): string[] {
  if (isDeepStrictEqual(expected, got)) {
    return [];
  }
  if (isObject(expected) && isObject(got) && Array.isArray(expected) === Array.isArray(got)) {
    return [...new Set([...Object.keys(expected), ...Object.keys(got)])].flatMap(key => paths(expected[key], got[key], `${path}/${key}`));
  }
  return [`${path}: expected ${brief(expected)}, as in TypeScript; got ${brief(got)}`];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function brief(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 200 ? `${text.slice(0, 200)}...` : text;
}

/** Compares the error messages of a language. `problem` is undefined for a message that is correct. */
export function compareMessages(expected: Record<string, string>, got: Record<string, string>, language: Language): { name: string; problem?: string }[] {
  const { before, after } = MESSAGE_ADDITIONS;
  const library = Object.entries(expected).map(([name, message]) => {
    const wanted = `${before.cases.includes(name) ? before.text : ''}${message}`;
    const text = got[name] ?? '';
    const rest = text.slice(wanted.length);
    const ok = text.startsWith(wanted) && (language === after.language ? isStack(rest, message) : rest === '');
    return { name, problem: ok ? undefined : `expected\n${wanted}\nand nothing else that test/bindings/differences.ts does not name; got\n${text || 'no error'}` };
  });
  const own = Object.entries(LANGUAGE_ERRORS[language]).map(([name, words]) => ({
    name, problem: words.test(got[name] ?? '') ? undefined : `expected a message like ${words}; got ${got[name] ?? 'no error'}`,
  }));
  return [...library, ...own];
}

/** Whether a text is the same error message followed by a stack trace. */
function isStack(text: string, message: string): boolean {
  const again = text.replace(MESSAGE_ADDITIONS.after.pattern, '');
  return again !== text && again.startsWith(message) && /^(\n +at [^\n]+)+$/.test(again.slice(message.length));
}
