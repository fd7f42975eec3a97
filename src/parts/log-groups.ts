import type { RemovalPolicy } from 'aws-cdk-lib';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { allowLogGroups } from './encryption-key';
import type { EventLogInputs } from './event-log';
import { runnerIdPattern, RunnerIdInputs } from './runner-id';
import { acknowledge } from '../common/acknowledgements';
import { DEFAULT_LOG_RETENTION, logGroupFindings } from '../common/log-groups';
import { retainExceptOnCreate } from '../common/removal-policy';
import type { EcsRunnerProps } from '../inputs/ecs-runner-props';

export type LogGroupsInputs = RunnerIdInputs & EventLogInputs & Pick<EcsRunnerProps, 'cluster' | 'encryptionKey' | 'logRetention' | 'logRemovalPolicy'>;

/** The log groups of a runner. */
export class RunnerLogGroups {
  /** Log group of the tasks' state changes; undefined if they are not logged. */
  public readonly event?: logs.ILogGroup;
  /** Log group of ECS Exec; undefined on an existing cluster. */
  public readonly exec?: logs.ILogGroup;
  /** Name of the log group of ECS Exec. The cluster uses the name, so that it does not depend on the log group. */
  public readonly execName: string;
  /** Name of the log group of the tasks' state changes. */
  public readonly eventName: string;
  /** The names of the log groups in resource policies. */
  public readonly patterns: { event: string; exec: string };
  /** The log groups that were created for the runner, by construct id. */
  private readonly own: Record<string, logs.LogGroup> = {};

  constructor(private readonly runner: Construct, private readonly inputs: LogGroupsInputs, runnerId: string) {
    const names = namesFor(runnerId);
    this.patterns = namesFor(runnerIdPattern(inputs));
    this.eventName = inputs.eventLogGroup?.logGroupName ?? names.event;
    this.execName = names.exec;
    if (inputs.eventLogEnabled ?? true) {
      this.event = inputs.eventLogGroup ?? this.newGroup('EventLogGroup', names.event);
    }
    if (!inputs.cluster) {
      this.exec = this.newGroup('ExecLogGroup', names.exec);
    }
  }

  /**
   * Allows CloudWatch Logs to use the key for these and the given other log groups. The log groups of the runner depend on the key policy, because CloudWatch Logs
   * refuses to create them without it.
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
    const { logRetention = DEFAULT_LOG_RETENTION, logRemovalPolicy, encryptionKey } = this.inputs;
    const group = new logs.LogGroup(this.runner, id, {
      logGroupName, retention: logRetention, removalPolicy: retainExceptOnCreate(logRemovalPolicy), encryptionKey,
    });
    acknowledge(group, logGroupFindings(this.runner, encryptionKey));
    this.own[id] = group;
    return group;
  }
}

/** The names are the same as in the Terraform module. */
function namesFor(runnerId: string): { event: string; exec: string } {
  return { event: `/aws/ecs/${runnerId}`, exec: `/aws/ecs/${runnerId}/exec` };
}
