import { badRequest } from './errors';

export interface PageQuery {
  readonly per_page?: string;
  readonly page?: string;
}

export interface Page<T> {
  readonly items: T[];
  readonly next_page_token?: string;
}

const DEFAULT_PAGE_SIZE = 100;

const encode = (key: string[]): string => Buffer.from(JSON.stringify(key)).toString('base64url');

function decode(token: string, parts: number): string[] {
  let key: unknown;
  try {
    key = JSON.parse(Buffer.from(token, 'base64url').toString());
  } catch {
    key = undefined;
  }
  if (!Array.isArray(key) || key.length !== parts || !key.every((part) => typeof part === 'string')) {
    throw badRequest('page is not a valid page token');
  }
  return key;
}

/** Compares code units, so that the order does not depend on a locale. */
function compareKeys(a: string[], b: string[]): number {
  const at = a.findIndex((part, index) => part !== b[index]);
  if (at < 0) return 0;
  return a[at] < b[at] ? -1 : 1;
}

/**
 * Returns one page of the items, ordered by key. The page token contains the last key instead of a position, so a caller that deletes
 * listed items still sees each item exactly once.
 */
export function pageOf<T>(all: Iterable<T>, keyOf: (item: T) => [string, ...string[]], query: PageQuery): Page<T> {
  const size = Math.max(1, query.per_page === undefined ? DEFAULT_PAGE_SIZE : Number(query.per_page));
  let rest = [...all].sort((a, b) => compareKeys(keyOf(a), keyOf(b)));
  if (query.page && rest.length > 0) {
    const after = decode(query.page, keyOf(rest[0]).length);
    rest = rest.filter((item) => compareKeys(keyOf(item), after) > 0);
  }
  const items = rest.slice(0, size);
  return { items, ...(rest.length > size && { next_page_token: encode(keyOf(items[items.length - 1])) }) };
}
