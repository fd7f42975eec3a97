import { CfnResource, IResource, Reference, Stack, Tokenization } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type { IConstruct } from 'constructs';
import { checkSecurityGroupId } from './aws-names';
import type { Problems } from './problems';
import { canonical, isKnown, isPlaceholderArn, quote } from './unknown-values';

/** Account and region of a resource, if they are known at synthesis. */
export interface Place {
  readonly account?: string;
  readonly region?: string;
}

/** Account and region of a resource. Its ARN has precedence over the stack that it was imported into. */
export function placeOf(scope: IConstruct, resource: Partial<Pick<IResource, 'env'>>, arn?: string): Place {
  const text = arn === undefined ? '' : canonical(scope, arn);
  if (isPlaceholderArn(text)) {
    return {};
  }
  const [start, , , region, account] = text.split(':');
  const known = (part: string | undefined, pattern: RegExp, kind: keyof Place) => {
    if (start === 'arn' && part !== undefined && pattern.test(part)) {
      return part;
    }
    const other = resource.env?.[kind];
    return isKnown(other) ? other : undefined;
  };
  // AWS managed policies have neither a region nor a stack.
  return account === 'aws' ? { account } : { account: known(account, /^\d{12}$/, 'account'), region: known(region, /^[a-z]{2}(-[a-z]+)+-\d$/, 'region') };
}

/** Whether two places certainly differ. */
export function isElsewhere(one: string | undefined, other: string | undefined): boolean {
  return isKnown(one) && isKnown(other) && one !== other;
}

/** A resource that must be in the account or region of the runner, and why. */
export interface PlaceRule {
  /** Name of the resource with its article, such as "a cluster". */
  readonly resource: string;
  readonly mustMatch: ('region' | 'account')[];
  readonly fix: string;
}

/** Rejects an ARN of another partition, such as `aws-cn`: the orchestrator serves the partition `aws` only, and partitions share no resources. */
export function checkPartition(scope: IConstruct, problems: Problems, input: string, resource: string, arn: string): void {
  const [start, partition] = canonical(scope, arn).split(':');
  if (start === 'arn' && partition.startsWith('aws-')) {
    problems.add({
      input,
      expected: `${resource} of the partition "aws"`,
      got: quote(arn),
      fix: 'A resource of another partition cannot be used: give one of the runner\'s partition.',
    });
  }
}

/** Rejects an imported resource whose name and ARN are those of different resources: the orchestrator would get one, and the policies the other. */
export function checkNameInArn(problems: Problems, input: string, name: string, arn: string, pattern: RegExp): void {
  const found = pattern.exec(arn)?.[1];
  if (isElsewhere(found, name)) {
    problems.add({
      input,
      expected: 'a name and an ARN of the same resource',
      got: `the name ${quote(name)} and the ARN ${quote(arn)}`,
      fix: 'Correct one of the two, or import the resource by its ARN alone.',
    });
  }
}

/** Rejects a resource of another account or region than the stack of the scope. */
export function checkPlace(scope: IConstruct, problems: Problems, input: string, place: Place, rule: PlaceRule): void {
  const stack = Stack.of(scope);
  for (const kind of rule.mustMatch) {
    const [found, expected] = [place[kind], stack[kind]];
    if (isElsewhere(found, expected)) {
      problems.add({ input, expected: `${rule.resource} in the runner's ${kind}, "${expected}"`, got: `one in "${found}"`, fix: rule.fix });
    }
  }
}

/**
 * Rejects an alias in place of a key, and a key in another region than the data that it encrypts. The ARN of an alias that the app creates is a CDK
 * token.
 */
