import type { FastifyInstance } from 'fastify';
import type { Behaviour } from './behaviour';
import { forbidden, notFound, unauthorized } from './errors';
import type { OrganizationStore, Store } from './store';

export const PERMISSIONS = [
  'runner_read', 'runner_write', 'runner_rule_read', 'runner_rule_write', 'project_read', 'project_write',
  'environment_read', 'environment_write', 'environment_type_read', 'environment_type_write',
] as const;
export type Permission = typeof PERMISSIONS[number];

export interface LocalToken {
  readonly token: string;
  /** The organizations in which the token has its permissions. */
  readonly orgs: readonly string[];
  /** @default - every permission */
  readonly permissions?: readonly Permission[];
}

/** The tokens that are valid now. All of them are replaced together, so that a rotation is one step. */
export class TokenRegistry {
  private tokens: ReadonlyMap<string, LocalToken> = new Map();
  /** When the API forgets that it refused a token. */
  private readonly refusedUntil = new Map<string, number>();

  constructor(tokens: LocalToken[], private readonly refusedTokenMs: number) {
    this.replace(tokens);
  }

  replace(tokens: LocalToken[]): void {
    this.tokens = new Map(tokens.map((token) => [token.token, token]));
  }

  /** The API caches a refusal, and each use of a refused token prolongs it. */
  find(authorization: string | undefined): LocalToken | undefined {
    // The API takes the scheme in this spelling only.
    const [, token] = /^Bearer (.*)$/.exec(authorization ?? '') ?? [];
    if (token === undefined) return undefined;
    const found = this.tokens.get(token);
    if (found && Date.now() >= (this.refusedUntil.get(token) ?? 0)) return found;
    this.refusedUntil.set(token, Date.now() + this.refusedTokenMs);
    return undefined;
  }
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The organization of the path; set once the token was found to have the permission in it. */
    organization: OrganizationStore;
  }
  interface FastifyContextConfig {
    /** What a token needs for this route. */
    permission?: Permission;
  }
}

/**
 * Authorization comes before everything else, even before the body is read: a caller without a permission learns nothing, neither from
 * validation nor from what exists.
 */
export function requireToken(app: FastifyInstance, store: Store, registry: TokenRegistry, behaviour: Behaviour): void {
  app.decorateRequest('organization');
  app.addHook('onRequest', async (request) => {
    const token = registry.find(request.headers.authorization);
    if (!token) throw unauthorized();

    const { orgId } = request.params as { orgId?: string };
    const { permission } = request.routeOptions.config;
    if (orgId === undefined || permission === undefined) return;
    const organization = store.organization(orgId);
    if (!organization && behaviour.unknownOrganization === 404) throw notFound('organization not found');
    if (!organization || !token.orgs.includes(orgId) || !(token.permissions ?? PERMISSIONS).includes(permission)) {
      throw forbidden([{ resource: `organization:${orgId}`, permission }]);
    }
    const reads = permission.endsWith('_read');
    if (!reads) organization.remember();
    request.organization = reads && request.fault?.answer.kind === 'stale' ? organization.stale : organization;
  });
}
