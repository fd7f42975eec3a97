/** The lifecycle suites once more: nobody has observed the hosted service, so the handler must be right with a plausible other behaviour, too. */
import { settings } from './lifecycle-support';
import { ALTERNATIVE } from '../../local/orchestrator';

settings.behaviour = ALTERNATIVE;

// Loaded where they belong to a block: one of them prepares each of its tests.
/* eslint-disable @typescript-eslint/no-require-imports */
describe('with the alternative behaviour of the orchestrator, a runner', () => { require('./runner.test'); });
describe('with the alternative behaviour of the orchestrator, an adopted runner', () => { require('./adoption.test'); });
describe('with the alternative behaviour of the orchestrator, the replacement of a runner', () => { require('./replacement.test'); });
describe('with the alternative behaviour of the orchestrator, a rule', () => { require('./runner-rule.test'); });
