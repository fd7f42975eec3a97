import type { WireOrchestrator } from '../wire';
import { ApiError } from './client';
import { LifecycleError } from './event';

/** Says what failed, why, and what to do. What was explained already stays as it is. */
export function explain(error: unknown, operation: string, properties: WireOrchestrator, physicalId?: string): LifecycleError {
  if (error instanceof LifecycleError) {
    return physicalId === undefined ? error : new LifecycleError(error.message, physicalId);
  }
  const cause = error instanceof Error ? error.message : String(error);
  return new LifecycleError(`${operation} failed: ${cause}. ${error instanceof ApiError ? remedy(error, properties) : ''}`.trim(), physicalId);
}

function remedy(error: ApiError, properties: WireOrchestrator): string {
  const { ApiUrl: url, OrgId: org, Token: token } = properties;
  const kept = token.SecretId ? `secret ${token.SecretId}` : `parameter ${token.ParameterName}`;
  switch (error.status) {
    case 401: return `The API token in ${kept} was not accepted by ${url}: put a valid one there and deploy again.`;
    case 403: return `The API token in ${kept} may not do this in organization '${org}': give it the permission to manage runners.`;
    case 404: return `Check that organization '${org}' exists at ${url} and that the token in ${kept} belongs to it.`;
    case 429: return 'The API is throttling: deploy again in some minutes.';
    case 400: return 'The API did not accept the values: correct the input that it names.';
    case 0: return `Check that ${url} is right, up, and can be reached from this Lambda; then deploy again.`;
    default: return error.status >= 500 ? 'The API has a fault: deploy again later.'
      : error.status >= 300 && error.status < 400 ? 'Redirects are not followed, as they would carry the token along: give the final URL.' : '';
  }
}
