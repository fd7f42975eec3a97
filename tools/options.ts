/** Reads the command line of `npm test`, `npm run prove` and similar programs. */
import { parseArgs, ParseArgsConfig } from 'util';

/** A mistake on the command line. The message is a sentence for the user, without a stack trace. */
export class UsageError extends Error {}

type Kinds = Record<string, 'text' | 'texts' | 'flag'>;
type Values<T extends Kinds> = { readonly [K in keyof T]?: T[K] extends 'flag' ? boolean : T[K] extends 'texts' ? string[] : string };

/** Reads the options. Throws an error that lists the known options if there is an unknown one. `--help` prints the help and ends the program. */
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

/** Runs a program. The exit code is 2 for a wrong command line and 1 for a failure. */
export function runProgram(program: () => Promise<boolean>): void {
  program().then((succeeded) => { process.exitCode = succeeded ? 0 : 1; }, (error: unknown) => {
    console.error(error instanceof UsageError ? error.message : error);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  });
}

/** Selects things by name, such as the parts of `npm test`. Returns all of them if no name is given. */
export function choose<T extends { readonly name: string }>(what: string, things: readonly T[], chosen: readonly string[] | undefined): T[] {
  const names = chosen?.flatMap(list => list.split(','));
  const unknown = names?.find(name => !things.some(thing => thing.name === name));
  if (unknown !== undefined) {
    throw new UsageError(`There is no ${what} "${unknown}". Choose from ${things.map(({ name }) => name).join(', ')}.`);
  }
  return things.filter(({ name }) => names?.includes(name) ?? true);
}
