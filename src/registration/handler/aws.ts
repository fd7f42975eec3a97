import { AWS_ATTEMPTS, AWS_CONNECTION_TIMEOUT, AWS_REQUEST_TIMEOUT, FIRST_PAUSE, MAX_PAUSE, PROPAGATION_BUDGET } from './limits';
import { log } from './log';
import { jitter, pause } from './time';

/**
 * Settings of every AWS SDK client. The SDK waits without a limit by default, and a Lambda in a VPC may have no route to the service.
 *
 * @see https://github.com/aws/aws-sdk-js-v3/blob/main/supplemental-docs/CLIENTS.md
 */
export const AWS_CLIENT = {
  maxAttempts: AWS_ATTEMPTS,
  requestHandler: {
    connectionTimeout: AWS_CONNECTION_TIMEOUT,
    requestTimeout: AWS_REQUEST_TIMEOUT,
    // Without this, newer versions of the SDK only log a warning when the request timeout is over.
    throwOnRequestTimeout: true,
  },
};

/** Settings for the retries of denied calls of a request. */
export interface DenialPatience {
  /** Whether the permission may be new: on create and update. A delete needs only permissions that existed before. */
  readonly permissionsMayBeNew: boolean;
  /** No call begins after this time. */
  readonly deadline: number;
}

/**
 * Calls AWS, and retries denied calls, because a new permission takes seconds to have effect. Secrets Manager and Systems Manager
 * report a denial of KMS in the same way. Throws the last denial when the time is over, and any other error at once.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
 */
export async function retryWhileDenied<T>({ permissionsMayBeNew, deadline }: DenialPatience, call: () => Promise<T>): Promise<T> {
  const until = permissionsMayBeNew ? Math.min(deadline, Date.now() + PROPAGATION_BUDGET) : 0;
  for (let attempt = 0; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      const { name } = error as Error;
      const wait = jitter(attempt, FIRST_PAUSE, MAX_PAUSE);
      if (!['AccessDenied', 'AccessDeniedException'].includes(name) || Date.now() + wait >= until) {
        throw error;
      }
      log('denied, and tried again', { attempt, error: name });
      await pause(wait, until);
    }
  }
}

/** The region of an ARN; undefined for a name. */
export function regionOfArn(nameOrArn: string): string | undefined {
  return nameOrArn.startsWith('arn:') ? nameOrArn.split(':')[3] || undefined : undefined;
}

/** Whether an error of the SDK is an answer of the service, not a network error. */
export function isAnswer(error: unknown): boolean {
  return typeof error === 'object' && error !== null && '$fault' in error;
}
