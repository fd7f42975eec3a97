import { RemovalPolicy } from 'aws-cdk-lib';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { allowLogGroups } from './encryption';
import { acknowledge, logGroupFindings } from '../common/acknowledgements';
import { DEFAULT_RUNNER_ID_PREFIX, RUNNER_ID_SUFFIX_LENGTH } from '../common/contract';
import { DEFAULT_LOG_RETENTION } from '../common/defaults';
import type { EcsRunnerProps } from '../inputs/ecs-runner-props';
import type { RegistrationProvider } from '../registration/provider';

/** The log groups of a runner. */
export class RunnerLogGroups {
  /** Log group of the tasks' state changes; undefined when they are not logged. */
  public readonly event?: logs.ILogGroup;
  /** Log group of ECS Exec; undefined on an existing cluster. */
  public readonly exec?: logs.ILogGroup;
  /** Name of the log group of ECS Exec, by which the cluster finds it without a reference. */
  public readonly execName: string;
  /** Name of the log group of the tasks' state changes. */
  public readonly eventName: string;
  /**
   * The names as policies have them. A generated id is a pattern of its exact length, so that no resource policy waits for the id: a key may be
   * needed for the secret with the API token, and the policy for event logs is shared with runners that are deployed later.
   */
  public readonly patterns: { event: string; exec: string };
  /** The log groups that were made for the runner, by construct id. */
  private readonly own: Record<string, logs.LogGroup> = {};

  constructor(private readonly runner: Construct, private readonly props: EcsRunnerProps, runnerId: string) {
    const names = namesFor(runnerId);
    this.patterns = namesFor(props.runnerId ?? `${props.runnerIdPrefix ?? DEFAULT_RUNNER_ID_PREFIX}-${'?'.repeat(RUNNER_ID_SUFFIX_LENGTH)}`);
    this.eventName = props.eventLogGroup?.logGroupName ?? names.event;
    this.execName = names.exec;
    if (props.eventLogEnabled ?? true) {
      this.event = props.eventLogGroup ?? this.newGroup('EventLogGroup', names.event);
    }
    if (!props.cluster) {
      this.exec = this.newGroup('ExecLogGroup', names.exec);
    }
  }

  /** Lets CloudWatch Logs use the key, and lets the log groups wait for its policy, without which they cannot be created. */
  public encrypt(key: kms.IKey, registration: RegistrationProvider, stateKey: kms.IKey): void {
    const { patterns } = this;
    allowLogGroups(this.runner, key, [
      ...registration.logGroupsOf(key),
      ...this.own.EventLogGroup ? [patterns.event] : [],
      ...this.own.ExecLogGroup ? [patterns.exec] : [],
    ], stateKey);
    Object.values(this.own).forEach(group => group.node.addDependency(key));
  }

  public applyRemovalPolicy(policy: RemovalPolicy): void {
    Object.values(this.own).forEach(group => group.applyRemovalPolicy(retainExceptOnCreate(policy)));
  }

  private newGroup(id: string, logGroupName: string): logs.ILogGroup {
    const { encryptionKey, logRetention: retention = DEFAULT_LOG_RETENTION, logRemovalPolicy } = this.props;
    const group = new logs.LogGroup(this.runner, id, {
      logGroupName, retention, removalPolicy: retainExceptOnCreate(logRemovalPolicy), encryptionKey,
    });
    acknowledge(group, logGroupFindings(this.runner, encryptionKey));
    this.own[id] = group;
    return group;
  }
}

/**
 * The removal policy of what the runner keeps. A log group that a failed first deployment leaves behind blocks the next one, as its name is taken, so
 * `RETAIN` does not apply to the deployment that creates it.
 *
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html
 */
export function retainExceptOnCreate(policy: RemovalPolicy = RemovalPolicy.DESTROY): RemovalPolicy {
  return policy === RemovalPolicy.RETAIN ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : policy;
}

/** The names that users of the Terraform module know. */
function namesFor(runnerId: string): { event: string; exec: string } {
  return { event: `/aws/ecs/${runnerId}`, exec: `/aws/ecs/${runnerId}/exec` };
}
