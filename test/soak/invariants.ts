/** The invariants about the objects at the orchestrators. */
import { isDeepStrictEqual } from 'node:util';
import { describe, inventedId, type Answer, type Event } from './delivery';
import { hasSameFilter, isAnyMeant, isAsDeclared, isMeant, nameOf, snapshotOf, type Declaration, type Snapshot, type Stored } from './objects';
import { orchestratorOf } from './orchestrators';
import { isTrueRefusal, organizationOf, runnerIdOf } from './refusals';
import type { Simulation } from './simulation';
import { CREATE_TO_DELETE_SECONDS } from '../../src/registration/delivery-times';

export const INVARIANTS = [
  'after a deployment or a rollback, everything declared exists as declared',
  'nothing of somebody else is changed or deleted',
  'nothing is left behind',
  'a successful event did what it says',
  'a generated id stays',
  'state stays in place',
  'without faults, only refusals fail',
  'a stack never gets stuck',
  'a possible deployment succeeds',
  'one answer',
  'an end before the timeout',
  'at most 4,096 bytes',
  'no secret in logs and answers',
  'API tokens reach their orchestrator only',
  'a short reason that names the runner',
] as const;
export type Invariant = typeof INVARIANTS[number];

export class Violation extends Error {
  constructor(readonly invariant: Invariant, what: string) {
    super(`${invariant}: ${what}`);
  }
}

export function violated(invariant: Invariant, what: string): never {
  throw new Violation(invariant, what);
}

export interface StackState {
  readonly name: string;
  readonly resources: ReadonlyMap<string, Declaration>;
  /** Objects that the stack still has to delete. */
  readonly obsolete: readonly Declaration[];
}

const PERSON = 'a person';
/** The clocks of CloudFormation and the orchestrator can differ by 5 seconds, and the rule was created some seconds after its event was sent. */
const TIME_OF_A_CLAIM_MS = 10_000;
/** An update checks the runner again if it was changed within this time. */
const TIME_OF_A_LAST_LOOK_MS = 60_000;

/** Tracks the owners of all objects, and compares the orchestrators before and after each operation. */
export class Audit {
  /** The stacks that own an object. */
  private readonly owners = new Map<string, Set<string>>();
  private before: Snapshot = new Map();
  /** Objects that did not belong to the stack before the operation. */
  private foreign = new Set<string>();
  private resourcesBefore: ReadonlyMap<string, Declaration> = new Map();
  private satisfied = new Set<string>();
  private events: { readonly event: Event; readonly answer: Answer; readonly sentAt: number }[] = [];
  /** Rules that answers name as possibly left behind. */
  private readonly named = new Set<string>();
  private readonly excused = new Set<string>();
  /** Objects that a stack could not delete, with the name of the stack. */
  private readonly abandoned = new Map<string, string>();
  /** The time when CloudFormation stopped waiting for an event. */
  private readonly cancelled = new Map<Event, number>();
  /** Objects that the operation leaves to the user. A cancelled create may still run, so its object can appear later. */
  private leftForUser: Declaration[] = [];
  private stack: StackState = { name: '', resources: new Map(), obsolete: [] };

  constructor(private readonly simulation: Simulation) {}

  snapshot(): Snapshot {
    return snapshotOf(this.simulation.orchestrators);
  }

  /** Marks all new objects as owned by somebody outside the stacks. */
  registerForeign(): void {
    for (const key of this.snapshot().keys()) if (!this.owners.has(key)) this.owners.set(key, new Set([PERSON]));
  }

  isPersons(key: string): boolean {
    return this.named.has(key) || (this.owners.get(key)?.has(PERSON) ?? true);
  }

  /** Transfers all objects of one stack to another stack. */
  transfer(from: string, to: string): void {
    for (const owners of this.owners.values()) if (owners.delete(from)) owners.add(to);
  }

  begin(stack: StackState): void {
    this.stack = stack;
    this.before = this.snapshot();
    this.foreign = new Set([...this.before.keys()].filter((key) => !this.owners.get(key)!.has(stack.name)));
    this.events = [];
    this.leftForUser = [];
    this.resourcesBefore = new Map(stack.resources);
    this.satisfied = new Set([...stack.resources].filter(([, resource]) => this.exists(resource, this.before)).map(([logicalId]) => logicalId));
  }

