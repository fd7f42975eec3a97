import { BUCKET } from './bucket';
import { CLUSTER } from './cluster';
import { ENDPOINTS } from './endpoints';
import { IMAGE } from './image';
import { NETWORK_ACLS } from './network-acls';
import { OIDC } from './oidc';
import { QUOTAS } from './quotas';
import { REGISTRATION } from './registration';
import { EXECUTION_ROLE, TASK_MANAGER_ROLE, TASK_ROLE } from './roles';
import { ROUTES } from './routes';
import { SECRETS } from './secrets';
import { SECURITY_GROUPS } from './security-groups';
import { STACK } from './stack';
import { TASKS } from './tasks';
import { TOKEN } from './token';
import type { Check } from '../check';

/** All checks, in the order of the output: from the stack to the task. */
export const CHECKS: readonly Check[] = [
  STACK, TOKEN, REGISTRATION, OIDC, TASK_MANAGER_ROLE, CLUSTER, QUOTAS, ROUTES, SECURITY_GROUPS, NETWORK_ACLS, ENDPOINTS, IMAGE, EXECUTION_ROLE, SECRETS,
  TASK_ROLE, BUCKET, TASKS,
];
