import { CfnResource, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';

/** An input that determines the length of a role's policies, and what a user can do if they are too long. */
export interface PolicyInput {
  readonly input: string;
  readonly fix: string;
}

/**
 * Maximum length of all inline policies of a role together, in characters without whitespace.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
const INLINE_POLICIES_MAX = 10_240;

/** Assumed length of a value that is known only at deployment: about that of a key's ARN (75) and of the ARNs of most buckets and secrets. */
const UNKNOWN_LENGTH = 80;
const PSEUDO_PARAMETERS: Record<string, string> = {
  'AWS::AccountId': '123456789012', 'AWS::Partition': 'aws', 'AWS::Region': 'eu-central-1', 'AWS::URLSuffix': 'amazonaws.com',
};

/** The policies that the library added to a role, anywhere in the construct tree. */
const policiesOf = new WeakMap<iam.IRole, Set<iam.Policy>>();

/**
 * Fails synthesis if the inline policies of a role are longer than IAM allows. Counts the policies of the library, and policies below the role that others add,
 * such as grants.
 */
export function limitInlinePolicies(role: iam.IRole, from: PolicyInput, policy: iam.Policy): void {
  const known = policiesOf.get(role);
  if (known) {
    known.add(policy);
    return;
  }
  const policies = new Set([policy]);
  policiesOf.set(role, policies);
  role.node.addValidation({
    validate: () => {
      const length = lengthOf(role, policies);
      return length <= INLINE_POLICIES_MAX ? [] : [
        `${from.input}: expected inline policies of at most ${number(INLINE_POLICIES_MAX)} characters for the role; got about ${number(length)}. ${from.fix}`,
      ];
    },
  });
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}

function lengthOf(role: iam.IRole, policies: Set<iam.Policy>): number {
  const constructs = new Set([...role.node.findAll(), ...[...policies].flatMap(policy => policy.node.findAll())]);
  const documents = [...constructs].flatMap((construct) => {
    // Not `instanceof`: an app can have loaded several versions of the CDK.
    if (!CfnResource.isCfnResource(construct)) {
      return [];
    }
    const stack = Stack.of(construct);
    switch (construct.cfnResourceType) {
      case iam.CfnPolicy.CFN_RESOURCE_TYPE_NAME: return [stack.resolve((construct as iam.CfnPolicy).policyDocument)];
      case iam.CfnRole.CFN_RESOURCE_TYPE_NAME:
        return (stack.resolve((construct as iam.CfnRole).policies) ?? []).map((policy: iam.CfnRole.PolicyProperty) => policy.policyDocument);
      default: return [];
    }
  });
  return documents.reduce((sum: number, document) => sum + (document ? JSON.stringify(estimated(document)).length : 0), 0);
}

/** A resolved policy with plausible values in place of the functions of CloudFormation. */
function estimated(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(estimated);
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  const [[name, argument] = [''], ...others] = Object.entries(value);
  if (others.length === 0 && name === 'Fn::Join' && Array.isArray(argument[1])) {
    return argument[1].map((part: unknown) => estimated(part)).join(argument[0]);
  }
  if (others.length === 0 && name === 'Fn::Sub' && typeof argument === 'string') {
    return argument.replace(/\$\{([^}]*)\}/g, (_all, reference: string) => PSEUDO_PARAMETERS[reference] ?? 'x'.repeat(UNKNOWN_LENGTH));
  }
  if (others.length === 0 && (name === 'Ref' || name.startsWith('Fn::'))) {
    return PSEUDO_PARAMETERS[argument as string] ?? 'x'.repeat(UNKNOWN_LENGTH);
  }
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, estimated(inner)]));
}
