import { CfnResource, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { StatementCollector } from './statement-collector';
import { StateScope, stateStatements, TaskManagerScope, taskManagerStatements, tasksPrincipal } from './statements';
import { tagProvider } from './tags';
import { acknowledgeCdkProvider } from '../common/acknowledgements';
import { OIDC_AUDIENCE } from '../common/contract';
import { hidePlaceholder } from '../common/problems';
import { addPolicy, addPolicyToGivenRole } from '../common/role-policies';
import type { EcsRunnerProps } from '../inputs/ecs-runner-props';

type RoleSettings = Pick<EcsRunnerProps, 'rolePath' | 'permissionsBoundary' | 'tags'>;

/** A role of a runner, and the policy with what the runner needs of it; undefined if there is none, or if it cannot be added. */
export interface BoundRole {
  readonly role: iam.IRole;
  readonly policy?: iam.Policy;
}

/** The role that OpenTofu uses. */
export function bindTaskRole(scope: Construct, props: EcsRunnerProps, state: StateScope): BoundRole {
  const from = { input: 'taskRole', fix: 'Grant less, or put some of the permissions into an iam.ManagedPolicy and attach it to the role.' };
  const statements = stateStatements(scope, state);
  if (props.taskRole) {
    return { role: props.taskRole, policy: addPolicyToGivenRole(scope, 'TaskRolePolicy', props.taskRole, statements, from) };
  }
  const role = new iam.Role(scope, 'TaskRole', {
    description: 'OpenTofu in the tasks of a Platform Orchestrator runner',
    assumedBy: tasksPrincipal(scope),
    ...settings(props),
  });
  return { role, policy: addPolicy(role, 'State', role, statements, from) };
}

/** The role that ECS starts the tasks with, and the image that it pulls. */
export function bindExecutionRole(scope: Construct, props: EcsRunnerProps): BoundRole & { image?: string } {
  const collector = new StatementCollector(scope);
  // By name: Go and Java hand over maps in another order each time, and the policy would change with every synthesis.
  for (const [, secret] of Object.entries(props.secrets ?? {}).sort(([one], [other]) => one < other ? -1 : 1)) {
    collector.collectSecret(secret);
  }
  const image = props.image?._bind(scope, collector);
  const { statements } = collector;
  const from = {
    input: props.executionRole ? 'executionRole' : 'secrets',
    fix: 'Keep several values in one secret, or give an `executionRole` that reads the secrets by managed policies (role.withoutPolicyUpdates()).',
  };
  if (props.executionRole) {
    return { role: props.executionRole, image, policy: addPolicyToGivenRole(scope, 'ExecutionRolePolicy', props.executionRole, statements, from) };
  }
  const role = new iam.Role(scope, 'ExecutionRole', {
    description: 'Starts the tasks of a Platform Orchestrator runner',
    assumedBy: tasksPrincipal(scope),
    ...settings(props),
  });
  return { role, image, policy: statements.length > 0 ? addPolicy(role, 'TaskStart', role, statements, from) : undefined };
}

/** The role that the orchestrator assumes, with an OIDC token that names the organization and this runner. */
export function bindTaskManagerRole(
  scope: Construct, props: EcsRunnerProps, runnerId: string, oidcProvider: iam.IOidcProvider, to: TaskManagerScope,
): BoundRole {
  const { orchestrator } = props;
  const role = new iam.Role(scope, 'TaskManagerRole', {
    description: 'Runs the deployments of the Platform Orchestrator as ECS tasks',
    assumedBy: new iam.WebIdentityPrincipal(oidcProvider.oidcProviderArn, {
      StringEquals: {
        [`${orchestrator._issuerName}:aud`]: OIDC_AUDIENCE,
        [`${orchestrator._issuerName}:sub`]: `${orchestrator.orgId}+${runnerId}`,
      },
    }),
    ...settings(props),
  });
  const from = { input: 'taskManagerRole', fix: 'Grant less to it, or attach an iam.ManagedPolicy.' };
  return { role, policy: addPolicy(role, 'RunTasks', role, taskManagerStatements(scope, to), from) };
}

/**
 * Gives the role of one of CDK's own custom resource providers the same path, boundary and tags, and acknowledges what is found in its function. CDK
 * makes these as a side effect of other constructs and takes no settings for them.
 */
export function limitProviderRole(scope: Construct, props: RoleSettings, provider: string): void {
  const made = Stack.of(scope).node.tryFindChild(provider);
  const role = made?.node.tryFindChild('Role');
  if (!made || !CfnResource.isCfnResource(role)) {
    return;
  }
  acknowledgeCdkProvider(made);
  tagProvider(made, props.tags ?? {});
  if (props.rolePath !== undefined) {
    role.addPropertyOverride('Path', props.rolePath);
  }
  if (props.permissionsBoundary) {
    role.addPropertyOverride('PermissionsBoundary', props.permissionsBoundary.managedPolicyArn);
  }
}

function settings(props: RoleSettings) {
  return { path: hidePlaceholder(props.rolePath), permissionsBoundary: props.permissionsBoundary };
}
