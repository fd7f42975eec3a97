import { CREATE_TO_DELETE_SECONDS } from '../delivery-times';

/** Times of the handler in milliseconds. */

/** Kept back from the Lambda's time for the answer to CloudFormation. */
export const ANSWER_RESERVE = 15_000;
/** Of that, what stays when the answer is not accepted: Lambda cuts off what runs longer. */
export const SAFETY = 4_000;
/** What creates and updates keep back beyond that. The delete of a cancelled create may run beside it, and has to look last. */
export const LAST_LOOK = 25_000;
/** One call of the API may take this long. */
export const ATTEMPT_TIMEOUT = 10_000;
/** A call is not tried again with less time than this: a try without time for its answer would hide the last error. */
export const ANSWER_TIME = 1_000;
/** So long an API that is down or broken is tried again: a deployment should fail while somebody is still watching. */
export const OUTAGE_BUDGET = 20_000;
/** The orchestrator may carry a call out this long after nobody waits for it any more. */
export const SERVER_TIMEOUT = 30_000;
/** An update begins no write later than this after it began, so that a rollback knows when a cancelled update is over. */
export const WRITE_WINDOW = 20_000;
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
/** Added at random to the time that a throttling API asks for: all who were told the same would come back together. */
export const SPREAD = 1_000;
/** Pause between two looks for what somebody else is about to create. */
export const POLL = 5_000;
/** Such a look does not begin with less time than this. */
export const LOOK = 10_000;
/** IAM reads from copies: pause before it is asked again for a provider that exists. */
export const POLL_IAM = 1_500;
/** The clocks of CloudFormation and of the orchestrator may differ by this. */
export const CLOCK_SKEW = 5_000;
/** What is older was not created by a request that CloudFormation has just given up. */
export const CREATE_AT_MOST = CREATE_TO_DELETE_SECONDS * 1_000;

/** CloudFormation refuses longer answers. */
export const ANSWER_MAX_BYTES = 4096;
/** What a reason says first: operation, runner, cause and remedy. Its details follow. */
export const SUMMARY_MAX_CHARACTERS = 550;
/** The API's own words in a reason. */
export const DETAILS_MAX_CHARACTERS = 1000;
/** Room that the reason has in the answer, next to ids and data. */
export const REASON_MAX_CHARACTERS = 2000;
