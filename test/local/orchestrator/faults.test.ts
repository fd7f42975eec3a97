import { ORG, call, given, org, runner, server, type Json } from './support';
import type { Fault } from '../../../local/orchestrator';

const RUNNERS = `/orgs/${ORG}/runners`;
const ONE = `${RUNNERS}/prod-runner`;
const PAGE = '<html><body>Try later</body></html>';

/** From now on every request meets the fault. */
function always(answer: Fault['answer'], carriedOut = true): void {
  server.setFaults(() => ({ name: answer.kind, carriedOut, answer }));
}

interface RawOptions { readonly token?: string; readonly within?: number; readonly body?: Json }

/** A request whose answer is not looked into: it may be no JSON, or none at all. */
function raw(method: string, path: string, { token = 'writer', within = 5_000, body }: RawOptions = {}): Promise<Response> {
  return fetch(server.url + path, {
    method,
    redirect: 'manual',
    signal: AbortSignal.timeout(within),
    headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
    body: body && JSON.stringify(body),
  });
}

const create = (options: RawOptions = {}): Promise<Response> => raw('POST', RUNNERS, { body: runner(), ...options });
/** Looked up behind the API's back, at once: the API itself may have a fault. */
const isThere = (): boolean => server.store.organization(ORG)!.runners.has('prod-runner');
const descriptionNow = (): string | undefined => server.store.organization(ORG)!.runners.get('prod-runner')?.description;

describe.each([[true, 'carried out'], [false, 'not carried out']])('a request that is (%s) %s', (carriedOut) => {
  test('reset: the connection breaks', async () => {
    always({ kind: 'reset' }, carriedOut);
    const error = await create().then(() => undefined, (thrown: unknown) => thrown as Error & { cause?: { code?: string } });
    expect(['ECONNRESET', 'UND_ERR_SOCKET']).toContain(error?.cause?.code);
    expect(isThere()).toBe(carriedOut);
  });

  test('never: the client gives up, and others are served meanwhile', async () => {
    server.setFaults(({ method }) => method === 'POST' ? { name: 'never', carriedOut, answer: { kind: 'never' } } : undefined);
    const waiting = create({ within: 400 }).then(() => undefined, (thrown: unknown) => thrown as Error);
    expect(await org('GET', '/runners')).toMatchObject({ status: 200 });
    expect(await waiting).toMatchObject({ name: 'TimeoutError' });
    expect(isThere()).toBe(carriedOut);
  });

  test('other: a 503 of a proxy', async () => {
    always({ kind: 'other', status: 503, headers: { 'retry-after': '2', 'content-type': 'text/html' }, body: PAGE }, carriedOut);
    const answer = await create();
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('2');
    expect(answer.headers.get('content-type')).toMatch(/^text\/html/);
    expect(await answer.text()).toBe(PAGE);
    expect(isThere()).toBe(carriedOut);
  });

  test('other: a redirect', async () => {
    always({ kind: 'other', status: 302, headers: { location: 'https://login.example.com/' }, body: '' }, carriedOut);
    const answer = await create();
    expect(answer.status).toBe(302);
    expect(answer.headers.get('location')).toBe('https://login.example.com/');
    expect(await answer.text()).toBe('');
    expect(isThere()).toBe(carriedOut);
  });

  test('other: a change and a deletion', async () => {
    await given('/runners', runner());
    always({ kind: 'other', status: 500, body: '{}' }, carriedOut);
    expect((await raw('PATCH', ONE, { body: { description: 'changed' } })).status).toBe(500);
    expect(descriptionNow()).toBe(carriedOut ? 'changed' : 'Runs production');
    expect((await raw('DELETE', ONE)).status).toBe(500);
    expect(isThere()).toBe(!carriedOut);
  });
});

test('a fault comes before the token is looked at', async () => {
  expect((await create({ token: 'unknown' })).status).toBe(401);
  for (const carriedOut of [true, false]) {
    always({ kind: 'other', status: 503, body: PAGE }, carriedOut);
    expect((await create({ token: 'unknown' })).status).toBe(503);
    expect(isThere()).toBe(false);
  }
});

