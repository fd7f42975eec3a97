import { parseArgs } from 'node:util';

export interface Options {
  readonly help: boolean;
  readonly keep: boolean;
  readonly json?: string;
}

export const HELP = `npm run try [-- OPTIONS]

Deploys a runner on this machine, without an AWS account and without a token: an AWS emulator and an orchestrator run on
127.0.0.1, and the real CDK command line deploys examples/typescript/basic to them. Then the trial

  1. shows what stands in the account and at the orchestrator,
  2. does in the account what the orchestrator does for one deployment, with the values that were registered,
  3. changes an input and deploys again,
  4. lets an environment use the runner, and shows that it cannot be destroyed then, and why,
  5. frees it, destroys it, and shows what is gone and what is kept.

It ends with a table of what was expected and what was seen, and with exit code 0 if all of it agrees, 1 if not.

  --keep        stop after the deployments, leave everything up and say how to look around; Ctrl-C ends it
  --json FILE   write the table to FILE as well
  --help        print this

It needs Node.js 20 and Python 3.10 with venv, and installs the emulator into .local/venv at the first run. Everything
listens on 127.0.0.1 only. AWS_* variables, profiles and AWS configuration files of yours are neither read nor changed:
no call can reach a real account. Ctrl-C ends everything that was started. The logs are in .local/logs.
`;

/** Throws with words for the user when the arguments make no sense. */
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
