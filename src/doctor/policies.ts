/**
 * Decides what IAM policies allow, as far as the doctor knows the values of the condition keys. Where a decision depends on a key that the doctor does
 * not know, such as `aws:PrincipalOrgID`, the decision is `unknown`, and names the key.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */

export interface PolicyStatement {
  readonly Sid?: string;
  readonly Effect: string;
  readonly Action?: string | string[];
  readonly NotAction?: string | string[];
  readonly Resource?: string | string[];
  readonly NotResource?: string | string[];
  readonly Principal?: string | Record<string, string | string[]>;
  readonly NotPrincipal?: unknown;
  readonly Condition?: Record<string, Record<string, unknown>>;
}

export interface PolicyDocument {
  readonly Statement?: PolicyStatement | PolicyStatement[];
}

/** Who makes a request, as resource policies name principals. */
export interface Principal {
  readonly kind: 'AWS' | 'Federated' | 'Service';
  /** An ARN, or the name of a service. */
  readonly value: string;
}

export interface AccessRequest {
  readonly action: string;
  readonly resource: string;
  /** Not needed for policies of a role, whose statements name no principal. */
  readonly principal?: Principal;
  /** Values of condition keys. `null`: the request does not have the key. Keys that are left out are unknown. */
  readonly context?: Record<string, string | null>;
}

export type Decision = 'allowed' | 'explicitDeny' | 'implicitDeny' | 'unknown';

export interface Verdict {
  readonly decision: Decision;
  /** For `explicitDeny`: the Sid of the statement, if it has one. */
  readonly sid?: string;
  /** For `unknown`: the condition keys and elements that the decision depends on. */
  readonly dependsOn: string[];
}

/** For policies of resources of the role's own account, where it is enough that the role's policies allow a request and no policy denies it. */
export const ALLOWED_BY_ROLE: PolicyDocument = { Statement: { Effect: 'Allow', Action: '*', Resource: '*' } };

/** `undefined` in place of yes or no: it depends on something unknown. */
type Maybe = boolean | undefined;

/** A policy document. IAM's API returns it as URL-encoded JSON, other services as JSON, and some clients decode it. */
export function parsePolicy(document: unknown): PolicyDocument {
  if (typeof document !== 'string') {
    return (document ?? {}) as PolicyDocument;
  }
  return JSON.parse(document.trimStart().startsWith('%') ? decodeURIComponent(document) : document) as PolicyDocument;
}

/** What the documents together say about a request. */
export function evaluate(documents: PolicyDocument[], request: AccessRequest): Verdict {
  const dependsOn = new Set<string>();
  const matching = (effect: string) => documents.flatMap(statementsOf)
    .filter(statement => statement.Effect === effect)
    .map(statement => ({ statement, matches: matches(statement, request, dependsOn) }));
  const denies = matching('Deny');
  const deny = denies.find(({ matches: found }) => found === true);
  if (deny) {
    return { decision: 'explicitDeny', sid: deny.statement.Sid, dependsOn: [] };
  }
  const mayDeny = denies.some(({ matches: found }) => found === undefined);
  const allowKeys = new Set(dependsOn);
  const allows = matching('Allow').map(({ matches: found }) => found);
  if (allows.includes(true)) {
    return mayDeny ? { decision: 'unknown', dependsOn: [...allowKeys] } : { decision: 'allowed', dependsOn: [] };
  }
  return allows.includes(undefined) ? { decision: 'unknown', dependsOn: [...dependsOn] } : { decision: 'implicitDeny', dependsOn: [] };
}

/** Whether `*` and `?` of the pattern stand for the rest of the text. */
export function matchesPattern(pattern: string, text: string): boolean {
  const expression = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&').replace(/\*+/g, '.*').replace(/\?/g, '.');
  return new RegExp(`^${expression}$`, 's').test(text);
}

function statementsOf({ Statement: statements }: PolicyDocument): PolicyStatement[] {
  return listOf(statements);
}

