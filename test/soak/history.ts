/** Histories: what happens to two stacks, the people around them and the weather, and what has to hold after each step. */
import { isDeepStrictEqual } from 'node:util';
import * as fc from 'fast-check';
import { ONCE, Stack, type Circumstances, type Deletion } from './cloudformation';
import { Post } from './delivery';
import { ANSWER_FAULTS, API_FAULT_NAMES, SECRET_FAULTS, type AnswerFaultName, type ApiFaultName, type SecretFaultName, type Spell } from './faults';
import type { Lambda } from './lambda';
import { broken, BrokenLaw, contentOf, look, roleOf, type Snapshot } from './laws';
import { expectedRule, FILTERS, FOREIGN_ROLE, keyOf, type RuleTemplate, type RunnerTemplate, type Template } from './templates';
import { ENV_TYPES, ORG, OTHER_ORG, PROJECT, World } from './world';
import type { Behaviour } from '../../local/orchestrator';
import { isEcs, type AnyRunner } from '../../local/orchestrator/model';

export interface WeatherReport {
  readonly api: readonly Spell<ApiFaultName>[];
  readonly secret: readonly Spell<SecretFaultName>[];
  readonly answer: readonly Spell<AnswerFaultName>[];
}

export type Step =
  | { readonly do: 'deploy'; readonly stack: number; readonly template: Template; readonly weather: WeatherReport; readonly circumstances: Circumstances; readonly mustSucceed?: boolean }
  | { readonly do: 'delete'; readonly stack: number; readonly weather: WeatherReport; readonly how: Deletion }
  | { readonly do: 'a person deletes the runner' | 'a person deletes a rule' | 'a deployment uses the runner'; readonly stack: number }
  | { readonly do: 'somebody else registers'; readonly id: string; readonly onKubernetes?: boolean }
  | { readonly do: 'the environments go' | 'the token is rotated' };
export type History = readonly Step[];

const IDS = ['prod-runner', 'blue-runner'];
const spells = <Name extends string>(names: readonly Name[], max: number): fc.Arbitrary<Spell<Name>[]> => fc.array(fc.record({
  name: fc.constantFrom(...names),
  after: fc.nat(6),
  calls: fc.oneof({ weight: 6, arbitrary: fc.integer({ min: 1, max: 3 }) }, { weight: 1, arbitrary: fc.constant(1000) }),
}), { maxLength: max });
const weather: fc.Arbitrary<WeatherReport> = fc.record({
  api: fc.oneof({ weight: 1, arbitrary: fc.constant([]) }, { weight: 2, arbitrary: spells(API_FAULT_NAMES, 3) }),
  secret: fc.oneof({ weight: 9, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: spells(SECRET_FAULTS, 1) }),
  answer: fc.oneof({ weight: 5, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: spells(ANSWER_FAULTS, 1) }),
});
const rarely = fc.oneof({ weight: 7, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) });
const runner: fc.Arbitrary<RunnerTemplate> = fc.record({
  logical: fc.constantFrom('A' as const, 'A' as const, 'A' as const, 'B' as const),
  id: fc.option(fc.constantFrom(...IDS), { nil: undefined }),
  prefix: fc.constantFrom('runner', 'runner', 'team'),
  org: fc.constantFrom(ORG, ORG, ORG, ORG, OTHER_ORG),
  role: fc.constantFrom(1, 1, 1, 2),
  bucket: fc.constantFrom('state-1', 'state-1', 'state-1', 'state-2'),
  pathPrefix: fc.constantFrom(undefined, undefined, 'team'),
  description: fc.constantFrom(undefined, 'one text', 'another text'),
  publicIp: fc.boolean(),
  allowMove: rarely,
  adopt: rarely,
  retain: rarely,
  imported: rarely,
});
const rules: fc.Arbitrary<RuleTemplate[]> = fc.uniqueArray(
  fc.record({ logical: fc.constantFrom('Rule0' as const, 'Rule1' as const), filter: fc.constantFrom(...FILTERS) }),
  // The construct refuses two of one filter.
  { maxLength: 2, selector: ({ logical }) => logical },
).filter((list) => new Set(list.map(({ filter }) => filter)).size === list.length);
const deliveries = {
  copies: fc.constantFrom(1, 1, 1, 1, 2, 3),
  inTurn: fc.boolean(),
  // A function in a VPC that was idle for weeks takes a minute or more to be active again.
  undeliverableSeconds: fc.constantFrom(0, 0, 0, 0, 0, 70, 130, 250),
};
const circumstances: fc.Arbitrary<Circumstances> = fc.record({
  failsElsewhere: rarely,
  cancelsCreate: fc.oneof({ weight: 12, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.nat(3) }),
  rollbackWith: fc.constantFrom('old' as const, 'new' as const),
  takesFailedId: fc.boolean(),
  ...deliveries,
});
const stack = fc.constantFrom(0, 0, 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ do: fc.constant('deploy' as const), stack, template: fc.record({ runner, rules }), weather, circumstances }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('delete' as const), stack, weather, how: fc.record({ ...deliveries, retains: rarely }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('a person deletes the runner' as const, 'a person deletes a rule' as const, 'a deployment uses the runner' as const),
      stack,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('somebody else registers' as const), id: fc.constantFrom(...IDS), onKubernetes: rarely }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('the environments go' as const, 'the token is rotated' as const) }) },
);
export const histories: fc.Arbitrary<History> = fc.array(step, { minLength: 2, maxLength: 8 });

