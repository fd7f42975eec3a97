import { CustomResource, RemovalPolicy, Resource, Stack, Tags } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { acknowledge, logGroupFindings, REGISTRATION } from './acknowledgements';
import { checkRunner } from './checks';
import { DEFAULT_RUNNER_ID_PREFIX, RUNNER_ID_SUFFIX_LENGTH } from './contract';
import { DEFAULT_LOG_RETENTION } from './defaults';
import type { EcsRunnerProps } from './ecs-runner-props';
import { allowLogGroups } from './encryption';
import { warnAboutEnvironment } from './environment';
import { EventLog } from './event-log';
import { ImportedRunner } from './imported-runner';
import { bindNetwork, RunnerNetwork } from './network';
import type { Orchestrator } from './orchestrator';
import { RegistrationProvider } from './registration/provider';
import { remember, runnerIdResource, runnerResource } from './registration/resources';
import { bindExecutionRole, bindOidcProvider, bindTaskRole, limitProviderRole, taskManagerRole } from './roles';
import { RunnerRule } from './runner-rule';
import type { EcsRunnerAttributes, IEcsRunner, RunnerRuleOptions } from './runner-types';
import { StateStorage } from './state-storage';
import { valuesOfDeployment } from './wildcards';

/**
 * A runner of the Platform Orchestrator on Amazon ECS: a cluster, three roles, the OIDC trust, a state bucket, and the
 * registration at the orchestrator.
 *
 * Grants to it go to the role that OpenTofu runs with.
 *
 * @throws an error at synthesis that names everything that is wrong with the properties
 * @see https://developer.humanitec.com/platform-orchestrator/docs/platform-orchestrator/runners/
 */
export class EcsRunner extends Resource implements IEcsRunner {
  /**
   * A runner that exists already, known by its id alone. No rule can be added to it, and what is granted to it is a warning that names the permissions.
   *
   * @param scope the construct that it belongs to
   * @param id its name there
   * @param runnerId id of the runner at the orchestrator
   */
  public static fromRunnerId(scope: Construct, id: string, runnerId: string): IEcsRunner {
    return new ImportedRunner(scope, id, { runnerId });
  }

  /**
   * A runner that exists already. What it can do depends on what is told of it.
   *
   * @param scope the construct that it belongs to
   * @param id its name there
   * @param attributes what is known of it
   */
  public static fromRunnerAttributes(scope: Construct, id: string, attributes: EcsRunnerAttributes): IEcsRunner {
    return new ImportedRunner(scope, id, attributes);
  }

  public readonly runnerId: string;
  public readonly orchestrator?: Orchestrator;
  /** The cluster that the tasks run in. */
  public readonly cluster: ecs.ICluster;
  /** The bucket that OpenTofu keeps its state in. */
  public readonly stateBucket: s3.IBucket;
  /** Path in the bucket below which the state is kept; undefined when it lies at the top. */
  public readonly statePrefix?: string;
  /** The OIDC provider that the orchestrator's role trusts. */
  public readonly oidcProvider: iam.IOidcProvider;
  /** The role that the orchestrator assumes to run tasks. */
  public readonly taskManagerRole: iam.IRole;
  /** The role that ECS starts the tasks with. */
  public readonly executionRole: iam.IRole;
  /** The role that OpenTofu runs with. */
  public readonly taskRole: iam.IRole;
  /**
   * Log group of the tasks' state changes, `/aws/ecs/<runner id>`. Events do not say which runner a task belongs to: on a cluster that
   * several runners of an orchestrator share, each of their logs has the tasks of all.
   */
  public readonly eventLogGroup: logs.ILogGroup;
  /** Log group of ECS Exec on a cluster that the construct made, `/aws/ecs/<runner id>/exec`; undefined on an existing one. */
  public readonly execLogGroup?: logs.ILogGroup;
  /** The VPC that the tasks run in; undefined when only `subnetIds` were given. */
  public readonly vpc?: ec2.IVpc;
  /** Ids of the subnets that the tasks run in. */
  public readonly subnetIds: string[];
  /** The security groups of the tasks. */
  public readonly connections: ec2.Connections;
  public readonly grantPrincipal: iam.IPrincipal;

