import { Check, Context, Finding, ok, problem, unknown } from '../check';
import { readKey } from '../keys';
import { evaluate, PolicyDocument } from '../policies';
import { Access, readRole, Refusal, roleNameOf, RoleRequest, simulateRole } from '../role-access';
import { executionRequests, repositoryArn, taskManagerRequests, taskRequests } from '../role-requests';
import { readStoredSecret } from '../secrets';
import type { StackResource } from '../stack';
import { bucketAccount, readBucket } from '../state';

/** Without the first, the doctor evaluates the policies itself, and needs the others. */
const ROLE_READS = [
  'iam:SimulatePrincipalPolicy',
  'iam:GetRole', 'iam:ListRolePolicies', 'iam:GetRolePolicy', 'iam:ListAttachedRolePolicies', 'iam:GetPolicy', 'iam:GetPolicyVersion',
];

/** A role of the runner, and what it may do. */
export interface RoleFacts {
  /** What the role is called in the documentation, such as "task role". */
  readonly title: string;
  readonly name: string;
  readonly account: string;
  readonly region: string;
  /** Undefined if the role does not exist. */
  readonly role?: {
    readonly trust: PolicyDocument;
    readonly boundaryArn?: string;
    readonly access: Access[];
  };
}

const CAUSES: Record<Refusal, string> = {
  'not-allowed': 'no policy of the role allows it',
  'denied': 'a policy denies it',
  'boundary': 'the permissions boundary does not allow it',
  'organization': 'a policy of the organization does not allow it',
  'unknown': 'a policy depends on conditions that cannot be evaluated',
};

/** The remedies, in the order of the causes that are looked at first. */
const REMEDIES: [Refusal, (facts: RoleFacts) => string][] = [
  ['organization', () => 'Ask the administrators of the organization to allow these actions in the service control policies and resource control policies of this account.'],
  ['boundary', ({ role }) => `Allow these actions in the permissions boundary ${role?.boundaryArn}, or give the runner another one as \`permissionsBoundary\`.`],
  ['denied', ({ name }) => `Remove the policy that denies these actions from the role ${name}, or from its permissions boundary. If somebody cut the runner off, end that with \`doctor let-in\`.`],
  ['not-allowed', ({ name }) => `Restore the policy of the role ${name} that the stack had created, or allow these actions if the role is your own.`],
];

/** Whether a role may make the calls that are made with it. */
export function findRoleProblems(facts: RoleFacts): Finding[] {
  const { title, name, role } = facts;
  if (!role) {
    return [problem(`The ${title} ${name} does not exist.`,
      'If the role is the stack\'s, delete the runner from the stack, deploy, add it and deploy again. If it is your own, create it again.')];
  }
  const refused = role.access.filter(({ refusal }) => refusal !== undefined && refusal !== 'unknown');
  if (refused.length > 0) {
    const [, remedy] = REMEDIES.find(([refusal]) => refused.some(access => access.refusal === refusal))!;
    return [problem(`The ${title} ${name} may not do what it is needed for. ${describe(refused)}`, remedy(facts))];
  }
  const open = role.access.filter(({ refusal }) => refusal === 'unknown');
  if (open.length > 0) {
    return [unknown(`Could not check all permissions of the ${title} ${name}. ${describe(open)}`,
      'Allow your own user iam:SimulatePrincipalPolicy, with which AWS evaluates more conditions.')];
  }
  return [ok(role.access.length === 0
    ? `The ${title} ${name} exists. It needs no permissions.`
    : `The ${title} ${name} may do all that it is needed for (${new Set(role.access.map(({ action }) => action)).size} actions).`)];
}

/** Whether ECS can start tasks with a role. */
export function findTaskTrustProblems({ title, name, account, region, role }: RoleFacts): Finding[] {
  if (!role) {
    return [];
  }
  const { decision, dependsOn } = evaluate([role.trust], {
    action: 'sts:AssumeRole',
    resource: '*',
    principal: { kind: 'Service', value: 'ecs-tasks.amazonaws.com' },
    context: { 'aws:SourceAccount': account, 'aws:SourceArn': `arn:aws:ecs:${region}:${account}:*` },
  });
  if (decision === 'allowed') {
    return [];
  }
  if (decision === 'unknown') {
    return [unknown(`Could not check whether the ${title} ${name} trusts ECS: its trust policy depends on ${dependsOn.join(', ')}.`,
      'Make sure that the trust policy lets ecs-tasks.amazonaws.com assume the role.')];
  }
  return [problem(`The trust policy of the ${title} ${name} does not let tasks of this account and region assume the role.`,
    'Let the service ecs-tasks.amazonaws.com do sts:AssumeRole in the trust policy of the role.')];
}

