import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { warnAtTheEnd } from '../common/late-warning';
import { resourceOf } from '../common/place';

const ECS_TASKS = 'ecs-tasks.amazonaws.com';

/** A statement of a trust policy in the template. A value can be a function of CloudFormation. */
interface TrustStatement {
  readonly Effect?: unknown;
  readonly Action?: unknown;
  readonly NotAction?: unknown;
  readonly Principal?: unknown;
  readonly NotPrincipal?: unknown;
}

/**
 * Warns about a given role whose trust policy is defined in the app and does not allow ECS tasks to assume the role. AWS accepts such a role, but no task starts.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html
 */
export function warnAboutTrust(scope: Construct, input: 'taskRole' | 'executionRole', role: iam.IRole): void {
  // At the end of synthesis, because the app can add statements after the runner is defined.
  warnAtTheEnd(scope, `${input}NotTrusting`, () => {
    const resource = resourceOf(role.roleArn);
    return resource instanceof iam.CfnRole && !mayTrustTasks(resource)
      ? `ECS cannot start tasks with the role '${role.node.path}' in \`${input}\`, because the trust policy of the role does not name ${ECS_TASKS}. `
        + 'Let this service principal assume the role.'
      : undefined;
  });
}

function mayTrustTasks(role: iam.CfnRole): boolean {
  const document = Stack.of(role).resolve(role.assumeRolePolicyDocument) as { Statement?: unknown } | undefined;
  const statements = listOf(document?.Statement) as TrustStatement[];
  return statements.some(statement => statement.Effect !== 'Deny'
    && (statement.NotAction !== undefined || listOf(statement.Action).some(mayAllowAssume))
    && (statement.NotPrincipal !== undefined || mayNameTasks(statement.Principal)));
}

function mayAllowAssume(action: unknown): boolean {
  return typeof action !== 'string' || /^(\*|sts:(\*|assume\*|assumerole\*?))$/i.test(action);
}

/** Whether a principal can be ECS tasks. A function of CloudFormation can return any principal. */
function mayNameTasks(principal: unknown): boolean {
  if (typeof principal !== 'object' || principal === null) {
    return principal === '*';
  }
  const [name] = Object.keys(principal);
  return name === 'Ref' || name.startsWith('Fn::') || listOf((principal as { Service?: unknown }).Service).some(service => typeof service !== 'string' || service === ECS_TASKS);
}

function listOf(value: unknown): unknown[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}
