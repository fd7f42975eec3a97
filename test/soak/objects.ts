/** The runners and rules at the orchestrators, and the resources of a template that refer to them. */
import { ORGS, orchestratorOf, type Api, type OrchestratorName, type Orchestrators } from './orchestrators';
import { filterOf, hasDeclaredContent, type Properties, type ResourceType } from './templates';
import type { AnyRunner, RunnerRule } from '../../local/orchestrator/model';

/** The part of a resource that describes its object at the orchestrator. */
export interface Declaration {
  readonly logicalId: string;
  readonly physicalId?: string;
  readonly type: ResourceType;
  readonly api: Api;
  readonly properties: Properties;
}

/** A runner or a rule at an orchestrator. */
export interface Stored {
  readonly orchestrator: OrchestratorName;
  readonly org: string;
  readonly runner?: AnyRunner;
  readonly rule?: RunnerRule;
}

/** Objects by unique key. A runner that is created again is another object with another key. */
export type Snapshot = ReadonlyMap<string, Stored>;

type Filter = Pick<RunnerRule, 'project_id' | 'env_type_id'>;
export const hasSameFilter = (one: Filter, other: Filter): boolean => one.project_id === other.project_id && one.env_type_id === other.env_type_id;

/** Whether a resource refers to an object, because it has the same id or filter. */
export function isMeant({ orchestrator, org, runner, rule }: Stored, { type, api, properties }: Declaration): boolean {
  if (orchestrator !== orchestratorOf(api) || org !== properties.OrgId) return false;
  return type === 'Runner' ? runner?.id === properties.RunnerId : type === 'RunnerRule' && rule !== undefined && hasSameFilter(rule, filterOf(properties));
}

export function isAsDeclared(stored: Stored, declaration: Declaration): boolean {
  if (!isMeant(stored, declaration)) return false;
  return stored.runner ? hasDeclaredContent(stored.runner, declaration.properties) : stored.rule!.runner_id === declaration.properties.RunnerId;
}

export const isAnyMeant = (declaration: Declaration, objects: Snapshot): boolean => [...objects.values()].some((stored) => isMeant(stored, declaration));

/** The description of an object in reports. */
export const nameOf = ({ orchestrator, org, runner, rule }: Stored): string => `${JSON.stringify(runner ?? rule)} of ${org} at ${orchestrator}`;

export function snapshotOf(orchestrators: Orchestrators): Snapshot {
  const objects = new Map<string, Stored>();
  for (const orchestrator of ['main', 'other'] as const) {
    for (const org of ORGS) {
      const { runners, rules } = orchestrators.organization(orchestrator, org);
      for (const runner of runners.values()) objects.set(`${orchestrator}/${org}/${runner.id}@${runner.created_at}`, { orchestrator, org, runner });
      for (const rule of rules.values()) objects.set(rule.id, { orchestrator, org, rule });
    }
  }
  return objects;
}
