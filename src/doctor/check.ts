import type { Aws } from './aws';
import { AwsError } from './aws';
import type { DeployedRunner } from './runner';
import type { Stack } from './stack';

/** What a check found. A problem has its remedy; what could not be checked names the missing permission or fact. */
export interface Finding {
  readonly result: 'ok' | 'problem' | 'unknown';
  /** A sentence. */
  readonly found: string;
  /** Sentences: what to do. */
  readonly remedy?: string;
}

/** What all checks of one runner know. */
export interface Context {
  readonly stack: Stack;
  readonly runner: DeployedRunner;
  readonly aws: Aws;
  /** The result of `read`, which is called once per key, whoever asks first. */
  once<T>(key: string, read: () => Promise<T>): Promise<T>;
}

/** A check of one subject. */
export interface Check {
  /** In the output and in docs/DOCTOR.md. */
  readonly id: string;
  /** What it checks, as a noun. */
  readonly title: string;
  /** The IAM actions that it needs. */
  readonly reads: readonly string[];
  /** Whether it looks at the account or stack rather than at a runner, so that one run is enough for all runners. */
  readonly isShared?: boolean;
  /** Returns at least one finding. An error of AWS that it does not catch becomes a finding that the check could not run. */
  run(context: Context): Promise<Finding[]>;
}

export const ok = (found: string): Finding => ({ result: 'ok', found });
export const problem = (found: string, remedy: string): Finding => ({ result: 'problem', found, remedy });
export const unknown = (found: string, remedy: string): Finding => ({ result: 'unknown', found, remedy });

/** The findings of a check, whatever happens in it. */
export async function findingsOf(check: Check, context: Context): Promise<Finding[]> {
  try {
    return await check.run(context);
  } catch (error) {
    if (error instanceof AwsError) {
      return [notRead(error)];
    }
    throw error;
  }
}

/** A call that failed, as a finding. */
export function notRead(error: AwsError): Finding {
  const { service, operation, kind, code, action, message } = error;
  const call = `${service}:${operation}`;
  switch (kind) {
    case 'denied': return unknown(`${call} was denied.`, `Allow ${action} to these credentials.`);
    case 'credentials': return unknown(`${call} did not accept the credentials (${code}).`, 'Sign in again, or correct --profile or the AWS_ variables.');
    case 'network': return unknown(`${call} failed: ${message}.`, 'Check the network of this machine.');
    case 'throttled': return unknown(`${call} was throttled.`, 'Wait a minute, then run the doctor again.');
    default: return unknown(`${call} failed: ${code}: ${message.replace(/[.\s]*$/, '')}.`, 'Correct the cause that AWS names.');
  }
}

/** Memory for `Context.once`. A read that failed is not repeated. */
export function memory(): Context['once'] {
  const results = new Map<string, Promise<any>>();
  return async (key, read) => {
    const result = results.get(key) ?? read();
    results.set(key, result);
    return result;
  };
}
