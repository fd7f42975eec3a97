/** Times of the handler in milliseconds. Each is the price of one kind of patience, so they stand together. */

/** Kept back from the Lambda's time for the answer to CloudFormation. */
export const ANSWER_RESERVE = 15_000;
/** One call of the API may take this long. */
export const ATTEMPT_TIMEOUT = 10_000;
/** So long an API that is down or broken is tried again: a deployment should fail while somebody is still watching. */
export const OUTAGE_BUDGET = 20_000;
/** The longest pause between two tries. */
export const MAX_PAUSE = 5_000;
/** The first pause; each further one is up to twice as long. */
export const FIRST_PAUSE = 250;

/** CloudFormation refuses longer answers. */
export const ANSWER_MAX_BYTES = 4096;
/** Room that the reason has in the answer, next to ids and data. */
export const REASON_MAX_CHARACTERS = 2000;
/** What is read of the API's answer at the most. */
export const BODY_MAX_BYTES = 1_000_000;
