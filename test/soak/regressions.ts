/** Histories that earlier versions of the handler failed. They are played before the random ones. */
import type { Circumstances } from './cloudformation';
import { DELIVERED_ONCE } from './delivery';
import { NO_FAULTS, type AnswerFaultName, type ApiFaultName, type Faults, type SecretFaultName } from './faults';
import type { History, RunnerChange, Step } from './history';
import { ORGS } from './orchestrators';
import { DEFAULT_RUNNER, type RuleTemplate } from './templates';

const USUAL: Circumstances = {
  failsElsewhere: false, noRollback: false, isParallel: false, rollsBackWith: 'new', usesFailedId: true, usesFailedProperties: true, ...DELIVERED_ONCE,
};
const [BLUE, GREEN] = [0, 1];

interface Deployment {
  readonly stack?: number;
  /** Changes of runner A. Undefined for a stack without this runner. */
  readonly a?: Partial<RunnerChange>;
  readonly b?: Partial<RunnerChange>;
  /** Filters, with the index of the runner. */
  readonly rules?: readonly string[];
  readonly adoptsRules?: boolean;
  readonly faults?: Faults;
  readonly circumstances?: Partial<Circumstances>;
  readonly mustSucceed?: boolean;
  readonly pauseSeconds?: number;
}

function deploy({
  stack = BLUE, a = {}, b, rules = [], adoptsRules = false, faults = NO_FAULTS, circumstances, mustSucceed, pauseSeconds = 60,
}: Deployment = {}): Step {
  const templates: RuleTemplate[] = rules.map((rule) => {
    const [filter = '', runner = '0'] = rule.split(' of runner ');
    return { filter, runner: Number(runner), adoptExisting: adoptsRules };
  });
  const runners: RunnerChange[] = [{ logicalId: 'A', ...a }, ...b ? [{ logicalId: 'B' as const, ...b }] : []];
  return { do: 'deploy', pauseSeconds, stack, runners, rules: templates, faults, circumstances: { ...USUAL, ...circumstances }, mustSucceed };
}
const destroy = (stack = BLUE, faults: Faults = NO_FAULTS, retains = false): Step =>
  ({ do: 'delete', pauseSeconds: 60, stack, faults, deletion: { ...DELIVERED_ONCE, retains }, mustSucceed: faults === NO_FAULTS });
/** A remaining rule keeps its runner in use, so the deletion fails until a person moves the rule. */
const destroyInUse = (stack = BLUE): Step => ({ ...destroy(stack), mustSucceed: false } as Step);
const person = (what: 'a person deletes the runners' | 'a person deletes the rules' | 'a deployment uses the runners', stack = BLUE): Step => ({ do: what, pauseSeconds: 60, stack });
const foreignRunner = (isOnKubernetes = false): Step =>
  ({ do: 'somebody else registers a runner', pauseSeconds: 60, api: 'main', id: 'prod-runner', isOnKubernetes });
const foreignRule = (filter: string): Step => ({ do: 'somebody else adds a rule', pauseSeconds: 60, api: 'main', filter });

const api = (name: ApiFaultName, after: number, calls: number): Faults => ({ ...NO_FAULTS, api: [{ name, after, calls }] });
const secret = (name: SecretFaultName, after: number, calls: number): Faults => ({ ...NO_FAULTS, secret: [{ name, after, calls }] });
const answer = (name: AnswerFaultName, after: number, calls: number): Faults => ({ ...NO_FAULTS, answer: [{ name, after, calls }] });
const ALWAYS = 1000;

const rollsBack = { failsElsewhere: true };
const bothIds = (history: (circumstances: Partial<Circumstances>) => Step[]): [string, Step[]][] =>
  (['old', 'new'] as const).map((id) => [`, rolled back with the ${id} ID`, history({ rollsBackWith: id, usesFailedId: id === 'new' })]);
const named = (name: string, histories: [string, Step[]][]): Record<string, Step[]> =>
  Object.fromEntries(histories.map(([suffix, steps]) => [name + suffix, steps]));

