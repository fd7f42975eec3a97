import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { conflict, notFound } from '../errors';
import type { EnvironmentType, NamedCreateBody } from '../model';
import { pageOf, type PageQuery } from '../paging';
import { namedCreateSchema, pageQuerySchema } from '../schemas';
import type { OrganizationStore } from '../store';

interface OrgParams { readonly orgId: string }
interface EnvTypeParams extends OrgParams { readonly envTypeId: string }

const READ = { config: { permission: 'environment_type_read' } } as const;
const WRITE = { config: { permission: 'environment_type_write' } } as const;

function findEnvType(organization: OrganizationStore, id: string): EnvironmentType {
  const envType = organization.envTypes.get(id);
  if (!envType) throw notFound('environment type not found');
  return envType;
}

/** The part of the environment type API that environments and rules need. */
export function envTypeRoutes(app: FastifyInstance): void {
  app.post<{ Params: OrgParams; Body: NamedCreateBody }>('/orgs/:orgId/env-types', { ...WRITE, schema: { body: namedCreateSchema } }, (request, reply) => {
    const { organization, body } = request;
    if (organization.envTypes.has(body.id)) throw conflict(`environment type with id ${body.id} already exists`);
    const envType: EnvironmentType = { display_name: body.id, ...body, uuid: randomUUID(), created_at: new Date().toISOString() };
    organization.envTypes.set(envType.id, envType);
    return reply.code(201).send(envType);
  });

  app.get<{ Params: OrgParams; Querystring: PageQuery }>('/orgs/:orgId/env-types', { ...READ, schema: { querystring: pageQuerySchema } }, (request, reply) =>
    reply.send(pageOf(request.organization.envTypes.values(), (envType) => [envType.id], request.query)));

  app.get<{ Params: EnvTypeParams }>('/orgs/:orgId/env-types/:envTypeId', READ, (request, reply) =>
    reply.send(findEnvType(request.organization, request.params.envTypeId)));

  app.delete<{ Params: EnvTypeParams }>('/orgs/:orgId/env-types/:envTypeId', WRITE, (request, reply) => {
    const { organization } = request;
    const { id } = findEnvType(organization, request.params.envTypeId);
    if (organization.environmentsWhere({ env_type_id: id }).length > 0) throw conflict(`environment type ${id} still has environments`);
    organization.deleteRulesWhere({ env_type_id: id });
    organization.envTypes.delete(id);
    return reply.code(204).send();
  });
}
