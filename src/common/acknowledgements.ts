/**
 * What cdk-nag, checkov and cfn-lint find in the parts of a runner, and why it is so all the same. The parts carry this as metadata, so that users
 * who run these tools have nothing to suppress; `test/judges` fails for a finding that is not here, and for one here that no tool has.
 */
import * as cdk from 'aws-cdk-lib';
import { AspectPriority, Aspects, CfnResource, IAspect, Stack } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { CfnPolicy, CfnRole } from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';
import { INTERFACE_ACTIONS } from '../registration/network';

/** One finding, by the names that the tools have for it. */
export interface Acknowledgement {
  /** Why it is so, or what to set for another answer. */
  readonly reason: string;
  /** Ids of cdk-nag's rules. */
  readonly nag?: string[];
  /** With `nag`: the only finding of a rule that has several. */
  readonly finding?: string;
  /** Id of checkov's check. */
  readonly checkov?: string;
  /** Id of cfn-lint's rule. */
  readonly cfnLint?: string;
}

const HIPAA_AND_NIST = (rule: string) => [`HIPAA.Security-${rule}`, `NIST.800.53.R5-${rule}`];
const FRAMEWORKS = (rule: string) => [...HIPAA_AND_NIST(rule), `PCI.DSS.321-${rule}`];

const LOG_GROUP_KEY = { nag: FRAMEWORKS('CloudWatchLogGroupEncrypted'), checkov: 'CKV_AWS_158' };

/** Log groups of a runner. */
export function logGroupFindings(scope: IConstruct, encryptionKey?: IConstruct): Acknowledgement[] {
  if (!encryptionKey) {
    return [{ ...LOG_GROUP_KEY, reason: 'CloudWatch Logs encrypts it with a key of AWS. `encryptionKey` of the runner makes it a key of yours.' }];
  }
  return CfnResource.isCfnResource(encryptionKey.node.defaultChild) && Stack.of(encryptionKey) === Stack.of(scope)
    ? [{ cfnLint: 'W3005', reason: 'It waits for the key as a whole, which may be an alias that CloudFormation does not see it to need.' }]
    : [];
}

/** The state bucket. */
export function stateBucketFindings(bucket: { encryptionKey?: unknown; serverAccessLogsBucket?: unknown }): Acknowledgement[] {
  const findings: Acknowledgement[] = [{
    nag: FRAMEWORKS('S3BucketReplicationEnabled'),
    reason: 'Where a second copy of the state may be kept is not for a library to choose. For replication, give a bucket that has it to StateStorage.existingBucket().',
  }];
  if (!bucket.serverAccessLogsBucket) {
    findings.push({
      nag: ['AwsSolutions-S1', ...FRAMEWORKS('S3BucketLoggingEnabled')],
      checkov: 'CKV_AWS_18',
      reason: 'Access logs need a bucket that outlives this one: name it as serverAccessLogsBucket in StateStorage.newBucket().',
    });
  }
  if (!bucket.encryptionKey) {
    findings.push({ nag: FRAMEWORKS('S3DefaultEncryptionKMS'), reason: 'S3 encrypts it with a key of its own. `encryptionKey` of the runner makes it a key of yours.' });
  }
  return findings;
}

/** The Lambda that registers runners, and its log group. */
export function registrationFunctionFindings(inVpc: boolean): Acknowledgement[] {
  return inVpc ? REGISTRATION_FUNCTION : [...REGISTRATION_FUNCTION, {
    nag: FRAMEWORKS('LambdaInsideVPC'),
    checkov: 'CKV_AWS_117',
    reason: 'It talks to the public APIs of the orchestrator and of AWS only, over TLS, and nothing can connect to it. `registrationNetwork` puts it into a VPC.',
  }];
}
const REGISTRATION_FUNCTION: Acknowledgement[] = [
  {
    nag: HIPAA_AND_NIST('LambdaConcurrency'),
    checkov: 'CKV_AWS_115',
    reason: 'Only CloudFormation calls it, once for a changed resource. Concurrency reserved for that would be taken from the rest of the account.',
  },
  {
    nag: HIPAA_AND_NIST('LambdaDLQ'),
    checkov: 'CKV_AWS_116',
    reason: 'CloudFormation waits for its answer and reports a failure itself. An event kept for later would act on a stack that has moved on.',
  },
];

/** The function of one of CDK's own custom resource providers, which comes with a bucket that is emptied or a default security group that is closed. */
const CDK_FUNCTION: Acknowledgement[] = [
  { checkov: 'CKV_AWS_117', reason: 'A function of the CDK: it talks to the API of AWS only, over TLS, and nothing can connect to it.' },
  { checkov: 'CKV_AWS_115', reason: 'A function of the CDK: only CloudFormation calls it, once for a changed resource.' },
  { checkov: 'CKV_AWS_116', reason: 'A function of the CDK: CloudFormation waits for its answer and reports a failure itself.' },
  { cfnLint: 'W3005', reason: 'A function of the CDK, which writes it so.' },
];

