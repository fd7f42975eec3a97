import type { FastifyInstance } from 'fastify';
import { badRequest, conflict, notFound } from '../errors';
import type { Runner, RunnerCreateBody, RunnerJob, RunnerUpdateBody } from '../model';
import { pageOf, type PageQuery } from '../paging';
import { pageQuerySchema, RESERVED_VARIABLES, runnerCreateSchema, runnerUpdateSchema, SENSITIVE_VARIABLES } from '../schemas';
import type { OrganizationStore } from '../store';

interface OrgParams { readonly orgId: string }
interface RunnerParams extends OrgParams { readonly runnerId: string }

function findRunner(organization: OrganizationStore, id: string): Runner {
  const runner = organization.runners.get(id);
  if (!runner) throw notFound('runner not found');
  return runner;
}

/** The names of variables need words of their own: what JSON Schema says about property names helps nobody. */
function refuseReservedVariables(job: RunnerJob | undefined): void {
  const names = Object.keys(job?.environment ?? {});
  const faults = [
    ...names.filter((name) => RESERVED_VARIABLES.includes(name))
      .map((name) => `environment variable ${name} is reserved for the orchestrator`),
    ...names.filter((name) => SENSITIVE_VARIABLES.includes(name))
      .map((name) => `environment variable ${name} is sensitive and must be given in secrets`),
  ];
  if (faults.length > 0) throw badRequest(faults.join('; '));
}

/** A list names the kind of what is configured, and nothing more. */
function summarize(runner: Runner): object {
  return {
    ...runner,
    runner_configuration: { type: runner.runner_configuration.type },
    state_storage_configuration: { type: runner.state_storage_configuration.type },
  };
}

/** `auth`, `job` and the state storage are each replaced whole when they come, and stay as they are when they do not. */
function applyUpdate(runner: Runner, update: RunnerUpdateBody): Runner {
  return {
    ...runner,
    ...update,
    runner_configuration: { ...runner.runner_configuration, ...update.runner_configuration },
    updated_at: new Date().toISOString(),
  };
}

export function runnerRoutes(app: FastifyInstance): void {
  app.post<{ Params: OrgParams; Body: RunnerCreateBody }>('/orgs/:orgId/runners', { schema: { body: runnerCreateSchema } }, (request, reply) => {
    const { organization, body } = request;
    refuseReservedVariables(body.runner_configuration.job);
    if (organization.runners.has(body.id)) throw conflict(`runner with id ${body.id} already exists`);
    const now = new Date().toISOString();
    const runner: Runner = { ...body, org_id: request.params.orgId, created_at: now, updated_at: now };
    organization.runners.set(runner.id, runner);
    return reply.code(201).send(runner);
  });

  app.get<{ Params: OrgParams; Querystring: PageQuery }>('/orgs/:orgId/runners', { schema: { querystring: pageQuerySchema } }, (request, reply) => {
    const { items, ...next } = pageOf(request.organization.runners.values(), (runner) => [runner.id], request.query);
    return reply.send({ items: items.map(summarize), ...next });
  });

  app.get<{ Params: RunnerParams }>('/orgs/:orgId/runners/:runnerId', (request, reply) =>
    reply.send(findRunner(request.organization, request.params.runnerId)));

  app.patch<{ Params: RunnerParams; Body: RunnerUpdateBody }>(
    '/orgs/:orgId/runners/:runnerId',
    { schema: { body: runnerUpdateSchema } },
    (request, reply) => {
      const { organization, body } = request;
      const runner = findRunner(organization, request.params.runnerId);
      refuseReservedVariables(body.runner_configuration?.job);
      const updated = applyUpdate(runner, body);
      organization.runners.set(updated.id, updated);
      return reply.send(updated);
    },
  );

  app.delete<{ Params: RunnerParams }>('/orgs/:orgId/runners/:runnerId', (request, reply) => {
    const { organization } = request;
    const { id } = findRunner(organization, request.params.runnerId);
    const environments = organization.environmentsUsing(id);
    if (environments.length > 0) throw conflict(`runner ${id} is in use by the environments: ${environments.join(', ')}`);
    const rules = organization.rulesWhere({ runner_id: id });
    if (rules.length > 0) throw conflict(`runner ${id} is referenced by the runner rules: ${rules.map((rule) => rule.id).join(', ')}`);
    organization.runners.delete(id);
    return reply.code(204).send();
  });
}
