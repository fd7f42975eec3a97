/** The two orchestrators of a simulation. Starting them takes longer than a short history, so they are reused. */
import { startOrchestrator, type Behaviour, type Fault, type FaultyRequest, type LocalOrchestrator } from '../../local/orchestrator';
import type { OrganizationStore } from '../../local/orchestrator/store';

export const ORGS = ['my-org', 'other-org'] as const;
export const ENV_TYPES = ['development', 'production'];
export const PROJECTS = ['shop', 'blog'];
/** The API URLs in templates. `alias` is a second URL of `main`. */
export const APIS = ['main', 'other', 'alias'] as const;
export type Api = typeof APIS[number];
export type OrchestratorName = Exclude<Api, 'alias'>;
export const orchestratorOf = (api: Api): OrchestratorName => api === 'other' ? 'other' : 'main';

const LONG_AGO = { created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z', uuid: '00000000-0000-4000-8000-000000000000' };

const UNUSED = new Map<Behaviour, Orchestrators[]>();

/** Returns orchestrators that no history uses, and starts them if necessary. */
export async function unusedOrchestrators(behaviour: Behaviour): Promise<Orchestrators> {
  const unused = UNUSED.get(behaviour)?.pop();
  if (unused) return unused;
  const orchestrators = new Orchestrators(behaviour);
  orchestrators.byName = { main: await orchestrators.start('main'), other: await orchestrators.start('other') };
  return orchestrators;
}

export class Orchestrators {
  byName!: Readonly<Record<OrchestratorName, LocalOrchestrator>>;
  clock = Date.now;

  constructor(private readonly behaviour: Behaviour) {}

  chooseFault: (orchestrator: OrchestratorName, request: FaultyRequest) => Fault | undefined = () => undefined;

  organization(api: Api, org: string): OrganizationStore {
    return this.byName[orchestratorOf(api)].store.organization(org)!;
  }

  all(): OrganizationStore[] {
    return (['main', 'other'] as const).flatMap((name) => ORGS.map((org) => this.organization(name, org)));
  }

  /** Makes the orchestrators available again after a successful history. After a failed one, requests may still be running. */
  release(): void {
    for (const organization of this.all()) {
      organization.runners.clear();
      organization.rules.clear();
      for (const environment of organization.environmentsWhere({})) organization.deleteEnvironment(environment);
    }
    UNUSED.set(this.behaviour, [...UNUSED.get(this.behaviour) ?? [], this]);
  }

  async close(): Promise<void> {
    await Promise.all(Object.values(this.byName).map((each) => each.close()));
  }

  async start(name: OrchestratorName): Promise<LocalOrchestrator> {
    const orchestrator = await startOrchestrator({ orgs: [...ORGS], tokens: [], behaviour: this.behaviour, clock: () => this.clock() });
    orchestrator.setFaults((request) => this.chooseFault(name, request));
    for (const { projects, envTypes } of ORGS.map((org) => orchestrator.store.organization(org)!)) {
      for (const id of PROJECTS) projects.set(id, { id, display_name: id, status: 'active', ...LONG_AGO });
      for (const id of ENV_TYPES) envTypes.set(id, { id, display_name: id, ...LONG_AGO });
    }
    return orchestrator;
  }
}