  /** Checks an event and its answer. `isAlone` is false if other events of the stack are running. */
  record(event: Event, answer: Answer, sentAt: number, before: Snapshot, isAlone: boolean): void {
    this.events.push({ event, answer, sentAt });
    const after = this.snapshot();
    if (answer.status === 'SUCCESS') {
      if (event.type === 'RunnerId') checkGeneratedId(event, answer);
      if (event.request !== 'Delete' && isAlone && answer.isUnanimous) this.checkSuccess(event, answer, before, after);
      this.acceptNote(event, answer);
      this.noteAdoption(event, after);
    } else if (isAlone && answer.isUndisturbed && !this.isTrueRefusal(event, answer, before)) {
      violated('without faults, only refusals fail', `${describe(event)}: ${answer.reason}`);
    }
    this.leaveNamedRules(answer);
    // When `adoptExisting` takes over a rule and then restores it, the rule has a new id, so its resource no longer owns it.
    if (event.properties.AdoptExisting !== undefined && answer.reason.includes('The former rule was restored')) this.excuse(event);
    // If the deliveries of an event have different outcomes, CloudFormation knows only one of them.
    if (!answer.isUnanimous) this.excuse(event);
  }

  /** Whether the reason names a refusal that the objects before or after the event justify. */
  isTrueRefusal(event: Event, { reason }: Answer, before: Snapshot): boolean {
    const { api, logicalId, properties: { RunnerId: runnerId } } = event;
    const org = organizationOf(event);
    const objects = [...before, ...this.snapshot()].filter(([, { orchestrator, org: own }]) => orchestrator === orchestratorOf(api) && own === org);
    const meant = objects.filter(([, stored]) => isMeant(stored, event));
    const others = [
      // A retry without a rollback owns neither an object that an earlier create without an answer may have created, nor one that `adoptExisting` leaves.
      ...this.stack.obsolete.filter((resource) => resource.logicalId !== logicalId || resource.physicalId?.includes('?created=') || resource.properties.AdoptExisting !== undefined),
      ...[...this.resourcesBefore, ...this.stack.resources].filter(([id]) => id !== logicalId).map(([, resource]) => resource),
      ...this.events.map((each) => each.event).filter((other) => other.logicalId !== logicalId)
        .flatMap(({ old, ...other }) => [other, { ...other, properties: old ?? other.properties }]),
    ];
    const deleted = runnerIdOf(event);
    const isOfCancelled = [...this.cancelled.keys()].some((cancelled) => cancelled.logicalId === logicalId && cancelled.stackId === event.stackId);
    return isTrueRefusal(event, reason, {
      runners: meant.flatMap(([, { runner }]) => runner ?? []),
      rules: meant.flatMap(([, { rule }]) => rule ?? []),
      // A cancelled event registered the runner again after a person deleted it. CloudFormation knows only the former physical ID.
      isOfOthers: meant.some(([key, stored]) => (isOfCancelled && !this.before.has(key)) || [this.foreign, this.named, this.excused].some((keys) => keys.has(key))
        || others.some((other) => isMeant(stored, other))),
      isInUse: objects.some(([, { rule }]) => rule?.runner_id === deleted)
        || this.simulation.orchestrators.organization(api, org).environmentsUsing(deleted).length > 0,
      hasRunnerOfRule: objects.some(([, { runner }]) => runner?.id === runnerId),
    });
  }

  /** Records that CloudFormation does not wait for the answer to an event. */
  cancel(event: Event): void {
    this.cancelled.set(event, this.simulation.clock.now());
  }

  /** Allows the stack to leave the objects of a resource behind. */
  excuse(declaration: Declaration): void {
    for (const [key, stored] of this.snapshot()) if (isMeant(stored, declaration)) this.excused.add(key);
  }

  /** Transfers the objects of a resource to the user, who was told that they still exist. */
  giveUp(declaration: Declaration): void {
    this.leftForUser.push(declaration);
    // After a failed update, the physical ID of a rule can name another rule than its properties.
    const [ruleId] = declaration.physicalId?.split(';') ?? [];
    for (const [key, stored] of this.snapshot()) if (key === ruleId || this.isLeft(stored, declaration)) this.disown(key);
  }

