import { AwsError } from './aws';
import { Context, Finding, notRead, unknown } from './check';

/** Longer texts of the API are cut. */
const MAX_MESSAGE = 200;
const TIMEOUT_MS = 15_000;

/** An answer of the orchestrator's API. */
export interface ApiAnswer {
  readonly status: number;
  readonly body: any;
  /** What the API says about an error. */
  readonly message: string;
}

/** Thrown where there is no API token or no answer, with the finding that says so. */
export class NoAnswer extends Error {
  constructor(public readonly finding: Finding, /** Whether the API token is the cause. */ public readonly isToken: boolean) {
    super(finding.found);
  }
}

/** Where the API token is kept, for a message. */
export function tokenSource({ runner: { properties: { Token: token } } }: Context): string {
  return token.SecretId ? `secret ${token.SecretId}` : `parameter ${token.ParameterName}`;
}

/**
 * Calls the orchestrator's API with the API token of the stack, which is shown to nobody.
 *
 * @throws NoAnswer
 */
export async function callApi(context: Context, method: 'GET' | 'PATCH', path: string, body?: object): Promise<ApiAnswer> {
  const { apiUrl, properties: { OrgId: orgId } } = context.runner;
  const token = await context.once(`token of ${apiUrl} ${tokenSource(context)}`, async () => readToken(context));
  let response: Response;
  let text: string;
  try {
    response = await fetch(`${apiUrl}/orgs/${encodeURIComponent(orgId)}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, accept: 'application/json', ...(body ? { 'content-type': 'application/json' } : {}) },
      body: body && JSON.stringify(body),
      // A redirect would carry the token to wherever it points.
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    text = await response.text();
  } catch (error) {
    const { cause, name } = error as { cause?: { code?: string }; name?: string };
    throw new NoAnswer(unknown(`The orchestrator's API at ${apiUrl} gave this machine no answer (${cause?.code ?? name}).`,
      'Check that the API is up, and that this machine can reach it. For a private CA, set NODE_EXTRA_CA_CERTS.'), false);
  }
  const parsed = parse(text);
  const message = [parsed?.message, parsed?.details && JSON.stringify(parsed.details)].filter(Boolean).join(' ').split(token).join('***').slice(0, MAX_MESSAGE);
  if (response.status === 429 || response.status >= 500 || response.status >= 300 && response.status < 400) {
    throw new NoAnswer(unknown(`The orchestrator's API at ${apiUrl} answered HTTP ${response.status}.`, 'Wait until the API works again, then run the doctor again.'), false);
  }
  if (response.ok && parsed === undefined && response.status !== 204 || response.status === 404 && typeof parsed?.error !== 'string') {
    throw new NoAnswer(unknown(`What answers at ${apiUrl} is not the orchestrator's API (HTTP ${response.status}).`, 'Check the network of this machine, and apiUrl.'), false);
  }
  return { status: response.status, body: parsed, message };
}

/** The API's own words, for the end of a sentence. */
export function apiMessage({ message }: ApiAnswer): string {
  return message ? ` It said: ${message.replace(/[.\s]*$/, '')}.` : '';
}

async function readToken(context: Context): Promise<string> {
  const { aws, runner: { properties: { Token: source } } } = context;
  const id = source.SecretId ?? source.ParameterName ?? '';
  const region = id.startsWith('arn:') ? id.split(':')[3] : source.Region;
  const remedy = 'Put the API token of the orchestrator there.';
  const failed = (finding: Finding) => new NoAnswer(finding, true);
  let text: unknown;
  try {
    text = source.SecretId
      ? (await aws('secretsmanager', 'GetSecretValue', { SecretId: id }, region)).SecretString
      : (await aws('ssm', 'GetParameter', { Name: id, WithDecryption: true }, region)).Parameter?.Value;
  } catch (error) {
    if (error instanceof AwsError && (error.kind === 'not-found' || /^InvalidRequestException$/.test(error.code))) {
      throw failed({ result: 'problem', found: `The ${tokenSource(context)} with the API token cannot be read: ${error.code}: ${error.message.replace(/[.\s]*$/, '')}.`, remedy: `Restore it. ${remedy}` });
    }
    throw error instanceof AwsError ? failed(notRead(error)) : error;
  }
  const token = (source.SecretField ? parse(String(text))?.[source.SecretField] : text);
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token.trim())) {
    throw failed({ result: 'problem', found: `The ${tokenSource(context)} holds no API token${source.SecretField ? ` in its field "${source.SecretField}"` : ''}.`, remedy });
  }
  return token.trim();
}

function parse(text: string): any {
  try {
    return JSON.parse(text) ?? undefined;
  } catch {
    return undefined;
  }
}
