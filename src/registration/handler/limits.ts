import { CREATE_TO_DELETE_SECONDS } from '../delivery-times';

/** Times of the handler in milliseconds. */

/** Time reserved for the answer to CloudFormation. */
export const ANSWER_RESERVE = 15_000;
/** Part of this time that remains after the last attempt to answer, because Lambda stops the function at its timeout. */
export const ANSWER_MARGIN = 4_000;
/** Additional time that creates and updates reserve. The delete of a cancelled create can run at the same time, and must be the last to look. */
export const DELETE_RESERVE = 25_000;
/** Timeout of a call of the API. */
export const ATTEMPT_TIMEOUT = 10_000;
/** Minimum time for another attempt. An attempt without time for its answer would hide the last error. */
export const MIN_CALL_TIME = 1_000;
/** How long calls are retried while the API is down. Short, so that a deployment fails while the user still watches it. */
export const OUTAGE_BUDGET = 20_000;
/** How long after the end of a request the orchestrator can still execute it. */
export const SERVER_TIMEOUT = 30_000;
/** Time after the start of an update in which it can begin a write, so that a rollback knows when a cancelled update is over. */
export const WRITE_WINDOW = 20_000;
/** Maximum pause between two attempts. */
export const MAX_PAUSE = 5_000;
/** Maximum of the first pause. It doubles with each attempt. */
export const FIRST_PAUSE = 250;
/** How long denied calls of AWS are retried, because a new IAM permission takes seconds to have effect. */
export const PROPAGATION_BUDGET = 25_000;
/** Timeouts of AWS calls (connection and answer), and the number of attempts. */
export const AWS_CONNECTION_TIMEOUT = 3_000;
export const AWS_REQUEST_TIMEOUT = 5_000;
export const AWS_ATTEMPTS = 4;
/** Maximum of the random time that is added to the pause that a throttling API asks for. Otherwise, all throttled callers would retry at the same moment. */
export const THROTTLING_JITTER = 1_000;
/** Pause between two searches for an object that an unfinished request may still create. */
export const SEARCH_PAUSE = 5_000;
/** Minimum time for such a search. */
export const MIN_SEARCH_TIME = 10_000;
/** Pause before the next read of a provider that exists: IAM is eventually consistent. */
export const IAM_READ_PAUSE = 1_500;
/** Maximum difference between the clocks of CloudFormation and the orchestrator. */
export const CLOCK_SKEW = 5_000;
/** Maximum age of an object that a request created which CloudFormation has just given up. */
export const MAX_CREATE_AGE = CREATE_TO_DELETE_SECONDS * 1_000;

/** Maximum length of an answer to CloudFormation. */
export const ANSWER_MAX_BYTES = 4096;
/** Maximum length of the first part of a reason: operation, runner, cause and remedy. Details follow. */
export const SUMMARY_MAX_CHARACTERS = 550;
/** Maximum length of the API's error message in a reason. */
export const DETAILS_MAX_CHARACTERS = 1000;
/** Maximum length of a reason, which shares the answer with ids and data. */
export const REASON_MAX_CHARACTERS = 2000;
