import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { rolePropsOf, RoleSettings, RunnerRole } from './runner-roles';
import { OIDC_AUDIENCE, TASK_CPU_MAX, TASK_MEMORY_MAX } from '../common/contract';
import { onlyOnAll, WildcardReasons } from '../common/policy-findings';
import { addPolicy } from '../common/role-policies';
import type { EcsRunnerProps } from '../inputs/ecs-runner-props';

/** The resources that the statements are restricted to, in addition to the orchestrator's task definition families. */
export interface TaskAccess {
  readonly clusterName: string;
  readonly clusterArn: string;
  readonly executionRoleArn: string;
  readonly taskRoleArn: string;
}

export type TaskManagerRoleInputs = RoleSettings & Pick<EcsRunnerProps, 'orchestrator'>;

const FAMILIES = {
  reason: 'The orchestrator makes a task definition family for each environment and a revision for each deployment. The wildcard begins after its prefix.',
};
const WILDCARD_REASONS: WildcardReasons = {
  'ecs:ListTaskDefinitions': onlyOnAll('ecs:ListTaskDefinitions', 'aws:RequestedRegion', 'the region'),
  'ecs:DeregisterTaskDefinition': onlyOnAll('ecs:DeregisterTaskDefinition', 'aws:RequestedRegion', 'the region'),
  'ecs:ListTasks': { condition: 'ecs:cluster', reason: 'AWS evaluates ecs:ListTasks on *, too; a condition holds it to the cluster.' },
  'ecs:DeleteTaskDefinitions': FAMILIES,
  'ecs:RegisterTaskDefinition': FAMILIES,
  'ecs:RunTask': { ...FAMILIES, condition: 'ecs:cluster' },
  'ecs:TagResource': { condition: 'ecs:CreateAction', reason: 'Only with the call that creates what is tagged, as a condition says; ECS gives the id or revision.' },
  'ecs:DescribeTasks': { condition: 'ecs:cluster', reason: 'ECS gives tasks their ids. The wildcard begins after the cluster, and a condition holds it there.' },
};

/** The role that the orchestrator assumes, with an OIDC token that names the organization and this runner. */
export function createTaskManagerRole(
  scope: Construct, inputs: TaskManagerRoleInputs, runnerId: string, oidcProvider: iam.IOidcProvider, tasks: TaskAccess,
): RunnerRole & { policy: iam.Policy } {
  const { orchestrator } = inputs;
  const role = new iam.Role(scope, 'TaskManagerRole', {
    description: 'Runs the deployments of the Platform Orchestrator as ECS tasks',
    assumedBy: new iam.WebIdentityPrincipal(oidcProvider.oidcProviderArn, {
      StringEquals: {
        [`${orchestrator._issuerName}:aud`]: OIDC_AUDIENCE,
        [`${orchestrator._issuerName}:sub`]: `${orchestrator.orgId}+${runnerId}`,
      },
    }),
    ...rolePropsOf(inputs),
  });
  const from = { input: 'taskManagerRole', fix: 'Grant less to it, or attach an iam.ManagedPolicy.', wildcardReasons: WILDCARD_REASONS };
  return { role, policy: addPolicy(role, 'RunTasks', role, taskManagerStatements(scope, orchestrator.taskFamilyPrefix, tasks), from) };
}

/**
 * Statements of the role that the orchestrator assumes: the calls of one deployment, and no other.
 *
 * @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
 */
function taskManagerStatements(scope: Construct, taskFamilyPrefix: string, to: TaskAccess): iam.PolicyStatement[] {
  const stack = Stack.of(scope);
  const ecsArn = (resource: string, resourceName: string) => stack.formatArn({ service: 'ecs', resource, resourceName });
  const taskDefinitions = ecsArn('task-definition', `${taskFamilyPrefix}*:*`);
  const tasks = ecsArn('task', `${to.clusterName}/*`);
  const inCluster = { ArnEquals: { 'ecs:cluster': to.clusterArn } };
  // A Deny instead of a condition of the Allow: the orchestrator sends sizes such as ".5 vCPU", which are not numbers, and a missing size must pass, too.
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
      // AWS supports only the resource * for both actions.
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
      // Negated, so that calls without this key pass.
      conditions: { StringNotEquals: { 'ecs:privileged': 'true' } },
    }),
    new iam.PolicyStatement({
      sid: 'TagTaskDefinition',
      actions: ['ecs:TagResource'],
      // AWS checks the ARN with and without the revision.
      resources: [ecsArn('task-definition', `${taskFamilyPrefix}*`)],
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
      // Tools report the resource both as * and as container instances of the cluster. The condition restricts it to the cluster.
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