/** What a history came to, for the report. */
export interface Counts {
  events: number;
  deliveries: number;
  readonly faults: Map<string, number>;
  readonly answers: Map<string, number>;
}

/** So many seconds of the handler's time may be lost before its patience means nothing. */
const BUSY_SECONDS = 2;
const MOST_TRIES = 5;

/**
 * Plays a history to its end, when all stacks are deleted in good weather. Throws where a law is broken. A law may break because the machine
 * was too busy, as minutes of the handler are seconds here: then the history is played again.
 */
export async function play(history: History, lambda: Lambda, behaviour: Behaviour): Promise<Counts> {
  for (let tries = 1; ; tries++) {
    try {
      return await playOnce(history, lambda, behaviour);
    } catch (error) {
      if (tries === MOST_TRIES || !(error instanceof BrokenLaw) || error.lost < BUSY_SECONDS) throw error;
    }
  }
}

async function playOnce(history: History, lambda: Lambda, behaviour: Behaviour): Promise<Counts> {
  const world = await World.open(behaviour);
  try {
    const player = new Player(world, lambda);
    try {
      for (const each of history) await player.take(each);
      await player.end();
    } catch (error) {
      if (error instanceof BrokenLaw) error.lost = player.post.lost;
      (error as Error).message += `\n${player.post.trace.join('\n')}`;
      throw error;
    }
    return { events: player.post.events, deliveries: player.post.deliveries, faults: world.faults, answers: player.post.answers };
  } finally {
    await world.close();
  }
}

class Player {
  readonly post: Post;
  private readonly stacks: Stack[];
  /** Registered by nobody that we know of. */
  private readonly foreign = new Map<string, AnyRunner>();
  /** What users were told is left to them. */
  private readonly told = new Set<string>();

  constructor(private readonly world: World, lambda: Lambda) {
    this.post = new Post(lambda, world);
    this.stacks = ['Blue', 'Green'].map((name) => new Stack(name, world, this.post, ({ type, properties }) => {
      this.told.add(type === 'RunnerRule' ? JSON.stringify(expectedRule(properties)) : keyOf(properties));
    }));
  }

  async take(each: Step): Promise<void> {
    switch (each.do) {
      case 'deploy':
        return this.operate(each.stack, each.weather, each.template.runner, async (one) => {
          if (!await one.deploy(each.template, each.circumstances) && each.mustSucceed) broken('what can be done is done', `${one.name} was rolled back`);
        });
      case 'delete':
        return this.operate(each.stack, each.weather, undefined, async (one) => { await one.delete(each.how); });
      case 'a person deletes the runner': return this.forget(each.stack);
      case 'a person deletes a rule': return this.forgetRule(each.stack);
      case 'a deployment uses the runner': return this.use(each.stack);
      case 'somebody else registers': return this.registerForeign(each.id, each.onKubernetes);
      case 'the environments go': return this.free();
      case 'the token is rotated': return this.world.rotateToken();
    }
  }

  /** Everything can be deleted, and nothing is left but what somebody was told of. */
  async end(): Promise<void> {
    this.free();
    const calm = { api: [], secret: [], answer: [] };
    // A person removes the rules that were left to them: they would keep the runners.
    const organizations = [ORG, OTHER_ORG].map((org) => this.world.orchestrator.store.organization(org)!);
    const live = new Set(this.stacks.flatMap((one) => [...one.resources.values()].map(({ physicalId }) => physicalId)));
    for (const { rules: stored } of organizations) {
      for (const rule of [...stored.values()]) if (!live.has(rule.id)) stored.delete(rule.id);
    }
    // Rules of one stack may point at a runner that the other one took over.
    for (let round = 0; round < 2; round++) {
      for (const index of this.stacks.keys()) await this.operate(index, calm, undefined, async (one) => { await one.delete({ ...ONCE, retains: false }); });
    }
    const left = this.stacks.filter((one) => one.exists);
    if (left.length > 0) broken('nothing gets stuck', `${left.map(({ name }) => name).join()} cannot be deleted`);
  }

