import type { RunnerRuleProperties, WireOrchestrator } from '../wire';
import { ApiError } from './client';
import { LifecycleError } from './event';
import { DETAILS_MAX_CHARACTERS } from './limits';
import { short } from './log';
import { TokenError, tokenSource } from './token';

/** Says what failed, why, and what to do. What was explained already stays as it is. */
export function explain(error: unknown, operation: string, properties: WireOrchestrator, physicalId?: string): LifecycleError {
  if (error instanceof LifecycleError) {
    return new LifecycleError(error.message, { physicalId: error.physicalId ?? physicalId, details: error.details });
  }
  if (error instanceof ApiError) {
    return new LifecycleError(`${operation} failed: ${error.message}. ${remedy(error, properties)}`, { physicalId, details: error.details });
  }
  if (error instanceof TokenError) {
    return new LifecycleError(`${operation} failed: ${error.message}`, { physicalId });
  }
  return new LifecycleError(`${operation} failed: what ${short(properties.ApiUrl, 60)} answered makes no sense. Check that this is the API of an orchestrator.`,
    { physicalId, details: String(error).slice(0, DETAILS_MAX_CHARACTERS) });
}

/** Beside the success of what found nothing to remove, and could not make sure. */
export function notMadeSure({ RunnerId: runner, OrgId: org }: RunnerRuleProperties): string {
  return `Nothing should be left of runner '${runner}' in organization '${org}'; the API could not be asked whether that is so.`;
}

function remedy(error: ApiError, properties: WireOrchestrator): string {
  const kept = tokenSource(properties.Token);
  switch (error.status) {
    case 401: return `The API token in ${kept} was not accepted: put a valid one there and deploy again.`;
    case 403: return `Check the organization id, and give the API token in ${kept} the permission to manage runners; then deploy again.`;
    case 404: return `Check that organization '${short(properties.OrgId, 30)}' exists there, and that the token in ${kept} belongs to it.`;
    case 429: return 'The API is throttling: deploy again in some minutes.';
    case 0: return /CERT|VERIFY/.test(error.message)
      ? 'Its certificate is not trusted: correct it, or give the CA that it comes from as extraCaCertificates; then deploy again.'
      : 'Check that this URL is right, up, and can be reached from this Lambda; then deploy again.';
    default: return error.status >= 500 ? 'The API has a fault: deploy again later.'
      : error.status >= 300 && error.status < 400 ? 'Redirects are not followed, as they would carry the token along: give the final URL.'
        : 'The API did not accept this: correct what it names, and deploy again.';
  }
}
