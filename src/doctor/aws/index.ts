import { setTimeout as pause } from 'timers/promises';
import { AwsError, errorOf } from './error';
import { queryBody, S3_OPERATIONS, ServiceName, SERVICES } from './services';
import { Credentials, HttpRequest, sign } from './signature';
import { parseXml } from './xml';

export { AwsError, SettingsError } from './error';
export { list } from './xml';
export type { ServiceName } from './services';

/**
 * Calls AWS. Parameters and answers have the names of the API on the wire, as its reference has them: `stackName` of EC2's `Filter.1.Name` is
 * `{ Filter: [{ Name: … }] }`. Answers of CloudFormation, EC2, IAM, S3 and STS are XML: all values are texts, and lists are read with `list()`.
 *
 * @throws AwsError
 */
export type Aws = (service: ServiceName, operation: string, params?: object, region?: string) => Promise<any>;

const ATTEMPTS = 4;
const FIRST_PAUSE_MS = 300;
const CALL_TIMEOUT_MS = 10_000;
/** Calls at the same time: more are throttled by some services. */
const MAX_CALLS = 8;

/** @param region of calls that name no other one */
export function awsWith(credentials: Credentials, region: string): Aws {
  const runLimited = slots(MAX_CALLS);
  return async (service, operation, params = {}, otherRegion) => runLimited(async () => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await callOnce(service, operation, params, otherRegion ?? region, credentials);
      } catch (error) {
        const { kind, code } = error as AwsError;
        const isPassing = kind === 'throttled' || kind === 'network' || /^(5\d\d|Internal\w*|ServiceUnavailable\w*)$/.test(code);
        if (!isPassing || attempt === ATTEMPTS) {
          throw error;
        }
        await pause(FIRST_PAUSE_MS * 2 ** attempt * (0.5 + Math.random() / 2));
      }
    }
  });
}

async function callOnce(service: ServiceName, operation: string, params: object, region: string, credentials: Credentials): Promise<any> {
  const { signingName, onlyRegion, protocol } = SERVICES[service];
  const request = requestOf(service, operation, params, region);
  const { host, ...headers } = sign(request, signingName, onlyRegion ?? region, credentials);
  let response: Response;
  let text: string;
  try {
    response = await fetch(request.url, {
      method: request.method, headers, body: request.body || undefined, redirect: 'manual', signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
    });
    text = await response.text();
  } catch (error) {
    const { cause, name } = error as { cause?: { code?: string }; name?: string };
    throw new AwsError(service, operation, 'network', `no answer from ${host} (${cause?.code ?? name})`);
  }
  const body = bodyOf(text);
  if (!response.ok) {
    throw errorOf(service, operation, response.status, response.headers, body);
  }
  if (protocol === 'query') {
    return body?.[`${operation}Result`] ?? body ?? {};
  }
  return protocol === 's3' && operation === 'HeadBucket' ? { BucketRegion: response.headers.get('x-amz-bucket-region') ?? undefined } : body ?? {};
}

function requestOf(service: ServiceName, operation: string, params: object, region: string): HttpRequest {
  const definition = SERVICES[service];
  const { protocol, version, host, variable } = definition;
  const custom = process.env[`AWS_ENDPOINT_URL_${variable}`] ?? process.env.AWS_ENDPOINT_URL;
  if (protocol === 's3') {
    const { Bucket: bucket } = params as { Bucket: string };
    const { method, query } = S3_OPERATIONS[operation];
    const base = custom ? `${custom.replace(/\/+$/, '')}/${bucket}` : `https://${bucket}.${host(region)}/`;
    return { method, url: new URL(query, base), headers: {}, body: '' };
  }
  const url = new URL(custom ?? `https://${host(region)}/`);
  return protocol === 'json'
    ? {
      method: 'POST',
      url,
      body: JSON.stringify(params),
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `${version}.${operation}` },
    }
    : {
      method: 'POST',
      url,
      body: queryBody(operation, definition, params),
      headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
    };
}

function bodyOf(text: string): any {
  try {
    return text.trimStart().startsWith('<') ? parseXml(text) : text === '' ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Lets only some calls run at the same time. */
function slots(count: number): <T>(call: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let free = count;
  return async (call) => {
    if (free === 0) {
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else {
      free--;
    }
    try {
      return await call();
    } finally {
      const next = waiting.shift();
      if (next) {
        next();
      } else {
        free++;
      }
    }
  };
}