export function checkKey(scope: IConstruct, problems: Problems, input: string, key: kms.IKey | undefined, region?: string): void {
  if (!key) {
    return;
  }
  const alias = aliasOf(scope, key);
  if (alias !== undefined) {
    problems.add({
      input,
      expected: 'a key',
      got: 'an alias of a key',
      fix: alias.startsWith('alias/aws/')
        ? 'It is the alias of a key that AWS manages, which the account may use without further permissions: omit the key.'
        : 'IAM and CloudWatch Logs match the ARN of a key, never an alias: give the key of the alias, for example with Key.fromLookup().',
    });
  }
  const found = placeOf(scope, key, key.keyArn).region;
  if (isElsewhere(found, region)) {
    problems.add({
      input,
      expected: `a key in the region of the encrypted resource, "${region}"`,
      got: `one in "${found}"`,
      fix: 'AWS services encrypt with keys of the same region only: give a key of that region. A multi-Region key has one ARN per region.',
    });
  }
}

/** The name of an alias that was given in place of a key; undefined if it is a key or the name is unknown. */
function aliasOf(scope: IConstruct, key: kms.IKey): string | undefined {
  if ('aliasName' in key) {
    return key.aliasName as string;
  }
  const arn = canonical(scope, key.keyArn);
  const start = arn.indexOf(':alias/');
  return start < 0 ? undefined : arn.slice(start + 1);
}

/** Rejects subnets and security groups of another region or VPC than the tasks or the registration. */
export function checkVpcParts(scope: IConstruct, problems: Problems, prefix: string, parts: {
  readonly vpc?: ec2.IVpc; readonly vpcSubnets?: ec2.SubnetSelection; readonly securityGroups?: ec2.ISecurityGroup[];
}): void {
  const { vpc, vpcSubnets, securityGroups = [] } = parts;
  const rule: Pick<PlaceRule, 'mustMatch' | 'fix'> = { mustMatch: ['region'], fix: 'A VPC and its resources belong to one region: give resources in the region of the stack.' };
  if (vpc) {
    checkPlace(scope, problems, `${prefix}vpc`, placeOf(scope, vpc), { ...rule, resource: 'a VPC' });
  }
  securityGroups.forEach(group => checkSecurityGroupId(problems, `${prefix}securityGroups`, group.securityGroupId));
  const inputs: [input: string, what: string, part: IResource, vpcId: string | undefined][] = [
    ...(vpcSubnets?.subnets ?? []).map((subnet): [string, string, IResource, string | undefined] => [`${prefix}vpcSubnets`, 'subnet', subnet, vpcOfSubnet(subnet)]),
    ...securityGroups.map((group): [string, string, IResource, string | undefined] => [`${prefix}securityGroups`, 'security group', group, vpcOfGroup(group)]),
  ];
  for (const [input, what, part, vpcId] of inputs) {
    checkPlace(scope, problems, input, placeOf(scope, part), { ...rule, resource: `a ${what}` });
    if (vpc && vpcId !== undefined && areDifferentResources(vpcId, vpc.vpcId)) {
      problems.add({
        input,
        expected: `a ${what} of the VPC '${vpc.node.path}'`,
        got: `'${part.node.path}', which is in another VPC`,
        fix: `Give the VPC that the ${what} belongs to, or another ${what}.`,
      });
    }
  }
}

/** The id of the VPC that a subnet belongs to, if the subnet was created or imported with its VPC. */
function vpcOfSubnet(subnet: ec2.ISubnet): string | undefined {
  return (subnet.node.scope as Partial<ec2.IVpc> | undefined)?.vpcId;
}

/** The id of the VPC that a security group of the app belongs to. */
function vpcOfGroup(group: ec2.ISecurityGroup): string | undefined {
  return (group.node.defaultChild as Partial<ec2.CfnSecurityGroup> | undefined)?.vpcId;
}

/** Whether two ids certainly name different resources: two known texts, or two resources of the app. */
function areDifferentResources(one: string, other: string): boolean {
  if (isKnown(one) && isKnown(other)) {
    return one !== other;
  }
  const [first, second] = [one, other].map(resourceOf);
  return first !== undefined && second !== undefined && first !== second;
}

/** The resource of the app that an id or ARN refers to. */
export function resourceOf(id: string): CfnResource | undefined {
  const { length, firstToken } = Tokenization.reverseString(id);
  return length === 1 && Reference.isReference(firstToken) && CfnResource.isCfnResource(firstToken.target) ? firstToken.target : undefined;
}
