import { ORG, call, given, org, runner, server, type Json } from './support';
import type { Fault } from '../../../local/orchestrator';

const RUNNERS = `/orgs/${ORG}/runners`;
const ONE = `${RUNNERS}/prod-runner`;
const PAGE = '<html><body>Try later</body></html>';

/** Applies the fault to all further requests. */
function always(answer: Fault['answer'], carriedOut = true): void {
  server.setFaults(() => ({ name: answer.kind, carriedOut, answer }));
}

interface RawOptions { readonly token?: string; readonly within?: number; readonly body?: Json }

/** Sends a request without checking the response, which may be missing or not JSON. */
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
/** Reads the store directly, because the API may have a fault. */
const isThere = (): boolean => server.store.organization(ORG)!.runners.has('prod-runner');
const descriptionNow = (): string | undefined => server.store.organization(ORG)!.runners.get('prod-runner')?.description;

describe.each([[true, 'carried out'], [false, 'not carried out']])('a fault in a request that is (%s) %s', (carriedOut) => {
  test('of the kind reset closes the connection without an answer', async () => {
    always({ kind: 'reset' }, carriedOut);
    const error = await create().then(() => undefined, (thrown: unknown) => thrown as Error & { cause?: { code?: string } });
    expect(['ECONNRESET', 'UND_ERR_SOCKET']).toContain(error?.cause?.code);
    expect(isThere()).toBe(carriedOut);
  });

  test('of the kind never sends no answer until the client gives up, while other requests are answered', async () => {
    server.setFaults(({ method }) => method === 'POST' ? { name: 'never', carriedOut, answer: { kind: 'never' } } : undefined);
    const waiting = create({ within: 2_000 }).then(() => undefined, (thrown: unknown) => thrown as Error);
    expect(await org('GET', '/runners')).toMatchObject({ status: 200 });
    expect(await waiting).toMatchObject({ name: 'TimeoutError' });
    expect(isThere()).toBe(carriedOut);
  });

  test('of the kind other answers with the 503 of a proxy', async () => {
    always({ kind: 'other', status: 503, headers: { 'retry-after': '2', 'content-type': 'text/html' }, body: PAGE }, carriedOut);
    const answer = await create();
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('2');
    expect(answer.headers.get('content-type')).toMatch(/^text\/html/);
    expect(await answer.text()).toBe(PAGE);
    expect(isThere()).toBe(carriedOut);
  });

  test('of the kind other answers with a redirect', async () => {
    always({ kind: 'other', status: 302, headers: { location: 'https://login.example.com/' }, body: '' }, carriedOut);
    const answer = await create();
    expect(answer.status).toBe(302);
    expect(answer.headers.get('location')).toBe('https://login.example.com/');
    expect(await answer.text()).toBe('');
    expect(isThere()).toBe(carriedOut);
  });

  test('of the kind other applies to PATCH and DELETE', async () => {
    await given('/runners', runner());
    always({ kind: 'other', status: 500, body: '{}' }, carriedOut);
    expect((await raw('PATCH', ONE, { body: { description: 'changed' } })).status).toBe(500);
    expect(descriptionNow()).toBe(carriedOut ? 'changed' : 'Runs production');
    expect((await raw('DELETE', ONE)).status).toBe(500);
    expect(isThere()).toBe(!carriedOut);
  });
});

test('a fault is injected before the API token is checked', async () => {
  expect((await create({ token: 'unknown' })).status).toBe(401);
  for (const carriedOut of [true, false]) {
    always({ kind: 'other', status: 503, body: PAGE }, carriedOut);
    expect((await create({ token: 'unknown' })).status).toBe(503);
    expect(isThere()).toBe(false);
  }
});

