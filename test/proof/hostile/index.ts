/** Requests that a runner's policies must deny. They are built from the runner's settings, so they are hostile for any settings. */
import type { Request, Runner } from '../model';
import { requestsOf } from '../requests';
import { hostileDeployments } from './deployment';
import { hostileLogs } from './logs';
import { hostileSecrets } from './secrets';
import { hostileStates } from './state';
import { hostileTrust } from './trust';

export function hostileRequests(runner: Runner): Request[] {
  return requestsOf(runner, 'denied', [
    ...hostileTrust(runner), ...hostileDeployments(runner), ...hostileStates(runner), ...hostileSecrets(runner), ...hostileLogs(runner),
  ]);
}
