import type { FastifyInstance } from 'fastify';
import type { Behaviour } from './behaviour';
import type { Clock } from './clock';
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

/** The currently valid tokens. `replace` changes all of them in one step, as in a rotation. */
export class TokenRegistry {
  private tokens: ReadonlyMap<string, LocalToken> = new Map();
  /** The time until which the API rejects a token, by token. */
  private readonly rejectedUntil = new Map<string, number>();

  constructor(tokens: LocalToken[], private readonly rejectedTokenMs: number, private readonly clock: Clock) {
    this.replace(tokens);
  }

  replace(tokens: LocalToken[]): void {
    this.tokens = new Map(tokens.map((token) => [token.token, token]));
  }

  /** The API caches a rejection. Each use of a rejected token extends it. */
  find(authorization: string | undefined): LocalToken | undefined {
    // The API accepts the scheme only in this spelling.
    const [, token] = /^Bearer (.*)$/.exec(authorization ?? '') ?? [];
    if (token === undefined) return undefined;
    const found = this.tokens.get(token);
    if (found && this.clock() >= (this.rejectedUntil.get(token) ?? 0)) return found;
    this.rejectedUntil.set(token, this.clock() + this.rejectedTokenMs);
    return undefined;
  }
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The organization of the path. Set after the token's permission is checked. */
    organization: OrganizationStore;
  }
  interface FastifyContextConfig {
    /** The permission that this route requires. */
    permission?: Permission;
  }
}

/**
 * Checks the token before the body is read and before the resource is looked up, so a caller without permission learns nothing about
 * either.
 */
export function requireToken(app: FastifyInstance, store: Store, registry: TokenRegistry, behaviour: Behaviour): void {
  app.decorateRequest('organization');
  app.addHook('onRequest', async (request) => {
    const token = registry.find(request.headers.authorization);
    if (!token) throw unauthorized();

    const { permission } = request.routeOptions.config;
    // Not a route of the API.
    if (permission === undefined) return;
    const { orgId } = request.params as { orgId: string };
    const organization = store.organization(orgId);
    if (!organization && behaviour.unknownOrganization === 404) throw notFound('organization not found');
    if (!organization || !token.orgs.includes(orgId) || !(token.permissions ?? PERMISSIONS).includes(permission)) {
      throw forbidden([{ resource: `organization:${orgId}`, permission }]);
    }
    const isRead = permission.endsWith('_read');
    if (!isRead) organization.saveSnapshot();
    request.organization = isRead && request.fault?.answer.kind === 'stale' ? organization.snapshot : organization;
  });
}