  /** Records that CloudFormation gave up deleting a resource. */
  abandon(resource: Declaration): void {
    const properties = { ...resource.properties, OrgId: organizationOf({ request: 'Delete', ...resource }), RunnerId: runnerIdOf(resource) };
    const declaration = { ...resource, properties };
    for (const [key, stored] of this.snapshot()) if (this.isLeft(stored, declaration)) this.abandoned.set(key, this.stack.name);
    this.giveUp(declaration);
  }

  private isLeft(stored: Stored, declaration: Declaration): boolean {
    // Another resource of the stack can refer to the same object, for example through another API URL of the orchestrator.
    const others = [...this.stack.resources.values()]
      .filter(({ logicalId, physicalId }) => logicalId !== declaration.logicalId || physicalId !== declaration.physicalId);
    return isMeant(stored, declaration) && !others.some((resource) => isMeant(stored, resource));
  }

  /** Checks the objects after an operation. An incomplete operation allows any objects of the stack. */
  end(isComplete: boolean): void {
    const after = this.snapshot();
    for (const [key, stored] of after) {
      const isLeft = this.leftForUser.some((declaration) => this.isLeft(stored, declaration));
      if (!this.owners.has(key)) this.owners.set(key, new Set([isLeft ? PERSON : this.stack.name]));
    }
    this.checkForeign(after);
    this.checkState(after);
    this.excuseDuplicates(after);
    if (!isComplete) return;
    for (const [logicalId, resource] of this.stack.resources) {
      if (this.isRequired(logicalId) && !this.exists(resource, after) && !this.isUnpromised(logicalId, resource, after)) {
        violated(INVARIANTS[0], `${this.stack.name} declares ${logicalId} ${JSON.stringify(resource.properties)}, found ${this.listMeant(resource, after)}`);
      }
    }
    const declared = [...this.stack.resources.values()];
    for (const [key, stored] of after) {
      if (this.owners.get(key)!.has(this.stack.name) && !this.excused.has(key) && !this.named.has(key) && !declared.some((resource) => isMeant(stored, resource))) {
        violated('nothing is left behind', `${this.stack.name} left ${nameOf(stored)}`);
      }
    }
  }

  /** Whether the last answer for the resource promised that it exists, or whether it existed before and had no event. */
  private isRequired(logicalId: string): boolean {
    const last = this.events.filter(({ event }) => event.logicalId === logicalId && event.request !== 'Delete' && !this.cancelled.has(event)).at(-1);
    return last ? last.answer.status === 'SUCCESS' : this.satisfied.has(logicalId);
  }

  /** If the API allows several rules with the same filter, a cancelled update and its rollback can each create one at the same time. */
  private excuseDuplicates(after: Snapshot): void {
    for (const { event } of this.events) {
      if (event.type !== 'RunnerRule' || !this.cancelled.has(event)) continue;
      const same = [...after].filter(([, stored]) => isMeant(stored, event));
      if (same.length > 1) for (const [key, stored] of same) if (!this.before.has(key) && isAsDeclared(stored, event)) this.excused.add(key);
    }
  }

