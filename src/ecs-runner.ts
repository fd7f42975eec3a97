import { CustomResource, RemovalPolicy, Stack, Tags } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct, IConstruct } from 'constructs';
import { addRunner } from './app-runners';
import { checkRunner } from './checks';
import { acknowledge } from './common/acknowledgements';
import { besidesResourceOf } from './common/dependencies';
import { extendOptions } from './common/input-types';
import { DEFAULT_LOG_RETENTION } from './common/log-groups';
import { warnAboutOtherBoundary } from './common/other-boundary';
import { Problems } from './common/problems';
import { checkRemovalPolicy, retainExceptOnCreate } from './common/removal-policy';
import { checkTagsOfResources } from './common/tags';
import { warnAboutUnknownInputs } from './common/unknown-inputs';
import { ImportedRunner } from './imported-runner';
import type { EcsRunnerProps } from './inputs/ecs-runner-props';
import type { Orchestrator } from './inputs/orchestrator';
import { unknownRunnerInputs } from './inputs/runner-input-types';
import { StateStorage } from './inputs/state-storage';
import { MonitoredRunner } from './monitoring/monitored-runner';
import { CDK_PROVIDERS, cdkProvidersOf, configureCdkProvider } from './parts/cdk-providers';
import { createCluster } from './parts/cluster';
import { RunnerConnections } from './parts/connections';
import { usesGitOverSsh, warnAboutEnvironment } from './parts/environment';
import { EventLog } from './parts/event-log';
import { createExecutionRole } from './parts/execution-role';
import { RunnerLogGroups } from './parts/log-groups';
import { checkAddedSecurityGroup, createNetwork, warnAboutTaskEgress } from './parts/network';
import { findOrCreateOidcProvider } from './parts/oidc-provider';
import { registerRunner } from './parts/registration';
import { runnerIdProperties } from './parts/runner-id';
import { warnAboutRequiredHeader } from './parts/state-bucket-policy';
import { createTaskManagerRole } from './parts/task-manager-role';
import { createTaskRole } from './parts/task-role';
import { valuesOfDeployment } from './parts/wildcards';
import { REGISTRATION_IN_NEW_VPC } from './registration/findings';
import { RegistrationProvider } from './registration/provider';
import { runnerIdResource } from './registration/resources';
import { RunnerRule } from './runner-rule';
import type { EcsRunnerAttributes, IEcsRunner, RunnerRuleOptions } from './runner-types';

/**
 * A runner of the Platform Orchestrator on Amazon ECS: a cluster, three IAM roles, the OIDC trust, a state bucket, and the
 * registration at the orchestrator.
 *
 * Grants to the runner apply to its task role, which OpenTofu uses.
 *
 * @throws an error at synthesis that lists every problem of the properties
 * @see https://developer.humanitec.com/platform-orchestrator/docs/configure/runners/runner-types/serverless-ecs/
 */
export class EcsRunner extends MonitoredRunner implements IEcsRunner {
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

  /** Id of the runner at the orchestrator. */
  public readonly runnerId: string;
  /** The orchestrator that the runner belongs to. */
  public readonly orchestrator?: Orchestrator;
  /** Cluster of the tasks. */
  public readonly cluster: ecs.ICluster;
  /** Bucket of the OpenTofu state. */
  public readonly stateBucket: s3.IBucket;
  /** Prefix of the state in the bucket; undefined without a prefix. */
  public readonly statePrefix?: string;
  /** The OIDC provider that the task manager role trusts. */
  public readonly oidcProvider: iam.IOidcProvider;
  /**
   * The role that the orchestrator assumes to run tasks. It trusts the OIDC tokens of the runner id. Resource policies can name it, with three exceptions,
   * because a generated id and a created OIDC provider wait for the Lambda of the registration. The policy of the key of the API token needs `runnerId`. The
   * policy of `encryptionKey`, and that of a VPC endpoint in the VPC of `registrationNetwork`, need `runnerId` and `oidcProvider`. Without them CloudFormation
   * reports a circular dependency.
   */
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
    warnAboutUnknownInputs(this, unknownRunnerInputs(props));
    warnAboutEnvironment(this, props.environment);
    const { orchestrator, encryptionKey, tags = {} } = props;
    this.orchestrator = orchestrator;