/** The actions and why they are refused: one sentence for each cause. */
function describe(accesses: Access[]): string {
  const byCause = new Map<string, string[]>();
  for (const { action, resource, refusal, cause } of accesses) {
    const why = `${CAUSES[refusal!]}${cause ? ` (${cause})` : ''}`;
    byCause.set(why, [...byCause.get(why) ?? [], resource === '*' ? action : `${action} on ${resource}`]);
  }
  return [...byCause].map(([why, actions]) => `${why[0].toUpperCase()}${why.slice(1)}: ${actions.join(', ')}.`).join(' ');
}

export const TASK_MANAGER_ROLE: Check = {
  id: 'task-manager-role',
  title: 'The permissions of the task manager role',
  reads: ROLE_READS,
  async run(context) {
    const { stack, runner: { properties: { Auth: { RoleArn: arn }, Job: job } } } = context;
    const familyPrefix = familyPrefixOf(stack.resources, arn);
    if (familyPrefix === undefined) {
      return [unknown(`Could not read the families of the task definitions from the template: the role ${roleNameOf(arn)} has no policy for them.`,
        'Deploy the stack again without changing the policies of the role.')];
    }
    const place = { account: stack.account, region: job.Region };
    const tasks = { cluster: job.Cluster, familyPrefix, executionRoleArn: job.ExecutionRoleArn, taskRoleArn: job.TaskRoleArn };
    return findRoleProblems(await readRoleFacts(context, 'task manager role', arn, taskManagerRequests(place, tasks)));
  },
};

export const EXECUTION_ROLE: Check = {
  id: 'execution-role',
  title: 'The permissions of the execution role, and its trust in ECS',
  reads: [...ROLE_READS, 'secretsmanager:DescribeSecret', 'ssm:DescribeParameters', 'kms:DescribeKey'],
  async run(context) {
    const { Job: { ExecutionRoleArn: arn, Secrets: secrets = {}, Image: image } } = context.runner.properties;
    const keys = await Promise.all(Object.values(secrets).map(async secret => ({ arn: secret, keyArn: await secretKeyArn(context, secret) })));
    return findTaskRoleProblems(await readRoleFacts(context, 'execution role', arn, executionRequests(keys, repositoryArn(image))));
  },
};

export const TASK_ROLE: Check = {
  id: 'task-role',
  title: 'The permissions of the task role, and its trust in ECS',
  reads: [...ROLE_READS, 's3:ListBucket', 's3:GetEncryptionConfiguration', 'kms:DescribeKey'],
  async run(context) {
    const { StateStorage: { Bucket: bucket, PathPrefix: prefix }, Job: { Region: region, TaskRoleArn: arn } } = context.runner.properties;
    // What is wrong with the bucket is reported by its own check.
    const found = await readBucket(context).catch(() => undefined);
    const key = found?.key?.isCustomerManaged ? { arn: found.key.arn, isBucketKey: found.isBucketKey } : undefined;
    return findTaskRoleProblems(await readRoleFacts(context, 'task role', arn, taskRequests({ bucket, prefix, account: bucketAccount(context), region, key })));
  },
};

async function readRoleFacts({ aws, stack, runner, once }: Context, title: string, arn: string, requests: RoleRequest[]): Promise<RoleFacts> {
  const role = await once(`role ${arn}`, async () => readRole(aws, arn));
  return {
    title,
    name: roleNameOf(arn),
    account: stack.account,
    region: runner.properties.Job.Region,
    role: role && { trust: role.trust, boundaryArn: role.boundaryArn, access: await simulateRole(aws, role, requests) },
  };
}

function findTaskRoleProblems(facts: RoleFacts): Finding[] {
  const trust = findTaskTrustProblems(facts);
  const permissions = findRoleProblems(facts);
  return trust.length > 0 ? [...trust, ...permissions.filter(({ result }) => result !== 'ok')] : permissions;
}

/** The customer managed key of a secret. What is wrong with either is reported by the check of the secrets. */
async function secretKeyArn({ aws, once }: Context, arn: string): Promise<string | undefined> {
  const region = arn.split(':')[3];
  const secret = await once(`secret ${arn}`, async () => readStoredSecret(aws, arn)).catch(() => undefined);
  const reference = secret?.isDeleted ? undefined : secret?.key;
  const key = reference === undefined ? undefined : await once(`key ${reference} ${region}`, async () => readKey(aws, reference, region)).catch(() => undefined);
  return key?.isCustomerManaged ? key.arn : undefined;
}

/** What the orchestrator names its families, as the policy of its role in the template has it. */
function familyPrefixOf(resources: readonly StackResource[], roleArn: string): string | undefined {
  const name = roleNameOf(roleArn);
  const policies = resources.filter(({ properties: { Roles: roles, RoleName: role } }) => role === name || [roles].flat().includes(name));
  return policies.map(({ properties }) => /:task-definition\/([^"*]+)\*:\*/.exec(JSON.stringify(properties.PolicyDocument ?? ''))?.[1]).find(Boolean);
}