test('slow: the whole answer comes, in pieces and late', async () => {
  await given('/runners', runner());
  const expected = await (await raw('GET', ONE)).text();
  const pauseMs = 60;
  always({ kind: 'slow', pauseMs });
  const started = performance.now();
  const answer = await raw('GET', ONE);
  const pieces: string[] = [];
  for await (const piece of answer.body!) pieces.push(Buffer.from(piece).toString());
  // Five pauses; a timer may be early by less than a millisecond.
  expect(performance.now() - started).toBeGreaterThan(4.9 * pauseMs);
  expect(pieces.length).toBeGreaterThan(1);
  expect(pieces.join('')).toBe(expected);
  expect(answer.status).toBe(200);
});

test('slow: a client that waits less has none of it, and yet it is carried out', async () => {
  always({ kind: 'slow', pauseMs: 300 });
  const error = await create({ within: 400 }).then((answer) => answer.text()).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ name: 'TimeoutError' });
  expect(isThere()).toBe(true);
});

test('truncated: half of the answer, which is no JSON, and it is carried out', async () => {
  always({ kind: 'truncated' });
  const created = await create();
  expect(created.status).toBe(201);
  await expect(created.json()).rejects.toMatchObject({ name: 'SyntaxError' });
  expect(isThere()).toBe(true);

  const half = await (await raw('GET', ONE)).text();
  server.setFaults();
  const whole = await (await raw('GET', ONE)).text();
  expect(half).toBe(whole.slice(0, Math.floor(whole.length / 2)));
  expect(half.length).toBeGreaterThan(100);
});

describe('stale', () => {
  test('what was changed reads as it was before, until it does not any more', async () => {
    await given('/runners', runner());
    expect(await org('PATCH', '/runners/prod-runner', { description: 'changed' })).toMatchObject({ status: 200, body: { description: 'changed' } });
    always({ kind: 'stale' });
    expect(await org('GET', '/runners/prod-runner')).toMatchObject({ status: 200, body: { description: 'Runs production' } });
    expect(await org('GET', '/runners')).toMatchObject({ body: { items: [{ description: 'Runs production' }] } });
    server.setFaults();
    expect(await org('GET', '/runners/prod-runner')).toMatchObject({ status: 200, body: { description: 'changed' } });
  });

  test('what was created is not there yet', async () => {
    await given('/runners', runner());
    always({ kind: 'stale' });
    expect(await org('GET', '/runners/prod-runner')).toMatchObject({ status: 404 });
    server.setFaults();
    expect(await org('GET', '/runners/prod-runner')).toMatchObject({ status: 200 });
  });

  test('what was deleted is still there', async () => {
    await given('/runners', runner());
    expect(await org('DELETE', '/runners/prod-runner')).toMatchObject({ status: 204 });
    always({ kind: 'stale' });
    expect(await org('GET', '/runners/prod-runner')).toMatchObject({ status: 200 });
    server.setFaults();
    expect(await org('GET', '/runners/prod-runner')).toMatchObject({ status: 404 });
  });

  test('a change is made to what there is now', async () => {
    await given('/runners', runner());
    always({ kind: 'stale' });
    expect(await org('PATCH', '/runners/prod-runner', { description: 'changed' })).toMatchObject({ status: 200, body: { description: 'changed' } });
    expect(descriptionNow()).toBe('changed');
  });
});

describe('the choice', () => {
  test('is made by method, path and token, anew for each request', async () => {
    const asked: unknown[] = [];
    server.setFaults((request) => {
      asked.push(request);
      return request.method === 'POST' ? { name: 'other', carriedOut: false, answer: { kind: 'other', status: 502, body: PAGE } } : undefined;
    });
    expect((await create()).status).toBe(502);
    expect(await call('GET', `${RUNNERS}?per_page=1`, undefined, { token: 'reader' })).toMatchObject({ status: 200, body: { items: [] } });
    expect(asked).toMatchObject([
      { method: 'POST', path: RUNNERS, authorization: 'Bearer writer' },
      { method: 'GET', path: `${RUNNERS}?per_page=1`, authorization: 'Bearer reader' },
    ]);
  });

  test('without a chooser nothing goes wrong', async () => {
    always({ kind: 'reset' });
    server.setFaults();
    expect((await create()).status).toBe(201);
  });
});