  /** Cases for which ARCHITECTURE.md promises nothing. */
  private isUnpromised(logicalId: string, declaration: Declaration, after: Snapshot): boolean {
    const last = this.events.filter(({ event }) => event.logicalId === logicalId && event.request !== 'Delete').at(-1);
    // Lambda delivered the cancelled update again after the start of its rollback.
    const isRepeated = ({ event, answer: { repeatedAt = 0 } }: { event: Event; answer: Answer }) => repeatedAt > (this.cancelled.get(event) ?? Infinity);
    if (this.events.some((each) => each.event.logicalId === logicalId && isRepeated(each))) return true;
    // After a person deleted the runner, a cancelled update and its rollback registered it again at the same time, so either configuration can
    // remain.
    const raced = [...this.cancelled.keys()].some((event) => event.logicalId === logicalId && this.events.some((each) => each.event === event));
    // `adoptExisting` took over the runner of another resource of the stack with the same id.
    const isTaken = this.events.some(({ event, answer }) => event.type === 'Runner' && event.logicalId !== logicalId && answer.reason.startsWith('Took over')
      && [...after.values()].some((stored) => isMeant(stored, declaration) && isMeant(stored, event)));
    if (declaration.type === 'Runner' && isTaken) return true;
    if (declaration.type === 'Runner') {
      // A cancelled update shortly after another update checks the runner again, and a slow API can delay its last write.
      const begin = Math.min(...this.events.map(({ sentAt }) => sentAt));
      const isSlow = this.simulation.faults.has('api: slow')
        && [...this.before.values()].some((stored) => isMeant(stored, declaration) && Date.parse(stored.runner!.updated_at) > begin - TIME_OF_A_LAST_LOOK_MS);
      return raced && isAnyMeant(declaration, after) && (isSlow || !isAnyMeant(declaration, this.before));
    }
    // Another resource created a rule with the same filter just before. The event treats this rule as its own, and the other resource deletes it.
    const ruleId = last?.answer.data?.RuleId;
    // `adoptExisting` took over a rule of another resource of the stack: their filters are the same CDK token, or they use different URLs of the API.
    const isTakenFromStack = this.events.some(({ event, answer }) => answer.physicalId.includes(';adopted') && [...this.resourcesBefore.values()].some((other) =>
      other.logicalId !== event.logicalId && [...this.before.values()].some((stored) => isMeant(stored, other) && isMeant(stored, event))
      && [...this.before.values(), ...after.values()].some((stored) => isMeant(stored, declaration) && isMeant(stored, event))));
    if (isTakenFromStack) return true;
    return last !== undefined && ruleId !== undefined && !isAnyMeant(declaration, this.before) && this.events.some(({ event, answer, sentAt }) =>
      event.logicalId !== logicalId && answer.data?.RuleId === ruleId && sentAt < last.sentAt && sentAt > last.sentAt - TIME_OF_A_CLAIM_MS);
  }

  private exists(declaration: Declaration, objects: Snapshot): boolean {
    return declaration.type === 'RunnerId' || [...objects.values()].some((stored) => isAsDeclared(stored, declaration));
  }

  private listMeant(declaration: Declaration, objects: Snapshot): string {
    return [...objects.values()].filter((stored) => isMeant(stored, declaration)).map(nameOf).join(', ') || 'nothing';
  }

  private disown(key: string): void {
    const owners = this.owners.get(key) ?? new Set();
    owners.delete(this.stack.name);
    this.owners.set(key, owners.size > 0 ? owners : new Set([PERSON]));
  }

  private checkSuccess(event: Event, answer: Answer, before: Snapshot, after: Snapshot): void {
    const wrong = (why: string) => violated('a successful event did what it says', `${describe(event)}: ${why}`);
    if (!this.exists(event, after)) wrong(`expected ${JSON.stringify(event.properties)}, found ${this.listMeant(event, after)}`);
    if (event.type !== 'RunnerRule' && answer.data?.RunnerId !== event.properties.RunnerId && event.properties.RunnerId !== undefined) wrong(`RunnerId is ${answer.data?.RunnerId}`);
    const ruleId = answer.data?.RuleId;
    if (event.type === 'RunnerRule' && ruleId !== undefined && !after.has(ruleId)) wrong(`RuleId is ${ruleId}, and there is no such rule`);
    if (event.type !== 'Runner') return;
    const [key, { runner } = {}] = [...after].find(([, stored]) => isMeant(stored, event))!;
    const description = runner?.description ?? '';
    if (event.properties.Description !== undefined) return;
    if (event.old?.Description !== undefined ? description !== '' : event.request === 'Create' && before.has(key) && description !== (before.get(key)!.runner!.description ?? '')) {
      wrong(`the description is '${description}'`);
    }
  }

