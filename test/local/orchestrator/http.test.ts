import { connect } from 'node:net';
import {
  ORG, TOKENS, type Answer, type CallOptions, server, observed, call, org, given, runner, expectError,
} from './support';
import { startOrchestrator, type Permission } from '../../../local/orchestrator';
import { createApp } from '../../../local/orchestrator/app';
import { PERMISSIONS, TokenRegistry } from '../../../local/orchestrator/auth';
import { DOCUMENTED } from '../../../local/orchestrator/behaviour';
import { Store } from '../../../local/orchestrator/store';

describe('paging', () => {
  const IDS = ['r-0', 'r-1', 'r-2', 'r-3', 'r-4'];
  beforeEach(async () => {
    for (const id of [...IDS].reverse()) await given('/runners', runner(id));
  });

  type PageBody = { items: { id: string }[]; next_page_token?: string };

  async function walk(path: string, perPage: number): Promise<string[][]> {
    const pages: string[][] = [];
    for (let token: string | undefined = ''; token !== undefined;) {
      const query: string = `per_page=${perPage}${token && `&page=${encodeURIComponent(token)}`}`;
      const page = (await org('GET', `${path}?${query}`)).body as unknown as PageBody;
      pages.push(page.items.map((item) => item.id));
      token = page.next_page_token;
    }
    return pages;
  }

  test.each<[number, string[][]]>([
    [1, IDS.map((id) => [id])],
    [2, [['r-0', 'r-1'], ['r-2', 'r-3'], ['r-4']]],
    [4, [['r-0', 'r-1', 'r-2', 'r-3'], ['r-4']]],
    [5, [IDS]],
    [6, [IDS]],
    [0, IDS.map((id) => [id])],
    [-1, IDS.map((id) => [id])],
  ])('returns all items in order with per_page=%s', async (perPage, pages) => {
    expect(await walk('/runners', perPage)).toEqual(pages);
  });

  test('returns 100 items per page by default', async () => {
    for (let n = 0; n < 96; n++) await given('/env-types', { id: `t${100 + n}` });
    await Promise.all([...Array(5).keys()].map((n) => given('/env-types', { id: `u${n}` })));
    const { items, next_page_token } = (await org('GET', '/env-types')).body as unknown as PageBody;
    expect(items).toHaveLength(100);
    const rest = (await org('GET', `/env-types?page=${next_page_token}`)).body as unknown as PageBody;
    expect(rest).toEqual({ items: [expect.objectContaining({ id: 'u4' })] });
  });

  test('skips no item if items are deleted between two pages', async () => {
    const first = (await org('GET', '/runners?per_page=2')).body as unknown as PageBody;
    for (const { id } of first.items) await org('DELETE', `/runners/${id}`);
    const second = (await org('GET', `/runners?per_page=2&page=${first.next_page_token}`)).body as unknown as PageBody;
    expect(second.items.map(({ id }) => id)).toEqual(['r-2', 'r-3']);
  });

  test('returns no items after the last page, even if all items are deleted', async () => {
    const { next_page_token } = (await org('GET', '/runners?per_page=4')).body as unknown as PageBody;
    for (const id of IDS) await org('DELETE', `/runners/${id}`);
    expect(await org('GET', `/runners?page=${next_page_token}`)).toMatchObject({ status: 200, body: { items: [] } });
  });

  test('returns rules in pages, ordered by runner', async () => {
    for (const id of ['a1', 'a2', 'a3']) await given('/projects', { id });
    const rules = new Map<unknown, unknown>();
    for (const [runner_id, project_id] of [['r-2', 'a1'], ['r-1', 'a2'], ['r-2', 'a3']]) {
      rules.set((await given('/runner-rules', { runner_id, project_id })).id, runner_id);
    }
    const pages = await walk('/runner-rules', 1);
    expect(pages.map(([id]) => rules.get(id))).toEqual(['r-1', 'r-2', 'r-2']);
    expect(new Set(pages.flat()).size).toBe(3);
  });

  test.each(['per_page=many', 'per_page=1.5', 'per_page=', 'page=nonsense', 'page=W10', 'page=WzFd', 'page=a&page=b'])(
    'answers 400 for the query %s', async (query) => expectError(await org('GET', `/runners?${query}`), 400, /page/));
});

