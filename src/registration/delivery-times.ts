/**
 * Times of the delivery of CloudFormation's events, in seconds. CloudFormation invokes the Lambda asynchronously and then waits for
 * the handler's answer, so each limit must include the limits before it.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
 */

/** Timeout of the Lambda: enough for retries, and for a slow answer. */
export const HANDLER_SECONDS = 120;

/**
 * Maximum age of an event. Lambda drops older events. Otherwise, a create that is delivered after CloudFormation gave up on it and deleted its resource would leave
 * an unknown registration.
 *
 * A function in a VPC becomes inactive after weeks without use. Its next invocation fails, and it takes a minute or more until its network
 * interfaces exist again. Lambda retries the delivery after 1, 2, 4, … seconds, so the last retries are 127, 255 and 511 seconds after the
 * first attempt. An age below 255 would leave little more than two minutes. The remaining time is for a slow queue.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
 * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
 */
export const EVENT_AGE_SECONDS = 360;

/** Time between the end of the last delivery and the timeout of CloudFormation. */
export const ANSWER_RESERVE_SECONDS = 60;

/**
 * Timeout of CloudFormation for the handler's answer. The default would be an hour. The last delivery starts at the maximum age of the event, and can take the full
 * timeout of the Lambda.
 */
export const SERVICE_TIMEOUT_SECONDS = EVENT_AGE_SECONDS + HANDLER_SECONDS + ANSWER_RESERVE_SECONDS;

/** Maximum age of a created object when the last delivery of its delete searches for it. CloudFormation sends this delete after its timeout for the create. */
export const CREATE_TO_DELETE_SECONDS = SERVICE_TIMEOUT_SECONDS + EVENT_AGE_SECONDS + HANDLER_SECONDS;