  /**
   * Makes a runner.
   *
   * @param scope the construct that it belongs to, in a stack of the `aws` partition: the orchestrator takes no roles of others
   * @param id its name there; renaming it replaces everything that the runner is made of
   * @param props what it is made from
   */
  constructor(scope: Construct, id: string, props: EcsRunnerProps) {
    super(scope, id);
    checkRunner(this, props);
    warnAboutEnvironment(this, props.environment);

    const { orchestrator, tags = {} } = props;
    this.orchestrator = orchestrator;
    const stateStorage = props.stateStorage ?? StateStorage.newBucket();
    const logRetention = props.logRetention ?? DEFAULT_LOG_RETENTION;
    const logRemovalPolicy = props.logRemovalPolicy ?? RemovalPolicy.DESTROY;
    const registration = RegistrationProvider.for(this, {
      rolePath: props.rolePath,
      permissionsBoundary: props.permissionsBoundary,
      logRetention,
      logRemovalPolicy,
      tags,
      network: props.registrationNetwork,
      encryptionKey: props.encryptionKey,
    });

    // Before everything else: it refuses a bad token or organization while there is nothing yet to roll back.
    const values = valuesOfDeployment(this, props);
    const idResource = runnerIdResource(this, 'RunnerId', orchestrator, {
      ...props.runnerId !== undefined ? { RunnerId: props.runnerId } : { RunnerIdPrefix: props.runnerIdPrefix ?? DEFAULT_RUNNER_ID_PREFIX },
      Values: values,
    });
    this.runnerId = idResource.ref;

    const network = bindNetwork(this, props);
    this.vpc = network.vpc;
    this.subnetIds = network.subnetIds;
    this.connections = new ec2.Connections({ securityGroups: network.securityGroups, defaultPort: ec2.Port.tcp(443) });

    this.stateBucket = stateStorage._bind(this, props.encryptionKey);
    this.statePrefix = stateStorage._prefix;
    if (stateStorage._autoDeletes) {
      limitProviderRole(this, props, 'Custom::S3AutoDeleteObjectsCustomResourceProvider');
    }
    if (network.vpc && !props.vpc) {
      limitProviderRole(this, props, 'Custom::VpcRestrictDefaultSGCustomResourceProvider');
    }
    const names = logGroupNames(this.runnerId);
    this.eventLogGroup = this.logGroup('EventLogGroup', names.event, props, logRetention, logRemovalPolicy);
    if (!props.cluster) {
      this.execLogGroup = this.logGroup('ExecLogGroup', names.exec, props, logRetention, logRemovalPolicy);
    }
    this.encryptLogs(props, registration);

    const taskRole = bindTaskRole(this, props, {
      bucketArn: this.stateBucket.bucketArn,
      prefix: this.statePrefix,
      account: this.stateBucket.env.account,
      // An existing bucket may know its key itself, and have another one than the log groups.
      keyArn: (this.stateBucket.encryptionKey ?? props.encryptionKey)?.keyArn,
      bucketKey: stateStorage._usesBucketKey,
    });
    this.taskRole = taskRole;
    this.grantPrincipal = taskRole.grantPrincipal;
    const { role: executionRole, image } = bindExecutionRole(this, props);
    this.executionRole = executionRole;

    for (const role of values ? [taskRole, executionRole].filter(each => each.node.scope === this) : []) {
      // No policy has a value that has not been looked at.
      role.node.addDependency(idResource);
    }

    const cluster = props.cluster ?? this.newCluster(props, names.exec, network);
    this.cluster = cluster;
    this.oidcProvider = bindOidcProvider(this, orchestrator, props.oidcProvider);
    this.taskManagerRole = taskManagerRole(this, props, this.runnerId, this.oidcProvider, {
      taskFamilyPrefix: orchestrator.taskFamilyPrefix,
      clusterName: cluster.clusterName,
      clusterArn: cluster.clusterArn,
      executionRoleArn: executionRole.roleArn,
      taskRoleArn: taskRole.roleArn,
    });
    const eventLog = new EventLog(this, 'EventLog', {
      logGroup: this.eventLogGroup,
      logGroupName: names.event,
      clusterArn: cluster.clusterArn,
      taskFamilyPrefix: orchestrator.taskFamilyPrefix,
    });

    this.register(props, network, image, orchestrator).node.addDependency(eventLog, eventLog.policy);
    for (const [key, value] of Object.entries(tags)) {
      Tags.of(this).add(key, value);
      if (!props.oidcProvider) {
        Tags.of(this.oidcProvider).add(key, value);
      }
    }
  }

  /**
   * Sends deployments to the runner.
   *
   * A rule cannot be changed: another filter makes a new rule and then deletes the old one. An environment that was
   * deployed already keeps its runner until somebody refreshes it.
   *
   * @param id name of the rule below the runner; renaming it replaces the rule
   * @param options which deployments
   * @see https://developer.humanitec.com/platform-orchestrator/docs/platform-orchestrator/runners/
   */
  public addRule(id: string, options: RunnerRuleOptions = {}): RunnerRule {
    return new RunnerRule(this, id, { runner: this, ...options });
  }

