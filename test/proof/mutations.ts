/** Removes or widens one part of a statement at a time. At least one request must detect each change. */
import { concerns, isAsExpected } from './evaluator';
import { list, type Account, type Document, type Request, type Role, type Runner, type Statement } from './model';

type Kind = Parameters<typeof concerns>[1];

/** A policy of a runner that can be replaced. */
interface Policy {
  readonly kind: Kind;
  /** The ARN of the role or resource with the policy. */
  readonly of: string;
  /** The name of the policy in messages. */
  readonly title: string;
  readonly document: Document;
  readonly replaced: (document: Document) => Account;
}

export interface Mutation {
  /** `policy / statement / change`, which the explanations match. */
  readonly what: string;
  readonly kind: Kind;
  readonly of: string;
  readonly account: Account;
}

export function mutationsOf(account: Account, runner: Runner): Mutation[] {
  return policiesOf(account, runner).flatMap(({ kind, of, title, document, replaced }) => document.Statement.flatMap((statement, index) =>
    changesOf(statement).map(({ what, changed }) => ({
      what: `${title} / ${statement.Sid ?? nameOf(statement)} / ${what}`,
      kind,
      of,
      account: replaced({ ...document, Statement: document.Statement.flatMap((other, at) => at === index ? changed : [other]) }),
    }))));
}

/** The name of a statement without a Sid: its effect, actions and principals. */
function nameOf({ Effect, Action, Principal }: Statement): string {
  const to = typeof Principal === 'object' ? ` to ${Object.values(Principal).flat().map((one) => /:role\//.test(one) ? 'a role' : one.split(':').pop()).join(', ')}` : '';
  return `${Effect} ${list(Action).join(', ')}${to}`;
}

function policiesOf(account: Account, runner: Runner): Policy[] {
  const roles: [string, string | undefined][] = [
    ['task manager role', runner.taskManagerRole], ['execution role', runner.executionRole], ['task role', runner.taskRole], ['role of the registration', runner.registrationRole],
  ];
  const withRole = (arn: string, role: Partial<Role>): Account => ({ ...account, roles: { ...account.roles, [arn]: { ...account.roles[arn]!, ...role } } });
  const byName = (kind: 'bucket' | 'key' | 'logs', title: string, name: string, documents: Record<string, Document>, field: 'buckets' | 'keys' | 'logs'): Policy[] =>
    documents[name] ? [{
      kind, of: name, title, document: documents[name]!, replaced: (document) => ({ ...account, [field]: { ...documents, [name]: document } }),
    }] : [];
  return [
    ...roles.flatMap(([title, arn]): Policy[] => {
      const role = arn === undefined ? undefined : account.roles[arn];
      if (!role || arn === undefined) return [];
      return [
        ...Object.entries(role.policies).map(([name, document]): Policy =>
          ({ kind: 'role', of: arn, title, document, replaced: (other) => withRole(arn, { policies: { ...role.policies, [name]: other } }) })),
        ...role.trust && !runner.givenRoles.includes(arn)
          ? [{ kind: 'trust' as const, of: arn, title: `trust of the ${title}`, document: role.trust, replaced: (trust: Document) => withRole(arn, { trust }) }] : [],
      ];
    }),
    ...runner.ownBucket ? byName('bucket', 'bucket policy', runner.bucket, account.buckets, 'buckets') : [],
    // The keys of the runner. Keys of secrets belong to the user, and only the CDK adds statements to them.
    ...[...new Set(runner.encryptedLogs.map(({ keyArn }) => keyArn))].flatMap((key) => byName('key', 'key policy', key, account.keys, 'keys')),
    ...Object.keys(account.logs).flatMap((name) => byName('logs', 'log resource policy', name, account.logs, 'logs')),
  ];
}

interface Change {
  readonly what: string;
  /** The changed statement. Empty if nothing of the statement remains. */
  readonly changed: Statement[];
}

function changesOf(statement: Statement): Change[] {
  return [...actionChanges(statement), ...resourceChanges(statement), ...conditionChanges(statement), ...principalChanges(statement)];
}

function without(statement: Statement, field: 'Action' | 'Resource', value: string): Statement[] {
  const rest = list(statement[field]).filter((other) => other !== value);
  return rest.length > 0 ? [{ ...statement, [field]: rest }] : [];
}

