import { createHash, createHmac } from 'crypto';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  /** Names in lower case. */
  readonly headers: Record<string, string>;
  readonly body: string;
}

/**
 * The headers of a request with the signature of AWS, version 4.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export function sign(request: HttpRequest, service: string, region: string, credentials: Credentials, now = new Date()): Record<string, string> {
  const { method, url, body } = request;
  const time = now.toISOString().replace(/[:-]|\.\d{3}/g, '');
  const bodyHash = sha256(body);
  const headers: Record<string, string> = {
    ...request.headers,
    'host': url.host,
    'x-amz-date': time,
    ...(credentials.sessionToken ? { 'x-amz-security-token': credentials.sessionToken } : {}),
    ...(service === 's3' ? { 'x-amz-content-sha256': bodyHash } : {}),
  };
  const names = Object.keys(headers).sort();
  const signed = names.join(';');
  const query = [...url.searchParams].map(([name, value]) => [encode(name), encode(value)])
    .sort(([one], [other]) => one < other ? -1 : 1).map((pair) => pair.join('=')).join('&');
  const canonical = [method, url.pathname, query, ...names.map((name) => `${name}:${headers[name].trim()}`), '', signed, bodyHash].join('\n');
  const scope = `${time.slice(0, 8)}/${region}/${service}/aws4_request`;
  const key = scope.split('/').reduce<string | Buffer>((secret, part) => hmac(secret, part), `AWS4${credentials.secretAccessKey}`);
  const signature = hmac(key, ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n')).toString('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${signed}, Signature=${signature}`;
  return { ...headers, authorization };
}

/** Percent-encoding as AWS expects it: everything but the unreserved characters. */
export function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
