import type { FastifyInstance } from 'fastify';
import { forbidden, notFound, unauthorized } from './errors';
import type { OrganizationStore, Store } from './store';

export interface LocalToken {
  readonly token: string;
  /** The organizations that the token may read. */
  readonly orgs: string[];
  /** @default true */
  readonly canWrite?: boolean;
}

/** The tokens that are accepted now: replaced as a whole, so that a rotation has no moment in between. */
export class TokenRegistry {
  private tokens: ReadonlyMap<string, LocalToken> = new Map();

  constructor(tokens: LocalToken[]) {
    this.replace(tokens);
  }

  replace(tokens: LocalToken[]): void {
    this.tokens = new Map(tokens.map((token) => [token.token, token]));
  }

  find(authorization: string | undefined): LocalToken | undefined {
    // RFC 7235: the scheme is case-insensitive.
    const [, token] = /^Bearer +(\S+)$/i.exec(authorization ?? '') ?? [];
    return token === undefined ? undefined : this.tokens.get(token);
  }
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The organization of the path; set once the token was found to reach it. */
    organization: OrganizationStore;
  }
}

const READING_METHODS = ['GET', 'HEAD'];

/**
 * Who calls is settled before the body is even read: a caller without a token learns nothing, neither from validation nor
 * from what exists.
 */
export function requireToken(app: FastifyInstance, store: Store, registry: TokenRegistry): void {
  app.decorateRequest('organization');
  app.addHook('onRequest', async (request) => {
    const token = registry.find(request.headers.authorization);
    if (!token) throw unauthorized('the request has no bearer token, or one that is not accepted');

    const { orgId } = request.params as { orgId?: string };
    if (orgId === undefined) return;
    const organization = store.organization(orgId);
    if (!organization) throw notFound('organization not found');
    if (!token.orgs.includes(orgId)) throw forbidden(`the token has no permission in the organization ${orgId}`);
    if (token.canWrite === false && !READING_METHODS.includes(request.method)) {
      throw forbidden(`the token has no permission to write in the organization ${orgId}`);
    }
    const reads = READING_METHODS.includes(request.method);
    if (!reads) organization.remember();
    request.organization = reads && request.fault?.answer.kind === 'stale' ? organization.stale : organization;
  });
}