/** The registration at the orchestrator. */
export const REGISTRATION: Acknowledgement[] = [{
  cfnLint: 'W3005',
  reason: 'It has to wait for whole constructs, such as a role with the policies that grants add to it, and not only for what it refers to.',
}];

/** The VPC that is made when none is given. */
const VPC: Acknowledgement[] = [{
  nag: ['AwsSolutions-VPC7', ...FRAMEWORKS('VPCFlowLogsEnabled')],
  reason: 'Flow logs cost by the traffic, and how long they are kept is for you to say: runner.vpc.addFlowLog() adds them.',
}];
const DEFAULT_GROUP: Acknowledgement[] = [{
  nag: FRAMEWORKS('VPCDefaultSecurityGroupClosed'),
  reason: 'Nothing here uses the default security group. The feature flag @aws-cdk/aws-ec2:restrictDefaultSecurityGroup closes it.',
}];
const PUBLIC_ROUTE: Acknowledgement[] = [{
  nag: FRAMEWORKS('VPCNoUnrestrictedRouteToIGW'),
  reason: 'The way out of the NAT gateway, which is alone in this subnet. Tasks run in the private ones, without a route to the internet gateway.',
}];
const INLINE: Acknowledgement = {
  nag: FRAMEWORKS('IAMNoInlinePolicy'),
  reason: 'An inline policy belongs to one role: nothing else can be given it by mistake, and CloudFormation deletes it with the role.',
};

/** Why an action is allowed on more than one resource, and the condition without which that would not hold. */
interface Wildcard {
  readonly reason: string;
  readonly condition?: string;
}

const ONLY_ON_ALL = (action: string, condition: string, to: string) => ({ condition, reason: `AWS evaluates ${action} on * only; a condition holds it to ${to}.` });
const FAMILIES = {
  reason: 'The orchestrator makes a task definition family for each environment and a revision for each deployment. The wildcard begins after its prefix.',
};
const STATE = { reason: 'OpenTofu names the state files after the environments. The wildcard begins below the bucket and its prefix.' };
const LOG = {
  reason: 'CloudFormation and Lambda end the names of log group and streams with what is not known before. The wildcard begins after stack and logical id.',
};
const WILDCARDS: Record<string, Wildcard> = {
  'ecs:ListTaskDefinitions': ONLY_ON_ALL('ecs:ListTaskDefinitions', 'aws:RequestedRegion', 'the region'),
  'ecs:DeregisterTaskDefinition': ONLY_ON_ALL('ecs:DeregisterTaskDefinition', 'aws:RequestedRegion', 'the region'),
  'ecs:ListTasks': { condition: 'ecs:cluster', reason: 'AWS evaluates ecs:ListTasks on *, too; a condition holds it to the cluster.' },
  'ecs:DeleteTaskDefinitions': FAMILIES,
  'ecs:RegisterTaskDefinition': FAMILIES,
  'ecs:RunTask': { ...FAMILIES, condition: 'ecs:cluster' },
  'ecs:TagResource': { condition: 'ecs:CreateAction', reason: 'Only with the call that creates what is tagged, as a condition says; ECS gives the id or revision.' },
  'ecs:DescribeTasks': { condition: 'ecs:cluster', reason: 'ECS gives tasks their ids. The wildcard begins after the cluster, and a condition holds it there.' },
  's3:GetObject': STATE,
  's3:PutObject': STATE,
  'logs:CreateLogStream': LOG,
  'logs:PutLogEvents': LOG,
  'kms:Decrypt': {
    condition: 'kms:EncryptionContext:SecretARN',
    reason: 'Which key a secret has is not always known at synthesis. Conditions hold it to Secrets Manager and to the secrets that were given.',
  },
  ...Object.fromEntries(INTERFACE_ACTIONS.map(action => [action, {
    condition: 'aws:RequestedRegion',
    reason: 'Lambda checks before it attaches a function to a VPC that its role may do this on *. A statement that denies keeps the code itself from it.',
  }])),
  'ecr:GetAuthorizationToken': { reason: 'AWS evaluates ecr:GetAuthorizationToken on * only; it gives no access to a repository.' },
};

/** Writes the findings into the metadata of a resource, beside what is there already; what is there is not said twice. */
export function acknowledge(construct: IConstruct, findings: Acknowledgement[]): void {
  const resource = CfnResource.isCfnResource(construct) ? construct : construct.node.defaultChild as CfnResource;
  const nag = findings.flatMap(({ nag: ids = [], reason, finding }) => ids.map(id => ({ id, reason, ...finding ? { applies_to: [finding] } : {} })));
  const added = add(resource, 'cdk_nag', 'rules_to_suppress', nag);
  acknowledgeValidations(resource, added);
  add(resource, 'checkov', 'skip', findings.flatMap(({ checkov: id, reason: comment }) => id ? [{ id, comment }] : []));
  add(resource, 'cfn-lint', 'ignore_checks', findings.flatMap(({ cfnLint }) => cfnLint ?? []), 'config');
}

