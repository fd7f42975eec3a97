import { CfnResource, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { acknowledgeCdkProvider, acknowledgeRole } from './acknowledgements';
import { OIDC_AUDIENCE } from './contract';
import type { EcsRunnerProps } from './ecs-runner-props';
import { hidePlaceholder } from './problems';
import { addToGivenRole, StatementCollector } from './statement-collector';
import { StateScope, stateStatements, TaskManagerScope, taskManagerStatements, tasksPrincipal } from './statements';

type RoleSettings = Pick<EcsRunnerProps, 'rolePath' | 'permissionsBoundary'>;

/** The role that OpenTofu runs with. */
export function bindTaskRole(scope: Construct, props: EcsRunnerProps, state: StateScope): iam.IRole {
  const statements = stateStatements(scope, state);
  if (props.taskRole) {
    addToGivenRole(scope, 'taskRole', props.taskRole, statements);
    return props.taskRole;
  }
  const role = new iam.Role(scope, 'TaskRole', {
    description: 'OpenTofu in the tasks of a Platform Orchestrator runner',
    assumedBy: tasksPrincipal(scope),
    ...settings(props),
    inlinePolicies: { State: new iam.PolicyDocument({ statements }) },
  });
  acknowledgeRole(role);
  return role;
}

/** The role that ECS starts the tasks with, and the image that it pulls. */
export function bindExecutionRole(scope: Construct, props: EcsRunnerProps): { role: iam.IRole; image?: string } {
  const collector = new StatementCollector(scope);
  // By name: Go and Java hand over maps in another order each time, and the policy would change with every synthesis.
  for (const [, secret] of Object.entries(props.secrets ?? {}).sort(([one], [other]) => one < other ? -1 : 1)) {
    collector.collectSecret(secret);
  }
  const image = props.image?._bind(scope, collector);
  const { statements } = collector;
  if (props.executionRole) {
    addToGivenRole(scope, 'executionRole', props.executionRole, statements);
    return { role: props.executionRole, image };
  }
  const role = new iam.Role(scope, 'ExecutionRole', {
    description: 'Starts the tasks of a Platform Orchestrator runner',
    assumedBy: tasksPrincipal(scope),
    ...settings(props),
    inlinePolicies: statements.length > 0
      ? { TaskStart: new iam.PolicyDocument({ statements }) }
      : undefined,
  });
  acknowledgeRole(role);
  return { role, image };
}

/** The role that the orchestrator assumes, with an OIDC token that names the organization and this runner. */
export function taskManagerRole(
  scope: Construct, props: EcsRunnerProps, runnerId: string, oidcProvider: iam.IOidcProvider, to: TaskManagerScope,
): iam.Role {
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
    inlinePolicies: { RunTasks: new iam.PolicyDocument({ statements: taskManagerStatements(scope, to) }) },
  });
  acknowledgeRole(role);
  return role;
}

/**
 * Gives the role of one of CDK's own custom resource providers the same path and boundary, and acknowledges what is found in its function. CDK
 * makes these as a side effect of other constructs and takes no settings for them.
 */
export function limitProviderRole(scope: Construct, props: RoleSettings, provider: string): void {
  const made = Stack.of(scope).node.tryFindChild(provider);
  const role = made?.node.tryFindChild('Role');
  if (!made || !CfnResource.isCfnResource(role)) {
    return;
  }
  acknowledgeCdkProvider(made);
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
