/** Histories that once broke a law, by what went wrong. They are played before the random ones. */
import { ONCE, type Circumstances } from './cloudformation';
import type { ApiFaultName, Spell } from './faults';
import type { History, Step, WeatherReport } from './history';
import type { RuleTemplate, RunnerTemplate } from './templates';
import { ORG, OTHER_ORG } from './world';

const calm: WeatherReport = { api: [], secret: [], answer: [] };
const usual: Circumstances = { failsElsewhere: false, rollbackWith: 'old', takesFailedId: false, ...ONCE };
const plain: RunnerTemplate = {
  logical: 'A', id: 'prod-runner', prefix: 'runner', org: ORG, role: 1, bucket: 'state-1', publicIp: false, allowMove: false, adopt: false, retain: false,
};
const all: RuleTemplate[] = [{ logical: 'Rule0', filter: 'all' }];
const spell = (name: ApiFaultName, after: number, calls: number): WeatherReport => ({ ...calm, api: [{ name, after, calls } satisfies Spell<ApiFaultName>] });

interface Deployment {
  readonly runner?: Partial<RunnerTemplate>;
  readonly rules?: RuleTemplate[];
  readonly weather?: WeatherReport;
  readonly circumstances?: Partial<Circumstances>;
  readonly stack?: number;
  readonly mustSucceed?: boolean;
}
const deploy = ({ runner, rules = [], weather = calm, circumstances, stack = 0, mustSucceed }: Deployment = {}): Step =>
  ({ do: 'deploy', stack, template: { runner: { ...plain, ...runner }, rules }, weather, circumstances: { ...usual, ...circumstances }, mustSucceed });
const destroy = (retains = false): Step => ({ do: 'delete', stack: 0, weather: calm, how: { ...ONCE, retains } });

