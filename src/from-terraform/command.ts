import { HELP, printProgram } from './program';
import { MigrationError } from './state';

/** Where the command writes. */
interface Terminal {
  readonly print: (text: string) => void;
  readonly printError: (text: string) => void;
}

/** Runs the command with the state on standard input. Returns the exit code. */
export async function fromTerraform(args: readonly string[], terminal: Terminal): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    terminal.print(HELP);
    return 0;
  }
  try {
    terminal.print(printProgram(args, await standardInput()));
    return 0;
  } catch (error) {
    if (!(error instanceof MigrationError)) {
      throw error;
    }
    terminal.printError(`${error.message}\n`);
    return 2;
  }
}

/** The text on standard input; empty on a terminal, where nobody pipes a state. */
async function standardInput(): Promise<string> {
  if (process.stdin.isTTY) {
    return '';
  }
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) {
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}
