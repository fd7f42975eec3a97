/**
 * The only function that writes to the log. It accepts named fields instead of whole events, so that the log contains neither the ResponseURL, which is a
 * credential, nor the API token.
 */
export function log(message: string, fields: Record<string, string | number | undefined> = {}): void {
  console.log(JSON.stringify({ message, ...fields }));
}

/**
 * Logs a line that is only JSON, because metric filters read no other lines as JSON. `console` would add the time and the request id.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-logging.html
 */
export function logForMetrics(message: string, fields: Record<string, string | number>): void {
  process.stdout.write(`${JSON.stringify({ message, ...fields })}\n`);
}

/** Removes a secret from a text of another program, such as an error message of the API. */
export function redact(text: string, secret: string | undefined): string {
  return secret ? text.split(secret).join('***') : text;
}

/** Shortens a value for a message. Keeps both ends, because either can contain the name. */
export function short(text: string, max: number): string {
  const half = Math.floor((max - 1) / 2);
  return text.length <= max ? text : `${text.slice(0, half)}…${text.slice(-half)}`;
}
