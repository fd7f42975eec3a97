/** Histories: random operations on two stacks, and actions of people between the operations. */
import * as fc from 'fast-check';
import type { Circumstances, Deletion } from './cloudformation';
import { ANSWER_FAULTS, API_FAULT_NAMES, SECRET_FAULTS, type FaultRun, type Faults } from './faults';
import { APIS, ORGS, type Api } from './orchestrators';
import { FILTERS, type RuleTemplate, type RunnerTemplate } from './templates';

export type Step = { readonly pauseSeconds: number } & (
  | { readonly do: 'deploy'; readonly stack: number; readonly runners: readonly RunnerChange[]; readonly rules: readonly RuleTemplate[]; readonly faults: Faults; readonly circumstances: Circumstances; readonly mustSucceed?: boolean }
  | { readonly do: 'roll back'; readonly stack: number; readonly faults: Faults; readonly circumstances: Circumstances }
  | { readonly do: 'delete'; readonly stack: number; readonly faults: Faults; readonly deletion: Deletion; readonly mustSucceed?: boolean }
  | { readonly do: 'refactor'; readonly stack: number; readonly intoOtherStack: boolean }
  | { readonly do: 'a person deletes the runners' | 'a person deletes the rules' | 'a deployment uses the runners'; readonly stack: number }
  | { readonly do: 'somebody else registers a runner'; readonly api: Api; readonly id: string; readonly isOnKubernetes: boolean }
  | { readonly do: 'somebody else adds a rule'; readonly api: Api; readonly filter: string }
  | { readonly do: 'environments are deleted' | 'API tokens are rotated' }
);

/** A deployment that changes some inputs of the stack's usual runners. */
export interface RunnerChange extends Partial<RunnerTemplate> {
  readonly logicalId: 'A' | 'B';
}

export interface History {
  /** The usual runners of each stack, by logical ID. */
  readonly runners: readonly Readonly<Record<'A' | 'B', RunnerTemplate>>[];
  /** The difference between the orchestrators' clocks and CloudFormation's clock. */
  readonly skewSeconds: number;
  readonly steps: readonly Step[];
}

/** Each stack has its own filters, and one filter that both stacks use. */
const FILTERS_OF_STACKS = [FILTERS.slice(0, 5), [FILTERS[0]!, ...FILTERS.slice(5)]];

const often = <T>(usual: T, weight: number, ...others: T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight, arbitrary: fc.constant(usual) }, ...others.map((other) => ({ weight: 1, arbitrary: fc.constant(other) })));
const rarely = often(false, 9, true);
const faultRuns = <Name extends string>(names: readonly Name[], max: number): fc.Arbitrary<FaultRun<Name>[]> => fc.array(fc.record({
  name: fc.constantFrom(...names),
  after: fc.nat(12),
  calls: fc.oneof({ weight: 6, arbitrary: fc.integer({ min: 1, max: 4 }) }, { weight: 1, arbitrary: fc.constant(1000) }),
}), { maxLength: max });
const sometimes = <T>(weight: number, arbitrary: fc.Arbitrary<T[]>): fc.Arbitrary<T[]> =>
  fc.oneof({ weight, arbitrary: fc.constant<T[]>([]) }, { weight: 2, arbitrary });
const faults: fc.Arbitrary<Faults> = fc.record({
  api: sometimes(3, faultRuns(API_FAULT_NAMES, 3)),
  secret: sometimes(24, faultRuns(SECRET_FAULTS, 1)),
  answer: sometimes(16, faultRuns(ANSWER_FAULTS, 1)),
});

/** A fast-check arbitrary for each input. */
const inputs = {
  api: often<Api>('main', 20, 'other', 'alias'),
  org: often<string>(ORGS[0], 7, ORGS[1]),
  secret: fc.nat(1),
  prefix: often('runner', 5, 'team'),
  role: often(1, 4, 2),
  bucket: often('state-1', 7, 'state-2'),
  pathPrefix: often<string | undefined>(undefined, 5, 'team'),
  description: fc.constantFrom(undefined, 'one text', 'another text'),
  variable: often<string | undefined>(undefined, 3, '1', '2'),
  publicIp: fc.boolean(),
  allowStateMove: often(false, 4, true),
  adoptExisting: rarely,
  retainInUse: rarely,
  isImported: rarely,
};
const runnerIds = ['prod-runner', 'blue-runner', 'green-runner'];
const runner = (logicalId: 'A' | 'B', id: string): fc.Arbitrary<RunnerTemplate> =>
  fc.record({ ...inputs, isImported: fc.constant(false), logicalId: fc.constant(logicalId), id: fc.option(fc.constant(id), { nil: undefined, freq: 2 }) });