export const REGRESSIONS: Record<string, History> = {
  // Which call it is depends on who is first, so each is tried.
  ...Object.fromEntries([4, 6, 7, 8, 10].map((call) => [`the rule of one delivery, when CloudFormation heard the failure of another: call ${call}`,
    [deploy({ rules: all, weather: spell('403', call, 1), circumstances: { copies: 2 } })]])),
  'the runner of one delivery, when CloudFormation heard the failure of another': [deploy({ weather: spell('redirect', 4, 1), circumstances: { copies: 2 } })],
  'two deliveries, and an API that throttles from then on': [deploy({ weather: spell('429', 4, 1000), circumstances: { copies: 2 } })],
  // So many that the last ones meet the look at what is left.
  'a second delivery, when the first was answered, and the API is down for a while': [
    deploy({ weather: spell('502, HTML', 5, 14), circumstances: { copies: 2, inTurn: true } }), destroy(),
  ],
  'a create that was given up while it ran, in the last moment of its delete': [deploy({ circumstances: { cancelsCreate: 1 } }), destroy()],
  'the create of a rule that was given up while it ran': [deploy({ rules: all, circumstances: { cancelsCreate: 2 } }), destroy()],
  'the change of a rule into another organization that failed': [
    deploy({ rules: all }),
    deploy({ runner: { org: OTHER_ORG }, rules: all, weather: spell('reset, carried out', 3, 1000), circumstances: { rollbackWith: 'new' } }),
  ],
  'the change of a rule that was made, and rolled back': [
    deploy({ rules: all }),
    deploy({ rules: [{ logical: 'Rule0', filter: 'production' }], circumstances: { failsElsewhere: true, rollbackWith: 'new' } }),
    destroy(),
  ],
  'the change of a rule whose answer was lost for good': [
    deploy({ rules: all }),
    deploy({ rules: [{ logical: 'Rule0', filter: 'production' }], weather: spell('500, carried out', 1, 1000) }),
    destroy(),
  ],
  'a replacement that was made, and rolled back with the new id': [
    deploy(), deploy({ runner: { id: 'blue-runner' }, circumstances: { failsElsewhere: true, rollbackWith: 'new' } }), destroy(),
  ],
  'the replacement of one delivery, when CloudFormation heard the failure of another, and a redirect where it is to be removed': [
    deploy({ runner: { id: undefined } }),
    deploy({
      runner: { role: 2 },
      weather: { ...calm, api: [{ name: '403', after: 0, calls: 1 }, { name: 'redirect', after: 5, calls: 3 }] },
      circumstances: { copies: 2 },
    }),
    destroy(),
  ],
  'a replacement that another delivery made, and a token that is refused where it is to be removed': [
    deploy(),
    deploy({
      runner: { id: 'blue-runner' },
      weather: { ...calm, api: [{ name: '403', after: 0, calls: 1 }, { name: '401', after: 5, calls: 3 }] },
      circumstances: { copies: 2 },
    }),
    destroy(),
  ],
  'a replacement in another organization that failed without a sign, and a token that is refused there from then on': [
    deploy(),
    deploy({ runner: { org: OTHER_ORG }, weather: { ...calm, api: [{ name: 'never answered, carried out', after: 0, calls: 3 }, { name: '401', after: 2, calls: 1000 }] } }),
    destroy(),
  ],
  'a stack whose registration was retained, and that is made again': [
    deploy({ rules: all }), destroy(true), deploy({ runner: { description: 'one text' } }), deploy({ runner: { adopt: true }, mustSucceed: true }), destroy(),
  ],
  'a replacement that failed without a sign, and whose id does not count': [
    deploy(), deploy({ runner: { id: 'blue-runner' }, weather: spell('never answered, carried out', 0, 1000) }), destroy(),
  ],
  'a registration that was carried out before the token was refused': [
    deploy({ weather: { ...calm, api: [{ name: 'reset, carried out', after: 2, calls: 1 }, { name: '401', after: 0, calls: 2 }] } }),
  ],
  'a registration that was carried out, a token that was refused then, and one that could not be read for the delete': [
    deploy({ weather: { ...calm, api: [{ name: 'reset, carried out', after: 2, calls: 1 }, { name: '401', after: 0, calls: 1 }], secret: [{ name: 'denied', after: 2, calls: 1000 }] } }),
  ],
  'a registration whose answer was lost, a change of it that was refused then, and a token that could not be read for the delete': [
    deploy({ weather: { ...calm, api: [{ name: 'reset, carried out', after: 2, calls: 1 }, { name: '401', after: 2, calls: 1 }], secret: [{ name: 'denied', after: 2, calls: 1000 }] } }),
  ],
  'a registration whose answer was lost, and a token that was refused for the look and for the delete': [
    deploy({ weather: { ...calm, api: [{ name: 'too slow', after: 2, calls: 1 }, { name: '401', after: 1, calls: 2 }] } }),
  ],
  'a rule whose answer was lost, and a token that was refused for the look and for the delete': [
    deploy({ rules: all, weather: { ...calm, api: [{ name: 'reset, carried out', after: 4, calls: 1 }, { name: '401', after: 1, calls: 2 }] } }),
  ],
  'a registration that a copy of the API does not know yet': [
    deploy({ weather: { ...calm, api: [{ name: '500, carried out', after: 2, calls: 1 }, { name: 'stale', after: 1, calls: 1 }] } }),
  ],
  'a take-over that failed half-way': [
    { do: 'somebody else registers', id: 'prod-runner' },
    deploy({ runner: { adopt: true }, weather: spell('500, carried out', 4, 1000) }),
  ],
  'the rollback of a change of the runner, when the API is down': [
    deploy(), deploy({ runner: { description: 'one text' }, weather: spell('refused', 0, 1000) }), destroy(),
  ],
  'answers that are never accepted': [
    deploy({ weather: { ...calm, answer: [{ name: 'never answered', after: 0, calls: 1000 }] } }), destroy(),
  ],
  'an answer that is not accepted before the fourth time': [deploy({ weather: { ...calm, answer: [{ name: '503', after: 0, calls: 3 }] }, mustSucceed: true })],
  // No run has time for so many tries, and none for twice as many is needed.
  'a rule whose create comes again, as its answer was not accepted': [
    deploy({ rules: all, weather: { ...calm, answer: [{ name: 'never answered', after: 2, calls: 24 }] }, mustSucceed: true }),
  ],
  'events of a function that takes four minutes to be active': [
    deploy({ rules: all, circumstances: { undeliverableSeconds: 240 }, mustSucceed: true }),
    { do: 'delete', stack: 0, weather: calm, how: { ...ONCE, undeliverableSeconds: 240, retains: false } },
  ],
  'the create of a rule that was never answered, and its delete that comes late': [
    deploy({ rules: all, weather: { ...calm, answer: [{ name: 'never answered', after: 2, calls: 24 }] }, circumstances: { undeliverableSeconds: 240 } }),
  ],
  'a runner whose answer was lost': [deploy({ weather: spell('reset, carried out', 2, 1), mustSucceed: true })],
  'a rule whose answer was lost': [deploy({ rules: all, weather: spell('reset, carried out', 4, 1), mustSucceed: true })],
  'an answer that was taken without a word': [deploy({ weather: { ...calm, answer: [{ name: 'reset, taken', after: 0, calls: 1 }] } }), destroy()],
  'somebody who took the id after us for a runner on Kubernetes': [
    deploy({ rules: all }), { do: 'a person deletes the runner', stack: 0 }, { do: 'somebody else registers', id: 'prod-runner', onKubernetes: true },
    deploy({ runner: { description: 'one text' }, rules: all }), deploy({ runner: { adopt: true }, rules: all }), destroy(),
  ],
  'a rule of another stack, whose runner is deleted': [
    deploy({ rules: all }),
    deploy({ stack: 1, runner: { imported: true }, rules: [{ logical: 'Rule0', filter: 'production' }] }),
    destroy(),
    deploy({ stack: 1, runner: { imported: true }, rules: [{ logical: 'Rule0', filter: 'development' }] }),
  ],
  'somebody who took the id after us': [
    deploy(), { do: 'a person deletes the runner', stack: 0 }, { do: 'somebody else registers', id: 'prod-runner' }, deploy({ runner: { description: 'one text' } }), destroy(),
  ],
  'state that would move, in a change that is refused and rolled back': [deploy(), deploy({ runner: { bucket: 'state-2' } }), destroy()],
  'state that moved with an opt-in, and back in the rollback': [
    deploy(), deploy({ runner: { bucket: 'state-2', allowMove: true }, circumstances: { failsElsewhere: true } }), destroy(),
  ],
  'a delete that a proxy without a backend answers with 404': [deploy({ rules: all }), { ...destroy(), weather: spell('404 of a proxy', 0, 1000) } as Step, destroy()],
  'a permission that is not known everywhere at once': [deploy({ weather: { ...calm, secret: [{ name: 'denied', after: 1, calls: 2 }] }, mustSucceed: true })],
  'an error that shows the token': [deploy({ weather: spell('an error that shows the token', 2, 1) })],
  'a store of the token that never answers': [deploy({ weather: { ...calm, secret: [{ name: 'never answered', after: 1, calls: 1 }] } })],
};
