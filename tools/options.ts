/** The options of the programs behind `npm test`, `npm run prove` and the like. */
import { parseArgs, ParseArgsConfig } from 'util';

/** A mistake on the command line: a sentence for the user, not a fault of the program. */
export class UsageError extends Error {}

type Kinds = Record<string, 'text' | 'texts' | 'flag'>;
type Values<T extends Kinds> = { readonly [K in keyof T]?: T[K] extends 'flag' ? boolean : T[K] extends 'texts' ? string[] : string };

/** Reads the options. An unknown option is an error that names the known ones; `--help` prints the help and ends the program. */
export function readOptions<T extends Kinds>(kinds: T, help: string, args = process.argv.slice(2)): Values<T> {
  const options: NonNullable<ParseArgsConfig['options']> = Object.fromEntries([...Object.entries(kinds), ['help', 'flag']].map(([name, kind]) =>
    [name, { type: kind === 'flag' ? 'boolean' : 'string', multiple: kind === 'texts' }]));
  try {
    const { values } = parseArgs({ options, args });
    if (values.help) {
      console.log(help);
      process.exit(0);
    }
    return values as Values<T>;
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split('. ')[0]}. The options are ${Object.keys(options).map(name => `--${name}`).join(', ')}.`);
  }
}

/** Runs a program, whose exit code is 2 if its command line is wrong and 1 if it fails. */
export function runProgram(program: () => Promise<boolean>): void {
  program().then((succeeded) => { process.exitCode = succeeded ? 0 : 1; }, (error: unknown) => {
    console.error(error instanceof UsageError ? error.message : error);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  });
}

/** The chosen ones of some named things, such as parts of the tests; all of them without a choice. */
export function choose<T extends { readonly name: string }>(what: string, things: readonly T[], chosen: readonly string[] | undefined): T[] {
  const names = chosen?.flatMap(list => list.split(','));
  const unknown = names?.find(name => !things.some(thing => thing.name === name));
  if (unknown !== undefined) {
    throw new UsageError(`There is no ${what} "${unknown}". Choose from ${things.map(({ name }) => name).join(', ')}.`);
  }
  return things.filter(({ name }) => names?.includes(name) ?? true);
}
