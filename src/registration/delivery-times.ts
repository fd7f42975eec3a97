/**
 * How long the events of CloudFormation can be on their way, in seconds. CloudFormation invokes the Lambda asynchronously and then waits for
 * the handler's answer, so each time must leave room for those before it.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
 */

/** What Lambda gives the handler: time for its retries, and for a slow answer. */
export const HANDLER_SECONDS = 120;

/**
 * Lambda drops an event that is older. A create that came after CloudFormation gave up on it, and deleted what it made, would leave a
 * registration that nobody knows of.
 *
 * A function in a VPC becomes inactive after weeks without use; its next invocation fails, and it takes a minute or more until its network
 * interfaces exist again. Lambda repeats an event that it could not deliver after 1, 2, 4, … seconds: 127, 255 and 511 seconds after the
 * first try. So an age below 255 would leave little more than two minutes. The rest is for a queue that is slow.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
 * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
 */
export const EVENT_AGE_SECONDS = 360;

/** Between the end of the last delivery and the moment at which CloudFormation gives up. */
export const ANSWER_RESERVE_SECONDS = 60;

/**
 * CloudFormation gives up on the handler's answer after this; without it a stack would wait an hour. The last delivery begins when the event
 * has its highest age, and may take all of the handler's time.
 */
export const SERVICE_TIMEOUT_SECONDS = EVENT_AGE_SECONDS + HANDLER_SECONDS + ANSWER_RESERVE_SECONDS;

/** What a create made can be this old when the last delivery of its delete looks for it: CloudFormation sends that delete when it gives up. */
export const CREATE_TO_DELETE_SECONDS = SERVICE_TIMEOUT_SECONDS + EVENT_AGE_SECONDS + HANDLER_SECONDS;
