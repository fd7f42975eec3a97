import type { RemovalPolicy } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type { Orchestrator } from './orchestrator';
import type { RegistrationNetwork } from './registration-network';
import type { RunnerImage } from './runner-image';
import type { StateStorage } from './state-storage';

/** What happens when you delete a runner that environments still use. */
export enum OnInUse {
  /** The deletion fails, the reason names the environments, and nothing else is deleted. */
  FAIL = 'fail',
  /** The registration stays at the orchestrator, and everything else is deleted. Deployments of these environments fail afterwards. */
  RETAIN = 'retain',
}

/** Properties of `EcsRunner`. */
export interface EcsRunnerProps {
  /** The orchestrator that the runner belongs to. */
  readonly orchestrator: Orchestrator;

  /**
   * Id of the runner at the orchestrator: lower-case letters, digits and single `-`, starting with a letter, 2 to 100
   * characters. A change replaces the runner.
   *
   * @default - generated from `runnerIdPrefix`; updates do not change it
   */
  readonly runnerId?: string;

  /**
   * Prefix of a generated id, which continues with `-` and 8 characters. Lower-case letters, digits and single `-`, starting
   * with a letter, at most 91 characters. Cannot be combined with `runnerId`.
   *
   * @default 'runner'
   */
  readonly runnerIdPrefix?: string;

  /**
   * Description of the runner that the orchestrator shows. At most 200 characters.
   *
   * @default - none
   */
  readonly description?: string;

  /**
   * VPC of the tasks. Cannot be combined with `subnetIds`. A warning is printed if the tasks run in isolated subnets, which have no route to the
   * orchestrator.
   *
   * @default - no VPC with `subnetIds`; the VPC of `cluster`, if the cluster knows it; otherwise a new VPC with two zones and one NAT gateway
   */
  readonly vpc?: ec2.IVpc;

  /**
   * Selection of 1 to 16 subnets of the VPC for the tasks. Requires `vpc`, or a `cluster` that knows its VPC.
   *
   * @default - the private subnets
   */
  readonly vpcSubnets?: ec2.SubnetSelection;

  /**
   * Ids of 1 to 16 subnets for the tasks, if you have no VPC construct. Use it instead of `vpc`.
   *
   * @default - the subnets of `vpc`
   */
  readonly subnetIds?: string[];

  /**
   * Security groups of the tasks: at most 5.
   *
   * With `subnetIds` and no security groups, ECS uses the default security group of the VPC, `connections` of the runner has no effect, and a warning
   * is printed.
   *
   * @default - with a VPC, a new one without inbound traffic. Outbound, over IPv4 and IPv6: port 443, the ports of the orchestrator's `apiUrl` and
   * `gatewayUrl`, and port 22 if `secrets` has `RUNNER_GIT_SSH_KEYS`. With `subnetIds`, the default group of their VPC
   * @see https://docs.aws.amazon.com/vpc/latest/userguide/default-security-group.html
   */
  readonly securityGroups?: ec2.ISecurityGroup[];

  /**
   * Whether the tasks get a public IP address. Tasks in a public subnet need one.
   *
   * @default false
   */
  readonly assignPublicIp?: boolean;

  /**
   * Cluster of the tasks, in the account and region of the stack. Its name can be at most 255 characters long.
   *
   * @default - a new cluster with Container Insights and ECS Exec logging
   */
  readonly cluster?: ecs.ICluster;

  /**
   * Container Insights of the new cluster. Cannot be combined with `cluster`.
   *
   * @default ContainerInsights.ENABLED
   * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cloudwatch-container-insights.html
   */
  readonly containerInsights?: ecs.ContainerInsights;

  /**
   * Location of the OpenTofu state.
   *
   * @default StateStorage.newBucket()
   */
  readonly stateStorage?: StateStorage;

  /**
   * Whether an update may change the bucket or the prefix of the state. The update does not copy the state: copy it before the next
   * deployment, or OpenTofu creates all resources again.
   *
   * @default false
   */
  readonly allowStateMove?: boolean;

  /**
   * Customer managed key for the new state bucket and the log groups. The log group of the registration's Lambda uses the key of the first runner in the
   * stack that has one. The policy of a key of this stack gets the required statements; for an imported key, a warning contains the statements that its policy
   * must have. If an existing state bucket was imported without its key, this must be the key of that bucket. An alias is not accepted: give the key.
   *
   * @default - keys that AWS manages
   */
  readonly encryptionKey?: kms.IKey;

  /**
   * Retention of all log groups, including that of the registration's Lambda.
   *
   * @default RetentionDays.ONE_MONTH
   */
  readonly logRetention?: logs.RetentionDays;

  /**
   * What happens to the log groups when they are removed from the stack. The names of two log groups contain the runner id, so a retained log group
   * blocks the next deployment of a runner with the same id. `RETAIN` works like `RETAIN_ON_UPDATE_OR_DELETE`: it does not retain the empty log groups of
   * a first deployment that fails, because they would block the next attempt. The log group of the registration's Lambda is retained if any runner of the stack asks
   * for it.
   *
   * @default RemovalPolicy.DESTROY
   */
  readonly logRemovalPolicy?: RemovalPolicy;

  /**
   * Whether to log the state changes of the tasks, which contain the reason if a task does not start. The new log group needs a CloudWatch Logs resource
   * policy, which the runners of the stack share. An account can have ten of these policies per region: if the quota is used up, turn the log off or
   * give `eventLogGroup`.
   *
   * @default true
   * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
   */
  readonly eventLogEnabled?: boolean;