test('a fault of the kind slow sends the complete answer late and in pieces', async () => {
  await given('/runners', runner());
  const expected = await (await raw('GET', ONE)).text();
  const pauseMs = 60;
  always({ kind: 'slow', pauseMs });
  const started = performance.now();
  const answer = await raw('GET', ONE);
  const pieces: string[] = [];
  for await (const piece of answer.body!) pieces.push(Buffer.from(piece).toString());
  // The response has five pauses. A timer can end less than a millisecond early.
  expect(performance.now() - started).toBeGreaterThan(4.9 * pauseMs);
  expect(pieces.length).toBeGreaterThan(1);
  expect(pieces.join('')).toBe(expected);
  expect(answer.status).toBe(200);
});

test.each([
  ['in the middle of the answer', 100, 400],
  ['before its first piece', 300, 100],
])('a fault of the kind slow carries the request out even if the client gives up %s', async (_when, pauseMs, within) => {
  always({ kind: 'slow', pauseMs });
  const error = await create({ within }).then((answer) => answer.text()).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ name: 'TimeoutError' });
  expect(isThere()).toBe(true);
});

test('a fault of the kind truncated carries the request out and sends half of the answer, which is not valid JSON', async () => {
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

test.each([{ kind: 'truncated' }, { kind: 'slow', pauseMs: 1 }] as const)('a fault of the kind $kind does not change an answer without a body', async (answer) => {
  await given('/runners', runner());
  always(answer);
  const deleted = await raw('DELETE', ONE);
  expect([deleted.status, await deleted.text(), isThere()]).toEqual([204, '', false]);
});

describe('a fault of the kind stale', () => {
  test('returns a runner as it was before the last change, until the fault ends', async () => {
    await given('/runners', runner());
    expect(await org('PATCH', '/runners/prod-runner', { description: 'changed' })).toMatchObject({ status: 200, body: { description: 'changed' } });
    always({ kind: 'stale' });
    expect(await org('GET', '/runners/prod-runner')).toMatchObject({ status: 200, body: { description: 'Runs production' } });
    expect(await org('GET', '/runners')).toMatchObject({ body: { items: [{ description: 'Runs production' }] } });
    server.setFaults();
    expect(await org('GET', '/runners/prod-runner')).toMatchObject({ status: 200, body: { description: 'changed' } });
  });

  test('answers 404 for a runner that was just created', async () => {
    await given('/runners', runner());
    always({ kind: 'stale' });
    expect(await org('GET', '/runners/prod-runner')).toMatchObject({ status: 404 });
    server.setFaults();
    expect(await org('GET', '/runners/prod-runner')).toMatchObject({ status: 200 });
  });

  test('returns a runner that was just deleted', async () => {
    await given('/runners', runner());
    expect(await org('DELETE', '/runners/prod-runner')).toMatchObject({ status: 204 });
    always({ kind: 'stale' });
    expect(await org('GET', '/runners/prod-runner')).toMatchObject({ status: 200 });
    server.setFaults();
    expect(await org('GET', '/runners/prod-runner')).toMatchObject({ status: 404 });
  });

  test('returns a rule that was just deleted, and no rule that was just created', async () => {
    await given('/runners', runner());
    const { id } = await given('/runner-rules', { runner_id: 'prod-runner' });
    always({ kind: 'stale' });
    expect((await org('GET', '/runner-rules')).body).toEqual({ items: [] });
    server.setFaults();
    await org('DELETE', `/runner-rules/${id}`);
    always({ kind: 'stale' });
    expect((await org('GET', '/runner-rules')).body).toMatchObject({ items: [{ id }] });
  });

  test('applies a change to the current data', async () => {
    await given('/runners', runner());
    always({ kind: 'stale' });
    expect(await org('PATCH', '/runners/prod-runner', { description: 'changed' })).toMatchObject({ status: 200, body: { description: 'changed' } });
    expect(descriptionNow()).toBe('changed');
  });
});

describe('the function that chooses faults', () => {
  test('is called for each request with its method, path and API token', async () => {
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

  test('injects no fault if it is not set', async () => {
    always({ kind: 'reset' });
    server.setFaults();
    expect((await create()).status).toBe(201);
  });
});
