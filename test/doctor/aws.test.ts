/** The doctor's AWS client: request signatures, query bodies, XML responses, errors, retries, and the sources of credentials. */
import { createHash, createHmac } from 'crypto';
import { chmodSync, mkdtempSync, writeFileSync } from 'fs';
import { createServer, IncomingMessage, Server, ServerResponse } from 'http';
import type { AddressInfo } from 'net';
import { tmpdir } from 'os';
import { delimiter, join } from 'path';
import { SignatureV4 } from '@smithy/signature-v4';
import * as fc from 'fast-check';
import { awsWith, list } from '../../src/doctor/aws';
import { readCredentials, readRegion } from '../../src/doctor/aws/credentials';
import { queryBody, SERVICES } from '../../src/doctor/aws/services';
import { sign } from '../../src/doctor/aws/signature';
import { parseXml } from '../../src/doctor/aws/xml';

class Sha256 {
  private readonly chunks: Uint8Array[] = [];
  constructor(private readonly secret?: any) {}
  public update(chunk: any): void {
    this.chunks.push(Buffer.from(chunk));
  }
  public async digest(): Promise<Uint8Array> {
    const hash = this.secret === undefined ? createHash('sha256') : createHmac('sha256', Buffer.from(this.secret));
    return hash.update(Buffer.concat(this.chunks)).digest();
  }
  public reset(): void {}
}

const CREDENTIALS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret', sessionToken: 'session' };
const variables = { ...process.env };

afterEach(() => {
  process.env = { ...variables };
});

test('signs requests as the AWS SDK does', async () => {
  const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
  await fc.assert(fc.asyncProperty(
    fc.constantFrom('iam', 's3', 'ecs'), fc.constantFrom('us-east-1', 'eu-central-1'), text, fc.dictionary(fc.stringMatching(/^[a-z-]{1,8}$/), text), fc.boolean(),
    async (service, region, body, query, hasSession) => {
      const credentials = { ...CREDENTIALS, sessionToken: hasSession ? CREDENTIALS.sessionToken : undefined };
      const url = new URL('https://example.amazonaws.com/');
      Object.entries(query).forEach(([name, value]) => url.searchParams.set(name, value));
      const now = new Date('2026-11-25T12:34:56.789Z');
      const signed = sign({ method: 'POST', url, headers: { 'x-amz-target': 'A.b' }, body }, service, region, credentials, now);
      const library = new SignatureV4({ credentials, region, service, sha256: Sha256 as any, applyChecksum: service === 's3', uriEscapePath: service !== 's3' });
      const expected = await library.sign({
        method: 'POST',
        protocol: 'https:',
        hostname: url.hostname,
        path: '/',
        query,
        body,
        headers: { 'host': url.host, 'x-amz-target': 'A.b' },
      } as any, { signingDate: now });
      expect(signed.authorization).toBe((expected as any).headers.authorization);
    }), { numRuns: 60 });
});

test('encodes lists as each query protocol requires', () => {
  expect(queryBody('A', SERVICES.iam, { Names: ['x', 'y z'], Deep: { Inner: [{ Key: '*' }] }, Absent: undefined }))
    .toBe('Action=A&Version=2010-05-08&Names.member.1=x&Names.member.2=y%20z&Deep.Inner.member.1.Key=%2A');
  expect(queryBody('A', SERVICES.ec2, { Filter: [{ Name: 'vpc-id', Value: ['vpc-1'] }] }))
    .toBe('Action=A&Version=2016-11-15&Filter.1.Name=vpc-id&Filter.1.Value.1=vpc-1');
});

describe('an XML response of AWS', () => {
  test('is parsed into objects, lists and strings', () => {
    const answer = parseXml('<?xml version="1.0"?>\n<R xmlns="https://a"><!-- no --><L><member><A>1</A></member></L><E/><F></F><T a="b">&lt;&#65;&#x42;&amp;<![CDATA[<x>]]></T><S>1</S><S>2</S></R>\n');
    expect(answer).toEqual({ L: [{ A: '1' }], E: '', F: '', T: '<AB&<x>', S: ['1', '2'] });
    expect([list(answer.L), list(answer.E), list(answer.S), list(answer.A)]).toEqual([[{ A: '1' }], [], ['1', '2'], []]);
  });

  test.each(['', 'text', '<a>', '<a></b>', '<a/><b/>'])('is rejected if it is not XML: %j', (text) => {
    expect(() => parseXml(text)).toThrow(SyntaxError);
  });

  test('keeps every string, and no element name changes the prototype', () => {
    const escape = (text: string) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(parseXml(`<a><b>${escape(text)}</b></a>`)).toEqual({ b: text });
    }));
    expect(Object.hasOwn(parseXml('<a><__proto__>x</__proto__></a>'), '__proto__')).toBe(true);
  });
});

