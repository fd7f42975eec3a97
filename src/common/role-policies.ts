import { Annotations, Aws, Fn, Names, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { acknowledgePolicy, WildcardReasons } from './policy-findings';
import { limitInlinePolicies, PolicyInput } from './policy-size';
import { substituteInPolicy } from './substitutions';

/** The input that causes a policy, and the reasons for its wildcards. */
export interface PolicySource extends PolicyInput {
  /** The accepted wildcards. Default: none. */
  readonly wildcardReasons?: WildcardReasons;
}

/**
 * Adds statements to a role that the library creates, in a separate policy resource. The role itself then refers to no other resource, so that resource policies
 * (of keys, repositories, buckets) can name it without a circular dependency.
 */
export function addPolicy(scope: Construct, id: string, role: iam.Role, statements: iam.PolicyStatement[], from: PolicySource): iam.Policy {
  const policy = new iam.Policy(scope, id, { statements });
  substituteInPolicy(policy);
  // Uses attachInlinePolicy() instead of the policy's property `roles`: with Role.customizeRoles() the role then reports the statements.
  role.attachInlinePolicy(policy);
  acknowledgePolicy(policy, from.wildcardReasons ?? {});
  if (isAttached(policy)) {
    limitInlinePolicies(role, from, policy);
  }
  return policy;
}

/**
 * Adds statements to a given role, in a policy resource of the runner. Several runners can then share the role without duplicate Sids, and the stack of the role
 * does not depend on this stack. For a role that cannot be changed it adds a warning with the required statements.
 *
 * @returns the policy to wait for; undefined if there is none
 */
export function addPolicyToGivenRole(
  scope: Construct, id: string, role: iam.IRole, statements: iam.PolicyStatement[], from: PolicySource,
): iam.Policy | undefined {
  if (statements.length === 0) {
    return undefined;
  }
  const policy = new iam.Policy(scope, id, { policyName: uniquePolicyName(scope, id), statements });
  substituteInPolicy(policy);
  role.attachInlinePolicy(policy);
  if (isAttached(policy)) {
    acknowledgePolicy(policy, from.wildcardReasons ?? {});
    limitInlinePolicies(role, from, policy);
    return policy;
  }
  const json = JSON.stringify(Stack.of(scope).resolve(statements.map(statement => statement.toStatementJson())));
  Annotations.of(scope).addWarningV2(`cdk-humanitec-ecs-runner:${from.input}NotGranted`,
    `The library cannot change the policies of ${from.input}. Deployments fail until the role has these statements: ${json}`);
  return undefined;
}

/** Whether the policy is attached to a role. Immutable imports, roles of other accounts and roles of Role.customizeRoles() ignore added policies. */
function isAttached(policy: iam.Policy): boolean {
  return Stack.of(policy).resolve((policy.node.defaultChild as iam.CfnPolicy).roles) !== undefined;
}

/** Inline policies of a role with the same name overwrite each other, also when they are of different stacks, apps and regions. */
function uniquePolicyName(scope: Construct, id: string): string {
  const stackUuid = Fn.select(2, Fn.split('/', Aws.STACK_ID));
  return `${Names.uniqueResourceName(scope, { maxLength: 64, separator: '-' })}-${id}-${stackUuid}`;
}