  /** Records the rules that answers name as left behind. ARCHITECTURE.md lists these cases. At the end, a person deletes the rules. */
  private leaveNamedRules({ reason }: Answer): void {
    const named = /rules of others: .*|may have left rule .*/.exec(reason)?.[0] ?? '';
    for (const [id] of named.matchAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g)) this.named.add(id);
  }

  /** Transfers an object to the user if a successful event kept it on purpose and its note names it. */
  private acceptNote(event: Event, { reason }: Answer): void {
    if (reason.includes('because it is in use') && event.request === 'Delete' && event.properties.OnInUse !== 'retain') {
      violated('a successful event did what it says', `${describe(event)} left a runner in use: ${reason}`);
    }
    const ofPhysicalId = event.request === 'Delete' && event.type === 'Runner' ? { ...event.properties, OrgId: organizationOf(event), RunnerId: runnerIdOf(event) } : event.properties;
    for (const properties of [event.properties, event.old ?? event.properties, ofPhysicalId]) {
      if (!reason.includes(`'${properties.RunnerId}'`)) continue;
      if (event.request === 'Delete') this.giveUp({ ...event, properties });
      else this.excuse({ ...event, properties });
    }
  }

  /** Records that adopted objects belong to the stack after `adoptExisting` is removed, unless CloudFormation cancelled that update. */
  private noteAdoption(event: Event, after: Snapshot): void {
    if (this.cancelled.has(event) || event.request !== 'Update' || event.old?.AdoptExisting !== 'true' || event.properties.AdoptExisting === 'true') return;
    for (const [key, stored] of after) {
      if (!isMeant(stored, event)) continue;
      const owners = this.owners.get(key) ?? new Set();
      owners.delete(PERSON);
      this.owners.set(key, owners.add(this.stack.name));
    }
  }

  private checkForeign(after: Snapshot): void {
    for (const [key, stored] of this.before) {
      if (!this.foreign.has(key) || isDeepStrictEqual(after.get(key), stored)) continue;
      const adopts = this.events.some(({ event }) => [event.properties, event.old].some((properties) =>
        properties?.AdoptExisting === 'true' && isMeant(stored, { ...event, properties })));
      // An object that a deletion of the stack could not remove still belongs to the stack.
      if (this.abandoned.get(key) === this.stack.name) continue;
      // To take over a rule for another runner, the handler deletes the rule first.
      const isLost = this.events.some(({ event, answer: { reason } }) => event.properties.AdoptExisting === 'true' && isMeant(stored, event) && reason.includes('could not be restored'));
      if (isLost) continue;
      // The delete of a cancelled create treats a young rule with the same content as its own.
      const wasYoung = (sentAt: number) => Date.parse(stored.rule?.created_at ?? '') > sentAt - CREATE_TO_DELETE_SECONDS * 1000 - TIME_OF_A_CLAIM_MS;
      if (this.events.some(({ event, sentAt }) => event.request === 'Delete' && event.physicalId === inventedId(event) && wasYoung(sentAt) && isAsDeclared(stored, event))) continue;
      const exists = after.has(key) || (stored.rule && [...after.values()].some(({ orchestrator, org, rule }) =>
        orchestrator === stored.orchestrator && org === stored.org && rule && hasSameFilter(rule, stored.rule!)));
      if (!adopts || !exists) violated('nothing of somebody else is changed or deleted', `${this.stack.name} made ${JSON.stringify(after.get(key))} of ${nameOf(stored)}`);
    }
  }

  /** Checks that the state of a registered runner moves only if the new or the rolled-back properties allow it. */
  private checkState(after: Snapshot): void {
    for (const [key, stored] of this.before) {
      const now = after.get(key)?.runner?.state_storage_configuration;
      if (!now || isDeepStrictEqual(now, stored.runner!.state_storage_configuration)) continue;
      const isAllowed = this.events.some(({ event }) => [event.properties, event.old].some((properties) =>
        properties?.AllowStateMove === 'true' && isMeant(stored, { ...event, properties })));
      if (!isAllowed) violated('state stays in place', `${nameOf(stored)} was moved to ${JSON.stringify(now)}`);
    }
  }
}

function checkGeneratedId(event: Event, { physicalId, data }: Answer): void {
  const { RunnerId: id, RunnerIdPrefix: prefix } = event.properties;
  const wrong = (why: string) => violated('a generated id stays', `${describe(event)} with ${event.physicalId} gave ${physicalId}: ${why}`);
  const generated = new RegExp(`^${prefix}-[a-z0-9]{8}$`);
  if (event.request === 'Delete') return;
  if (id !== undefined ? physicalId !== id : !generated.test(physicalId)) wrong('it does not fit the properties');
  if (id === undefined && event.request === 'Update' && generated.test(event.physicalId!) && physicalId !== event.physicalId) wrong('it changed');
  if (data?.RunnerId !== physicalId) wrong('it is not the attribute RunnerId');
}