  private register(props: EcsRunnerProps, network: RunnerNetwork, image: string | undefined, orchestrator: Orchestrator): CustomResource {
    const secrets = Object.entries(props.secrets ?? {}).map(([name, secret]) => [name, secret.arn]);
    const registration = runnerResource(this, 'Registration', orchestrator, {
      RunnerId: this.runnerId,
      Description: props.description,
      Auth: { RoleArn: this.taskManagerRole.roleArn },
      Job: {
        Region: Stack.of(this).region,
        Cluster: this.cluster.clusterName,
        Subnets: network.subnetIds,
        SecurityGroups: network.securityGroups.length > 0 ? network.securityGroups.map(group => group.securityGroupId) : undefined,
        IsPublicIpEnabled: props.assignPublicIp ? 'true' : 'false',
        ExecutionRoleArn: this.executionRole.roleArn,
        TaskRoleArn: this.taskRole.roleArn,
        Image: image,
        Environment: props.environment,
        Secrets: secrets.length > 0 ? Object.fromEntries(secrets) : undefined,
      },
      StateStorage: { Bucket: this.stateBucket.bucketName, PathPrefix: this.statePrefix },
      AdoptExisting: props.adoptExisting ? 'true' : undefined,
      OnInUse: props.onInUse,
      AllowStateMove: props.allowStateMove ? 'true' : undefined,
    });
    remember(this, registration);
    acknowledge(registration, REGISTRATION);
    // A registered runner gets deployments at once, and may have some until it is gone: all that a deployment needs is
    // there before it, and goes after it. So when the orchestrator refuses to let a runner go that is in use, nothing has been
    // torn down yet. Policies that grants add later count, too.
    registration.node.addDependency(
      this.oidcProvider, this.taskManagerRole, this.executionRole, this.taskRole, this.stateBucket, this.eventLogGroup, ...network.securityGroups);
    if (this.execLogGroup) {
      registration.node.addDependency(this.execLogGroup);
    }
    // The routes of a VPC are what leads out of it; the capacity providers of a cluster may stand beside it.
    const stack = Stack.of(this);
    for (const part of [network.vpc, props.cluster ?? this.node.findChild('Cluster')]) {
      if (part && Stack.of(part) === stack) {
        registration.node.addDependency(part);
      }
    }
    return registration;
  }

  private newCluster(props: EcsRunnerProps, execLogGroupName: string, network: RunnerNetwork): ecs.ICluster {
    const key = props.encryptionKey;
    // Typed L1, so that the capacity providers are the cluster's own instead of a resource beside it.
    const resource = new ecs.CfnCluster(this, 'Cluster', {
      capacityProviders: ['FARGATE', 'FARGATE_SPOT'],
      clusterSettings: [{ name: 'containerInsights', value: props.containerInsights ?? ecs.ContainerInsights.ENABLED }],
      configuration: {
        executeCommandConfiguration: {
          logging: 'OVERRIDE',
          // By name, so that the cluster and all that refers to it need not wait for the log group.
          logConfiguration: { cloudWatchLogGroupName: execLogGroupName, cloudWatchEncryptionEnabled: key ? true : undefined },
        },
      },
    });
    if (!network.vpc) {
      return ecs.Cluster.fromClusterArn(this, 'ClusterReference', resource.attrArn);
    }
    return ecs.Cluster.fromClusterAttributes(this, 'ClusterReference', {
      clusterName: resource.ref,
      clusterArn: resource.attrArn,
      vpc: network.vpc,
      securityGroups: [],
    });
  }

  private logGroup(
    id: string, logGroupName: string, props: EcsRunnerProps, retention: logs.RetentionDays, removalPolicy: RemovalPolicy,
  ): logs.ILogGroup {
    const group = new logs.LogGroup(this, id, { logGroupName, retention, removalPolicy, encryptionKey: props.encryptionKey });
    acknowledge(group, logGroupFindings(this, props.encryptionKey));
    return group;
  }

  /** Has the log groups wait for the key's policy, without which they cannot be made. */
  private encryptLogs(props: EcsRunnerProps, registration: RegistrationProvider): void {
    const key = props.encryptionKey;
    if (!key) {
      return;
    }
    // A generated id is named as a pattern of its exact length: the key would otherwise wait for the registration, which
    // may itself need the key for the secret with the token.
    const id = props.runnerId ?? `${props.runnerIdPrefix ?? DEFAULT_RUNNER_ID_PREFIX}-${'?'.repeat(RUNNER_ID_SUFFIX_LENGTH)}`;
    const names = logGroupNames(id);
    allowLogGroups(this, key, [...registration.logGroupsOf(key), names.event, ...props.cluster ? [] : [names.exec]], this.stateBucket.encryptionKey ?? key);
    this.eventLogGroup.node.addDependency(key);
    this.execLogGroup?.node.addDependency(key);
  }
}

/** The names that users of the Terraform module know. */
function logGroupNames(runnerId: string): { event: string; exec: string } {
  return { event: `/aws/ecs/${runnerId}`, exec: `/aws/ecs/${runnerId}/exec` };
}