/** Adds to a list below `key` of the metadata, and returns what was not there before. */
function add<T>(resource: CfnResource, key: string, list: string, entries: T[], within?: string): T[] {
  const whole = resource.getMetadata(key) ?? {};
  const part = within ? whole[within] ?? {} : whole;
  const known: unknown[] = part[list] ?? [];
  const fresh = entries.filter(entry => !known.some(other => JSON.stringify(other) === JSON.stringify(entry)));
  if (fresh.length > 0) {
    const changed = { ...part, [list]: [...known, ...fresh] };
    resource.addMetadata(key, within ? { ...whole, [within]: changed } : changed);
  }
  return fresh;
}

interface NagRule {
  readonly id: string;
  readonly reason: string;
  readonly applies_to?: string[];
}

/**
 * Tells cdk-nag 3, which does not read the template's metadata but what `Validations` of aws-cdk-lib from 2.257 on keeps in the tree. It is
 * written as that would do it, but in one entry for a resource: with one each, the synthesis of a default runner takes an eighth longer.
 */
function acknowledgeValidations(resource: CfnResource, rules: NagRule[]): void {
  const key = (cdk as { Validations?: { ACKNOWLEDGED_RULES_METADATA_KEY?: string } }).Validations?.ACKNOWLEDGED_RULES_METADATA_KEY;
  if (key && rules.length > 0) {
    resource.node.addMetadata(key, Object.fromEntries(rules.map(({ id, reason, applies_to: [finding] = [] }) =>
      [`Annotation::${finding ? `${id}[${finding}]` : id}`, reason])));
  }
}

/** Acknowledges what tools find in the inline policies of a role of ours. A role that the user gave keeps its findings. */
export function acknowledgeRole(role: IConstruct): void {
  acknowledgeInline(role.node.defaultChild as CfnRole | undefined, resource =>
    (Stack.of(resource).resolve(resource.policies) ?? []).map((policy: { policyDocument: Document }) => policy.policyDocument));
}

/** Acknowledges what tools find in a policy of ours. */
export function acknowledgePolicy(policy: IConstruct): void {
  acknowledgeInline(policy.node.defaultChild as CfnPolicy, resource => [Stack.of(resource).resolve(resource.policyDocument)]);
}

/** With Role.customizeRoles() a role has no resource. */
function acknowledgeInline<T extends CfnResource>(resource: T | undefined, documents: (resource: T) => Document[]): void {
  if (resource) {
    acknowledgeAtTheEnd(resource, () => {
      const statements = documents(resource).flatMap(document => document.Statement);
      return statements.length > 0 ? [INLINE, ...wildcards(statements)] : [];
    });
  }
}

/** For what changes as long as runners join, such as the registration's role and log group. */
export function acknowledgeAtTheEnd(resource: CfnResource, findings: () => Acknowledgement[]): void {
  // Before cdk-nag looks, with the default priority.
  Aspects.of(resource).add(new Findings(resource, findings), { priority: AspectPriority.MUTATING });
}

class Findings implements IAspect {
  private done = false;

  constructor(private readonly resource: CfnResource, private readonly findings: () => Acknowledgement[]) {}

  public visit(node: IConstruct): void {
    if (!this.done && node === this.resource) {
      this.done = true;
      acknowledge(this.resource, this.findings());
    }
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

/** A finding for each pattern of resources, in cdk-nag's way of writing it; with no reason that holds for one of its actions there is none. */
function wildcards(statements: Statement[]): Acknowledgement[] {
  const reasons = new Map<string, Set<string | undefined>>();
  for (const statement of statements.filter(({ Effect: effect }) => effect === 'Allow')) {
    for (const resource of [statement.Resource].flat().map(flatten).filter(text => text.includes('*'))) {
      reasons.set(resource, new Set([...reasons.get(resource) ?? [], ...[statement.Action].flat().map(action => reasonFor(action, statement))]));
    }
  }
  return [...reasons].flatMap(([resource, all]) => all.has(undefined)
    ? [] : [{ nag: ['AwsSolutions-IAM5'], finding: `Resource::${resource}`, reason: [...all].join(' ') }]);
}

function reasonFor(action: string, statement: Statement): string | undefined {
  const { reason, condition } = WILDCARDS[action] ?? {};
  const conditions = Object.values(statement.Condition ?? {}).flatMap(operator => Object.keys(operator));
  return condition && !conditions.includes(condition) ? undefined : reason;
}

/** A resource of a resolved policy as text, with `<LogicalId.Attribute>` where CloudFormation puts something in. */
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

/** The VPC that is made when none is given. */
export function acknowledgeVpc(vpc: ec2.Vpc): void {
  acknowledge(vpc, VPC);
  if (!vpc.node.tryFindChild('RestrictDefaultSecurityGroupCustomResource')) {
    acknowledge(vpc, DEFAULT_GROUP);
  }
  for (const subnet of vpc.publicSubnets) {
    acknowledge(subnet.node.findChild('DefaultRoute'), PUBLIC_ROUTE);
  }
}

/** One of CDK's own custom resource providers. */
export function acknowledgeCdkProvider(provider: IConstruct): void {
  acknowledge(provider.node.findChild('Handler'), CDK_FUNCTION);
}
