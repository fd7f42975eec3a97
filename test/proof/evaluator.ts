/**
 * Evaluates requests with the policies of an account, as AWS does.
 *
 * `runSimulation` drops context keys that are not in its data for an action, such as `<issuer>:sub`, so it cannot deny such requests.
 * `runUnsafeSimulation` is the same engine without that step. `evaluator.test.ts` shows that each kind of condition affects the result.
 */
import './collator';
import { anonymousPrincipal, runUnsafeSimulation, type Simulation } from '@cloud-copilot/iam-simulate';
import { list, type Account, type Context, type Document, type Request, type Role, type Statement, type Who } from './model';

const EVERYTHING: Document = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] };
/** The policy of an attacker's bucket, key, secret or role, which allows everything. */
const OPEN: Document = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' }] };

/** The policy of the resource, or AWS's default if the policy is unknown. */
function resourcePolicy(account: Account, request: Request): Document | undefined {
  const { resource, action, owner } = request;
  const service = action.split(':')[0];
  if (service === 'sts' && account.roles[resource]) return account.roles[resource].trust;
  if (service === 's3') {
    const policy = account.buckets[resource.split('/')[0]];
    if (policy && owner === account.id) return policy;
  }
  if (service === 'kms' && account.keys[resource]) return account.keys[resource];
  if (service === 'logs' && owner === account.id && typeof request.who === 'object' && 'service' in request.who) {
    return { Version: '2012-10-17', Statement: Object.values(account.logs).flatMap((policy) => policy.Statement) };
  }
  if (owner !== account.id) return OPEN;
  // The default key policy, which delegates to the IAM policies of the account.
  if (service === 'kms') {
    return { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${owner}:root` }, Action: 'kms:*', Resource: '*' }] };
  }
  return undefined;
}

function principal(who: Who): Simulation['request']['principal'] {
  if (who === 'anonymous') return anonymousPrincipal;
  if ('service' in who) return who.service;
  if ('federated' in who) return who.federated;
  if ('administrator' in who) return `arn:aws:iam::${who.administrator}:role/Administrator`;
  const [, partition, , , account, path] = who.role.split(':');
  return `arn:${partition}:sts::${account}:assumed-role/${path!.split('/').pop()}/session`;
}

function roleOf(account: Account, who: Who): Role | undefined {
  if (who === 'anonymous') return undefined;
  if ('administrator' in who) return { policies: { Everything: EVERYTHING } };
  if (!('role' in who)) return undefined;
  const role = account.roles[who.role];
  if (!role) throw new Error(`The account has no role ${who.role}. It has ${Object.keys(account.roles).join(', ')}.`);
  return role;
}

/**
 * Replaces the `*` of a request such as `task/CLUSTER/*`.
 *
 * AWS compares it as a character. The engine would treat it as a wildcard, and allow a request that only overlaps with a policy.
 */
const literally = (resource: string): string => resource.replaceAll('*', '\uFF0A');

const NUMBER = /^-?\d+(\.\d+)?$/;

/**
 * Removes statements whose numeric conditions cannot match.
 *
 * In IAM, a value such as `.5 vCPU` matches no numeric condition. The engine would use the number at the start of the text, or 0.
 */
function withoutNumericMismatches(document: Document, context: Context): Document {
  const mismatches = ({ Condition = {} }: Statement) => Object.entries(Condition).some(([operator, keys]) => /(^|:)Numeric/.test(operator)
    && Object.keys(keys).some((key) => context[key] !== undefined && !list(context[key]).every((value) => NUMBER.test(value))));
  return document.Statement.some(mismatches) ? { ...document, Statement: document.Statement.filter((statement) => !mismatches(statement)) } : document;
}

/** The engine expects a resource policy with metadata, which it reads from a validated policy. */
const named = (name: string, policyDocument: Document) => ({ __validated: true, policyDocument, metadata: { name }, errors: [] });

const texts = new WeakMap<Document, Document>();

/** Converts numbers and booleans in conditions to strings, because IAM compares strings. */
function compared(document: Document): Document {
  let known = texts.get(document);
  if (!known) {
    known = JSON.parse(JSON.stringify(document), (_key, value) => typeof value === 'boolean' || typeof value === 'number' ? String(value) : value) as Document;
    texts.set(document, known);
  }
  return known;
}

const byAction = new WeakMap<Document, Map<string, Document>>();

/** The statements for an action. The others cannot affect the result, but the engine would parse them. */
function concerning(document: Document, action: string): Document {
  const known = byAction.get(document) ?? new Map<string, Document>();
  byAction.set(document, known);
  let relevant = known.get(action);
  if (!relevant) {
    const all = compared(document);
    relevant = { ...all, Statement: all.Statement.filter((statement) => mayConcern(statement, action)) };
    known.set(action, relevant);
  }
  return relevant;
}

function mayConcern({ Action }: Statement, action: string): boolean {
  return Action === undefined || list(Action).some((one) => /[*?$]/.test(one) || one.toLowerCase() === action.toLowerCase());
}

export function isAllowed(account: Account, request: Request): boolean {
  const role = roleOf(account, request.who);
  const policy = resourcePolicy(account, request);
  const boundary = role?.boundary;
  const result = runUnsafeSimulation({
    request: {
      principal: principal(request.who),
      action: request.action,
      resource: { resource: literally(request.resource), accountId: request.owner },
      contextVariables: request.context,
    },
    identityPolicies: Object.entries(role?.policies ?? {})
      .map(([name, document]) => ({ name, policy: concerning(withoutNumericMismatches(document, request.context), request.action) })),
    serviceControlPolicies: [{ orgIdentifier: 'root', policies: [{ name: 'FullAWSAccess', policy: EVERYTHING }] }],
    resourceControlPolicies: [{ orgIdentifier: 'root', policies: [{ name: 'RCPFullAWSAccess', policy: OPEN }] }],
    resourcePolicy: policy && named('resource', concerning(policy, request.action)),
    permissionBoundaryPolicies: boundary && [{ name: 'boundary', policy: concerning(boundary, request.action) }],
  }, {});
  return result === 'Allowed';
}

export const isAsExpected = (account: Account, request: Request): boolean =>
  isAllowed(account, request) === (request.expected === 'allowed');

/** Whether a change of the policy can affect the result of the request. */
export function concerns(request: Request, kind: 'role' | 'trust' | 'bucket' | 'key' | 'logs', name: string): boolean {
  const service = request.action.split(':')[0];
  switch (kind) {
    case 'role': return typeof request.who === 'object' && 'role' in request.who && request.who.role === name;
    case 'trust': return service === 'sts' && request.resource === name;
    case 'bucket': return service === 's3' && request.resource.split('/')[0] === name;
    case 'key': return service === 'kms' && request.resource === name;
    case 'logs': return service === 'logs';
  }
}
