import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { Behaviour } from '../behaviour';
import { timestamp, type Clock } from '../clock';
import { conflict, HttpError, notFound } from '../errors';
import type { RuleCreateBody, RunnerRule } from '../model';
import { pageOf, type PageQuery } from '../paging';
import { ruleCreateSchema, ruleParamsSchema, ruleQuerySchema } from '../schemas';
import type { OrganizationStore } from '../store';

interface OrgParams { readonly orgId: string }
interface RuleParams extends OrgParams { readonly ruleId: string }
interface RuleQuery extends PageQuery {
  readonly byRunnerId?: string;
  readonly byProjectId?: string;
  readonly byEnvTypeId?: string;
}

const READ = { config: { permission: 'runner_rule_read' } } as const;
const WRITE = { config: { permission: 'runner_rule_write' } } as const;

function findRule(organization: OrganizationStore, id: string): RunnerRule {
  const rule = organization.rules.get(id);
  if (!rule) throw notFound('runner rule not found');
  return rule;
}

/** Rejects a second rule with the same filter, because both would match the same environments. */
function rejectSameFilter(organization: OrganizationStore, wanted: Required<RuleCreateBody>, { filterPerRunner }: Behaviour): void {
  const { runner_id, project_id, env_type_id } = wanted;
  const [existing] = organization.rulesWhere({ project_id, env_type_id, ...(filterPerRunner && { runner_id }) });
  if (existing) throw conflict(`runner rule conflicts with existing rule '${existing.id}' for runner '${existing.runner_id}'`);
}

/** Does not check the project: a rule for an unknown project is accepted and never matches. */
function rejectUnknownReferences(organization: OrganizationStore, rule: Required<RuleCreateBody>, { unknownReference }: Behaviour): void {
  if (!organization.runners.has(rule.runner_id)) throw new HttpError(unknownReference, `runner '${rule.runner_id}' not found`);
  if (rule.env_type_id && !organization.envTypes.has(rule.env_type_id)) {
    throw new HttpError(unknownReference, `environment type '${rule.env_type_id}' not found`);
  }
}

export function runnerRuleRoutes(app: FastifyInstance, behaviour: Behaviour, clock: Clock): void {
  app.post<{ Params: OrgParams; Body: RuleCreateBody }>('/orgs/:orgId/runner-rules', { ...WRITE, schema: { body: ruleCreateSchema } }, (request, reply) => {
    const { organization } = request;
    const wanted = { project_id: '', env_type_id: '', ...request.body };
    rejectSameFilter(organization, wanted, behaviour);
    rejectUnknownReferences(organization, wanted, behaviour);
    const rule: RunnerRule = { ...wanted, id: randomUUID(), org_id: request.params.orgId, created_at: timestamp(clock) };
    organization.rules.set(rule.id, rule);
    return reply.code(201).send(rule);
  });

  app.get<{ Params: OrgParams; Querystring: RuleQuery }>('/orgs/:orgId/runner-rules', { ...READ, schema: { querystring: ruleQuerySchema } }, (request, reply) => {
    const { byRunnerId, byProjectId, byEnvTypeId } = request.query;
    // The filters by project and type also return the rules for all projects and types.
    const rules = request.organization.rulesApplyingTo({ projectId: byProjectId, envTypeId: byEnvTypeId })
      .filter((rule) => byRunnerId === undefined || rule.runner_id === byRunnerId);
    return reply.send(pageOf(rules, (rule) => [rule.runner_id, rule.id], request.query));
  });

  app.get<{ Params: RuleParams }>('/orgs/:orgId/runner-rules/:ruleId', { ...READ, schema: { params: ruleParamsSchema } }, (request, reply) =>
    reply.send(findRule(request.organization, request.params.ruleId)));

  app.delete<{ Params: RuleParams }>('/orgs/:orgId/runner-rules/:ruleId', { ...WRITE, schema: { params: ruleParamsSchema } }, (request, reply) => {
    request.organization.rules.delete(findRule(request.organization, request.params.ruleId).id);
    return reply.code(204).send();
  });
}