describe('requests', () => {
  test.each<[string, CallOptions]>([
    ['no header', { token: null }],
    ['an unknown token', { token: 'unknown' }],
    ['an empty token', { authorization: 'Bearer ' }],
    ['another scheme', { authorization: 'Basic writer' }],
    ['no scheme', { authorization: 'writer' }],
    ['the scheme in lower case', { authorization: 'bearer writer' }],
    ['more than a token', { authorization: 'Bearer writer writer' }],
  ])('with %s are answered with 401 for every call', async (_, options) => {
    for (const [method, path] of [['GET', '/runners'], ['POST', '/runners'], ['DELETE', '/runners/x'], ['GET', '/nothing']]) {
      const answer = await org(method, path, undefined, options);
      expectError(answer, 401, 'Unauthorized');
      expect(answer.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
    }
    expect((await call('GET', '/orgs/no-org/runners', undefined, options)).status).toBe(401);
  });

  const CALLS: [string, string, string][] = Object.entries({
    'runners': 'runner', 'runner-rules': 'runner_rule', 'projects': 'project', 'env-types': 'environment_type', 'projects/x/envs': 'environment',
  }).flatMap(([path, kind]): [string, string, string][] => [
    ['POST', `/${path}`, `${kind}_write`], ['GET', `/${path}`, `${kind}_read`], ['GET', `/${path}/x`, `${kind}_read`], ['DELETE', `/${path}/x`, `${kind}_write`],
  ]);
  CALLS.push(['PATCH', '/runners/x', 'runner_write'], ['POST', '/projects/x/envs/x/actions/refresh_runner', 'environment_write']);

  const expectForbidden = (answer: Answer, orgId: string, permission: string): void => {
    expectError(answer, 403, 'Forbidden');
    expect(answer.body.details).toEqual({ failed_checks: [{ resource: `organization:${orgId}`, permission }] });
  };

  test.each(CALLS)('%s %s requires the permission %s in the organization, even if the organization does not exist', async (method, path, permission) => {
    server.setTokens([
      { token: 'with', orgs: [ORG], permissions: [permission as Permission] },
      { token: 'without', orgs: [ORG], permissions: PERMISSIONS.filter((other) => other !== permission) },
      { token: 'elsewhere', orgs: ['other-org'] },
    ]);
    expect([200, 400, 404]).toContain((await org(method, path, undefined, { token: 'with' })).status);
    expectForbidden(await org(method, path, undefined, { token: 'without' }), ORG, permission);
    expectForbidden(await org(method, path, undefined, { token: 'elsewhere' }), ORG, permission);
    expectForbidden(await call(method, `/orgs/no-org${path}`, undefined, { token: 'with' }), 'no-org', permission);
  });

  test('reports a missing permission before an invalid body', async () => {
    expectForbidden(await org('POST', '/runners', { id: 'A' }, { token: 'reader' }), ORG, 'runner_write');
  });

  test('accepts new API tokens and rejects old ones immediately after a replacement', async () => {
    server.setTokens([{ token: 'rotated', orgs: [ORG] }]);
    expect((await org('GET', '/runners')).status).toBe(401);
    expect((await org('GET', '/runners', undefined, { token: 'rotated' })).status).toBe(200);
  });
});

describe('an error response', () => {
  test.each<[string, string, string, CallOptions, number, RegExp]>([
    ['an unknown route', 'GET', '/nowhere', {}, 404, /^no such route: GET \/nowhere$/],
    ['an unknown route of an organization', 'GET', '/orgs/my-org/nowhere?x=1', {}, 404, /^no such route: GET \/orgs\/my-org\/nowhere$/],
    ['an unsupported method', 'PUT', '/orgs/my-org/runners', {}, 404, /^no such route: PUT /],
    ['malformed JSON', 'POST', '/orgs/my-org/runners', { raw: '{"id":' }, 400, /not valid JSON/],
    ['a poisoned body', 'POST', '/orgs/my-org/runners', { raw: '{"__proto__":{}}' }, 400, /not valid JSON/],
    ['an empty body', 'POST', '/orgs/my-org/runners', {}, 400, /^body must be object$/],
    ['a body that is not an object', 'POST', '/orgs/my-org/runners', { raw: '"x"' }, 400, /^body must be object$/],
    ['text', 'POST', '/orgs/my-org/runners', { raw: '{}', contentType: 'text/plain' }, 415, /Unsupported Media Type/],
    ['a form', 'POST', '/orgs/my-org/runners', { raw: 'a=b', contentType: 'application/x-www-form-urlencoded' }, 415, /Unsupported/],
    ['too large a body', 'POST', '/orgs/my-org/runners', { raw: `"${'x'.repeat(1_100_000)}"` }, 413, /too large/],
    ['a malformed path', 'GET', '/orgs/%zz/runners', {}, 400, /not a valid url/],
  ])('is JSON for %s', async (_, method, path, options, status, message) => {
    expectError(await call(method, path, undefined, options), status, message);
  });

  test('shows no details of an internal error', async () => {
    const app = createApp({
      store: new Store([ORG]),
      tokens: new TokenRegistry(TOKENS, 0, Date.now),
      behaviour: DOCUMENTED,
      clock: Date.now,
      record: () => undefined,
      fault: () => undefined,
    });
    app.get('/broken', () => { throw new Error('a detail'); });
    const response = await fetch(`${await app.listen({ host: '127.0.0.1', port: 0 })}/broken`, { headers: { authorization: 'Bearer writer' } });
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({ error: 'HTTP-500', message: 'internal server error' });
    await app.close();
  });

  test('is JSON even if the request is not valid HTTP', async () => {
    const answer = await new Promise<string>((resolve, reject) => {
      let received = '';
      const socket = connect(server.port, '127.0.0.1', () => socket.write('nonsense\r\n\r\n'));
      socket.on('data', (chunk) => (received += chunk.toString()));
      socket.on('close', () => resolve(received)).on('error', reject);
    });
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(JSON.parse(answer.split('\r\n\r\n')[1])).toEqual({ error: 'HTTP-400', message: 'the request is not valid HTTP' });
  });
});

describe('the server', () => {
  test('records requests and responses without API tokens', async () => {
    await org('GET', '/runners?per_page=1');
    await org('POST', '/runners', { id: 'A' });
    await org('DELETE', '/runners/none', undefined, { token: 'unknown' });
    expect(server.requests).toEqual([
      { method: 'GET', path: '/orgs/my-org/runners?per_page=1', status: 200 },
      { method: 'POST', path: '/orgs/my-org/runners', status: 400, body: { id: 'A' } },
      { method: 'DELETE', path: '/orgs/my-org/runners/none', status: 401 },
    ]);
    expect(observed).toEqual(server.requests);
    expect(JSON.stringify(server.requests)).not.toContain('writer');
  });

  test('listens only on loopback, on a free port or on the given port', async () => {
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
    const other = await startOrchestrator({ orgs: [], tokens: [] });
    expect(other.port).not.toBe(server.port);
    await other.close();
    const again = await startOrchestrator({ port: other.port, orgs: [], tokens: [] });
    expect(again.port).toBe(other.port);
    await expect(startOrchestrator({ port: other.port, orgs: [], tokens: [] })).rejects.toThrow('EADDRINUSE');
    await again.close();
  });

  test('closes while a client is still sending a request, and answers no further request', async () => {
    const other = await startOrchestrator({ orgs: [ORG], tokens: TOKENS });
    const socket = connect(other.port, '127.0.0.1');
    const ended = new Promise((resolve) => socket.on('error', resolve).on('close', resolve));
    await new Promise((resolve) => socket.write('GET / HTTP/1.1\r\n', resolve));
    // After this response, the server has accepted the first connection.
    await fetch(other.url);
    await other.close();
    await ended;
    await expect(fetch(other.url)).rejects.toThrow();
  });
});
