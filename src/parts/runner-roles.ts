import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { ROLE_ARN_PATTERN } from '../common/contract';
import { checkPlace, placeOf } from '../common/place';
import type { Problems } from '../common/problems';
import { hidePlaceholder } from '../common/unknown-values';
import type { EcsRunnerProps } from '../inputs/ecs-runner-props';

/** Settings of all roles that the library creates. */
export type RoleSettings = Pick<EcsRunnerProps, 'rolePath' | 'permissionsBoundary'>;

/** A role of a runner and its policy. The policy is undefined if the role needs none, or if it cannot be added. */
export interface RunnerRole {
  readonly role: iam.IRole;
  readonly policy?: iam.Policy;
}

/** Rejects a given role that ECS tasks cannot use. */
export function checkGivenRole(scope: Construct, problems: Problems, input: 'taskRole' | 'executionRole', role: iam.IRole | undefined): void {
  if (!role) {
    return;
  }
  problems.checkText(input, role.roleArn, {
    pattern: ROLE_ARN_PATTERN,
    expected: 'a role of the partition "aws", "arn:aws:iam::<account>:role/<name>"',
    fix: 'The orchestrator accepts no other ARNs: give a role of this account.',
  });
  if (!problems.has(input)) {
    checkPlace(scope, problems, input, placeOf(scope, role, role.roleArn), {
      resource: 'a role', mustMatch: ['account'], fix: 'ECS starts tasks with roles of their own account only.',
    });
  }
}

/** The settings as properties of the CDK's `Role`. */
export function rolePropsOf({ rolePath, permissionsBoundary }: RoleSettings): Pick<iam.RoleProps, 'path' | 'permissionsBoundary'> {
  return { path: hidePlaceholder(rolePath), permissionsBoundary };
}

/** The trust policy for ECS tasks of this account and region. */
export function tasksPrincipal(scope: Construct): iam.IPrincipal {
  const stack = Stack.of(scope);
  return new iam.ServicePrincipal('ecs-tasks.amazonaws.com', {
    conditions: {
      StringEquals: { 'aws:SourceAccount': stack.account },
      ArnLike: { 'aws:SourceArn': stack.formatArn({ service: 'ecs', resource: '*' }) },
    },
  });
}
