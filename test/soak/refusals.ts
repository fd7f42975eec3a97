/** The refusals of the handler, each with the state of the orchestrator that justifies it. A refusal excuses a failure only if it is justified. */
import type { Event } from './delivery';
import type { Properties } from './templates';
import type { AnyRunner, RunnerRule } from '../../local/orchestrator/model';

/** The state of the organization when an event is handled. */
export interface Encounter {
  /** Objects with the id or the filter of the resource. */
  readonly runners: readonly AnyRunner[];
  readonly rules: readonly RunnerRule[];
  /** Whether one of these objects does not belong only to the resource. */
  readonly isOfOthers: boolean;
  /** Whether environments or rules use the runner that the event deletes. */
  readonly isInUse: boolean;
  /** Whether the organization has the runner of the rule. */
  readonly hasRunnerOfRule: boolean;
}

interface Refusal {
  readonly reason: RegExp;
  isTrue(event: Event, encounter: Encounter): boolean;
}

const REFUSALS: readonly Refusal[] = [
  { reason: /exists and has another type/, isTrue: (_event, { runners }) => runners.some((runner) => runner.runner_configuration.type !== 'serverless-ecs') },
  { reason: /exists, and this resource did not register it/, isTrue: (_event, { runners, isOfOthers }) => runners.length > 0 && isOfOthers },
  { reason: /this stack has registered it already/, isTrue: ({ properties }, { runners }) => runners.some((runner) => roleOf(runner) === properties.Auth.RoleArn) },
  { reason: /the runner is still in use/, isTrue: (_event, { isInUse }) => isInUse },
  { reason: /has the same project and environment type/, isTrue: (_event, { rules, isOfOthers }) => rules.length > 0 && isOfOthers },
  { reason: /its state would move/, isTrue: ({ properties }, { runners }) => properties.AllowStateMove !== 'true' && runners.some((runner) => storageOf(runner) !== declaredStorage(properties)) },
  // The orchestrator rejects a rule of an unknown runner.
  { reason: /HTTP 400|HTTP 409|this runner does not exist/, isTrue: ({ type }, { hasRunnerOfRule }) => type === 'RunnerRule' && !hasRunnerOfRule },
];

export function isTrueRefusal(event: Event, reason: string, encounter: Encounter): boolean {
  return REFUSALS.some((refusal) => refusal.reason.test(reason) && refusal.isTrue(event, encounter));
}

function roleOf({ runner_configuration: configuration }: AnyRunner): string | undefined {
  return configuration.type === 'serverless-ecs' ? configuration.auth.role_arn : undefined;
}

function storageOf({ state_storage_configuration: storage }: AnyRunner): string {
  return storage.type === 's3' ? `${storage.bucket}/${storage.path_prefix ?? ''}` : storage.type;
}

const declaredStorage = ({ StateStorage: { Bucket, PathPrefix = '' } }: Properties): string => `${Bucket}/${PathPrefix}`;

/** The organization of the runner in the physical ID, otherwise that of the properties. */
export function organizationOf({ request, type, physicalId = '', properties }: Pick<Event, 'request' | 'type' | 'physicalId' | 'properties'>): string {
  return (request === 'Delete' && type === 'Runner' ? /^([^/]+)\/[^@?;]+[@?]/.exec(physicalId)?.[1] : undefined) ?? properties.OrgId;
}

/** The runner id in the physical ID, otherwise that of the properties. */
export function runnerIdOf({ physicalId, properties }: Pick<Event, 'physicalId' | 'properties'>): string {
  return /^[^/]+\/([^@?;]+)/.exec(physicalId ?? '')?.[1] ?? properties.RunnerId;
}
