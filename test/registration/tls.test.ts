import { mkdtempSync, rmSync, writeFileSync } from 'fs';
import { request } from 'http';
import { createServer, Server } from 'https';
import { AddressInfo } from 'net';
import { tmpdir } from 'os';
import { join } from 'path';
import { api, registered, runnerProps, send } from './lifecycle-support';
import { MadeCertificate, selfSigned } from '../certificates';

const HOST = '127.0.0.1';
/** The handler retries an API with an untrusted certificate as long as one that is down. */
const CREATE_MS = 45_000;

let directory: string;
let good: MadeCertificate;
let ofAnotherHost: MadeCertificate;

/** Lambda's environment variables if the template has private CAs. */
function trusting({ certificate }: MadeCertificate): NodeJS.ProcessEnv {
  const file = join(directory, 'ca.pem');
  writeFileSync(file, certificate);
  return { NODE_EXTRA_CA_CERTS: file };
}

/** Serves the orchestrator with TLS. */
async function behindTls({ certificate, privateKey }: MadeCertificate, use: (url: string) => Promise<void>): Promise<void> {
  const server: Server = createServer({ cert: certificate, key: privateKey }, (incoming, outgoing) => {
    const { method, url, headers } = incoming;
    incoming.pipe(request(`${api.url}${url}`, { method, headers }, (reply) => {
      outgoing.writeHead(reply.statusCode!, reply.headers);
      reply.pipe(outgoing);
    }));
  });
  await new Promise<void>(resolve => server.listen(0, HOST, resolve));
  try {
    await use(`https://${HOST}:${(server.address() as AddressInfo).port}`);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tls-'));
  [good, ofAnotherHost] = await Promise.all([selfSigned({ ip: HOST }), selfSigned({ dns: 'another.my-org.internal' })]);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test('an API with a certificate of a trusted private CA accepts the registration', () => behindTls(good, async (url) => {
  const answer = await send('Runner', 'Create', runnerProps({ ApiUrl: url }), { env: trusting(good) });
  expect(answer).toMatchObject({ Status: 'SUCCESS' });
  expect(await registered()).toMatchObject({ id: 'prod-runner' });
}));

test.each([
  ['an untrusted CA', () => good, undefined, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ['another CA', () => good, () => ofAnotherHost, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ['a trusted CA and a certificate of another host', () => ofAnotherHost, () => ofAnotherHost, 'ERR_TLS_CERT_ALTNAME_INVALID'],
])('an API with %s never receives the API token, and the reason contains the remedy', (_name, served, trusted, code) => behindTls(served(), async (url) => {
  const { Status: status, Reason: reason } = await send('Runner', 'Create', runnerProps({ ApiUrl: url }), { env: trusted && trusting(trusted()) }, { remaining: CREATE_MS });
  expect(status).toBe('FAILED');
  expect(reason).toBe(`Registering runner 'prod-runner' failed: no answer from ${url} (${code}). The certificate is not trusted. Correct it, `
    + 'or give its CA as extraCaCertificates; then deploy again. (log stream log-stream)');
  expect(api.requests).toEqual([]);
}));
