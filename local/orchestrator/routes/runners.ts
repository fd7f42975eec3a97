import type { FastifyInstance } from 'fastify';
import type { Behaviour } from '../behaviour';
import { timestamp, type Clock } from '../clock';
import { badRequest, conflict, notFound } from '../errors';
import { isEcs, type AnyRunner, type AnyRunnerConfiguration, type RunnerCreateBody, type RunnerUpdateBody } from '../model';
import { pageOf, type PageQuery } from '../paging';
import { RUNNER_STATE_STORAGE, withoutEmptyFields, withoutSecretValues } from '../responses';
import { pageQuerySchema, runnerCreateSchema, runnerUpdateSchema, RESERVED_VARIABLES, SENSITIVE_VARIABLES } from '../schemas';
import type { OrganizationStore } from '../store';

interface OrgParams { readonly orgId: string }
interface RunnerParams extends OrgParams { readonly runnerId: string }

const READ = { config: { permission: 'runner_read' } } as const;
const WRITE = { config: { permission: 'runner_write' } } as const;

function findRunner(organization: OrganizationStore, id: string): AnyRunner {
  const runner = organization.runners.get(id);
  if (!runner) throw notFound('runner not found');
  return runner;
}

/** Checked here because the error message of JSON Schema for property names is not helpful. */
function rejectReservedVariables(configuration: Partial<AnyRunnerConfiguration> | undefined): void {
  if (!configuration || !isEcs(configuration)) return;
  const names = Object.keys(configuration.job?.environment ?? {});
  const problems = [
    ...names.filter((name) => RESERVED_VARIABLES.includes(name))
      .map((name) => `environment variable ${name} is reserved for the orchestrator`),
    ...names.filter((name) => SENSITIVE_VARIABLES.includes(name))
      .map((name) => `environment variable ${name} is sensitive and must be given in secrets`),
  ];
  if (problems.length > 0) throw badRequest(problems.join('; '));
}

function rejectIncompatibleStorage(runnerType: AnyRunnerConfiguration['type'], storageType: string): void {
  const supported: readonly string[] = RUNNER_STATE_STORAGE[runnerType];
  if (supported.includes(storageType)) return;
  throw badRequest(`state storage type '${storageType}' is not compatible with runner type '${runnerType}', it must be one of [${supported.join(' ')}]`);
}

function rejectTypeChange(runner: AnyRunner, update: RunnerUpdateBody): void {
  const { type } = runner.runner_configuration;
  const requested = update.runner_configuration?.type ?? type;
  if (requested !== type) throw badRequest(`runner type ${requested} does not match existing runner type ${type}`);
}

/** Lists contain only the types of the configurations. */
function summarize(runner: AnyRunner): object {
  return {
    ...runner,
    runner_configuration: { type: runner.runner_configuration.type },
    state_storage_configuration: { type: runner.state_storage_configuration.type },
  };
}

/** Replaces `auth`, `job` and the state storage completely if the body contains them, and keeps them otherwise. */
function applyUpdate(runner: AnyRunner, update: RunnerUpdateBody, now: string): AnyRunner {
  return {
    ...runner,
    ...update,
    runner_configuration: { ...runner.runner_configuration, ...update.runner_configuration },
    updated_at: now,
  } as AnyRunner;
}

export function runnerRoutes(app: FastifyInstance, behaviour: Behaviour, clock: Clock): void {
  /** Stores only the fields of a runner that responses contain. */
  const save = (organization: OrganizationStore, runner: AnyRunner): AnyRunner => {
    const saved = withoutSecretValues(behaviour.omitEmptyFields ? withoutEmptyFields(runner) : runner);
    organization.runners.set(saved.id, saved);
    return saved;
  };

  app.post<{ Params: OrgParams; Body: RunnerCreateBody }>('/orgs/:orgId/runners', { ...WRITE, schema: { body: runnerCreateSchema } }, (request, reply) => {
    const { organization, body } = request;
    rejectReservedVariables(body.runner_configuration);
    rejectIncompatibleStorage(body.runner_configuration.type, body.state_storage_configuration.type);
    if (organization.runners.has(body.id)) throw conflict(`runner with id ${body.id} already exists`);
    const now = timestamp(clock);
    return reply.code(201).send(save(organization, { ...body, org_id: request.params.orgId, created_at: now, updated_at: now }));
  });

  app.get<{ Params: OrgParams; Querystring: PageQuery }>('/orgs/:orgId/runners', { ...READ, schema: { querystring: pageQuerySchema } }, (request, reply) => {
    const { items, ...next } = pageOf(request.organization.runners.values(), (runner) => [runner.id], request.query);
    return reply.send({ items: items.map(summarize), ...next });
  });

  app.get<{ Params: RunnerParams }>('/orgs/:orgId/runners/:runnerId', READ, (request, reply) =>
    reply.send(findRunner(request.organization, request.params.runnerId)));

  app.patch<{ Params: RunnerParams; Body: RunnerUpdateBody }>(
    '/orgs/:orgId/runners/:runnerId',
    { ...WRITE, schema: { body: runnerUpdateSchema } },
    (request, reply) => {
      const { organization, body } = request;
      const runner = findRunner(organization, request.params.runnerId);
      rejectTypeChange(runner, body);
      rejectReservedVariables(body.runner_configuration);
      if (body.state_storage_configuration) rejectIncompatibleStorage(runner.runner_configuration.type, body.state_storage_configuration.type);
      return reply.send(save(organization, applyUpdate(runner, body, timestamp(clock))));
    },
  );

  app.delete<{ Params: RunnerParams }>('/orgs/:orgId/runners/:runnerId', WRITE, (request, reply) => {
    const { organization } = request;
    const { id } = findRunner(organization, request.params.runnerId);
    const environments = organization.environmentsUsing(id);
    if (environments.length > 0) throw conflict(`runner ${id} is in use by the environments: ${environments.join(', ')}`);
    const rules = organization.rulesWhere({ runner_id: id });
    if (rules.length > 0 && !behaviour.deleteRulesWithRunner) {
      throw conflict(`runner ${id} is referenced by the runner rules: ${rules.map((rule) => rule.id).join(', ')}`);
    }
    organization.deleteRunner(id);
    return reply.code(204).send();
  });
}
