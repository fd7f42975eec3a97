import { Aws, AwsError, list } from './aws';
import { evaluate, parsePolicy, PolicyDocument } from './policies';
import type { StackResource } from './stack';

/** Calls that IAM evaluates in the same way: on the same resource, and with the same values of the condition keys. */
export interface RoleRequest {
  readonly actions: string[];
  readonly resource: string;
  readonly context: Record<string, string>;
}

/** Why a role may not do something. */
export type Refusal =
  /** No policy of the role allows it. */
  | 'not-allowed'
  /** A policy of the role, or its permissions boundary, denies it. */
  | 'denied'
  /** The permissions boundary does not allow it. */
  | 'boundary'
  /** A policy of the organization does not allow it. */
  | 'organization'
  /** It depends on a condition that the doctor cannot evaluate. */
  | 'unknown';

export interface Access {
  readonly action: string;
  readonly resource: string;
  readonly refusal?: Refusal;
  /** The policy or statement that denies, if it is known; for `unknown`, what the decision depends on. */
  readonly cause?: string;
}

/** A role as IAM has it. */
export interface Role {
  readonly arn: string;
  readonly name: string;
  readonly trust: PolicyDocument;
  readonly boundaryArn?: string;
}

const NUMERIC_KEYS = ['ecs:task-cpu', 'ecs:task-memory'];

/** The role of an ARN, or undefined if there is none. */
export async function readRole(aws: Aws, arn: string): Promise<Role | undefined> {
  const name = roleNameOf(arn);
  try {
    const { Role: role } = await aws('iam', 'GetRole', { RoleName: name });
    return { arn: role.Arn, name, trust: parsePolicy(role.AssumeRolePolicyDocument), boundaryArn: role.PermissionsBoundary?.PermissionsBoundaryArn || undefined };
  } catch (error) {
    if (error instanceof AwsError && error.kind === 'not-found') {
      return undefined;
    }
    throw error;
  }
}

/** The name of a role, which IAM's API takes without the path. */
export function roleNameOf(arn: string): string {
  return arn.slice(arn.lastIndexOf('/') + 1);
}

/** Whether a resource of a stack is the role of the ARN. */
export function isRole({ type, physicalId }: StackResource, arn: string): boolean {
  return type === 'AWS::IAM::Role' && physicalId === roleNameOf(arn);
}

/**
 * What a role may do. AWS simulates it, with the policies of the organization. Where the user may not simulate, the doctor reads the policies of the role
 * and evaluates them itself.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
 */
export async function simulateRole(aws: Aws, role: Role, requests: RoleRequest[]): Promise<Access[]> {
  try {
    return (await Promise.all(requests.map(async request => simulate(aws, role, request)))).flat();
  } catch (error) {
    if (!(error instanceof AwsError) || error.kind !== 'denied') {
      throw error;
    }
    const { policies, boundary } = await readPolicies(aws, role);
    return requests.flatMap(request => evaluateRequest(policies, boundary, request));
  }
}

async function simulate(aws: Aws, role: Role, { actions, resource, context }: RoleRequest): Promise<Access[]> {
  const { EvaluationResults: results } = await aws('iam', 'SimulatePrincipalPolicy', {
    PolicySourceArn: role.arn,
    ActionNames: actions,
    ResourceArns: [resource],
    ContextEntries: Object.entries(context).map(([ContextKeyName, value]) => ({
      ContextKeyName, ContextKeyType: NUMERIC_KEYS.includes(ContextKeyName) ? 'numeric' : 'string', ContextKeyValues: [value],
    })),
  });
  return list(results).map(result => ({ action: result.EvalActionName, resource, ...refusalOf(result) }));
}

function refusalOf(result: any): Pick<Access, 'refusal' | 'cause'> {
  if (result.EvalDecision === 'allowed') {
    return {};
  }
  if (result.OrganizationsDecisionDetail?.AllowedByOrganizations === 'false') {
    return { refusal: 'organization' };
  }
  if (result.EvalDecision === 'explicitDeny') {
    const cause = list(result.MatchedStatements)[0]?.SourcePolicyId;
    return { refusal: 'denied', cause: cause || undefined };
  }
  return { refusal: result.PermissionsBoundaryDecisionDetail?.AllowedByPermissionsBoundary === 'false' ? 'boundary' : 'not-allowed' };
}

/** What the policies of a role and its permissions boundary say. */
export function evaluateRequest(policies: PolicyDocument[], boundary: PolicyDocument | undefined, { actions, resource, context }: RoleRequest): Access[] {
  return actions.map((action) => {
    const request = { action, resource, context };
    const verdict = evaluate(policies, request);
    const limit = boundary ? evaluate([boundary], request) : undefined;
    const verdicts = limit ? [verdict, limit] : [verdict];
    const deny = verdicts.find(({ decision }) => decision === 'explicitDeny');
    const open = verdicts.find(({ decision }) => decision === 'unknown');
    if (deny) {
      return { action, resource, refusal: 'denied', cause: deny.sid };
    }
    if (verdict.decision === 'implicitDeny') {
      return { action, resource, refusal: 'not-allowed' };
    }
    if (limit?.decision === 'implicitDeny') {
      return { action, resource, refusal: 'boundary' };
    }
    return open ? { action, resource, refusal: 'unknown', cause: open.dependsOn.join(', ') } : { action, resource };
  });
}

async function readPolicies(aws: Aws, { name: RoleName, boundaryArn }: Role): Promise<{ policies: PolicyDocument[]; boundary?: PolicyDocument }> {
  const [inline, attached] = await Promise.all([
    pages(aws, 'ListRolePolicies', RoleName, 'PolicyNames'),
    pages(aws, 'ListAttachedRolePolicies', RoleName, 'AttachedPolicies'),
  ]);
  const policies = await Promise.all([
    ...inline.map(async PolicyName => parsePolicy((await aws('iam', 'GetRolePolicy', { RoleName, PolicyName })).PolicyDocument)),
    ...attached.map(async ({ PolicyArn }) => readManagedPolicy(aws, PolicyArn)),
  ]);
  return { policies, boundary: boundaryArn === undefined ? undefined : await readManagedPolicy(aws, boundaryArn) };
}

async function readManagedPolicy(aws: Aws, PolicyArn: string): Promise<PolicyDocument> {
  const { Policy: { DefaultVersionId: VersionId } } = await aws('iam', 'GetPolicy', { PolicyArn });
  const { PolicyVersion: { Document: document } } = await aws('iam', 'GetPolicyVersion', { PolicyArn, VersionId });
  return parsePolicy(document);
}

async function pages(aws: Aws, operation: string, RoleName: string, key: string): Promise<any[]> {
  const found: any[] = [];
  for (let Marker: string | undefined; ;) {
    const page = await aws('iam', operation, { RoleName, Marker });
    found.push(...list(page[key]));
    Marker = page.Marker || undefined;
    if (Marker === undefined) {
      return found;
    }
  }
}
