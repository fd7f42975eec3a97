import type { AnyRunner, Environment, EnvironmentType, Project, RunnerRule } from './model';

/** How many environments a refused delete names. */
const NAMED_ENVIRONMENTS = 10;

/** Everything that one organization owns. */
export class OrganizationStore {
  readonly runners = new Map<string, AnyRunner>();
  readonly rules = new Map<string, RunnerRule>();
  readonly projects = new Map<string, Project>();
  readonly envTypes = new Map<string, EnvironmentType>();
  private readonly environments = new Map<string, Environment>();
  /** Runners and rules as they were before the last change. */
  private before?: OrganizationStore;

  /** What somebody sees who reads from a copy that the last change has not reached yet. */
  get stale(): OrganizationStore {
    return this.before ?? this;
  }

  /** Called before a change. */
  remember(): void {
    this.before = new OrganizationStore();
    for (const [id, runner] of this.runners) this.before.runners.set(id, runner);
    for (const [id, rule] of this.rules) this.before.rules.set(id, rule);
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

  /** The environments that keep a runner from being deleted, as the refusal names them. Their status does not matter. */
  environmentsUsing(runnerId: string): string[] {
    return this.environmentsWhere({ runner_id: runnerId })
      .map((environment) => `${environment.project_id}/${environment.id}`)
      .sort()
      .slice(0, NAMED_ENVIRONMENTS);
  }

  /** The rules that point at the runner go with it, whoever made them. */
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

  /** The rules that speak for a project or a type: those that name it, and those that name none. */
  rulesEffectiveIn(scope: { projectId?: string; envTypeId?: string }): RunnerRule[] {
    const speaksFor = (named: string, wanted?: string): boolean => wanted === undefined || named === '' || named === wanted;
    return [...this.rules.values()]
      .filter((rule) => speaksFor(rule.project_id, scope.projectId) && speaksFor(rule.env_type_id, scope.envTypeId));
  }

  /** The most specific rule wins: project and type, then project, then type, then the one that names neither. */
  matchRunner(projectId: string, envTypeId: string): string | undefined {
    const specificity = (rule: RunnerRule): number => (rule.project_id ? 2 : 0) + (rule.env_type_id ? 1 : 0);
    const [best] = this.rulesEffectiveIn({ projectId, envTypeId }).sort((a, b) => specificity(b) - specificity(a));
    return best?.runner_id;
  }
}

/** In memory, one per organization: nothing outlives the server. */
export class Store {
  private readonly organizations: ReadonlyMap<string, OrganizationStore>;

  constructor(orgs: string[]) {
    this.organizations = new Map(orgs.map((org) => [org, new OrganizationStore()]));
  }

  organization(id: string): OrganizationStore | undefined {
    return this.organizations.get(id);
  }
}
