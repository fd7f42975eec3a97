import { BUCKET } from './bucket';
import { CLUSTER } from './cluster';
import { ENDPOINTS } from './endpoints';
import { NETWORK_ACLS } from './network-acls';
import { OIDC } from './oidc';
import { EXECUTION_ROLE, TASK_MANAGER_ROLE, TASK_ROLE } from './roles';
import { ROUTES } from './routes';
import { SECRETS } from './secrets';
import { SECURITY_GROUPS } from './security-groups';
import { STACK } from './stack';
import type { Check } from '../check';

/** All checks, in the order of the output: from the stack to the task. */
export const CHECKS: readonly Check[] = [
  STACK, CLUSTER, OIDC, TASK_MANAGER_ROLE, EXECUTION_ROLE, TASK_ROLE, ROUTES, SECURITY_GROUPS, NETWORK_ACLS, ENDPOINTS, SECRETS, BUCKET,
];
