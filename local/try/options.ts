import { parseArgs } from 'node:util';

export interface Options {
  readonly help: boolean;
  readonly keep: boolean;
  readonly json?: string;
}

export const HELP = `npm run try [-- OPTIONS]

Deploys a runner on this machine. You need no AWS account and no API token: an AWS emulator and an orchestrator run on 127.0.0.1,
and the real CDK command line deploys local/try/app.ts to them, a runner with four secrets and a rule. The trial then

  1. shows the resources in the account and the registration at the orchestrator,
  2. runs a deployment: makes the calls of the orchestrator and of OpenTofu with the registered values,
  3. runs the doctor, which finds no problem, and then one of 26 faults after another with what to do,
  4. deletes a secret, and shows why ECS cannot start the next task, what to do, and which metrics count it,
  5. changes an input, deploys again, and runs the next deployment,
  6. shows why the stack cannot be destroyed while an environment uses the runner,
  7. deletes the environment, destroys the stack, and shows which resources are deleted and which are kept.

At the end it prints a table with the expected and the actual values. The exit code is 0 if all values are as expected, otherwise 1.

  --keep        stop after step 5, keep the emulator and the orchestrator running until Ctrl-C, and print commands to explore them
  --json FILE   also write the table to FILE
  --help        print this text

The trial needs Node.js 20, and Python 3.10 with venv. The first run installs the emulator into .local/venv. The trial listens on
127.0.0.1 only. It does not read or change your AWS_* variables, profiles and configuration files, so no call can reach a real account.
Ctrl-C stops all processes of the trial. The logs are in .local/logs.
`;

/** Throws an error with a message for the user if an argument is unknown. */
export function parseOptions(argv: string[]): Options {
  const { values } = parseArgs({
    args: argv,
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      keep: { type: 'boolean', default: false },
      json: { type: 'string' },
    },
  });
  return { help: values.help, keep: values.keep, json: values.json };
}
