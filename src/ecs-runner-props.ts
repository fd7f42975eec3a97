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

/** What deleting a runner does while environments still use it. */
export enum OnInUse {
  /** The deletion fails and names the environments; nothing is torn down. */
  FAIL = 'fail',
  /** The registration is left at the orchestrator, and the rest is deleted. Deployments of those environments fail from then on. */
  RETAIN = 'retain',
}

/** What an `EcsRunner` is made from. */
export interface EcsRunnerProps {
  /** The orchestrator that the runner belongs to. */
  readonly orchestrator: Orchestrator;

  /**
   * Id of the runner at the orchestrator: lower-case letters, digits and single `-`, starting with a letter, 2 to 100
   * characters. Changing it makes a new runner and deletes the old one.
   *
   * @default - one is generated from `runnerIdPrefix`; it stays the same for the life of the resource
   */
  readonly runnerId?: string;

  /**
   * What a generated id starts with; `-` and 8 characters follow. Lower-case letters, digits and single `-`, starting
   * with a letter, at most 91 characters. Not together with `runnerId`.
   *
   * @default 'runner'
   */
  readonly runnerIdPrefix?: string;

  /**
   * What the runner is for, as the orchestrator shows it. At most 200 characters.
   *
   * @default - none
   */
  readonly description?: string;

  /**
   * VPC that the tasks run in. Not together with `subnetIds`. A warning is printed if the tasks run in isolated subnets, which have no route to the
   * orchestrator.
   *
   * @default - with `subnetIds`, none; with a `cluster` that knows its VPC, that VPC; else a new one of two zones with one NAT gateway
   */
  readonly vpc?: ec2.IVpc;

  /**
   * Which of the VPC's subnets the tasks run in: 1 to 16. Needs `vpc`, or a `cluster` that knows its VPC.
   *
   * @default - the private subnets
   */
  readonly vpcSubnets?: ec2.SubnetSelection;

  /**
   * Ids of the subnets that the tasks run in, 1 to 16, when there is no VPC construct at hand.
   *
   * @default - the subnets of `vpc`
   */
  readonly subnetIds?: string[];

  /**
   * Security groups of the tasks, 5 at most.
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
   * Whether the tasks get a public IP address. They need one in a public subnet.
   *
   * @default false
   */
  readonly assignPublicIp?: boolean;

  /**
   * The cluster that the tasks run in, in the account and region of the stack. Its name may have 255 characters.
   *
   * @default - a new one with Container Insights and ECS Exec logging
   */
  readonly cluster?: ecs.ICluster;

  /**
   * Container Insights of the new cluster. Not together with `cluster`.
   *
   * @default ContainerInsights.ENABLED
   * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cloudwatch-container-insights.html
   */
  readonly containerInsights?: ecs.ContainerInsights;

  /**
   * Where OpenTofu keeps its state.
   *
   * @default StateStorage.newBucket()
   */
  readonly stateStorage?: StateStorage;

  /**
   * Let an update move the state to another bucket or prefix. The old state is not moved along: copy it before the next
   * deployment, or OpenTofu creates everything once more.
   *
   * @default false
   */
  readonly allowStateMove?: boolean;

  /**
   * Customer managed key for the new state bucket and the log groups; the registration's own has the key of the stack's first runner
   * that has one. A key of this stack gets the statements that it needs; for an imported one a warning says what its policy must
   * allow. With an existing state bucket that was imported without its key, it is the key of that bucket. The key itself, not an
   * alias.
   *
   * @default - keys that AWS manages
   */
  readonly encryptionKey?: kms.IKey;

  /**
   * How long the log groups keep what they get, the registration's own included.
   *
   * @default RetentionDays.ONE_MONTH
   */
  readonly logRetention?: logs.RetentionDays;

  /**
   * What becomes of the log groups when they leave the stack. Two of them are named after the runner, so a kept one
   * blocks the next deployment of a runner with the same id. `RETAIN` works like `RETAIN_ON_UPDATE_OR_DELETE`: it does not keep the empty log groups of
   * a first deployment that fails, as they would block the next try.
   *
   * @default RemovalPolicy.DESTROY
   */
  readonly logRemovalPolicy?: RemovalPolicy;

  /**
   * Whether the state changes of the tasks are logged, which tell why a task did not start. The new log group needs a CloudWatch Logs resource policy,
   * which the runners of the stack share. An account can have ten of these policies per region: turn the log off, or give `eventLogGroup`, if they are
   * used up.
   *
   * @default true
   * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
   */
  readonly eventLogEnabled?: boolean;

