/**
 * Repeats the lifecycle suites with an alternative behaviour of the orchestrator. The hosted service has not been observed, so the handler must
 * support both.
 */
import { settings } from './lifecycle-support';
import { ALTERNATIVE } from '../../local/orchestrator';

settings.behaviour = ALTERNATIVE;

// Each suite is loaded inside its `describe`, so that its `beforeEach` applies only to its own tests.
/* eslint-disable @typescript-eslint/no-require-imports */
describe('with the alternative behaviour of the orchestrator, a runner', () => { require('./runner.test'); });
describe('with the alternative behaviour of the orchestrator, an adopted runner', () => { require('./adoption.test'); });
describe('with the alternative behaviour of the orchestrator, the replacement of a runner', () => { require('./replacement.test'); });
describe('with the alternative behaviour of the orchestrator, a rule', () => { require('./runner-rule.test'); });
