import type { RemovalPolicy } from 'aws-cdk-lib';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { allowLogGroups } from './encryption-key';
import { acknowledge } from '../common/acknowledgements';
import { logGroupFindings } from '../common/log-groups';
import { retainExceptOnCreate } from '../common/removal-policy';

export interface LogGroupsOptions {
  readonly runnerId: string;
  /** The id as resource policies have it. */
  readonly runnerIdPattern: string;
  readonly retention: logs.RetentionDays;
  readonly removalPolicy: RemovalPolicy;
  readonly encryptionKey?: kms.IKey;
  /** Whether the tasks' state changes are logged. */
  readonly hasEventLog: boolean;
  /** The log group of the user for the tasks' state changes. */
  readonly eventLogGroup?: logs.ILogGroup;
  /** Whether ECS Exec is logged: on a cluster of the runner's own. */
  readonly hasExecLog: boolean;
}

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
  /** The names as resource policies have them. */
  public readonly patterns: { event: string; exec: string };
  /** The log groups that were made for the runner, by construct id. */
  private readonly own: Record<string, logs.LogGroup> = {};

  constructor(private readonly runner: Construct, private readonly options: LogGroupsOptions) {
    const names = namesFor(options.runnerId);
    this.patterns = namesFor(options.runnerIdPattern);
    this.eventName = options.eventLogGroup?.logGroupName ?? names.event;
    this.execName = names.exec;
    if (options.hasEventLog) {
      this.event = options.eventLogGroup ?? this.newGroup('EventLogGroup', names.event);
    }
    if (options.hasExecLog) {
      this.exec = this.newGroup('ExecLogGroup', names.exec);
    }
  }

  /**
   * Lets CloudWatch Logs use the key for these and for other log groups. The log groups of the runner wait for the key's policy, without which they cannot
   * be created.
   */
  public encrypt(key: kms.IKey, otherLogGroups: string[], stateKey: kms.IKey): void {
    const { patterns } = this;
    allowLogGroups(this.runner, key, [
      ...otherLogGroups,
      ...this.own.EventLogGroup ? [patterns.event] : [],
      ...this.own.ExecLogGroup ? [patterns.exec] : [],
    ], stateKey);
    Object.values(this.own).forEach(group => group.node.addDependency(key));
  }

  public applyRemovalPolicy(policy: RemovalPolicy): void {
    Object.values(this.own).forEach(group => group.applyRemovalPolicy(retainExceptOnCreate(policy)));
  }

  private newGroup(id: string, logGroupName: string): logs.ILogGroup {
    const { retention, removalPolicy, encryptionKey } = this.options;
    const group = new logs.LogGroup(this.runner, id, {
      logGroupName, retention, removalPolicy: retainExceptOnCreate(removalPolicy), encryptionKey,
    });
    acknowledge(group, logGroupFindings(this.runner, encryptionKey));
    this.own[id] = group;
    return group;
  }
}

/** The names that users of the Terraform module know. */
function namesFor(runnerId: string): { event: string; exec: string } {
  return { event: `/aws/ecs/${runnerId}`, exec: `/aws/ecs/${runnerId}/exec` };
}
