import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { badRequest, conflict, notFound } from '../errors';
import type { RuleCreateBody, RunnerRule } from '../model';
import { pageOf, type PageQuery } from '../paging';
import { ruleCreateSchema, ruleQuerySchema } from '../schemas';
import type { OrganizationStore } from '../store';

interface OrgParams { readonly orgId: string }
interface RuleParams extends OrgParams { readonly ruleId: string }
interface RuleQuery extends PageQuery {
  readonly byRunnerId?: string;
  readonly byProjectId?: string;
  readonly byEnvTypeId?: string;
}

function findRule(organization: OrganizationStore, id: string): RunnerRule {
  const rule = organization.rules.get(id);
  if (!rule) throw notFound('runner rule not found');
  return rule;
}

/**
 * Two rules are the same when they match the same environments, whichever runner they name: else it would be chance which
 * of the two wins.
 */
function refuseSameRule(organization: OrganizationStore, projectId: string, envTypeId: string): void {
  const [same] = organization.rulesWhere({ project_id: projectId, env_type_id: envTypeId });
  if (same) throw conflict(`runner rule conflicts with existing rule '${same.id}' for runner '${same.runner_id}'`);
}

function refuseUnknownReferences(organization: OrganizationStore, rule: Required<RuleCreateBody>): void {
  if (!organization.runners.has(rule.runner_id)) throw badRequest(`runner '${rule.runner_id}' not found`);
  if (rule.project_id && !organization.projects.has(rule.project_id)) throw badRequest(`project '${rule.project_id}' not found`);
  if (rule.env_type_id && !organization.envTypes.has(rule.env_type_id)) {
    throw badRequest(`environment type '${rule.env_type_id}' not found`);
  }
}

export function runnerRuleRoutes(app: FastifyInstance): void {
  app.post<{ Params: OrgParams; Body: RuleCreateBody }>('/orgs/:orgId/runner-rules', { schema: { body: ruleCreateSchema } }, (request, reply) => {
    const { organization } = request;
    const wanted = { project_id: '', env_type_id: '', ...request.body };
    refuseSameRule(organization, wanted.project_id, wanted.env_type_id);
    refuseUnknownReferences(organization, wanted);
    const rule: RunnerRule = { ...wanted, id: randomUUID(), org_id: request.params.orgId, created_at: new Date().toISOString() };
    organization.rules.set(rule.id, rule);
    return reply.code(201).send(rule);
  });

  app.get<{ Params: OrgParams; Querystring: RuleQuery }>('/orgs/:orgId/runner-rules', { schema: { querystring: ruleQuerySchema } }, (request, reply) => {
    const { byRunnerId, byProjectId, byEnvTypeId } = request.query;
    // The filters by project and type ask which rules have a say there, so they let the rules for all through as well.
    const rules = request.organization.rulesEffectiveIn({ projectId: byProjectId, envTypeId: byEnvTypeId })
      .filter((rule) => byRunnerId === undefined || rule.runner_id === byRunnerId);
    return reply.send(pageOf(rules, (rule) => [rule.runner_id, rule.id], request.query));
  });

  app.get<{ Params: RuleParams }>('/orgs/:orgId/runner-rules/:ruleId', (request, reply) =>
    reply.send(findRule(request.organization, request.params.ruleId)));

  app.delete<{ Params: RuleParams }>('/orgs/:orgId/runner-rules/:ruleId', (request, reply) => {
    request.organization.rules.delete(findRule(request.organization, request.params.ruleId).id);
    return reply.code(204).send();
  });
}
