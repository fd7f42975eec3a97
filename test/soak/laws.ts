/** The laws that hold whatever happens, as far as they speak of what the orchestrator has. */
import { isDeepStrictEqual } from 'node:util';
import type { Answer, Event } from './delivery';
import { expectedRule, expectedRunner, keyOf } from './templates';
import { ORG, OTHER_ORG, type World } from './world';
import { withoutEmptyFields } from '../../local/orchestrator/responses';
import { isEcs, type AnyRunner, type RunnerRule } from '../../local/orchestrator/model';

export type Law =
  | 'somebody else\'s runner stays as it is'
  | 'nothing is left behind'
  | 'SUCCESS says what is so'
  | 'the physical id is the identity'
  | 'one answer'
  | 'before the deadline'
  | 'at most 4,096 bytes'
  | 'no secret is told'
  | 'state stays in place'
  | 'a short reason'
  | 'a reason that names the runner'
  | 'a reason that was thought of'
  | 'nothing gets stuck'
  | 'what can be done is done';

export class BrokenLaw extends Error {
  /** Seconds of the handler's time that a busy machine took from it. */
  lost = 0;

  constructor(readonly law: Law, what: string) {
    super(`${law}: ${what}`);
  }
}

export function broken(law: Law, what: string): never {
  throw new BrokenLaw(law, what);
}

/** What the orchestrator has at a moment. */
export interface Snapshot {
  readonly runners: ReadonlyMap<string, AnyRunner>;
  readonly rules: ReadonlyMap<string, RunnerRule>;
}

export function look(world: World): Snapshot {
  const organizations = [ORG, OTHER_ORG].map((org) => ({ org, has: world.orchestrator.store.organization(org)! }));
  return {
    // The histories register nothing but runners on ECS.
    runners: new Map(organizations.flatMap(({ org, has }) => [...has.runners.values()].map((runner) => [`${org}/${runner.id}`, runner]))),
    rules: new Map(organizations.flatMap(({ has }) => [...has.rules.values()].map((rule) => [rule.id, rule]))),
  };
}

/** The role of a runner; one on Kubernetes has none. */
export function roleOf({ runner_configuration: configuration }: AnyRunner): string | undefined {
  return isEcs(configuration) ? configuration.auth.role_arn : undefined;
}

/** After an event: what it told CloudFormation, and what it did. */
export function checkEvent(event: Event, answer: Answer, before: Snapshot, after: Snapshot): void {
  checkState(event, before, after);
  if (answer.status !== 'SUCCESS' || event.request === 'Delete') return;
  checkIdentity(event, answer, before);
  if (!answer.binding) return;
  if (event.type === 'Runner') {
    const runner = after.runners.get(keyOf(event.properties));
    if (!isDeepStrictEqual(plain(runner), expectedRunner(event.properties))) {
      broken('SUCCESS says what is so', `${event.request}: ${JSON.stringify(runner)} is not ${JSON.stringify(expectedRunner(event.properties))}`);
    }
  } else if (event.type === 'RunnerRule') {
    const rule = after.rules.get(answer.physicalId);
    if (!rule || !isDeepStrictEqual(contentOf(rule), expectedRule(event.properties))) {
      broken('SUCCESS says what is so', `${event.request}: ${JSON.stringify(rule)} is not ${JSON.stringify(expectedRule(event.properties))}`);
    }
  }
}

function checkIdentity(event: Event, { physicalId, data }: Answer, before: Snapshot): void {
  const wrong = (why: string) => broken('the physical id is the identity', `${event.request} of ${event.logical} gave ${physicalId}: ${why}`);
  const { RunnerId: id, RunnerIdPrefix: prefix } = event.properties;
  if (event.type === 'RunnerId') {
    if (id !== undefined && physicalId !== id) wrong(`not ${id}`);
    if (id === undefined && !new RegExp(`^${prefix}-[a-z0-9]{8}$`).test(physicalId)) wrong(`not of the prefix ${prefix}`);
    if (data?.RunnerId !== physicalId) wrong('not its attribute');
  } else if (event.type === 'Runner') {
    if (physicalId !== keyOf(event.properties)) wrong(`not ${keyOf(event.properties)}`);
    if (data?.RunnerId !== id) wrong('not its attribute');
  } else {
    const current = before.rules.get(event.physicalId ?? '');
    const unchanged = current?.org_id === event.properties.OrgId && isDeepStrictEqual(contentOf(current!), expectedRule(event.properties));
    if (unchanged && physicalId !== event.physicalId) wrong('the rule did not change');
  }
}

/** A registered runner's state moves to where the properties say, and only when the new ones or those that a rollback undoes allow it. */
function checkState(event: Event, before: Snapshot, after: Snapshot): void {
  for (const [key, { state_storage_configuration: then, created_at: created }] of before.runners) {
    const runner = after.runners.get(key);
    // One that was made anew had no environments that could miss their state.
    if (!runner || runner.created_at !== created || isDeepStrictEqual(runner.state_storage_configuration, then)) continue;
    const optedIn = [event.properties, event.old].some((properties) => properties?.AllowStateMove === 'true');
    if (!optedIn) broken('state stays in place', `${event.request} moved ${key} from ${JSON.stringify(then)} to ${JSON.stringify(runner.state_storage_configuration)}`);
  }
}

/** A runner as the properties would say it: without what the API adds, and without what is empty, which the API may leave out. */
export function plain(runner: AnyRunner | undefined): object | undefined {
  if (!runner) return undefined;
  const { created_at: _created, updated_at: _updated, description = '', ...rest } = withoutEmptyFields(runner);
  return { description, ...rest };
}

export function contentOf({ runner_id, project_id, env_type_id }: RunnerRule): ReturnType<typeof expectedRule> {
  return { runner_id, project_id, env_type_id };
}
