/**
 * The one path to the log. It takes named fields and never whole events, so that neither the ResponseURL, which is a
 * credential, nor the token can slip in.
 */
export function log(message: string, fields: Record<string, string | number | undefined> = {}): void {
  console.log(JSON.stringify({ message, ...fields }));
}

/**
 * Logs a line of JSON alone. Lambda puts the time and the request in front of what goes through the console, and metric filters read JSON only if it is the
 * whole line.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-logging.html
 */
export function logForMetrics(message: string, fields: Record<string, string | number>): void {
  process.stdout.write(`${JSON.stringify({ message, ...fields })}\n`);
}

/** Takes a secret out of a text that somebody else wrote, such as the API in an error message. */
export function redact(text: string, secret: string | undefined): string {
  return secret ? text.split(secret).join('***') : text;
}

/** A value for a message that has to stay short; both ends of it stay, as names stand at either. */
export function short(text: string, max: number): string {
  const half = Math.floor((max - 1) / 2);
  return text.length <= max ? text : `${text.slice(0, half)}…${text.slice(-half)}`;
}
