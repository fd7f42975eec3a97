/** Invariants of all generated templates. AWS rejects templates that violate them, or CloudFormation cannot deploy them. */
import { list, type Document, type Statement } from './model';
import type { Resolver, Resource, Template } from './resolver';

export interface Violation {
  readonly invariant: Invariant;
  readonly what: string;
}

export const INVARIANTS = {
  cycle: 'no resource depends on itself (Ref, GetAtt, Sub, DependsOn)',
  sid: 'Sids are unique in a policy, and those of IAM policies have only letters and digits',
  name: 'the names of a role\'s inline policies are unique',
  quota: 'policies do not exceed their quotas',
  empty: 'each policy has a statement',
  token: 'templates and messages contain no raw CDK token',
} as const;

export type Invariant = keyof typeof INVARIANTS;

/** A synthesized template and its annotations. */
export interface Synthesized {
  readonly resolver: Resolver;
  readonly messages: readonly string[];
  /** The statements in warnings that users add to policies: one document per warning. */
  readonly spelledOut?: readonly Document[];
}

export function violationsOf({ resolver, messages, spelledOut = [] }: Synthesized): Violation[] {
  const policies = [
    ...policiesOf(resolver),
    ...spelledOut.map((document, index): Policy => ({ of: `warning ${index + 1}`, kind: 'inline', document, roles: [`(warning ${index + 1})`] })),
  ];
  return [
    ...cyclesOf(resolver.template).map((what): Violation => ({ invariant: 'cycle', what })),
    ...policies.flatMap(sidViolations),
    ...policies.filter(({ document }) => list(document.Statement).length === 0).map(({ of }): Violation => ({ invariant: 'empty', what: of })),
    ...nameViolations(policies),
    ...quotaViolations(policies),
    ...tokensIn([JSON.stringify(resolver.template), ...messages]).map((what): Violation => ({ invariant: 'token', what })),
  ];
}

interface Policy {
  /** Resource type and logical ID, for messages. */
  readonly of: string;
  readonly kind: keyof typeof QUOTAS;
  readonly document: Document;
  /** The roles of an inline policy, and its name. */
  readonly roles: string[];
  readonly name?: string;
}

/**
 * Maximum characters of each kind of policy. IAM does not count white space.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 * @see https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html
 * @see https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
 */
const QUOTAS = { 'inline': 10_240, 'trust': 2_048, 'managed': 6_144, 'key': 32_768, 'log resource': 5_120, 'bucket': 20_480, 'repository': 10_240, 'secret': 20_480 };

/** All policies of a template, from inline policies and policy resources. */
function policiesOf(resolver: Resolver): Policy[] {
  const of = (type: string) => resolver.resourcesOf(type);
  const documentOf = (value: unknown): Document => {
    const resolved = resolver.resolve(value);
    return typeof resolved === 'string' ? JSON.parse(resolved) : resolved;
  };
  const ofResource = (type: string, kind: Policy['kind'], property: string): Policy[] => of(type).filter(([, properties]) => properties[property] !== undefined)
    .map(([id, properties]) => ({ of: `${type} ${id}`, kind, document: documentOf(properties[property]), roles: [] }));
  return [
    ...of('AWS::IAM::Role').flatMap(([id, { Policies, AssumeRolePolicyDocument }]): Policy[] => [
      { of: `trust of AWS::IAM::Role ${id}`, kind: 'trust', document: documentOf(AssumeRolePolicyDocument), roles: [] },
      ...list(Policies).map((policy: any): Policy =>
        ({ of: `AWS::IAM::Role ${id}`, kind: 'inline', document: documentOf(policy.PolicyDocument), roles: [resolver.resolve({ Ref: id })], name: resolver.resolve(policy.PolicyName) })),
    ]),
    ...['AWS::IAM::Policy', 'AWS::IAM::RolePolicy'].flatMap((type) => of(type).map(([id, { PolicyDocument, PolicyName, Roles, RoleName }]): Policy =>
      ({ of: `${type} ${id}`, kind: 'inline', document: documentOf(PolicyDocument), roles: list(resolver.resolve(Roles ?? RoleName)), name: resolver.resolve(PolicyName) }))),
    ...ofResource('AWS::IAM::ManagedPolicy', 'managed', 'PolicyDocument'),
    ...ofResource('AWS::KMS::Key', 'key', 'KeyPolicy'),
    ...ofResource('AWS::Logs::ResourcePolicy', 'log resource', 'PolicyDocument'),
    ...ofResource('AWS::S3::BucketPolicy', 'bucket', 'PolicyDocument'),
    ...ofResource('AWS::ECR::Repository', 'repository', 'RepositoryPolicyText'),
    ...ofResource('AWS::SecretsManager::ResourcePolicy', 'secret', 'ResourcePolicy'),
  ];
}

