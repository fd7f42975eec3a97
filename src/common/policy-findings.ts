import { CfnResource, Stack } from 'aws-cdk-lib';
import type { CfnPolicy, CfnRole } from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';
import { Acknowledgement, acknowledge, hipaaNistAndPci } from './acknowledgements';

const INLINE_POLICY: Acknowledgement = {
  nag: hipaaNistAndPci('IAMNoInlinePolicy'),
  reason: 'An inline policy belongs to one role: nothing else can be given it by mistake, and CloudFormation deletes it with the role.',
};

/** Why an action is allowed on more than one resource, and the condition key that this reason depends on. */
export interface WildcardReason {
  readonly reason: string;
  readonly condition?: string;
}

/** The accepted wildcards of a role, by action. */
export type WildcardReasons = Record<string, WildcardReason>;

/** An action for which AWS supports only the resource `*`, with the condition key that restricts it. */
export function onlyOnAll(action: string, condition: string, to: string): WildcardReason {
  return { condition, reason: `AWS evaluates ${action} on * only; a condition holds it to ${to}.` };
}

/** Accepts the findings for the inline policies of a role that the library creates. Findings of a given role stay reported. */
export function acknowledgeRole(role: IConstruct, wildcardReasons: WildcardReasons): void {
  acknowledgeDocuments(role.node.defaultChild as CfnRole | undefined, resource =>
    (Stack.of(resource).resolve(resource.policies) ?? []).map((policy: { policyDocument: Document }) => policy.policyDocument), wildcardReasons);
}

/** Accepts the findings for a policy that the library creates. */
export function acknowledgePolicy(policy: IConstruct, wildcardReasons: WildcardReasons): void {
  acknowledgeDocuments(policy.node.defaultChild as CfnPolicy, resource => [Stack.of(resource).resolve(resource.policyDocument)], wildcardReasons);
}

/** Accepts the findings for the policy documents of a resource; undefined for a role of Role.customizeRoles(), which has no resource. */
function acknowledgeDocuments<T extends CfnResource>(
  resource: T | undefined, documents: (resource: T) => Document[], wildcardReasons: WildcardReasons,
): void {
  if (resource) {
    acknowledge(resource, () => {
      const statements = documents(resource).flatMap(document => document.Statement);
      return statements.length > 0 ? [INLINE_POLICY, ...wildcardFindings(statements, wildcardReasons)] : [];
    });
  }
}

interface Document {
  readonly Statement: Statement[];
}

interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | string[];
  readonly Resource: unknown;
  readonly Condition?: Record<string, object>;
}

/** The accepted finding for each resource pattern, in cdk-nag's notation. A pattern is not accepted if one of its actions has no reason. */
function wildcardFindings(statements: Statement[], wildcardReasons: WildcardReasons): Acknowledgement[] {
  const reasons = new Map<string, Set<string | undefined>>();
  for (const statement of statements.filter(({ Effect: effect }) => effect === 'Allow')) {
    for (const resource of [statement.Resource].flat().map(flatten).filter(text => text.includes('*'))) {
      reasons.set(resource, new Set([...reasons.get(resource) ?? [], ...[statement.Action].flat().map(action => reasonFor(action, statement, wildcardReasons))]));
    }
  }
  return [...reasons].flatMap(([resource, all]) => all.has(undefined)
    ? [] : [{ nag: ['AwsSolutions-IAM5'], finding: `Resource::${resource}`, reason: [...all].join(' ') }]);
}

function reasonFor(action: string, statement: Statement, wildcardReasons: WildcardReasons): string | undefined {
  const { reason, condition } = wildcardReasons[action] ?? {};
  const conditions = Object.values(statement.Condition ?? {}).flatMap(operator => Object.keys(operator));
  return condition && !conditions.includes(condition) ? undefined : reason;
}

/** A resource of a resolved policy as text, with `<LogicalId.Attribute>` in place of each attribute that CloudFormation inserts. */
function flatten(value: unknown): string {
  if (typeof value !== 'object' || value === null) {
    return String(value).replace(/\$\{/g, '<').replace(/\}/g, '>');
  }
  const [[name, argument]] = Object.entries(value);
  switch (name) {
    case 'Fn::Join': return argument[1].map(flatten).join(argument[0]);
    case 'Fn::GetAtt': return `<${argument.join('.')}>`;
    case 'Ref': return `<${argument}>`;
    case 'Fn::Sub':
    case 'Fn::ImportValue': return flatten(argument);
    default: return JSON.stringify(value);
  }
}