describe('a call', () => {
  let server: Server;
  let answers: ((request: IncomingMessage, response: ServerResponse) => void)[] = [];
  let calls = 0;

  beforeAll(async () => {
    server = createServer((request, response) => {
      request.resume();
      request.on('end', () => answers[Math.min(calls++, answers.length - 1)](request, response));
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  });
  afterAll(() => {
    server.close();
    server.closeAllConnections();
  });
  beforeEach(() => {
    calls = 0;
    process.env.AWS_ENDPOINT_URL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  const reply = (status: number, body: string) => (_request: IncomingMessage, response: ServerResponse) => response.writeHead(status).end(body);
  const aws = awsWith(CREDENTIALS, 'us-east-1');

  test('is repeated while AWS throttles it or has an internal error', async () => {
    answers = [reply(400, '{"__type":"com.amazon#ThrottlingException"}'), reply(503, ''), reply(200, '{"clusters":[]}')];
    await expect(aws('ecs', 'DescribeClusters')).resolves.toEqual({ clusters: [] });
    expect(calls).toBe(3);
  });

  test.each([
    ['denied', 'iam', 403, '<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>'],
    ['denied', 'ec2', 403, '<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error></Errors></Response>'],
    ['denied', 'ssm', 400, '{"__type":"AccessDeniedException","message":"no"}'],
    ['credentials', 'sts', 403, '<ErrorResponse><Error><Code>ExpiredToken</Code><Message>no</Message></Error></ErrorResponse>'],
    ['not-found', 'secretsmanager', 400, '{"__type":"ResourceNotFoundException","Message":"no"}'],
    ['not-found', 'iam', 404, '<ErrorResponse><Error><Code>NoSuchEntity</Code><Message>no</Message></Error></ErrorResponse>'],
  ] as const)('fails as %s after one answer of %s that says so', async (kind, service, status, body) => {
    answers = [reply(status, body)];
    await expect(aws(service, 'Anything')).rejects.toMatchObject({ kind, message: 'no' });
    expect(calls).toBe(1);
  });

  test('reports the status of a HEAD response, which has no body', async () => {
    answers = [reply(403, '')];
    await expect(aws('s3', 'HeadBucket', { Bucket: 'b' })).rejects.toMatchObject({ kind: 'denied', action: 's3:ListBucket' });
    answers = [reply(404, '')];
    await expect(aws('s3', 'HeadBucket', { Bucket: 'b' })).rejects.toMatchObject({ kind: 'not-found' });
  });

  test('without a response is an error that names the host', async () => {
    process.env.AWS_ENDPOINT_URL = 'http://127.0.0.1:1';
    await expect(aws('sts', 'GetCallerIdentity')).rejects.toMatchObject({ kind: 'network', message: expect.stringMatching(/127\.0\.0\.1:1/) });
  });
});

describe('credentials and region', () => {
  /** Installs a shell script as the `aws` command. */
  function installAws(script: string): void {
    const folder = mkdtempSync(join(tmpdir(), 'aws-command-'));
    writeFileSync(join(folder, 'aws'), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, 'aws'), 0o755);
    process.env.PATH = `${folder}${delimiter}/bin${delimiter}/usr/bin`;
  }

  beforeEach(() => {
    for (const name of Object.keys(process.env).filter((each) => each.startsWith('AWS_'))) {
      delete process.env[name];
    }
  });

  test('come from the environment', async () => {
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'A', AWS_SECRET_ACCESS_KEY: 'S', AWS_REGION: 'eu-west-1' });
    await expect(readCredentials({})).resolves.toEqual({ accessKeyId: 'A', secretAccessKey: 'S', sessionToken: undefined });
    await expect(readRegion({})).resolves.toBe('eu-west-1');
    await expect(readRegion({ region: 'us-east-1' })).resolves.toBe('us-east-1');
  });

  test('come from the aws command if a profile is given, even if the environment has others', async () => {
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'A', AWS_SECRET_ACCESS_KEY: 'S', AWS_REGION: 'eu-west-1' });
    installAws(`case "$*" in
      "configure export-credentials --format process --profile my profile") echo '{"AccessKeyId":"P","SecretAccessKey":"S","SessionToken":"T"}';;
      "configure get region --profile my profile") echo us-east-2;;
      *) exit 1;; esac`);
    await expect(readCredentials({ profile: 'my profile' })).resolves.toEqual({ accessKeyId: 'P', secretAccessKey: 'S', sessionToken: 'T' });
    await expect(readRegion({ profile: 'my profile' })).resolves.toBe('us-east-2');
  });

  test('that the aws command does not find are an error with its reason', async () => {
    installAws('echo "Error loading SSO Token: Token for my-org does not exist" >&2; exit 255');
    await expect(readCredentials({})).rejects.toThrow('The aws command found no credentials: Error loading SSO Token: Token for my-org does not exist. Sign in');
    await expect(readRegion({})).rejects.toThrow('No region is known');
  });

  test('without an aws command are an error with the variables to set', async () => {
    process.env.PATH = mkdtempSync(join(tmpdir(), 'no-command-'));
    await expect(readCredentials({})).rejects.toThrow(/the aws command is not installed.*AWS_ACCESS_KEY_ID/);
  });

  test('that are invalid are an error that does not show them', async () => {
    installAws('echo \'{"AccessKeyId":"only"}\'');
    await expect(readCredentials({})).rejects.toThrow(/printed no credentials(?!.*only)/);
  });
});