  private async operate(
    index: number, { api, secret, answer }: WeatherReport, template: RunnerTemplate | undefined, operation: (stack: Stack) => Promise<void>,
  ): Promise<void> {
    const one = this.stacks[index]!;
    const before = look(this.world);
    const former = one.id;
    this.world.apiWeather.set(api);
    this.world.secretWeather.set(secret);
    this.world.answerWeather.set(answer);
    await operation(one);
    this.world.clearSkies();
    const named = template?.adopt && !template.imported && template.id !== undefined ? `${template.org}/${template.id}` : undefined;
    const somebodys = this.foreign.get(named ?? '');
    // The type of a runner cannot change.
    const adopted = somebodys && !isEcs(somebodys.runner_configuration) ? undefined : named;
    if (adopted !== undefined && this.foreign.delete(adopted)) this.told.add(adopted);
    // What the stack named in this step has changed hands, whether it was told so or not.
    if (adopted !== undefined) this.told.add(adopted);
    this.check(one, before, [former, one.id], adopted);
    this.age();
  }

  private check(one: Stack, before: Snapshot, ids: string[], adopted: string | undefined): void {
    const after = look(this.world);
    for (const [key, then] of before.runners) {
      const role = roleOf(then) ?? '';
      const own = ids.some((id) => id !== '' && role.includes(`:role/${id.split('/')[2]}-`));
      if (!own && key !== adopted && !isDeepStrictEqual(after.runners.get(key), then)) {
        broken('somebody else\'s runner stays as it is', `${one.name} made ${JSON.stringify(after.runners.get(key))} of ${JSON.stringify(then)}`);
      }
    }
    const live = this.stacks.flatMap((each) => [...each.resources.values()]);
    for (const [key, now] of after.runners) {
      const known = this.foreign.has(key) || this.told.has(key) || live.some(({ type, properties }) =>
        type === 'Runner' && keyOf(properties) === key && properties.Auth.RoleArn === roleOf(now));
      if (!known) broken('nothing is left behind', `runner ${key} of ${roleOf(now)}`);
    }
    for (const rule of after.rules.values()) {
      const known = this.told.has(JSON.stringify(contentOf(rule))) || live.some(({ physicalId }) => physicalId === rule.id);
      if (!known) broken('nothing is left behind', `rule ${JSON.stringify(rule)}`);
    }
  }

  /** Time passes between two operations: nothing that was made in one counts as just made in the next. */
  private age(): void {
    for (const org of [ORG, OTHER_ORG]) {
      const { rules: stored } = this.world.orchestrator.store.organization(org)!;
      for (const rule of [...stored.values()]) stored.set(rule.id, { ...rule, created_at: '2026-01-01T00:00:00.000Z' });
    }
  }

  private runnerOf(index: number): { org: string; id: string } | undefined {
    const found = [...this.stacks[index]!.resources.values()].find(({ type }) => type === 'Runner');
    return found && { org: found.properties.OrgId, id: found.properties.RunnerId };
  }

  private forget(index: number): void {
    const mine = this.runnerOf(index);
    if (!mine) return;
    const organization = this.world.orchestrator.store.organization(mine.org)!;
    // The orchestrator lets nobody delete one that is in use.
    if (organization.environmentsUsing(mine.id).length > 0 || this.foreign.has(`${mine.org}/${mine.id}`)) return;
    for (const rule of organization.rulesWhere({ runner_id: mine.id })) organization.rules.delete(rule.id);
    organization.runners.delete(mine.id);
  }

  private forgetRule(index: number): void {
    for (const { type, physicalId, properties } of this.stacks[index]!.resources.values()) {
      if (type === 'RunnerRule') this.world.orchestrator.store.organization(properties.OrgId)!.rules.delete(physicalId);
    }
  }

  private use(index: number): void {
    const mine = this.runnerOf(index);
    const organization = mine && this.world.orchestrator.store.organization(mine.org)!;
    if (!organization?.runners.has(mine!.id)) return;
    const dated = { created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z', uuid: '00000000-0000-4000-8000-000000000000' };
    organization.putEnvironment({
      id: 'an-environment', display_name: 'x', project_id: PROJECT, project_uuid: dated.uuid, env_type_id: ENV_TYPES[0]!, runner_id: mine!.id, status: 'active', ...dated,
    });
  }

  private free(): void {
    for (const org of [ORG, OTHER_ORG]) {
      const organization = this.world.orchestrator.store.organization(org)!;
      for (const environment of organization.environmentsWhere({})) organization.deleteEnvironment(environment);
    }
  }

  private registerForeign(id: string, onKubernetes = false): void {
    const { runners } = this.world.orchestrator.store.organization(ORG)!;
    if (runners.has(id)) return;
    const runnerOfSomebody: AnyRunner = {
      id,
      org_id: ORG,
      created_at: '2026-01-01T00:00:00Z',
      updated_at: '2026-01-01T00:00:00Z',
      runner_configuration: onKubernetes ? { type: 'kubernetes-eks', job: {} } : {
        type: 'serverless-ecs',
        auth: { role_arn: FOREIGN_ROLE },
        job: { region: 'us-east-1', cluster: 'theirs', subnets: ['subnet-9'], execution_role_arn: FOREIGN_ROLE },
      },
      state_storage_configuration: { type: 's3', bucket: 'state-1' },
    };
    runners.set(id, runnerOfSomebody);
    this.foreign.set(`${ORG}/${id}`, runnerOfSomebody);
  }
}