  /**
   * An existing log group for the state changes of the tasks, in the account and region of the stack. Several runners can use one. Its retention,
   * encryption and policy are not changed. A CloudWatch Logs resource policy must allow `events.amazonaws.com` and
   * `delivery.logs.amazonaws.com` the actions `logs:CreateLogStream` and `logs:PutLogEvents` on its ARN with `:*` at the end: without it EventBridge
   * drops the events. The construct does not create this policy. Cannot be combined with `eventLogEnabled: false`.
   *
   * @default - a new log group, `/aws/ecs/<runner id>`
   * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-cloudwatchlogs-permissions
   */
  readonly eventLogGroup?: logs.ILogGroup;

  /**
   * Container image of the deployments. Its name with tag or digest can be at most 255 characters long.
   *
   * @default - the default image of the orchestrator
   */
  readonly image?: RunnerImage;

  /**
   * Environment variables of the deployments, such as `TF_VAR_...`: values of at most 1,024 characters. They are readable
   * in the template and at the orchestrator: use `secrets` for sensitive values, and for `RUNNER_GIT_SSH_KEYS`, which the
   * orchestrator accepts only as a secret. The variables of the orchestrator, such as `RUNNER_ID` and `TOKEN`, cannot be set.
   *
   * @default - none
   */
  readonly environment?: Record<string, string>;

  /**
   * Environment variables of the deployments whose values ECS reads from Secrets Manager or the Parameter Store. The execution
   * role gets permission to read them. The orchestrator accepts complete ARNs only: no JSON fields, no versions, and no secrets imported by
   * name or partial ARN.
   *
   * The inline policies of a role can have 10,240 characters: with ARNs of 100 characters, this is enough for 95 secrets, or for 45 secrets with customer
   * managed keys. Longer policies are an error at synthesis.
   *
   * @default - none
   * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specifying-sensitive-data.html
   */
  readonly secrets?: Record<string, ecs.Secret>;

  /**
   * The role that OpenTofu uses. It must be in this account and trust `ecs-tasks.amazonaws.com`. The construct grants it access to the state.
   *
   * @default - a new role with access to the state and to the resources that you grant to the runner
   */
  readonly taskRole?: iam.IRole;

  /**
   * The role that ECS uses to start the tasks. It must trust `ecs-tasks.amazonaws.com`. The construct grants it access to `secrets`
   * and to `image`.
   *
   * @default - a new role with access to the secrets and the image only
   */
  readonly executionRole?: iam.IRole;

  /**
   * Path of all roles that the construct creates. It starts and ends with `/`, has letters, digits and `_+=,.@-` between the slashes, and at most 512
   * characters. All runners of a stack must use the same path.
   *
   * @default '/'
   * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
   */
  readonly rolePath?: string;

  /**
   * Permissions boundary of all roles that the construct creates. All runners of a stack must use the same boundary. The boundary of the app, stage or stack
   * (`PermissionsBoundary`, context `@aws-cdk/core:permissionsBoundary`) replaces it: a warning is printed if they differ.
   *
   * @default - the boundary of the app, stage or stack, if there is one
   * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
   */
  readonly permissionsBoundary?: iam.IManagedPolicy;

  /**
   * The OIDC provider of the orchestrator's issuer in this account, for audience `sts.amazonaws.com`. An account can have
   * only one OIDC provider per issuer: if runners of several stacks use it, define a `RunnerOidcProvider` and pass it here. Required if `registrationNetwork` has
   * `createEndpoints`, as the Lambda cannot reach IAM then.
   *
   * @default - the deployment uses the account's provider of the issuer, or creates it if the account has none. It never changes or deletes the provider.
   * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html
   */
  readonly oidcProvider?: iam.IOidcProvider;

  /**
   * Tags of every resource of the construct that supports tags: at most 50, with keys of 1 to 128 and values of at most 256 letters, digits,
   * spaces and `_.:/=+-@`. Keys and values must not start with `aws:`, and keys must differ not only in case. Tags of the app and the stack count, too. A runner in a new VPC can have 47 tags, because the CDK adds three tags to subnets.
   * Resources that several runners of a stack share get the tags of all of them. If two runners have different values for a key, the value of the runner that
   * is defined last is used.
   *
   * @default - none
   */
  readonly tags?: Record<string, string>;

  /**
   * VPC of the registration's Lambda, if the orchestrator's API cannot be reached from the internet. All runners of a stack share the Lambda and
   * must use the same network.
   *
   * @default - none: the Lambda can reach the internet, but no VPC
   */
  readonly registrationNetwork?: RegistrationNetwork;

  /**
   * Take over a runner of the same `runnerId` that Terraform or a person registered. Needs `runnerId`. `description` and `environment` stay as they are registered,
   * unless you give them. The Lambda's log and its answer to CloudFormation contain the former configuration.
   *
   * While this is set, deleting the runner leaves the registration and the rules that were taken over at the orchestrator, also in the rollback of a failed deployment.
   * Remove the setting after the deployment that took the runner over.
   *
   * @default false
   */
  readonly adoptExisting?: boolean;

  /**
   * What happens when you delete a runner that environments, or runner rules that do not belong to its stack, still use. The orchestrator would delete these rules with the runner.
   *
   * @default OnInUse.FAIL
   */
  readonly onInUse?: OnInUse;
}
