import { differencesOf } from '../differences';
import { runnerBody } from '../runner-body';
import type { DriftCheck } from '../wire';
import { DRIFT_CHECK_MESSAGE, DRIFT_MESSAGE } from '../wire';
import { OrchestratorClient } from './client';
import { LifecycleError } from './event';
import { DETAILS_MAX_CHARACTERS } from './limits';
import { logForMetrics, short } from './log';
import { isSameTime, parsePhysicalId } from './physical-ids';
import { readToken } from './token';
import { apiUrl } from './trusted-urls';

/**
 * Compares a registration and its rules with the template. Logs each problem and then the number of problems, which a metric filter reads. Changes nothing,
 * because its client does not allow writes.
 */
export async function checkDrift(check: DriftCheck, deadline: number): Promise<void> {
  const { OrgId: orgId, RunnerId: runner, Token: token } = check.Runner;
  let problems: string[];
  try {
    const client = new OrchestratorClient({
      apiUrl: apiUrl(), orgId, readToken: () => readToken(token, { permissionsMayBeNew: false, deadline }), deadline, writesUntil: 0,
    });
    problems = await findProblems(check, client);
  } catch (error) {
    const { message, details = '' } = error as LifecycleError;
    problems = [`could not compare: ${message} ${details}`];
  }
  for (const problem of problems) {
    logForMetrics(DRIFT_MESSAGE, { runner, problem: short(problem, DETAILS_MAX_CHARACTERS) });
  }
  logForMetrics(DRIFT_CHECK_MESSAGE, { runner, problems: problems.length });
}

async function findProblems({ PhysicalId: physicalId, Runner: properties, Rules: expectedRules }: DriftCheck, client: OrchestratorClient): Promise<string[]> {
  const registered = await client.getRunner(properties.RunnerId);
  if (!registered) {
    return ['the runner does not exist'];
  }
  const { createdAt } = parsePhysicalId(physicalId);
  const rules = await client.listRules(registered.id);
  const { Subnets: subnets, SecurityGroups: groups = '' } = properties.Job;
  return [
    ...createdAt !== undefined && !isSameTime(createdAt, registered.created_at) ? [`somebody else created the runner again at ${registered.created_at}`] : [],
    ...differencesOf(runnerBody({ ...properties, Job: { ...properties.Job, Subnets: subnets.split(','), SecurityGroups: groups.split(',') } }, registered), registered),
    ...expectedRules.filter(({ RuleId: id }) => !rules.some(rule => rule.id === id)).map(({ RuleId: id, ProjectId: project, EnvTypeId: type }) =>
      `the rule ${id} (project '${project ?? ''}', environment type '${type ?? ''}') does not exist`),
  ];
}