function actionChanges(statement: Statement): Change[] {
  return list(statement.Action).flatMap((action) => {
    const all = `${action.split(':')[0]}:*`;
    return [
      { what: `without the action ${action}`, changed: without(statement, 'Action', action) },
      ...action === all || action === '*' ? [] : [{
        what: `${action} widened to ${all}`, changed: [{ ...statement, Action: list(statement.Action).map((other) => other === action ? all : other) }],
      }],
    ];
  });
}

function resourceChanges(statement: Statement): Change[] {
  const resources = list(statement.Resource);
  return resources.flatMap((resource) => [
    { what: `without the resource ${shape(resource)}`, changed: without(statement, 'Resource', resource) },
    ...resource === '*' ? [] : [{
      what: `the resource ${shape(resource)} widened to *`, changed: [{ ...statement, Resource: resources.map((other) => other === resource ? '*' : other) }],
    }],
  ]);
}

/** An ARN without region, account and names, for messages. */
function shape(resource: string): string {
  const [, , service, , , ...rest] = resource.split(':');
  const name = rest.join(':');
  if (service === 's3') return name.includes('/') ? 'objects' : 'bucket';
  return resource === '*' ? '*' : `${service}:${name.split(/[/:]/)[0]}`;
}

function conditionChanges(statement: Statement): Change[] {
  const conditions = Object.entries(statement.Condition ?? {});
  return conditions.flatMap(([operator, keys]) => Object.entries(keys).flatMap(([key, value]) => {
    const withValue = (values: string | string[] | undefined): Statement => ({
      ...statement,
      Condition: Object.fromEntries(conditions.map(([name, others]) => [name, name !== operator ? others
        : Object.fromEntries(Object.entries(others).flatMap(([other, same]) => other !== key ? [[other, same]] : values === undefined ? [] : [[key, values]]))])),
    });
    const values = list(value);
    const otherwise = (other: string, instead: string | string[]): Statement => ({
      ...withValue(undefined), Condition: { ...withValue(undefined).Condition, [other]: { ...withValue(undefined).Condition?.[other], [key]: instead } },
    });
    const [, set = '', base] = operator.match(/^(For(?:All|Any)Values?:)?(String|Arn)(?:Equals|Like)$/) ?? [];
    return [
      { what: `without the condition ${operator} ${key}`, changed: [withValue(undefined)] },
      ...base && statement.Effect === 'Allow' ? [
        { what: `${operator} ${key} only where the call mentions it`, changed: [otherwise(`${operator}IfExists`, value)] },
        { what: `${operator} ${key} with any value`, changed: [otherwise(`${set}${base}Like`, base === 'Arn' ? 'arn:*:*:*:*:*' : '*')] },
      ] : [],
      ...operator === 'Null' ? [{ what: `Null ${key} the other way round`, changed: [withValue(values.map((one) => String(one) === 'true' ? 'false' : 'true'))] }] : [],
      ...!operator.startsWith('Numeric') ? [] : [2, 0.5].map((factor) => ({ what: `${operator} ${key} times ${factor}`, changed: [withValue(values.map((one) => String(Number(one) * factor)))] })),
      ...operator !== 'NumericGreaterThan' ? [] : [{ what: `${operator} ${key} also where the call does not mention it`, changed: [otherwise(`${operator}IfExists`, value)] }],
      ...values.length < 2 ? [] : values.map((one, at) => ({
        what: `without the value ${at + 1} of ${operator} ${key}`, changed: [withValue(values.filter((other) => other !== one))],
      })),
    ];
  }));
}

function principalChanges(statement: Statement): Change[] {
  const { Principal } = statement;
  if (Principal === undefined || Principal === '*') return [];
  const all = Object.entries(Principal).flatMap(([type, values]) => list(values).map((value) => ({ type, value })));
  return [
    ...JSON.stringify(Principal) === '{"AWS":"*"}' ? [] : [{ what: 'the principal widened to *', changed: [{ ...statement, Principal: '*' as const }] }],
    ...all.map(({ type, value }) => {
      const rest: [string, string[]][] = Object.entries(Principal)
        .map(([other, values]): [string, string[]] => [other, list(values).filter((one) => other !== type || one !== value)])
        .filter(([, left]) => left.length > 0);
      return { what: `without the principal ${/^arn:/.test(value) ? type : value}`, changed: rest.length > 0 ? [{ ...statement, Principal: Object.fromEntries(rest) }] : [] };
    }),
  ];
}

/** The first request that detects the mutation. */
export function detectedBy(mutation: Mutation, requests: Request[]): Request | undefined {
  return requests.find((request) => concerns(request, mutation.kind, mutation.of) && !isAsExpected(mutation.account, request));
}