const input: fc.Arbitrary<Partial<RunnerTemplate>> = fc.oneof(
  fc.record({ id: fc.option(fc.constantFrom(...runnerIds), { nil: undefined }) }),
  ...Object.entries(inputs).map(([name, arbitrary]) => fc.record({ [name]: arbitrary as fc.Arbitrary<unknown> })),
);
const runnerChange = (logicalId: 'A' | 'B'): fc.Arbitrary<RunnerChange> =>
  fc.array(input, { maxLength: 2 }).map((changes) => Object.assign({ logicalId }, ...changes));
const runnerChanges: fc.Arbitrary<RunnerChange[]> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(runnerChange('A')) as fc.Arbitrary<RunnerChange[]> },
  { weight: 1, arbitrary: fc.tuple(runnerChange('B')) },
  { weight: 5, arbitrary: fc.tuple(runnerChange('A'), runnerChange('B')) },
);
/** The rules in any order. Some are created in a loop, so they shift when one is removed. */
const rules = (filters: readonly string[]): fc.Arbitrary<RuleTemplate[]> => fc.shuffledSubarray([...filters]).chain((chosen) => fc.tuple(...chosen.map((filter) =>
  fc.record({ filter: fc.constant(filter), runner: fc.nat(1), adoptExisting: rarely }))));

const deliveries = {
  copies: often(1, 8, 2, 3),
  isInTurn: fc.boolean(),
  undeliverableSeconds: often(0, 12, 70, 250),
  latencySeconds: often(0.1, 5, 0.5, 2),
};
const circumstances: fc.Arbitrary<Circumstances> = fc.record({
  failsElsewhere: often(false, 5, true),
  cancels: fc.option(fc.record({ event: fc.nat(7), afterSeconds: fc.constantFrom(0, 2.1, 2.5, 3, 5, 20) }), { nil: undefined, freq: 6 }),
  noRollback: often(false, 6, true),
  isParallel: fc.boolean(),
  rollsBackWith: fc.constantFrom('old' as const, 'new' as const),
  usesFailedId: fc.boolean(),
  usesFailedProperties: fc.boolean(),
  ...deliveries,
});
const stack = fc.constantFrom(0, 0, 1);
const pauseSeconds = fc.constantFrom(30, 240, 3600, 86_400);
const step: fc.Arbitrary<Step> = fc.oneof(
  ...[0, 1].map((index) => ({
    weight: index === 0 ? 10 : 6,
    arbitrary: fc.record({
      do: fc.constant('deploy' as const), pauseSeconds, stack: fc.constant(index), runners: runnerChanges, rules: rules(FILTERS_OF_STACKS[index]!), faults, circumstances,
    }),
  })),
  { weight: 1, arbitrary: fc.record({ do: fc.constant('roll back' as const), pauseSeconds, stack, faults, circumstances }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('delete' as const), pauseSeconds, stack, faults, deletion: fc.record({ ...deliveries, retains: rarely }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('refactor' as const), pauseSeconds, stack, intoOtherStack: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('a person deletes the runners' as const, 'a person deletes the rules' as const, 'a deployment uses the runners' as const), pauseSeconds, stack,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('somebody else registers a runner' as const), pauseSeconds, api: fc.constantFrom(...APIS), id: fc.constantFrom(...runnerIds), isOnKubernetes: rarely,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('somebody else adds a rule' as const), pauseSeconds, api: fc.constantFrom(...APIS), filter: fc.constantFrom(...FILTERS) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('environments are deleted' as const, 'API tokens are rotated' as const), pauseSeconds }) },
);
export const histories: fc.Arbitrary<History> = fc.record({
  runners: fc.tuple(fc.record({ A: runner('A', 'prod-runner'), B: runner('B', 'blue-runner') }), fc.record({ A: runner('A', 'green-runner'), B: runner('B', 'lime-runner') })),
  skewSeconds: often(0, 3, -2, 2),
  steps: fc.array(step, { minLength: 2, maxLength: 8 }),
});
