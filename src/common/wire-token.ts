/** Where the handler reads the API token, at each call. Exactly one of the two sources is set. */
export interface WireToken {
  /** ARN (or name) of a Secrets Manager secret. */
  readonly SecretId?: string;
  /** Key of the token in the secret's JSON object; without it the whole secret string is the token. */
  readonly SecretField?: string;
  /** Name or ARN of an SSM parameter (SecureString). */
  readonly ParameterName?: string;
  /** Region of a secret or parameter that is given by name, if it is not the stack's region. An ARN names its region itself. */
  readonly Region?: string;
}
