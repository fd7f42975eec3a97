/** Requests that nobody may make with what a runner sets up. Each is built from the runner, so that it stays hostile whatever its settings are. */
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
