import { CustomResource, Lazy, RemovalPolicy, Resource, Stack, Tags } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { addRunner } from './app-runners';
import { checkRunner } from './checks';
import { acknowledge, REGISTRATION } from './common/acknowledgements';
import { DEFAULT_RUNNER_ID_PREFIX } from './common/contract';
import { DEFAULT_LOG_RETENTION } from './common/defaults';
import { checkRemovalPolicy, Problems } from './common/problems';
import { ImportedRunner } from './imported-runner';
import type { EcsRunnerProps } from './inputs/ecs-runner-props';
import type { Orchestrator } from './inputs/orchestrator';
import { StateStorage } from './inputs/state-storage';
import { RunnerConnections } from './parts/connections';
import { warnAboutEnvironment } from './parts/environment';
import { EventLog } from './parts/event-log';
import { retainExceptOnCreate, RunnerLogGroups } from './parts/log-groups';
import { bindNetwork, RunnerNetwork } from './parts/network';
import { bindOidcProvider } from './parts/oidc-provider';
import { bindExecutionRole, bindTaskManagerRole, bindTaskRole, limitProviderRole } from './parts/roles';
import { valuesOfDeployment } from './parts/wildcards';
import { RegistrationProvider } from './registration/provider';
import { remember, runnerIdResource, runnerResource } from './registration/resources';
import { RunnerRule } from './runner-rule';
import type { EcsRunnerAttributes, IEcsRunner, RunnerRuleOptions } from './runner-types';

/**
 * A runner of the Platform Orchestrator on Amazon ECS: a cluster, three IAM roles, the OIDC trust, a state bucket, and the
 * registration at the orchestrator.
 *
 * Grants to the runner apply to its task role, which OpenTofu uses.
 *
 * @throws an error at synthesis that lists every problem of the properties
 * @see https://developer.humanitec.com/platform-orchestrator/docs/platform-orchestrator/runners/
 */
export class EcsRunner extends Resource implements IEcsRunner {
  /**
   * Imports an existing runner by its id. You cannot add rules to it. A grant only prints a warning with the permissions to add by hand.
   *
   * @param scope the parent construct
   * @param id the construct id
   * @param runnerId id of the runner at the orchestrator
   */
  public static fromRunnerId(scope: Construct, id: string, runnerId: string): IEcsRunner {
    return new ImportedRunner(scope, id, { runnerId });
  }

  /**
   * Imports an existing runner. Which features work depends on the attributes that you pass.
   *
   * @param scope the parent construct
   * @param id the construct id
   * @param attributes the attributes of the runner
   */
  public static fromRunnerAttributes(scope: Construct, id: string, attributes: EcsRunnerAttributes): IEcsRunner {
    return new ImportedRunner(scope, id, attributes);
  }

  public readonly runnerId: string;
  public readonly orchestrator?: Orchestrator;
  /** Cluster of the tasks. */
  public readonly cluster: ecs.ICluster;
  /** Bucket of the OpenTofu state. */
  public readonly stateBucket: s3.IBucket;
  /** Prefix of the state in the bucket; undefined without a prefix. */
  public readonly statePrefix?: string;
  /** The OIDC provider that the task manager role trusts. */
  public readonly oidcProvider: iam.IOidcProvider;
  /** The role that the orchestrator assumes to run tasks. */
  public readonly taskManagerRole: iam.IRole;
  /** The role that ECS uses to start the tasks. */
  public readonly executionRole: iam.IRole;
  /** The role that OpenTofu uses. */
  public readonly taskRole: iam.IRole;
  /**
   * Log group of the tasks' state changes, `/aws/ecs/<runner id>` or `eventLogGroup`; undefined with `eventLogEnabled: false`. The events do not contain the runner of a
   * task: if several runners of an orchestrator share a cluster, the log group of each has the tasks of all.
   */
  public readonly eventLogGroup?: logs.ILogGroup;
  /** Log group of ECS Exec sessions, `/aws/ecs/<runner id>/exec`; undefined if `cluster` was given. */
  public readonly execLogGroup?: logs.ILogGroup;
  /** VPC of the tasks; undefined if only `subnetIds` was given. */
  public readonly vpc?: ec2.IVpc;
  /** Ids of the subnets of the tasks. */
  public readonly subnetIds: string[];
  /** The security groups of the tasks. */
  public readonly connections: ec2.Connections;
  public readonly grantPrincipal: iam.IPrincipal;
  private readonly registration: CustomResource;
  private readonly logGroups: RunnerLogGroups;
  private readonly ownsStateBucket: boolean;
  private readonly autoDeletesObjects: boolean;