  /**
   * An existing log group for the state changes of the tasks, in the account and region of the stack. Several runners can use one. Its retention,
   * encryption and policy stay as they are. A CloudWatch Logs resource policy has to allow `events.amazonaws.com` and
   * `delivery.logs.amazonaws.com` the actions `logs:CreateLogStream` and `logs:PutLogEvents` on its ARN with `:*` at the end: without it EventBridge
   * drops the events. None is created. Not together with `eventLogEnabled: false`.
   *
   * @default - a new one, `/aws/ecs/<runner id>`
   * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-cloudwatchlogs-permissions
   */
  readonly eventLogGroup?: logs.ILogGroup;

  /**
   * Container image of the deployments: its name with tag or digest may have 255 characters.
   *
   * @default - the orchestrator's own image
   */
  readonly image?: RunnerImage;

  /**
   * Environment variables of the deployments, such as `TF_VAR_...`: values of at most 1,024 characters. They are readable
   * in the template and at the orchestrator; use `secrets` for what must not be, and for `RUNNER_GIT_SSH_KEYS`, which the
   * orchestrator takes in no other way. Its own variables, such as `RUNNER_ID` and `TOKEN`, cannot be set.
   *
   * @default - none
   */
  readonly environment?: Record<string, string>;

  /**
   * Environment variables of the deployments that ECS fills from Secrets Manager or the Parameter Store. The execution
   * role may read them. The orchestrator takes whole ARNs only: no JSON fields, no versions, and no secrets imported by
   * name or partial ARN.
   *
   * The inline policies of a role can have 10,240 characters: with ARNs of 100 characters, that is enough for 95 secrets, or for 45 with customer
   * managed keys. More are an error at synthesis.
   *
   * @default - none
   * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specifying-sensitive-data.html
   */
  readonly secrets?: Record<string, ecs.Secret>;

  /**
   * The role that OpenTofu runs with: of this account, and it has to trust `ecs-tasks.amazonaws.com`. It is given access to the state.
   *
   * @default - a new one, which may reach the state and what you grant to the runner
   */
  readonly taskRole?: iam.IRole;

  /**
   * The role that ECS starts the tasks with: it has to trust `ecs-tasks.amazonaws.com`. It is given access to `secrets`
   * and to `image`.
   *
   * @default - a new one, which may reach the secrets and the image and nothing else
   */
  readonly executionRole?: iam.IRole;

  /**
   * Path of all roles that are created: starts and ends with `/`, at most 512 characters, between the slashes letters, digits and `_+=,.@-`. All
   * runners of a stack have the same.
   *
   * @default '/'
   * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
   */
  readonly rolePath?: string;

  /**
   * Permissions boundary of all roles that are created. All runners of a stack have the same.
   *
   * @default - none
   * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
   */
  readonly permissionsBoundary?: iam.IManagedPolicy;

  /**
   * The OIDC provider of the orchestrator's issuer in this account, for audience `sts.amazonaws.com`. An account can have
   * only one OIDC provider per issuer: if runners of several stacks use it, define a `RunnerOidcProvider` and pass it here. Required if `registrationNetwork` has
   * `createEndpoints`, as the Lambda cannot reach IAM then.
   *
   * @default - the deployment uses the account's provider of the issuer, or creates it if there is none. It is never changed or deleted.
   * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html
   */
  readonly oidcProvider?: iam.IOidcProvider;

  /**
   * Tags for everything that the construct makes and that takes tags: at most 50, with keys of 1 to 128 and values of at most 256 letters, digits,
   * spaces and `_.:/=+-@`. Neither may start with `aws:`. A runner in a new VPC can have 47, as the CDK adds three to subnets. Resources that
   * several runners of a stack share get the tags of all of them; of two values for a key, the value of the runner that was defined last.
   *
   * @default - none
   */
  readonly tags?: Record<string, string>;

  /**
   * The VPC of the Lambda that registers the runner, where the orchestrator's API cannot be reached from the internet. All runners of a stack
   * share the Lambda: give all of them the same.
   *
   * @default - none: the Lambda reaches the internet, and nothing of a VPC
   */
  readonly registrationNetwork?: RegistrationNetwork;

  /**
   * Take over a runner of the same `runnerId` that Terraform or a person registered. Needs `runnerId`.
   *
   * @default false
   */
  readonly adoptExisting?: boolean;

  /**
   * What deleting the runner does while environments still use it.
   *
   * @default OnInUse.FAIL
   */
  readonly onInUse?: OnInUse;
}
