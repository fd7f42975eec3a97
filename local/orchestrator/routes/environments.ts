import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { conflict, notFound } from '../errors';
import type { Environment, EnvironmentCreateBody } from '../model';
import { pageOf, type PageQuery } from '../paging';
import { environmentCreateSchema, pageQuerySchema, refreshQuerySchema } from '../schemas';
import type { OrganizationStore } from '../store';
import { findProject } from './projects';

interface ProjectParams { readonly orgId: string; readonly projectId: string }
interface EnvironmentParams extends ProjectParams { readonly envId: string }

const ENVIRONMENTS = '/orgs/:orgId/projects/:projectId/envs';

const READ = { config: { permission: 'environment_read' } } as const;
const WRITE = { config: { permission: 'environment_write' } } as const;

function findEnvironment(organization: OrganizationStore, { projectId, envId }: EnvironmentParams): Environment {
  const environment = organization.environment(findProject(organization, projectId).id, envId);
  if (!environment) throw notFound('environment not found');
  return environment;
}

/**
 * The part of the environment API that is needed to use a runner. Unlike the real API, which needs a deployment for both, an environment
 * gets its runner when it is created, and disappears as soon as it is deleted.
 */
export function environmentRoutes(app: FastifyInstance): void {
  app.post<{ Params: ProjectParams; Body: EnvironmentCreateBody }>(ENVIRONMENTS, { ...WRITE, schema: { body: environmentCreateSchema } }, (request, reply) => {
    const { organization, body } = request;
    const project = findProject(organization, request.params.projectId);
    if (!organization.envTypes.has(body.env_type_id)) throw conflict(`environment type '${body.env_type_id}' not found`);
    if (organization.environment(project.id, body.id)) throw conflict(`environment with id ${body.id} already exists`);
    const now = new Date().toISOString();
    const environment: Environment = {
      display_name: body.id,
      ...body,
      uuid: randomUUID(),
      project_id: project.id,
      project_uuid: project.uuid,
      created_at: now,
      updated_at: now,
      status: 'active',
      runner_id: organization.matchRunner(project.id, body.env_type_id),
    };
    organization.putEnvironment(environment);
    return reply.code(201).send(environment);
  });

  app.get<{ Params: ProjectParams; Querystring: PageQuery }>(ENVIRONMENTS, { ...READ, schema: { querystring: pageQuerySchema } }, (request, reply) => {
    const { id } = findProject(request.organization, request.params.projectId);
    const environments = request.organization.environmentsWhere({ project_id: id });
    return reply.send(pageOf(environments, (environment) => [environment.id], request.query));
  });

  app.get<{ Params: EnvironmentParams }>(`${ENVIRONMENTS}/:envId`, READ, (request, reply) =>
    reply.send(findEnvironment(request.organization, request.params)));

  app.delete<{ Params: EnvironmentParams }>(`${ENVIRONMENTS}/:envId`, WRITE, (request, reply) => {
    request.organization.deleteEnvironment(findEnvironment(request.organization, request.params));
    return reply.code(204).send();
  });

  /** Evaluates the rules again. This is the only way to change the runner of an environment. */
  app.post<{ Params: EnvironmentParams; Querystring: { dry_run?: 'true' | 'false' } }>(
    `${ENVIRONMENTS}/:envId/actions/refresh_runner`,
    { ...WRITE, schema: { querystring: refreshQuerySchema } },
    (request, reply) => {
      const { organization } = request;
      const environment = findEnvironment(organization, request.params);
      const runnerId = organization.matchRunner(environment.project_id, environment.env_type_id);
      if (runnerId === undefined) throw conflict('no matching runner found for the supplied environment');
      const dryRun = request.query.dry_run === 'true';
      if (!dryRun) organization.putEnvironment({ ...environment, runner_id: runnerId, updated_at: new Date().toISOString() });
      return reply.send({ runner_id: runnerId, updated: !dryRun });
    },
  );
}