function sidViolations({ of, kind, document }: Policy): Violation[] {
  const sids = list(document.Statement).flatMap(({ Sid }: Statement) => Sid === undefined ? [] : [Sid]);
  return [...new Set(sids)].flatMap((sid): Violation[] => [
    ...sids.filter((other) => other === sid).length > 1 ? [{ invariant: 'sid' as const, what: `${of}: "${sid}" more than once` }] : [],
    ...['inline', 'trust', 'managed'].includes(kind) && !/^[A-Za-z0-9]+$/.test(sid) ? [{ invariant: 'sid' as const, what: `${of}: "${sid}" is no Sid` }] : [],
  ]);
}

function inlineByRole(policies: Policy[]): Map<string, Policy[]> {
  const byRole = new Map<string, Policy[]>();
  for (const policy of policies) for (const role of policy.roles) byRole.set(role, [...byRole.get(role) ?? [], policy]);
  return byRole;
}

/** An inline policy replaces an earlier one of the same name. */
function nameViolations(policies: Policy[]): Violation[] {
  return [...inlineByRole(policies)].flatMap(([role, inline]) => {
    const names = inline.map(({ name }) => name);
    return [...new Set(names)].filter((name) => names.indexOf(name) !== names.lastIndexOf(name)).map((name): Violation => ({ invariant: 'name', what: `"${name}" of role ${role}` }));
  });
}

const sizeOf = (document: Document) => JSON.stringify(document).replace(/\s/g, '').length;

function quotaViolations(policies: Policy[]): Violation[] {
  const tooLong = (what: string, size: number, quota: number): Violation[] => size > quota ? [{ invariant: 'quota', what: `${what}: ${size} of ${quota} characters` }] : [];
  return [
    ...policies.filter(({ kind }) => kind !== 'inline').flatMap(({ of, kind, document }) => tooLong(of, sizeOf(document), QUOTAS[kind])),
    ...[...inlineByRole(policies)].flatMap(([role, inline]) =>
      tooLong(`inline policies of role ${role}`, inline.reduce((sum, { document }) => sum + sizeOf(document), 0), QUOTAS.inline)),
  ];
}

/** One dependency cycle for each group of resources that depend on each other. */
export function cyclesOf({ Resources: resources }: Pick<Template, 'Resources'>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (id: string, path: string[]): void => {
    const at = path.indexOf(id);
    if (at >= 0) found.push([...path.slice(at), id].join(' → '));
    if (at >= 0 || done.has(id)) return;
    for (const other of referencesOf(resources[id]!)) if (other in resources) visit(other, [...path, id]);
    done.add(id);
  };
  for (const id of Object.keys(resources)) visit(id, []);
  return found;
}

/** The logical ids of resources that a resource depends on. */
function referencesOf(resource: Resource): Set<string> {
  const found = new Set<string>(list(resource.DependsOn));
  const look = (value: any): void => {
    if (Array.isArray(value)) return value.forEach(look);
    if (typeof value !== 'object' || value === null) return;
    for (const [name, argument] of Object.entries<any>(value)) {
      if (name === 'Ref') found.add(argument);
      if (name === 'Fn::GetAtt') found.add(typeof argument === 'string' ? argument.split('.')[0]! : argument[0]);
      if (name === 'Fn::Sub') {
        const [text] = list(argument);
        for (const [, id] of String(text).matchAll(/\$\{([^!.}]+)(?:\.[^}]*)?\}/g)) found.add(id!);
      }
      look(argument);
    }
  };
  look(resource.Properties ?? {});
  return found;
}

/** Raw CDK tokens in strings, with the surrounding text. */
function tokensIn(texts: readonly string[]): string[] {
  return texts.flatMap((text) => [...text.matchAll(/.{0,60}(?:\$\{Token\[|#\{Token\[|\u0000|\[object Object\]).{0,40}/gi)].map(([around]) => around));
}