  /**
   * Creates a runner.
   *
   * @param scope the parent construct, in a stack of the `aws` partition: the orchestrator accepts no roles of other partitions
   * @param id the construct id; another id replaces all resources of the runner
   * @param props the properties of the runner
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
    this.connections = new RunnerConnections(this, network.securityGroups, group => this.registration?.node.addDependency(group));

    this.ownsStateBucket = !stateStorage._isExisting;
    this.autoDeletesObjects = stateStorage._autoDeletes;
    this.stateBucket = stateStorage._bind(this, props.encryptionKey);
    this.statePrefix = stateStorage._prefix;
    if (stateStorage._autoDeletes) {
      limitProviderRole(this, props, 'Custom::S3AutoDeleteObjectsCustomResourceProvider');
    }
    if (network.isNewVpc) {
      limitProviderRole(this, props, 'Custom::VpcRestrictDefaultSGCustomResourceProvider');
    }
    this.logGroups = new RunnerLogGroups(this, props, this.runnerId);
    this.eventLogGroup = this.logGroups.event;
    this.execLogGroup = this.logGroups.exec;
    if (props.encryptionKey) {
      this.logGroups.encrypt(props.encryptionKey, registration, this.stateBucket.encryptionKey ?? props.encryptionKey);
    }

    const { role: taskRole, policy: taskPolicy } = bindTaskRole(this, props, {
      bucketArn: this.stateBucket.bucketArn,
      prefix: this.statePrefix,
      account: this.stateBucket.env.account,
      // An existing bucket may know its key itself, and have another one than the log groups.
      keyArn: (this.stateBucket.encryptionKey ?? props.encryptionKey)?.keyArn,
      bucketKey: stateStorage._usesBucketKey,
    });
    this.taskRole = taskRole;
    this.grantPrincipal = taskRole.grantPrincipal;
    const { role: executionRole, policy: executionPolicy, image } = bindExecutionRole(this, props);
    this.executionRole = executionRole;

    const cluster = props.cluster ?? this.newCluster(props, this.logGroups.execName, network);
    this.cluster = cluster;
    this.oidcProvider = bindOidcProvider(this, `https://${orchestrator._issuerName}`, props.oidcProvider);
    const { role: managerRole, policy: managerPolicy } = bindTaskManagerRole(this, props, this.runnerId, this.oidcProvider, {
      taskFamilyPrefix: orchestrator.taskFamilyPrefix,
      clusterName: cluster.clusterName,
      clusterArn: cluster.clusterArn,
      executionRoleArn: executionRole.roleArn,
      taskRoleArn: taskRole.roleArn,
    });
    this.taskManagerRole = managerRole;
    const policies = [taskPolicy, executionPolicy, managerPolicy].filter(policy => policy !== undefined);
    if (values) {
      // No policy has a value that has not been looked at. The roles themselves wait for nothing, so that any resource policy can name them.
      policies.forEach(policy => policy.node.addDependency(idResource));
    }
    this.registration = this.register(props, network, image, orchestrator);
    this.registration.node.addDependency(...policies);
    if (this.eventLogGroup) {
      const eventLog = new EventLog(this, 'EventLog', {
        logGroup: this.eventLogGroup,
        logGroupName: this.logGroups.eventName,
        logGroupPattern: this.logGroups.patterns.event,
        hasPolicy: props.eventLogGroup !== undefined,
        clusterArn: cluster.clusterArn,
        taskFamilyPrefix: orchestrator.taskFamilyPrefix,
      });
      this.registration.node.addDependency(this.eventLogGroup, eventLog, ...eventLog.policy ? [eventLog.policy] : []);
    }
    addRunner(this, props, this.stateBucket.bucketName, this.statePrefix);
    for (const [key, value] of Object.entries(tags)) {
      Tags.of(this).add(key, value);
    }
  }

  /**
   * Sends deployments to the runner.
   *
   * The orchestrator cannot change a rule: another filter creates a new rule and then deletes the old one. Environments that are already
   * deployed keep their runner until they are refreshed.
   *
   * @param id the construct id of the rule
   * @param options which deployments the runner gets
   * @see https://developer.humanitec.com/platform-orchestrator/docs/platform-orchestrator/runners/
   */
  public addRule(id: string, options: RunnerRuleOptions = {}): RunnerRule {
    return new RunnerRule(this, id, { runner: this, ...options });
  }

  /**
   * Sets what happens to the data of the runner when it is removed from the stack: the log groups and the state bucket, if the construct created
   * them. Overrides `logRemovalPolicy` and the `removalPolicy` of `stateStorage`. CloudFormation always deletes registration, roles and cluster.
   *
   * @param policy `RETAIN` does not apply to the deployment that creates the resources, because retained resources of a failed deployment would block the next one.
   * With `DESTROY`, the deletion of a bucket that is not empty fails.
   * @throws an error for `SNAPSHOT`, and for a policy that retains a bucket with `autoDeleteObjects`, because deleting the stack empties that bucket
   */
  public applyRemovalPolicy(policy: RemovalPolicy): void {
    const problems = new Problems();
    checkRemovalPolicy(problems, 'policy', policy);
    if (this.autoDeletesObjects && policy !== RemovalPolicy.DESTROY) {
      problems.add({
        input: 'policy',
        expected: 'RemovalPolicy.DESTROY for a state bucket with `autoDeleteObjects`',
        got: `RemovalPolicy.${policy.toUpperCase()}`,
        fix: 'The bucket would be kept, but emptied when the stack is deleted: leave autoDeleteObjects out to keep the state.',
      });
    }
    problems.throwIfAny(this, 'EcsRunner');
    this.logGroups.applyRemovalPolicy(policy);
    if (this.ownsStateBucket) {
      this.stateBucket.applyRemovalPolicy(retainExceptOnCreate(policy));
    }
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
        // At the end of synthesis: `connections.addSecurityGroup()` may add some.
        SecurityGroups: Lazy.list({ produce: () => this.connections.securityGroups.map(group => group.securityGroupId) }, { omitEmpty: true }),
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
      this.oidcProvider, this.taskManagerRole, this.executionRole, this.taskRole, this.stateBucket, ...network.securityGroups);
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
    // Typed L1: the L2 makes a VPC when it knows none. No capacity providers: the orchestrator uses the launch type FARGATE, and CreateCluster with
    // capacity providers fails in an account that has no service-linked role of ECS yet.
    // https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/818
    const resource = new ecs.CfnCluster(this, 'Cluster', {
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
}
