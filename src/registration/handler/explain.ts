import type { WireOrchestrator } from '../wire';
import { ApiError } from './client';
import { LifecycleError, Request, UnfinishedError } from './event';
import { DETAILS_MAX_CHARACTERS } from './limits';
import { short } from './log';
import { TokenError, tokenSource } from './token';

/** What the user does after the cause is fixed. A failed rollback needs another command than a deployment. */
export function again(request: Request['type']): string {
  return {
    Create: 'then deploy again.',
    Update: 'then deploy again, or continue the rollback if the stack is in UPDATE_ROLLBACK_FAILED.',
    Delete: 'then delete again.',
  }[request];
}

/** The explanation of a failure for CloudFormation. */
interface Failure {
  /** What failed, why, and what to do. */
  readonly message: string;
  /** Text that is too long for the summary. */
  readonly details?: string;
  /** The physical ID, if it differs from that of the request. */
  readonly physicalId?: string;
}

/** Explains what failed, why, and what to do. */
export function explain(error: unknown, operation: string, orchestrator: WireOrchestrator, request: Request['type']): Failure {
  if (error instanceof UnfinishedError) {
    const { message, details, physicalId = error.physicalId } = explain(error.failure, operation, orchestrator, request);
    return { message: error.note ? `${message} ${error.note}` : message, details, physicalId };
  }
  const failed = `${operation} failed: `;
  if (error instanceof LifecycleError) {
    return { message: failed + error.message, details: error.details };
  }
  if (error instanceof ApiError) {
    return { message: `${failed}${error.message}. ${remedy(error, orchestrator)}; ${again(request)}`, details: error.details };
  }
  if (error instanceof TokenError) {
    return { message: `${failed}${error.message}; ${again(request)}` };
  }
  return {
    message: `${failed}the API gave an answer that is not as expected. Check that apiUrl is the API of an orchestrator; ${again(request)}`,
    details: String(error).slice(0, DETAILS_MAX_CHARACTERS),
  };
}

function remedy({ status, message }: ApiError, { OrgId: orgId, Token: token }: WireOrchestrator): string {
  const source = tokenSource(token);
  switch (status) {
    case 401: return `The API token in the ${source} was not accepted. Put a valid token there`;
    case 403: return `Check the organization id, and give the API token in the ${source} the permissions runner_read, runner_write, runner_rule_read and runner_rule_write`;
    case 404: return `Check that organization '${short(orgId, 30)}' exists, and that the API token in the ${source} belongs to it`;
    case 429: return 'The API is throttling. Wait some minutes';
    case 0: return /CERT|VERIFY/.test(message)
      ? 'The certificate is not trusted. Correct it, or give its CA as extraCaCertificates'
      : 'Check that apiUrl is right, that the API is up, and that this Lambda can reach it';
    default: return status >= 500 ? 'The API has a fault. Wait until it is repaired'
      : status >= 300 && status < 400 ? 'Redirects are not followed, as they would forward the API token. Give the final URL as apiUrl'
        : 'The API did not accept the request. Correct what the details name';
  }
}
