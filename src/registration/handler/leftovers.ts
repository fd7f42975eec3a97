import type { RunnerRuleProperties, WireOrchestrator } from '../wire';
import type { ClientOf, OrchestratorClient } from './client';
import { ApiError } from './client';
import { LifecycleError } from './event';
import { explain, notMadeSure } from './explain';
import { log } from './log';
import { TokenError } from './token';

/**
 * Takes away what a failed change made, while it is rolled back. Returns what the user has to know of it.
 *
 * @param undone the properties of the failed change
 * @param restored the properties from before, which hold again
 */
export async function undo(
  clientOf: ClientOf, undone: RunnerRuleProperties, restored: WireOrchestrator, remove: (client: OrchestratorClient) => Promise<string | undefined>,
): Promise<string | undefined> {
  // The token from before has just been good; the one of the failed change may be why it failed, or be out of reach again.
  const here = undone.ApiUrl === restored.ApiUrl && undone.OrgId === restored.OrgId;
  const orchestrator = here ? restored : undone;
  try {
    return await remove(await clientOf(orchestrator));
  } catch (error) {
    if (!here && (error instanceof TokenError || (error instanceof ApiError && !error.uncertain && error.status !== 429))) {
      // A wrong URL, organization or token made the change fail, it seems. It stays wrong, and the rollback must not get stuck on it.
      log('no look at what the failed change left', { runner: undone.RunnerId, error: error.message });
      return notMadeSure(undone);
    }
    if (error instanceof LifecycleError) {
      // It is in use, most likely by rules that the same update made: those go after this, and then CloudFormation deletes it, if it knows of it.
      return error.message;
    }
    throw explain(error, `Undoing the change to runner '${undone.RunnerId}'`, orchestrator);
  }
}
