import { CLUSTER } from './cluster';
import { STACK } from './stack';
import type { Check } from '../check';

/** All checks, in the order of the output: from the stack to the task. */
export const CHECKS: readonly Check[] = [STACK, CLUSTER];
