import type { AnyRunner, Environment, EnvironmentType, Project, RunnerRule } from './model';

/** The maximum number of environments in the error message of a delete. */
const MAX_NAMED_ENVIRONMENTS = 10;

/** The data of one organization. */
export class OrganizationStore {
  readonly runners = new Map<string, AnyRunner>();
  readonly rules = new Map<string, RunnerRule>();
  readonly projects = new Map<string, Project>();
  readonly envTypes = new Map<string, EnvironmentType>();
  private readonly environments = new Map<string, Environment>();
  /** Runners and rules before the last change. */
  private lastSnapshot?: OrganizationStore;

  /** The data that a read replica returns before it has received the last change. */
  get snapshot(): OrganizationStore {
    return this.lastSnapshot ?? this;
  }

  /** Called before each change. */
  saveSnapshot(): void {
    this.lastSnapshot = new OrganizationStore();
    for (const [id, runner] of this.runners) this.lastSnapshot.runners.set(id, runner);
    for (const [id, rule] of this.rules) this.lastSnapshot.rules.set(id, rule);
  }

  environment(projectId: string, id: string): Environment | undefined {
    return this.environments.get(`${projectId}/${id}`);
  }

  putEnvironment(environment: Environment): void {
    this.environments.set(`${environment.project_id}/${environment.id}`, environment);
  }

  deleteEnvironment(environment: Environment): void {
    this.environments.delete(`${environment.project_id}/${environment.id}`);
  }

  environmentsWhere(matches: Partial<Pick<Environment, 'project_id' | 'env_type_id' | 'runner_id'>>): Environment[] {
    const wanted = Object.entries(matches) as [keyof typeof matches, string][];
    return [...this.environments.values()].filter((environment) => wanted.every(([field, value]) => environment[field] === value));
  }

  /** The environments of any status that prevent the deletion of a runner, for the error message. */
  environmentsUsing(runnerId: string): string[] {
    return this.environmentsWhere({ runner_id: runnerId })
      .map((environment) => `${environment.project_id}/${environment.id}`)
      .sort()
      .slice(0, MAX_NAMED_ENVIRONMENTS);
  }

  /** Deletes a runner and all rules that refer to it. */
  deleteRunner(id: string): void {
    this.deleteRulesWhere({ runner_id: id });
    this.runners.delete(id);
  }

  deleteRulesWhere(matches: Partial<Pick<RunnerRule, 'project_id' | 'env_type_id' | 'runner_id'>>): void {
    for (const { id } of this.rulesWhere(matches)) this.rules.delete(id);
  }

  rulesWhere(matches: Partial<Pick<RunnerRule, 'project_id' | 'env_type_id' | 'runner_id'>>): RunnerRule[] {
    const wanted = Object.entries(matches) as [keyof typeof matches, string][];
    return [...this.rules.values()].filter((rule) => wanted.every(([field, value]) => rule[field] === value));
  }

  /** The rules that apply to a project or environment type: those that name it, and those without this filter. */
  rulesApplyingTo(scope: { projectId?: string; envTypeId?: string }): RunnerRule[] {
    const matches = (named: string, wanted?: string): boolean => wanted === undefined || named === '' || named === wanted;
    return [...this.rules.values()]
      .filter((rule) => matches(rule.project_id, scope.projectId) && matches(rule.env_type_id, scope.envTypeId));
  }

  /** The runner of the most specific rule: project and type, then project, then type, then neither. */
  matchRunner(projectId: string, envTypeId: string): string | undefined {
    const specificity = (rule: RunnerRule): number => (rule.project_id ? 2 : 0) + (rule.env_type_id ? 1 : 0);
    const [best] = this.rulesApplyingTo({ projectId, envTypeId }).sort((a, b) => specificity(b) - specificity(a));
    return best?.runner_id;
  }
}

/** The data of all organizations, in memory. */
export class Store {
  private readonly organizations: ReadonlyMap<string, OrganizationStore>;

  constructor(orgs: string[]) {
    this.organizations = new Map(orgs.map((org) => [org, new OrganizationStore()]));
  }

  organization(id: string): OrganizationStore | undefined {
    return this.organizations.get(id);
  }
}
