import { Annotations, Aws, Fn, Names, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { acknowledgePolicy, WildcardReasons } from './policy-findings';
import { limitInlinePolicies, PolicyInput } from './policy-size';
import { substituteInPolicy } from './substitutions';

/** The input that a policy comes from, and why it has wildcards. */
export interface PolicySource extends PolicyInput {
  /** The accepted wildcards; none if left out. */
  readonly wildcardReasons?: WildcardReasons;
}

/**
 * Gives a role of ours its statements as a resource of its own: the role itself then refers to nothing of the stack, so that resource policies
 * (of keys, repositories, buckets) can name it without a circular dependency.
 */
export function addPolicy(scope: Construct, id: string, role: iam.Role, statements: iam.PolicyStatement[], from: PolicySource): iam.Policy {
  const policy = new iam.Policy(scope, id, { statements });
  substituteInPolicy(policy);
  // Not the policy's property `roles`: a role of Role.customizeRoles() reports the statements and gets no resource.
  role.attachInlinePolicy(policy);
  acknowledgePolicy(policy, from.wildcardReasons ?? {});
  if (isAttached(policy)) {
    limitInlinePolicies(role, from, policy);
  }
  return policy;
}

/**
 * Gives a role of the user its statements: as a resource of the runner, so that runners can share the role without the same Sid twice, and a role of
 * another stack needs nothing of this one. A role that cannot be changed gets a warning with the statements that it needs.
 *
 * @returns the policy, undefined if there is none to wait for
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

/** Roles that must not change, of another account, or of Role.customizeRoles() only pretend to take a policy. */
function isAttached(policy: iam.Policy): boolean {
  return Stack.of(policy).resolve((policy.node.defaultChild as iam.CfnPolicy).roles) !== undefined;
}

/** Inline policies of a role with the same name overwrite each other, also when they are of different stacks, apps and regions. */
function uniquePolicyName(scope: Construct, id: string): string {
  const stackUuid = Fn.select(2, Fn.split('/', Aws.STACK_ID));
  return `${Names.uniqueResourceName(scope, { maxLength: 64, separator: '-' })}-${id}-${stackUuid}`;
}