    // The Lambda, which the runners of the stack and API share, and the runner id. First, so that a wrong API token or organization fails the deployment while
    // there is nothing to roll back.
    const provider = RegistrationProvider.for(this, orchestrator.apiUrl, {
      rolePath: props.rolePath,
      permissionsBoundary: props.permissionsBoundary,
      logRetention: props.logRetention ?? DEFAULT_LOG_RETENTION,
      logRemovalPolicy: props.logRemovalPolicy ?? RemovalPolicy.DESTROY,
      tags,
      network: props.registrationNetwork,
      encryptionKey,
    });
    const uncheckedValues = valuesOfDeployment(this, props);
    const idResource = runnerIdResource(this, orchestrator, { ...runnerIdProperties(this, props), Values: uncheckedValues });
    this.runnerId = idResource.ref;

    // The subnets and security groups of the tasks.
    const egress = { orchestratorPorts: orchestrator._taskPorts, gitOverSsh: usesGitOverSsh(props) };
    const network = createNetwork(this, props, egress);
    this.vpc = network.vpc;
    this.subnetIds = network.subnetIds;
    this.connections = new RunnerConnections(this, network.securityGroups, (group) => {
      checkAddedSecurityGroup(this, this.vpc, this.connections.securityGroups);
      this.registration?.node.addDependency(group);
    });
    if (props.securityGroups?.length) {
      warnAboutTaskEgress(this, this.connections, egress);
    }

    // The state bucket.
    const stateStorage = props.stateStorage ?? StateStorage.newBucket();
    this.ownsStateBucket = !stateStorage._isExisting;
    this.autoDeletesObjects = stateStorage._autoDeletes;
    this.stateBucket = stateStorage._findOrCreateBucket(this, encryptionKey);
    this.statePrefix = stateStorage._prefix;
    warnAboutRequiredHeader(this, this.stateBucket);
    // An existing bucket may know its key itself, and have another one than the log groups.
    const stateKey = this.stateBucket.encryptionKey ?? encryptionKey;
    if (stateStorage._autoDeletes) {
      configureCdkProvider(this, CDK_PROVIDERS.emptyBucket, props);
    }
    if (network.isNewVpc) {
      configureCdkProvider(this, CDK_PROVIDERS.closeDefaultSecurityGroup, props);
    }

    // The log groups.
    this.logGroups = new RunnerLogGroups(this, props, this.runnerId);
    this.eventLogGroup = this.logGroups.event;
    this.execLogGroup = this.logGroups.exec;
    if (encryptionKey && stateKey) {
      this.logGroups.encrypt(encryptionKey, provider.logGroupsOf(encryptionKey), stateKey);
    }

    // The roles that tasks run with and are started with, the cluster, and the role that the orchestrator assumes to run tasks in it.
    const taskRole = createTaskRole(this, props, {
      bucketArn: this.stateBucket.bucketArn,
      prefix: this.statePrefix,
      account: this.stateBucket.env.account,
      keyArn: stateKey?.keyArn,
      bucketKey: stateStorage._usesBucketKey,
    });
    this.taskRole = taskRole.role;
    this.grantPrincipal = this.taskRole.grantPrincipal;
    const executionRole = createExecutionRole(this, props);
    this.executionRole = executionRole.role;
    this.cluster = props.cluster ?? createCluster(this, props, this.logGroups.execName, network.vpc);
    this.oidcProvider = findOrCreateOidcProvider(this, props);
    // A given id as it is, so that the role waits for no custom resource: see the docstring of `taskManagerRole`.
    const taskManagerRole = createTaskManagerRole(this, props, props.runnerId ?? this.runnerId, this.oidcProvider, {
      clusterName: this.cluster.clusterName,
      clusterArn: this.cluster.clusterArn,
      executionRoleArn: this.executionRole.roleArn,
      taskRoleArn: this.taskRole.roleArn,
    });
    this.taskManagerRole = taskManagerRole.role;
    const policies = [taskRole.policy, executionRole.policy, taskManagerRole.policy].filter(policy => policy !== undefined);
    if (uncheckedValues) {
      // The handler checks these values with the id, before a policy contains them. The roles themselves wait for nothing, so that any resource policy can
      // name them.
      policies.forEach(policy => policy.node.addDependency(idResource));
    }

