import { CREATE_TO_DELETE_SECONDS } from '../delivery-times';

/** Times of the handler in milliseconds. Each is the price of one kind of patience, so they stand together. */

/** Kept back from the Lambda's time for the answer to CloudFormation. */
export const ANSWER_RESERVE = 15_000;
/** Of that, what stays when the answer is not accepted: Lambda cuts off what runs longer. */
export const SAFETY = 4_000;
/**
 * What creates and updates keep back beyond that. A delete may come while the create still runs, when another resource of the
 * stack failed: it has to have the last look.
 */
export const LAST_LOOK = 25_000;
/** One call of the API may take this long. */
export const ATTEMPT_TIMEOUT = 10_000;
/** So long an API that is down or broken is tried again: a deployment should fail while somebody is still watching. */
export const OUTAGE_BUDGET = 20_000;
/** The longest pause between two tries. */
export const MAX_PAUSE = 5_000;
/** The first pause; each further one is up to twice as long. */
export const FIRST_PAUSE = 250;
/** So long a call of AWS that is denied is repeated: a new IAM permission takes seconds to be known everywhere. */
export const PROPAGATION_BUDGET = 25_000;
/** Until the connection to an AWS service is made, and until it has answered, in each of so many tries. */
export const AWS_CONNECTION_TIMEOUT = 3_000;
export const AWS_REQUEST_TIMEOUT = 5_000;
export const AWS_ATTEMPTS = 4;
/** Added at random to the time that a throttling API asks for. */
export const SPREAD = 1_000;
/** Before something that ought to be there is believed to be missing, it is looked for again after this: APIs read from copies. */
export const SECOND_LOOK = 1_500;
/** Pause between two looks for what a create that still runs may make. */
export const POLL = 5_000;
/** Such a look is not begun with less time than this. */
export const LOOK = 10_000;
/** A call that nobody waits for any more may still be carried out; not later than this. */
export const AFTERMATH = 15_000;
/** What is older was not made by a create that CloudFormation still waits for, or has just given up. */
export const CREATE_AT_MOST = CREATE_TO_DELETE_SECONDS * 1_000;

/** CloudFormation refuses longer answers. */
export const ANSWER_MAX_BYTES = 4096;
/** What a reason says first: operation, runner, cause and remedy. Its details follow. */
export const SUMMARY_MAX_CHARACTERS = 400;
/** The API's own words in a reason. */
export const DETAILS_MAX_CHARACTERS = 1000;
/** Room that the reason has in the answer, next to ids and data. */
export const REASON_MAX_CHARACTERS = 2000;
/** What is read of the API's answer at the most. */
export const BODY_MAX_BYTES = 1_000_000;
