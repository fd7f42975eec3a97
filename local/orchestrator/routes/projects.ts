import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { conflict, notFound } from '../errors';
import type { NamedCreateBody, Project } from '../model';
import { pageOf, type PageQuery } from '../paging';
import { namedCreateSchema, pageQuerySchema } from '../schemas';
import type { OrganizationStore } from '../store';

interface OrgParams { readonly orgId: string }
interface ProjectParams extends OrgParams { readonly projectId: string }

const READ = { config: { permission: 'project_read' } } as const;
const WRITE = { config: { permission: 'project_write' } } as const;

export function findProject(organization: OrganizationStore, id: string): Project {
  const project = organization.projects.get(id);
  if (!project) throw notFound('project not found');
  return project;
}

/** The part of the project API that environments and rules need. */
export function projectRoutes(app: FastifyInstance): void {
  app.post<{ Params: OrgParams; Body: NamedCreateBody }>('/orgs/:orgId/projects', { ...WRITE, schema: { body: namedCreateSchema } }, (request, reply) => {
    const { organization, body } = request;
    if (organization.projects.has(body.id)) throw conflict(`project with id ${body.id} already exists`);
    const now = new Date().toISOString();
    const project: Project = { display_name: body.id, ...body, uuid: randomUUID(), created_at: now, updated_at: now, status: 'active' };
    organization.projects.set(project.id, project);
    return reply.code(201).send(project);
  });

  app.get<{ Params: OrgParams; Querystring: PageQuery }>('/orgs/:orgId/projects', { ...READ, schema: { querystring: pageQuerySchema } }, (request, reply) =>
    reply.send(pageOf(request.organization.projects.values(), (project) => [project.id], request.query)));

  app.get<{ Params: ProjectParams }>('/orgs/:orgId/projects/:projectId', READ, (request, reply) =>
    reply.send(findProject(request.organization, request.params.projectId)));

  app.delete<{ Params: ProjectParams }>('/orgs/:orgId/projects/:projectId', WRITE, (request, reply) => {
    const { organization } = request;
    const { id } = findProject(organization, request.params.projectId);
    if (organization.environmentsWhere({ project_id: id }).length > 0) throw conflict(`project ${id} still has environments`);
    organization.deleteRulesWhere({ project_id: id });
    organization.projects.delete(id);
    return reply.code(204).send();
  });
}