function matches(statement: PolicyStatement, request: AccessRequest, dependsOn: Set<string>): Maybe {
  const { Action: actions, NotAction: notActions, Resource: resources, NotResource: notResources } = statement;
  const action = request.action.toLowerCase();
  const matchesAction = (pattern: string) => matchesPattern(pattern.toLowerCase(), action);
  if (actions !== undefined ? !listOf(actions).some(matchesAction) : listOf(notActions).some(matchesAction)) {
    return false;
  }
  const matchesResource = (pattern: string) => matchesPattern(pattern, request.resource);
  // Trust policies have no resource.
  if (resources !== undefined && !listOf(resources).some(matchesResource) || listOf(notResources).some(matchesResource)) {
    return false;
  }
  const unknown: string[] = [];
  const found = [matchesPrincipal(statement, request.principal, unknown)];
  for (const [operator, keys] of Object.entries(statement.Condition ?? {})) {
    for (const [key, expected] of Object.entries(keys)) {
      found.push(meets(operator, key, listOf(expected).map(String), request.context ?? {}, unknown));
    }
  }
  if (found.includes(false)) {
    return false;
  }
  unknown.forEach(name => dependsOn.add(name));
  return unknown.length > 0 ? undefined : true;
}

function matchesPrincipal({ Principal: named, NotPrincipal: notNamed }: PolicyStatement, principal: Principal | undefined, unknown: string[]): Maybe {
  if (notNamed !== undefined) {
    unknown.push('NotPrincipal');
    return undefined;
  }
  if (named === undefined) {
    return true;
  }
  if (named === '*') {
    return true;
  }
  if (principal === undefined || typeof named === 'string') {
    return false;
  }
  const values = listOf(named[principal.kind]);
  if (values.includes('*') || values.includes(principal.value)) {
    return true;
  }
  if (principal.kind !== 'AWS') {
    return false;
  }
  // An account stands for all of its principals.
  const account = principal.value.split(':')[4];
  if (values.some(value => value === account || value === `arn:aws:iam::${account}:root`)) {
    return true;
  }
  const role = principal.value.split('/').pop();
  if (values.some(value => value.startsWith(`arn:aws:sts::${account}:assumed-role/${role}/`))) {
    unknown.push('the session name');
    return undefined;
  }
  return false;
}

function meets(operator: string, key: string, expected: string[], context: Record<string, string | null>, unknown: string[]): Maybe {
  const [, set, name, ifExists] = /^(?:(ForAllValues|ForAnyValue):)?(.*?)(IfExists)?$/.exec(operator)!;
  const actual = Object.entries(context).find(([known]) => known.toLowerCase() === key.toLowerCase())?.[1];
  if (actual === undefined) {
    unknown.push(key);
    return undefined;
  }
  if (name === 'Null') {
    return expected.includes(String(actual === null));
  }
  const negated = /Not/.test(name);
  if (actual === null) {
    return ifExists !== undefined || set === 'ForAllValues' || negated;
  }
  const compare = COMPARISONS[name.replace('Not', '')];
  // Variables, such as ${aws:PrincipalTag/team}, have values that the doctor does not look up.
  if (!compare || expected.some(value => value.includes('${'))) {
    unknown.push(key);
    return undefined;
  }
  return expected.some(value => compare(value, actual)) !== negated;
}

const asNumbers = (compare: (actual: number, expected: number) => boolean) => (expected: string, actual: string) => {
  const numbers = [Number(actual), Number(expected)];
  return numbers.every(Number.isFinite) && compare(numbers[0], numbers[1]);
};

const COMPARISONS: Record<string, (expected: string, actual: string) => boolean> = {
  StringEquals: (expected, actual) => expected === actual,
  StringEqualsIgnoreCase: (expected, actual) => expected.toLowerCase() === actual.toLowerCase(),
  StringLike: matchesPattern,
  // AWS treats both in the same way.
  ArnEquals: matchesPattern,
  ArnLike: matchesPattern,
  Bool: (expected, actual) => expected.toLowerCase() === actual.toLowerCase(),
  NumericEquals: asNumbers((actual, expected) => actual === expected),
  NumericLessThan: asNumbers((actual, expected) => actual < expected),
  NumericLessThanEquals: asNumbers((actual, expected) => actual <= expected),
  NumericGreaterThan: asNumbers((actual, expected) => actual > expected),
  NumericGreaterThanEquals: asNumbers((actual, expected) => actual >= expected),
};

function listOf<T>(value: T | T[] | undefined): T[] {
  if (value === undefined) {
    return [];
  }
  return Array.isArray(value) ? value : [value];
}