    // The registration, after everything that a deployment needs: a registered runner gets deployments at once, and may have some until it is deleted. As
    // it is deleted first, a delete that the orchestrator refuses, because the runner is in use, has deleted nothing else. Policies that grants add later
    // count, too.
    this.registration = registerRunner(this, props, {
      runnerId: this.runnerId,
      taskManagerRoleArn: this.taskManagerRole.roleArn,
      clusterName: this.cluster.clusterName,
      subnetIds: this.subnetIds,
      connections: this.connections,
      executionRoleArn: this.executionRole.roleArn,
      taskRoleArn: this.taskRole.roleArn,
      image: executionRole.image,
      stateBucketName: this.stateBucket.bucketName,
      statePrefix: this.statePrefix,
    });
    const eventLog = this.eventLogGroup && new EventLog(this, 'EventLog', {
      logGroup: this.eventLogGroup,
      logGroupName: this.logGroups.eventName,
      logGroupPattern: this.logGroups.patterns.event,
      hasPolicy: props.eventLogGroup !== undefined,
      clusterArn: this.cluster.clusterArn,
      taskFamilyPrefix: orchestrator.taskFamilyPrefix,
    });
    this.registration.node.addDependency(
      ...[this.taskManagerRole, this.executionRole, this.taskRole, this.stateBucket, ...network.securityGroups]
        .map(construct => besidesResourceOf(construct, this.stack)),
      this.oidcProvider, ...policies,
      // The capacity providers of a given cluster may be resources beside it.
      ...this.ofThisStack(props.cluster).map(construct => besidesResourceOf(construct, this.stack)),
      // The event log's rule waits for its log group.
      ...[this.execLogGroup, eventLog ?? this.eventLogGroup, eventLog?.policy].filter(part => part !== undefined));

    const [vpc] = this.ofThisStack(network.vpc);
    if (vpc?.node.defaultChild) {
      // The routes of a VPC lead out of it.
      this.registration.node.addDependency(vpc);
      acknowledge(this.registration, REGISTRATION_IN_NEW_VPC);
    }

    addRunner(this, props, this.stateBucket, this.statePrefix);
    warnAboutOtherBoundary(this, props.permissionsBoundary, () => [this, provider, ...cdkProvidersOf(this)]);
    for (const [key, value] of Object.entries(tags)) {
      Tags.of(this).add(key, value);
    }
    checkTagsOfResources(this);
  }

  /**
   * Sends deployments to the runner.
   *
   * The orchestrator cannot change a rule: another filter creates a new rule and then deletes the old one. Environments that are already
   * deployed keep their runner until they are refreshed.
   *
   * @param id the construct id of the rule
   * @param options which deployments the runner gets
   * @see https://developer.humanitec.com/platform-orchestrator/docs/configure/runners/runner-types/serverless-ecs/
   */
  public addRule(id: string, options: RunnerRuleOptions = {}): RunnerRule {
    return new RunnerRule(this, id, extendOptions(options, { runner: this }));
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
        fix: 'CloudFormation would retain the bucket, but empty it when it deletes the stack: omit autoDeleteObjects to keep the state.',
      });
    }
    problems.throwIfAny(this, 'EcsRunner');
    this.logGroups.applyRemovalPolicy(policy);
    if (this.ownsStateBucket) {
      this.stateBucket.applyRemovalPolicy(retainExceptOnCreate(policy));
    }
  }

  private ofThisStack(...constructs: (IConstruct | undefined)[]): IConstruct[] {
    return constructs.filter(construct => construct !== undefined).filter(construct => Stack.of(construct) === this.stack);
  }
}