const STEPS: Record<string, Step[]> = {
  'rules made in a loop, and the first is removed': [
    deploy({ stack: GREEN, rules: ['development', 'production', 'shop'], mustSucceed: true }), deploy({ stack: GREEN, rules: ['production', 'shop'] }), destroy(GREEN),
  ],
  'rules made in a loop, and the first is removed, at the same time': [
    deploy({ stack: GREEN, rules: ['development', 'production', 'shop'], mustSucceed: true }),
    deploy({ stack: GREEN, rules: ['production', 'shop'], circumstances: { isParallel: true } }), destroy(GREEN),
  ],
  'rules by filter, and the first is removed': [
    deploy({ rules: ['development', 'production', 'shop'], mustSucceed: true }), deploy({ rules: ['production', 'shop'], mustSucceed: true }), destroy(),
  ],
  ...named('rules by filter, and the first is removed', bothIds((circumstances) => [
    deploy({ rules: ['development', 'production', 'shop'], mustSucceed: true }), deploy({ rules: ['production', 'shop'], circumstances: { ...rollsBack, ...circumstances } }), destroy(),
  ])),
  'a rule whose creation is cancelled, and that another resource has created just before': [
    deploy({ stack: GREEN, rules: ['production'], mustSucceed: true }),
    deploy({ stack: GREEN, rules: ['production', 'production'], pauseSeconds: 30, circumstances: { cancels: { event: 0, afterSeconds: 0 }, latencySeconds: 1 } }), destroy(GREEN),
  ],
  'two rules that swap their filters': [
    deploy({ stack: GREEN, rules: ['development', 'production'], mustSucceed: true }), deploy({ stack: GREEN, rules: ['production', 'development'] }), destroy(GREEN),
  ],
  'two rules that swap their runners': [
    deploy({ b: {}, rules: ['development of runner 0', 'production of runner 1'], mustSucceed: true }),
    deploy({ b: {}, rules: ['development of runner 1', 'production of runner 0'], mustSucceed: true }), destroy(),
  ],
  ...named('two rules that swap their runners', bothIds((circumstances) => [
    deploy({ b: {}, rules: ['development of runner 0', 'production of runner 1'], mustSucceed: true }),
    deploy({ b: {}, rules: ['development of runner 1', 'production of runner 0'], circumstances: { ...rollsBack, ...circumstances } }), destroy(),
  ])),
  'a rule that moves to another runner, whose former runner is removed': [
    deploy({ b: {}, rules: ['production of runner 1'], mustSucceed: true }), deploy({ rules: ['production'], mustSucceed: true }), destroy(),
  ],
  ...named('another filter of a rule', bothIds((circumstances) => [
    deploy({ stack: GREEN, rules: ['all'], mustSucceed: true }), deploy({ stack: GREEN, rules: ['production'], mustSucceed: true }),
    deploy({ stack: GREEN, rules: ['shop'], circumstances: { ...rollsBack, ...circumstances } }), destroy(GREEN),
  ])),
  ...named('another filter of a rule, whose creation fails without a sign', bothIds((circumstances) => [
    deploy({ stack: GREEN, rules: ['all'], mustSucceed: true }),
    deploy({ stack: GREEN, rules: ['production'], faults: api('500, carried out', 1, ALWAYS), circumstances }), destroyInUse(GREEN),
  ])),
  ...named('another runner of a rule, whose creation fails', bothIds((circumstances) => [
    deploy({ b: {}, rules: ['all'], mustSucceed: true }),
    deploy({ b: {}, rules: ['all of runner 1'], faults: api('403', 2, ALWAYS), circumstances }), destroy(),
  ])),
  'an old rule of somebody else': [deploy({ mustSucceed: true }), foreignRule('production'), deploy({ rules: ['production'] }), deploy({ rules: ['production'], adoptsRules: true }), destroyInUse()],
  'an old rule of somebody else, which an update meets': [
    deploy({ stack: GREEN, rules: ['all'], mustSucceed: true }), foreignRule('production'), deploy({ stack: GREEN, rules: ['production'] }), destroyInUse(GREEN),
  ],
  'a registration with another API token, and in another organization with another API token': [
    deploy({ rules: ['all'], mustSucceed: true }), deploy({ a: { secret: 1 }, rules: ['all'], mustSucceed: true }),
    deploy({ a: { org: ORGS[1], secret: 0 }, rules: ['all'], mustSucceed: true }), destroy(),
  ],
  'a runner on Kubernetes with the same id': [foreignRunner(true), deploy(), deploy({ a: { adoptExisting: true } }), deploy({ a: { id: 'blue-runner' }, mustSucceed: true }), destroy()],
  'an id that somebody else used for a runner on Kubernetes afterwards': [
    deploy({ rules: ['all'], mustSucceed: true }), person('a person deletes the runners'), foreignRunner(true), deploy({ a: { description: 'one text' }, rules: ['all'] }),
    deploy({ a: { adoptExisting: true }, rules: ['all'] }), destroy(),
  ],
  'an id that somebody else used afterwards': [
    deploy({ mustSucceed: true }), person('a person deletes the runners'), foreignRunner(), deploy({ a: { description: 'one text' } }), destroy(),
  ],
  'an update that CloudFormation cancelled, and that is slower than its rollback': [
    deploy({ a: { description: 'one text' }, mustSucceed: true }),
    deploy({ a: { description: 'another text' }, circumstances: { cancels: { event: 0, afterSeconds: 2.5 }, latencySeconds: 1 } }), destroy(),
  ],
  'creates that CloudFormation cancelled': [
    deploy({ circumstances: { cancels: { event: 1, afterSeconds: 2.5 }, latencySeconds: 1 } }), destroy(),
    deploy({ rules: ['all'], circumstances: { cancels: { event: 2, afterSeconds: 2.5 }, latencySeconds: 1 } }), destroy(),
  ],
  'another orchestrator, and back in a rollback': [
    deploy({ rules: ['all'], mustSucceed: true }), deploy({ a: { api: 'other' }, rules: ['all'], circumstances: rollsBack }),
    deploy({ a: { api: 'other' }, rules: ['all'], mustSucceed: true }), destroy(),
  ],
  'another name of the same orchestrator': [
    deploy({ rules: ['all'], mustSucceed: true }), deploy({ a: { api: 'alias' }, rules: ['all'] }),
    deploy({ a: { api: 'alias', adoptExisting: true }, rules: ['all'], adoptsRules: true }), destroy(),
  ],
  'a creation without rules that failed, is not rolled back, and is tried again': [
    deploy({ faults: api('403', 3, 3), circumstances: { noRollback: true } }), deploy({ mustSucceed: true }), destroy(),
  ],
  'a creation that failed, is not rolled back, and is tried again': [
    deploy({ rules: ['all'], faults: api('403', 3, 3), circumstances: { noRollback: true } }), deploy({ rules: ['all'], mustSucceed: true }), destroy(),
  ],
  'the creation of a rule that failed, is not rolled back, and is tried again': [
    deploy({ mustSucceed: true }), deploy({ rules: ['all'], faults: api('403', 0, 1), circumstances: { noRollback: true } }), deploy({ rules: ['all'], mustSucceed: true }), destroy(),
  ],
  'an update that failed, is not rolled back, and is tried again': [
    deploy({ rules: ['all'], mustSucceed: true }), deploy({ a: { id: 'blue-runner' }, rules: ['all'], faults: api('500, carried out', 0, ALWAYS), circumstances: { noRollback: true } }),
    deploy({ a: { id: 'blue-runner' }, rules: ['all'], mustSucceed: true }), destroy(),
  ],
  'a delete that a proxy answers with 404': [deploy({ rules: ['all'], mustSucceed: true }), destroy(BLUE, api('404 of a proxy', 0, ALWAYS)), destroy()],
  'a delete that another server answers with 404': [deploy({ rules: ['all'], mustSucceed: true }), destroy(BLUE, api('404 of another server, in JSON', 0, ALWAYS)), destroy()],
  'an API token that is rotated while an event is handled': [
    deploy({ faults: api('token rotated', 2, 1), mustSucceed: true }), deploy({ a: { description: 'one text' }, faults: api('token rotated', 1, 1), mustSucceed: true }), destroy(),
  ],
  'an API token that is accepted late': [deploy({ faults: api('token rotated, accepted late', 2, 1) }), destroy(), deploy({ mustSucceed: true, pauseSeconds: 3600 }), destroy()],
  'a runner that a rule of another stack points at': [
    deploy({ rules: ['all'], mustSucceed: true }), deploy({ stack: GREEN, a: { isImported: true, id: 'prod-runner' }, rules: ['production'], mustSucceed: true }),
    { ...destroy(), mustSucceed: false } as Step, deploy({ stack: GREEN, a: { isImported: true, id: 'prod-runner' }, rules: ['development'] }), destroy(GREEN), destroy(),
  ],
  'an adopted runner, when a later resource of the first deployment fails': [foreignRunner(), deploy({ a: { adoptExisting: true }, rules: ['all'], circumstances: rollsBack })],
  'an adopted runner, and a delete while adoptExisting is set': [foreignRunner(), deploy({ a: { adoptExisting: true }, mustSucceed: true }), destroy()],
  'an adopted runner, and a delete after adoptExisting was removed': [foreignRunner(), deploy({ a: { adoptExisting: true }, mustSucceed: true }), deploy({ mustSucceed: true }), destroy()],
  'an adoption whose change is lost': [foreignRunner(), deploy({ a: { adoptExisting: true }, faults: api('500, carried out', 4, ALWAYS) })],
  'a generated id after a stack refactoring': [
    deploy({ a: { id: undefined }, rules: ['all'], mustSucceed: true }), { do: 'refactor', pauseSeconds: 60, stack: BLUE, intoOtherStack: true },
    deploy({ stack: GREEN, a: { id: undefined, description: 'one text' }, mustSucceed: true }), destroy(GREEN),
  ],
  'a stack whose registration was retained, and that is created again': [
    deploy({ rules: ['all'], mustSucceed: true }), destroy(BLUE, NO_FAULTS, true), deploy({ a: { description: 'one text' } }), deploy({ a: { adoptExisting: true }, mustSucceed: true }), destroy(),
  ],
  ...named('another id of a runner', bothIds((circumstances) => [
    deploy({ rules: ['all'], mustSucceed: true }), deploy({ a: { id: 'blue-runner' }, rules: ['all'], circumstances: { ...rollsBack, ...circumstances } }), destroy(),
  ])),
  ...named('another id of a runner, and an API that carries everything out without a sign', bothIds((circumstances) => [
    deploy({ mustSucceed: true }), deploy({ a: { id: 'blue-runner' }, faults: api('never answered, carried out', 0, ALWAYS), circumstances }), destroy(),
  ])),
  ...named('another organization, and an API that carries everything out without a sign', bothIds((circumstances) => [
    deploy({ rules: ['all'], mustSucceed: true }), deploy({ a: { org: ORGS[1] }, rules: ['all'], faults: api('reset, carried out', 0, ALWAYS), circumstances }), destroy(),
  ])),
  'another id of a runner that stays because of adoptExisting, and its former id': [
    deploy({ a: { adoptExisting: true }, mustSucceed: true }), deploy({ a: { id: 'blue-runner' }, mustSucceed: true }), deploy(), deploy({ a: { adoptExisting: true }, mustSucceed: true }), destroy(),
  ],
  ...named('another id of a runner that stays because of adoptExisting', bothIds((circumstances) => [
    deploy({ a: { adoptExisting: true }, mustSucceed: true }), deploy({ a: { id: 'blue-runner' }, circumstances: { ...rollsBack, ...circumstances } }), destroy(),
  ])),
  'another filter of a rule, created late by an update that is cancelled': [
    deploy({ stack: GREEN, rules: ['blog'], mustSucceed: true }),
    deploy({ stack: GREEN, rules: ['development'], faults: api('429, Retry-After in seconds', 2, 1), circumstances: { cancels: { event: 0, afterSeconds: 0 } } }), destroyInUse(GREEN),
  ],
  'another filter of a rule, and an API that fails once it is created': [
    deploy({ stack: GREEN, rules: ['blog'], mustSucceed: true }),
    deploy({ stack: GREEN, rules: ['development'], faults: api('429', 2, ALWAYS), circumstances: { ...rollsBack, rollsBackWith: 'old', usesFailedId: false } }), destroy(GREEN),
  ],
  'a runner whose answer is lost': [deploy({ faults: api('reset, carried out', 3, 1), mustSucceed: true }), destroy()],
  'a runner whose answer is lost, and an API that fails from then on': [deploy({ faults: { ...NO_FAULTS, api: [{ name: 'reset, carried out', after: 3, calls: 1 }, { name: '403', after: 0, calls: 2 }] } })],
  'a rule whose answer is lost': [deploy({ rules: ['all'], faults: api('reset, carried out', 5, 1), mustSucceed: true }), destroy()],
  'the rollback of an update, when the API is down': [deploy({ mustSucceed: true }), deploy({ a: { description: 'one text' }, faults: api('refused', 0, ALWAYS) }), destroy()],
  'answers that are never accepted': [deploy({ faults: answer('never answered', 0, ALWAYS) }), destroy()],
  'an answer that is accepted at the fourth try': [deploy({ faults: answer('503', 0, 3), mustSucceed: true })],
  'an answer that is received without a sign': [deploy({ rules: ['all'], faults: answer('reset, received', 0, 1), mustSucceed: true }), destroy()],
  'a rule whose event comes again, as the answer was not accepted': [deploy({ rules: ['all'], faults: answer('never answered', 2, 24), mustSucceed: true }), destroy()],
  'events of a function that takes four minutes to be active': [deploy({ rules: ['all'], circumstances: { undeliverableSeconds: 250 }, mustSucceed: true }), destroy()],
  'three deliveries of each event': [
    deploy({ rules: ['all', 'production'], circumstances: { copies: 3 }, mustSucceed: true }), deploy({ b: {}, rules: ['all', 'production of runner 1'], circumstances: { copies: 3, isInTurn: true }, mustSucceed: true }),
    destroy(),
  ],
  'state that would move': [deploy({ mustSucceed: true }), deploy({ a: { bucket: 'state-2' } }), destroy()],
  'state that moves with permission, and back in the rollback': [
    deploy({ mustSucceed: true }), deploy({ a: { bucket: 'state-2', allowStateMove: true }, circumstances: rollsBack }), destroy(),
  ],
  'a permission that is new': [deploy({ faults: secret('denied', 1, 2), mustSucceed: true })],
  'an error that shows the API token': [deploy({ faults: api('an error that shows the token', 2, 1) })],
  'a redirect': [deploy({ faults: api('redirect', 2, 1) })],
  'Secrets Manager that never answers': [deploy({ faults: secret('never answered', 1, 1) })],
  'a runner that is in use': [deploy({ mustSucceed: true }), person('a deployment uses the runners'), { ...destroy(), mustSucceed: false } as Step, destroyLater()],
  'rules that a person deleted': [deploy({ rules: ['all'], mustSucceed: true }), person('a person deletes the rules'), deploy({ b: {}, rules: ['all of runner 1'], mustSucceed: true }), destroy()],
};

function destroyLater(): Step {
  return { do: 'environments are deleted', pauseSeconds: 60 };
}

const RUNNERS: History['runners'] = ['prod-runner', 'green-runner'].map((id) => ({ A: { ...DEFAULT_RUNNER, id }, B: { ...DEFAULT_RUNNER, logicalId: 'B', id: `second-${id}` } }));

export const REGRESSIONS: Record<string, History> = Object.fromEntries(
  Object.entries(STEPS).map(([name, steps]) => [name, { skewSeconds: 0, runners: RUNNERS, steps }]),
);
