import { Aws, AwsError, awsWith, SettingsError } from './aws';
import { readCredentials, readRegion } from './aws/credentials';
import { Check, Context, findingsOf, memory } from './check';
import { CHECKS } from './checks';
import { readState, STACK } from './checks/stack';
import { Options, parseOptions } from './options';
import { exitCode, json, lines, printable, Result, summary } from './output';
import { nameOf, runnersOf } from './runner';
import { lacksItsRunner, readStack } from './stack';

const HELP = `cdk-humanitec-ecs-runner doctor --stack NAME [OPTIONS]

Checks everything between a deployed stack and a running task, with your own AWS credentials. It changes nothing.
\`doctor cut-off\` and \`doctor let-in\` deny everything to a runner, and let it in again; they print their options with --help.

  --stack NAME      the stack that contains the runner
  --runner RUNNER   the construct's id or path, or the runner's id; without it, all runners of the stack
  --region REGION   the region of the stack (default: your AWS settings)
  --profile NAME    the profile of the aws command (default: your AWS settings)
  --json            print JSON

The exit code is 0 if all is well, 1 if there are problems, and 2 if a check could not be completed.
`;

/** Where the command writes. */
export interface Terminal {
  readonly print: (text: string) => void;
  readonly printError: (text: string) => void;
  readonly isColoured: boolean;
  /** Asks the user; undefined if nobody can answer. */
  readonly ask?: (question: string) => Promise<string>;
}

/** Runs the doctor. Returns the exit code. */
export async function doctor(args: readonly string[], terminal: Terminal): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    terminal.print(HELP);
    return 0;
  }
  return reportErrors(terminal, async () => {
    const options = parseOptions(args, false);
    const { stack, results } = await diagnose(options);
    if (options.json) {
      terminal.print(`${json(stack, results)}\n`);
    } else {
      terminal.print(`${[...lines(results, terminal.isColoured), '', summary(results)].join('\n')}\n`);
    }
    return exitCode(results);
  });
}

/** Prints an error that the user can correct as one sentence. */
export async function reportErrors(terminal: Terminal, run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof SettingsError || error instanceof AwsError) {
      terminal.printError(`${printable(error instanceof AwsError ? sentence(error) : error.message)}\n`);
      return 2;
    }
    throw error;
  }
}

/** The calls of AWS as the user's settings want them. */
export async function userAws(options: Options): Promise<{ readonly aws: Aws; readonly region: string }> {
  const region = await readRegion(options);
  return { aws: awsWith(await readCredentials(options), region), region };
}

async function diagnose(options: Options): Promise<{ readonly stack: string; readonly results: Result[] }> {
  const { aws, region } = await userAws(options);
  const stack = await readStack(aws, options.stack, region);
  if (await lacksItsRunner(aws, stack)) {
    return { stack: stack.name, results: [{ check: STACK, findings: [await readState(aws, stack)] }] };
  }
  const runners = runnersOf(stack, options.runner);
  const once = memory();
  const run = async (check: Check, context: Context, runner?: string): Promise<Result> => ({ check, runner, findings: await findingsOf(check, context) });
  const results = await Promise.all(CHECKS.map(async (check) => Promise.all(
    (check.isShared ? runners.slice(0, 1) : runners).map(async (runner) => run(check, { stack, runner, aws, once }, check.isShared ? undefined : nameOf(runner))),
  )));
  return { stack: stack.name, results: results.flat() };
}

function sentence({ kind, service, operation, action, code, message }: AwsError): string {
  const call = `${service}:${operation}`;
  switch (kind) {
    case 'denied': return `Could not read the stack: ${call} was denied. Allow ${action} to these credentials; docs/DOCTOR.md lists all actions.`;
    case 'credentials': return `AWS did not accept the credentials (${code}). Sign in again, or correct --profile or the AWS_ variables.`;
    case 'network': return `Could not reach AWS: ${message}. Check the network of this machine`
      + `${process.env.HTTPS_PROXY ?? process.env.https_proxy ? '; with a proxy, use Node.js 24 and set NODE_USE_ENV_PROXY=1' : ''}.`;
    default: return `Could not read the stack: ${call} failed: ${code}: ${message.replace(/[.\s]*$/, '')}.`;
  }
}
