#!/usr/bin/env node
/** The command of the package: `npx cdk-humanitec-ecs-runner COMMAND`. Constructs do not load this file, and this file does not load the AWS CDK. */
import { createInterface } from 'readline/promises';
import type { Terminal } from './doctor/main';

const HELP = `cdk-humanitec-ecs-runner COMMAND [OPTIONS]

  doctor          check everything between a deployed stack and a running task
  doctor cut-off  deny everything to a runner, and stop its tasks
  doctor let-in   end what doctor cut-off began
  from-terraform  print the app that takes over the runner of a Terraform state

Each command prints its options with --help.
`;

type Command = (args: readonly string[], terminal: Terminal) => Promise<number>;

/** The commands. A command is loaded when it runs. */
/* eslint-disable @typescript-eslint/no-require-imports */
const COMMANDS: Record<string, () => Command> = {
  'doctor': () => (require('./doctor/main') as typeof import('./doctor/main')).doctor,
  'doctor cut-off': () => (require('./doctor/cut-off') as typeof import('./doctor/cut-off')).cutOff,
  'doctor let-in': () => (require('./doctor/cut-off') as typeof import('./doctor/cut-off')).letIn,
  'from-terraform': () => (require('./from-terraform/command') as typeof import('./from-terraform/command')).fromTerraform,
};
/* eslint-enable @typescript-eslint/no-require-imports */

/** Runs a command. Returns the exit code. */
export async function main([name = '--help', ...args]: readonly string[], terminal: Terminal): Promise<number> {
  if (name === '--help' || name === '-h') {
    terminal.print(HELP);
    return 0;
  }
  if (Object.hasOwn(COMMANDS, `${name} ${args[0]}`)) {
    return COMMANDS[`${name} ${args[0]}`]()(args.slice(1), terminal);
  }
  if (!Object.hasOwn(COMMANDS, name)) {
    terminal.printError(`Unknown command ${JSON.stringify(name)}: expected ${Object.keys(COMMANDS).join(', ')}.\n`);
    return 2;
  }
  return COMMANDS[name]()(args, terminal);
}

async function ask(question: string): Promise<string> {
  const reader = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return await reader.question(question);
  } finally {
    reader.close();
  }
}

if (require.main === module) {
  main(process.argv.slice(2), {
    print: (text) => process.stdout.write(text),
    printError: (text) => process.stderr.write(text),
    isColoured: process.stdout.isTTY === true && !process.env.NO_COLOR,
    ...(process.stdin.isTTY ? { ask } : {}),
  }).then((code) => { process.exitCode = code; }, (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exitCode = 2;
  });
}
