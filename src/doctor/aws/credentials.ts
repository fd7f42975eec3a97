import { execFile } from 'child_process';
import { SettingsError } from './error';
import type { Credentials } from './signature';

export interface UserSettings {
  readonly profile?: string;
  readonly region?: string;
}

const AWS_COMMAND_TIMEOUT_MS = 60_000;

/**
 * The user's credentials: those of the environment, or what the `aws` command makes of the profile. It knows single sign-on, MFA, roles and
 * credential processes.
 *
 * @see https://docs.aws.amazon.com/cli/latest/reference/configure/export-credentials.html
 */
export async function readCredentials({ profile }: UserSettings): Promise<Credentials> {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken } = process.env;
  if (profile === undefined && accessKeyId && secretAccessKey) {
    return { accessKeyId, secretAccessKey, sessionToken };
  }
  const output = await aws(['configure', 'export-credentials', '--format', 'process'], profile);
  const { AccessKeyId, SecretAccessKey, SessionToken } = parse(output);
  if (typeof AccessKeyId !== 'string' || typeof SecretAccessKey !== 'string') {
    throw new SettingsError('The aws command printed no credentials: expected those of `aws configure export-credentials`. Update the aws command, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.');
  }
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: typeof SessionToken === 'string' ? SessionToken : undefined };
}

/** The region to look in: the option, the environment, or the profile's. */
export async function readRegion({ profile, region }: UserSettings): Promise<string> {
  const fromEnvironment = profile === undefined ? process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION : undefined;
  const found = region ?? (fromEnvironment || (await aws(['configure', 'get', 'region'], profile).catch(() => '')).trim());
  if (!found) {
    throw new SettingsError('No region is known. Give it as --region, or set AWS_REGION.');
  }
  if (!/^[a-z]{2}(-[a-z]+)+-\d$/.test(found)) {
    throw new SettingsError(`'${found}' is no AWS region: expected one such as us-east-1. Correct --region, AWS_REGION or the profile.`);
  }
  return found;
}

async function aws(args: string[], profile?: string): Promise<string> {
  const all = [...args, ...(profile === undefined ? [] : ['--profile', profile])];
  return new Promise((resolve, reject) => {
    execFile('aws', all, { env: process.env, timeout: AWS_COMMAND_TIMEOUT_MS, windowsHide: true }, (error, stdout, stderr) => {
      if (!error) {
        resolve(stdout);
      } else if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
        reject(new SettingsError('No credentials were found: the environment has none, and the aws command is not installed. '
          + 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or install the AWS command line (version 2).'));
      } else {
        const reason = stderr.trim().split('\n').pop() || error.message.split('\n')[0];
        reject(new SettingsError(`The aws command found no credentials${profile === undefined ? '' : ` for the profile '${profile}'`}: ${reason.replace(/[.\s]*$/, '')}. `
          + 'Sign in (for example with `aws sso login`), or correct the profile.'));
      }
    });
  });
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}
