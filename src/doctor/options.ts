import { parseArgs } from 'util';
import { SettingsError } from './aws';

export interface Options {
  readonly stack: string;
  readonly runner?: string;
  readonly region?: string;
  readonly profile?: string;
  readonly json: boolean;
  /** Confirms a change without a question. */
  readonly yes: boolean;
}

/** A name, or the ARN of a stack. @see https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html */
const STACK = /^([A-Za-z][A-Za-z0-9-]{0,127}|arn:aws:cloudformation:[a-z0-9-]+:\d{12}:stack\/[A-Za-z0-9-]+\/[A-Za-z0-9-]+)$/;
const PROFILE = /^[^\s-][^\0\r\n]*$/;
const CONSTRUCT = /^[A-Za-z0-9_.][A-Za-z0-9_./-]*$/;

/** @throws SettingsError with one sentence about the first argument that is not as expected */
export function parseOptions(args: readonly string[], canChange: boolean): Options {
  const { stack, runner, region, profile, json = false, yes = false } = parse(args, canChange);
  if (stack === undefined) {
    throw new SettingsError('No stack is named: give it as --stack NAME.');
  }
  check('--stack', stack, STACK, 'the name or ARN of a stack');
  check('--runner', runner, CONSTRUCT, 'the id or path of a construct, or the id of a runner');
  check('--profile', profile, PROFILE, 'the name of a profile');
  check('--region', region, /^[a-z]{2}(-[a-z]+)+-\d$/, 'a region such as us-east-1');
  return { stack, runner, region: region ?? (stack.startsWith('arn:') ? stack.split(':')[3] : undefined), profile, json, yes };
}

function parse(args: readonly string[], canChange: boolean) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        stack: { type: 'string' },
        runner: { type: 'string' },
        region: { type: 'string' },
        profile: { type: 'string' },
        ...(canChange ? { yes: { type: 'boolean' } } : { json: { type: 'boolean' } }),
      },
    });
    return values as { stack?: string; runner?: string; region?: string; profile?: string; json?: boolean; yes?: boolean };
  } catch (error) {
    throw new SettingsError(`${(error as Error).message.split(/\.\s|\n/)[0].replace(/[.]*$/, '')}. Run the command with --help to see its options.`);
  }
}

function check(option: string, value: string | undefined, pattern: RegExp, expected: string): void {
  if (value !== undefined && !pattern.test(value)) {
    throw new SettingsError(`The value '${value}' of ${option} is not valid: expected ${expected}.`);
  }
}
