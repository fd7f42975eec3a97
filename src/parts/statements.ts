import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { TASK_CPU_MAX, TASK_MEMORY_MAX } from '../common/contract';

/** What the orchestrator may do with its role. Everything is held to the one cluster and to the orchestrator's own families. */
export interface TaskManagerScope {
  readonly taskFamilyPrefix: string;
  readonly clusterName: string;
  readonly clusterArn: string;
  readonly executionRoleArn: string;
  readonly taskRoleArn: string;
}

/**
 * Statements of the role that the orchestrator assumes: the calls of one deployment, and no other.
 *
 * @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
 */
export function taskManagerStatements(scope: Construct, to: TaskManagerScope): iam.PolicyStatement[] {
  const stack = Stack.of(scope);
  const ecsArn = (resource: string, resourceName: string) => stack.formatArn({ service: 'ecs', resource, resourceName });
  const taskDefinitions = ecsArn('task-definition', `${to.taskFamilyPrefix}*:*`);
  const tasks = ecsArn('task', `${to.clusterName}/*`);
  const inCluster = { ArnEquals: { 'ecs:cluster': to.clusterArn } };
  // Denied instead of not allowed: the orchestrator sends sizes such as ".5 vCPU", which are no numbers, and a size that is not mentioned passes, too.
  const noLargeTask = (sid: string, key: string, max: number) => new iam.PolicyStatement({
    sid,
    effect: iam.Effect.DENY,
    actions: ['ecs:RegisterTaskDefinition', 'ecs:RunTask'],
    resources: ['*'],
    conditions: { NumericGreaterThan: { [key]: `${max}` } },
  });
  return [
    new iam.PolicyStatement({
      sid: 'ListAndDeregisterTaskDefinitions',
      // AWS evaluates both on * only.
      actions: ['ecs:ListTaskDefinitions', 'ecs:DeregisterTaskDefinition'],
      resources: ['*'],
      conditions: { StringEquals: { 'aws:RequestedRegion': stack.region } },
    }),
    new iam.PolicyStatement({
      sid: 'DeleteTaskDefinitions',
      actions: ['ecs:DeleteTaskDefinitions'],
      resources: [taskDefinitions],
    }),
    new iam.PolicyStatement({
      sid: 'RegisterTaskDefinition',
      actions: ['ecs:RegisterTaskDefinition'],
      resources: [taskDefinitions],
      // Negated, so that it passes where the call does not mention it.
      conditions: { StringNotEquals: { 'ecs:privileged': 'true' } },
    }),
    new iam.PolicyStatement({
      sid: 'TagTaskDefinition',
      actions: ['ecs:TagResource'],
      // AWS evaluates the ARN with and without the revision.
      resources: [ecsArn('task-definition', `${to.taskFamilyPrefix}*`)],
      conditions: { StringEquals: { 'ecs:CreateAction': 'RegisterTaskDefinition' } },
    }),
    new iam.PolicyStatement({
      sid: 'PassRolesToTasks',
      actions: ['iam:PassRole'],
      resources: [to.executionRoleArn, to.taskRoleArn],
      conditions: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
    }),
    new iam.PolicyStatement({
      sid: 'RunTask',
      actions: ['ecs:RunTask'],
      resources: [taskDefinitions],
      conditions: { ...inCluster, StringNotEquals: { 'ecs:enable-execute-command': 'true', 'ecs:enable-ebs-volumes': 'true' } },
    }),
    new iam.PolicyStatement({
      sid: 'TagTask',
      actions: ['ecs:TagResource'],
      resources: [tasks],
      conditions: { StringEquals: { 'ecs:CreateAction': 'RunTask' } },
    }),
    new iam.PolicyStatement({
      sid: 'ListTasks',
      actions: ['ecs:ListTasks'],
      // Reported both as * and as container instances of the cluster; the condition holds it to the cluster.
      resources: ['*'],
      conditions: inCluster,
    }),
    new iam.PolicyStatement({
      sid: 'DescribeTasks',
      actions: ['ecs:DescribeTasks'],
      resources: [tasks],
      conditions: inCluster,
    }),
    noLargeTask('DenyLargeTaskCpu', 'ecs:task-cpu', TASK_CPU_MAX),
    noLargeTask('DenyLargeTaskMemory', 'ecs:task-memory', TASK_MEMORY_MAX),
  ];
}

/** Where the state lies. */
export interface StateScope {
  readonly bucketArn: string;
  /** The account that the bucket belongs to. */
  readonly account: string;
  readonly prefix?: string;
  readonly keyArn?: string;
  /** Whether S3 names the bucket when it uses the key, and not each object. */
  readonly bucketKey: boolean;
}

/** Statements of the task role: OpenTofu lists, reads and writes the state, and deletes nothing. */
export function stateStatements(scope: Construct, to: StateScope): iam.PolicyStatement[] {
  const stack = Stack.of(scope);
  const objects = `${to.bucketArn}/${to.prefix ? `${to.prefix}/` : ''}*`;
  // Names of buckets are free again once they are gone: state with its secrets must not go to whoever takes the name then.
  const inAccount = { StringEquals: { 'aws:ResourceAccount': to.account } };
  const statements = [
    new iam.PolicyStatement({
      sid: 'ListState',
      actions: ['s3:ListBucket'],
      resources: [to.bucketArn],
      // OpenTofu lists its workspaces, which it keeps below `env:/`, too.
      conditions: { ...inAccount, ...(to.prefix ? { StringLike: { 's3:prefix': [`${to.prefix}/*`, 'env:/'] } } : {}) },
    }),
    new iam.PolicyStatement({
      sid: 'ReadAndWriteState',
      actions: ['s3:GetObject', 's3:PutObject'],
      resources: [objects],
      conditions: inAccount,
    }),
  ];
  if (to.prefix) {
    // OpenTofu first looks for the state with a HEAD, which has no prefix. Only to those who may list the bucket S3 answers that a missing state
    // does not exist (404) instead of 403, and AWS does not document whether a permission that is limited to a prefix counts.
    statements.push(new iam.PolicyStatement({
      sid: 'FindMissingState',
      actions: ['s3:ListBucket'],
      resources: [to.bucketArn],
      conditions: { ...inAccount, Null: { 's3:prefix': 'true' } },
    }));
  }
  if (to.keyArn) {
    statements.push(new iam.PolicyStatement({
      sid: 'EncryptState',
      actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
      resources: [to.keyArn],
      conditions: {
        StringEquals: { 'kms:ViaService': `s3.${stack.region}.${stack.urlSuffix}` },
        StringLike: { 'kms:EncryptionContext:aws:s3:arn': to.bucketKey ? to.bucketArn : [to.bucketArn, objects] },
      },
    }));
  }
  return statements;
}

/** The trust of roles that ECS tasks run with: tasks of this account and region only. */
export function tasksPrincipal(scope: Construct): iam.IPrincipal {
  const stack = Stack.of(scope);
  return new iam.ServicePrincipal('ecs-tasks.amazonaws.com', {
    conditions: {
      StringEquals: { 'aws:SourceAccount': stack.account },
      ArnLike: { 'aws:SourceArn': stack.formatArn({ service: 'ecs', resource: '*' }) },
    },
  });
}
