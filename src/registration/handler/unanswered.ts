/** Handles requests whose answers were lost: they may have written, or may still write. */
import { ApiError } from './client';
import type { Request } from './event';
import { UnfinishedError } from './event';
import { MIN_SEARCH_TIME, SEARCH_PAUSE, SERVER_TIMEOUT, WRITE_WINDOW } from './limits';
import type { Period } from './physical-ids';
import { pause } from './time';

/**
 * Creates an object, or finds it if it exists: an earlier delivery or attempt of the request may have created it and lost the answer.
 *
 * @param idOf the physical ID of an object that may have been created in a period
 */
export async function createOrFind<T>(
  { since, deadline }: Request, create: () => Promise<T>, find: () => Promise<T | undefined>, idOf: (createdIn: Period) => string,
): Promise<{ readonly object: T; readonly isFound: boolean }> {
  try {
    return { object: await create(), isFound: false };
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 409 && !error.uncertain) {
      throw error;
    }
    const end = Date.now() + (error.status === 409 ? 0 : SERVER_TIMEOUT);
    await pause(end - Date.now(), deadline);
    const found = await find().catch(unseen => unseen as Error);
    if (found && !(found instanceof Error)) {
      return { object: found, isFound: true };
    }
    const mayExist = error.uncertain && (found || Date.now() < end);
    throw mayExist ? new UnfinishedError(error, idOf({ from: since, to: end })) : error;
  }
}

/** The time after which a cancelled update writes no more. It started before the update that rolls it back, and starts no write after its window. */
export function endOfCancelled({ startedAt }: Request): number {
  return startedAt + WRITE_WINDOW + SERVER_TIMEOUT;
}

/** Waits until a cancelled update writes no more. */
export function waitForCancelled(request: Request): Promise<void> {
  return pause(endOfCancelled(request) - Date.now(), request.deadline - MIN_SEARCH_TIME);
}

/** Deletes the object of a create, and repeats this until the create must be over: a create that CloudFormation gave up can still run. Returns a note for the user. */
export async function removeUntil(end: number, { deadline }: Request, remove: () => Promise<string | undefined>): Promise<string | undefined> {
  const until = Math.min(deadline - MIN_SEARCH_TIME, end);
  for (;;) {
    const note = await remove();
    if (note !== undefined || Date.now() >= until) {
      return note;
    }
    await pause(SEARCH_PAUSE, until);
  }
}
