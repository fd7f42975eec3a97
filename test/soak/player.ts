/** Plays a history: runs its steps and checks the invariants after each. */
import { Stack } from './cloudformation';
import { DELIVERED_ONCE, Delivery } from './delivery';
import { NO_FAULTS, type Faults } from './faults';
import type { History, Step } from './history';
import { Audit, violated } from './invariants';
import type { Lambda } from './lambda';
import { ENV_TYPES, ORGS, PROJECTS, type Api } from './orchestrators';
import { Simulation } from './simulation';
import { filterOf, filterProperties } from './templates';
import type { Behaviour } from '../../local/orchestrator';
import type { AnyRunner } from '../../local/orchestrator/model';
import type { OrganizationStore } from '../../local/orchestrator/store';

/** The counts of a history, for the report. */
export interface Counts {
  readonly events: number;
  readonly runs: number;
  readonly faults: ReadonlyMap<string, number>;
  readonly answers: ReadonlyMap<string, number>;
}

const FOREIGN_ROLE = 'arn:aws:iam::123456789012:role/somebody-else';
const LONG_AGO = { created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z', uuid: '00000000-0000-4000-8000-000000000000' };

/** @throws a Violation with the events of the history */
export async function play(history: History, lambda: Lambda, behaviour: Behaviour): Promise<Counts> {
  const simulation = await Simulation.start(behaviour, history.skewSeconds);
  let hasEndedWell = false;
  const player = new Player(simulation, lambda, history.runners);
  try {
    for (const step of history.steps) await player.carryOut(step);
    await player.end();
    const { events, runs, answers } = player.delivery;
    hasEndedWell = true;
    return { events, runs, faults: simulation.faults, answers };
  } catch (error) {
    (error as Error).message += `\n${player.delivery.trace.join('\n')}`;
    throw error;
  } finally {
    await simulation.close(hasEndedWell);
  }
}

const otherThan = (letter: 'A' | 'B'): 'A' | 'B' => letter === 'A' ? 'B' : 'A';

class Player {
  readonly delivery: Delivery;
  private readonly audit: Audit;
  private readonly stacks: readonly Stack[];
  private foreignRules = 0;
  /** The stacks in which stack refactoring has swapped the logical IDs of the two runners. */
  private readonly refactored = new Set<Stack>();

  constructor(private readonly simulation: Simulation, lambda: Lambda, private readonly runners: History['runners']) {
    this.delivery = new Delivery(lambda, simulation);
    this.audit = new Audit(simulation);
    this.stacks = [new Stack('Blue', 'filter', simulation, this.delivery, this.audit), new Stack('Green', 'path', simulation, this.delivery, this.audit)];
  }

  async carryOut(step: Step): Promise<void> {
    await this.simulation.clock.sleep(step.pauseSeconds);
    switch (step.do) {
      case 'deploy':
        return this.operate(step.stack, step.faults, async (stack) => {
          if (stack.state === 'delete failed') return;
          const succeeded = await stack.deploy({
            runners: step.runners.map((change) => (
              { ...this.runners[step.stack]![change.logicalId], ...change, firstRoleOf: this.firstRoleOf(stack, change.logicalId) })),
            rules: step.rules,
          }, step.circumstances);
          if (step.mustSucceed && !succeeded) violated('a possible deployment succeeds', `${stack.name} was not deployed`);
        });
      case 'roll back':
        return this.operate(step.stack, step.faults, async (stack) => { if (stack.state === 'failed') await stack.rollBack(step.circumstances); });
      case 'delete':
        return this.operate(step.stack, step.faults, async (stack) => {
          const succeeded = await stack.delete(step.deletion);
          if (step.mustSucceed && !succeeded) violated('a possible deployment succeeds', `${stack.name} was not deleted`);
        });
      case 'refactor': return this.refactor(this.stacks[step.stack]!, this.stacks[1 - step.stack]!, step.intoOtherStack);
      case 'a person deletes the runners': return this.deleteRunners(this.stacks[step.stack]!);
      case 'a person deletes the rules': return this.deleteRules(this.stacks[step.stack]!);
      case 'a deployment uses the runners': return this.use(this.stacks[step.stack]!);
      case 'somebody else registers a runner': return this.registerForeign(step.api, step.id, step.isOnKubernetes);
      case 'somebody else adds a rule': return this.addForeignRule(step.api, step.filter);
      case 'environments are deleted': return this.deleteEnvironments();
      case 'API tokens are rotated': return this.simulation.rotateTokens();
    }
  }

  /** Checks that without faults, everything can be deleted and only objects of others remain. */
  async end(): Promise<void> {
    this.deleteEnvironments();
    await this.simulation.clock.sleep(86_400);
    // Rules of one stack can refer to runners of the other stack, and rules with `adoptExisting` are kept.
    for (let round = 0; round < 3; round++) {
      // A person deletes the rules that keep the runners in use.
      for (const { rules } of this.simulation.orchestrators.all()) {
        for (const rule of [...rules.values()]) if (this.audit.isPersons(rule.id)) rules.delete(rule.id);
      }
      for (const index of this.stacks.keys()) {
        await this.operate(index, NO_FAULTS, async (stack) => { await stack.delete({ ...DELIVERED_ONCE, retains: false }); });
      }
    }
    const left = this.stacks.filter((stack) => stack.exists);
    if (left.length > 0) violated('a stack never gets stuck', `${left.map(({ name }) => name).join()} cannot be deleted`);
  }

  private async operate(index: number, faults: Faults, operation: (stack: Stack) => Promise<void>): Promise<void> {
    const stack = this.stacks[index]!;
    this.audit.begin(stack);
    this.simulation.inject(faults);
    await operation(stack);
    this.simulation.stopFaults();
    this.audit.end(stack.state === 'complete');
  }

  private refactor(stack: Stack, other: Stack, intoOtherStack: boolean): void {
    if (stack.state !== 'complete' || !stack.exists) return;
    if (!intoOtherStack) {
      stack.moveTo(stack, (logicalId) => logicalId.replace(/^([AB])(?=-|Id)/, (letter) => otherThan(letter as 'A' | 'B')));
      if (!this.refactored.delete(stack)) this.refactored.add(stack);
    } else if (!other.exists) {
      stack.moveTo(other, (logicalId) => logicalId);
    }
  }

  private firstRoleOf(stack: Stack, logicalId: 'A' | 'B'): 'A' | 'B' {
    return this.refactored.has(stack) ? otherThan(logicalId) : logicalId;
  }

  private runnersOf(stack: Stack): { organization: OrganizationStore; id: string }[] {
    return [...stack.resources.values()].filter(({ type }) => type === 'Runner')
      .map(({ api, properties }) => ({ organization: this.simulation.orchestrators.organization(api, properties.OrgId), id: properties.RunnerId }));
  }

  private deleteRunners(stack: Stack): void {
    for (const { organization, id } of this.runnersOf(stack)) {
      // The orchestrator does not delete a runner that is in use.
      if (organization.environmentsUsing(id).length === 0) organization.deleteRunner(id);
    }
  }

  private deleteRules(stack: Stack): void {
    for (const { type, api, properties } of stack.resources.values()) {
      if (type === 'RunnerRule') this.simulation.orchestrators.organization(api, properties.OrgId).deleteRulesWhere(filterOf(properties));
    }
  }

  private use(stack: Stack): void {
    for (const { organization, id } of this.runnersOf(stack)) {
      if (!organization.runners.has(id)) continue;
      organization.putEnvironment({
        id: `uses-${id}`, display_name: 'x', project_id: PROJECTS[0]!, project_uuid: LONG_AGO.uuid, env_type_id: ENV_TYPES[0]!, runner_id: id, status: 'active', ...LONG_AGO,
      });
    }
  }

  private deleteEnvironments(): void {
    for (const organization of this.simulation.orchestrators.all()) {
      for (const environment of organization.environmentsWhere({})) organization.deleteEnvironment(environment);
    }
  }

  private registerForeign(api: Api, id: string, isOnKubernetes: boolean): void {
    const { runners } = this.simulation.orchestrators.organization(api, ORGS[0]);
    if (runners.has(id)) return;
    const foreign: AnyRunner = {
      id,
      org_id: ORGS[0],
      description: 'of somebody else',
      created_at: new Date(this.simulation.clock.now()).toISOString(),
      updated_at: LONG_AGO.updated_at,
      runner_configuration: isOnKubernetes ? { type: 'kubernetes-eks', job: {} } : {
        type: 'serverless-ecs',
        auth: { role_arn: FOREIGN_ROLE },
        job: { region: 'us-east-1', cluster: 'theirs', subnets: ['subnet-9'], execution_role_arn: FOREIGN_ROLE },
      },
      state_storage_configuration: { type: 's3', bucket: 'state-1' },
    };
    runners.set(id, foreign);
    this.audit.registerForeign();
  }

  private addForeignRule(api: Api, filter: string): void {
    const organization = this.simulation.orchestrators.organization(api, ORGS[0]);
    const [runner] = organization.runners.keys();
    const wanted = filterOf(filterProperties(filter));
    if (runner === undefined || organization.rulesWhere(wanted).length > 0) return;
    const id = `00000000-0000-4000-8000-${String(++this.foreignRules).padStart(12, '0')}`;
    organization.rules.set(id, { id, org_id: ORGS[0], runner_id: runner, ...wanted, created_at: new Date(this.simulation.clock.now()).toISOString() });
    this.audit.registerForeign();
  }
}
