import { Token } from 'aws-cdk-lib';
import { Metric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import { FilterPattern, ILogGroup, MetricFilter } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { all, Condition, filterPattern, is, like } from './conditions';
import { FAILED, FAILED_TO_START, FAILURE_CLASSES, STOPPED } from './failure-classes';
import { TaskFailure } from './task-failure';
import { Problems } from '../common/problems';
import { keepUntilDeregistered } from '../registration/resources';

/** A number of tasks that CloudWatch counts from the task events. */
export interface TaskMetric {
  readonly name: string;
  readonly condition: Condition;
}

export const TASKS_STARTED: TaskMetric = { name: 'TasksStarted', condition: all(is('lastStatus', 'RUNNING'), is('desiredStatus', 'RUNNING')) };
export const TASKS_STOPPED: TaskMetric = { name: 'TasksStopped', condition: STOPPED };
export const TASKS_FAILED: TaskMetric = { name: 'TasksFailed', condition: FAILED };
export const TASKS_FAILED_TO_START: TaskMetric = { name: 'TasksFailedToStart', condition: all(STOPPED, FAILED_TO_START) };

/** The metric of the failed tasks of a class. */
export function tasksFailedBy(failure: TaskFailure): TaskMetric {
  const { metricName, condition } = FAILURE_CLASSES.find(({ id }) => id === failure)!;
  return { name: metricName, condition: all(STOPPED, condition) };
}

/** The runner whose tasks are counted. */
export interface RunnerWithEvents extends Construct {
  readonly runnerId: string;
  readonly cluster: ecs.ICluster;
  readonly eventLogGroup?: ILogGroup;
  readonly orchestrator?: { readonly taskFamilyPrefix: string };
}

/** CloudWatch Logs accepts longer filter patterns nowhere: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html */
const FILTER_PATTERN_MAX = 1024;

/**
 * The metric of a runner. The first use creates the metric filter, so that a runner whose metrics nobody uses has none.
 */
export function taskMetric(runner: RunnerWithEvents, { name, condition }: TaskMetric, options: MetricOptions = {}): Metric {
  const metricNamespace = metricNamespaceOf(runner);
  const filters = runner.node.tryFindChild('Metrics') as Construct | undefined ?? new Construct(runner, 'Metrics');
  if (!filters.node.tryFindChild(name)) {
    const logGroup = eventLogGroupOf(runner);
    const pattern = filterPattern(all(condition, ...ownsLogGroup(runner) ? [] : [like('clusterArn', `*/${runner.cluster.clusterName}`), ofFamily(runner)]));
    checkLength(runner, pattern);
    const filter = new MetricFilter(filters, name, { logGroup, filterPattern: FilterPattern.literal(pattern), metricNamespace, metricName: name });
    keepUntilDeregistered(runner, filter);
  }
  return new Metric({ namespace: metricNamespace, metricName: name, statistic: 'Sum', ...options }).attachTo(runner);
}

/** The namespace of the metrics of a runner. */
export function metricNamespaceOf(runner: { readonly runnerId: string }): string {
  return `PlatformOrchestrator/Runners/${runner.runnerId}`;
}

/** The log group of the task events. */
export function eventLogGroupOf(runner: RunnerWithEvents): ILogGroup {
  if (!runner.eventLogGroup) {
    throw new Error(`${runner.node.path}: expected a runner with an event log; got \`eventLogEnabled: false\`. `
      + 'The metrics are counted from the event log: omit `eventLogEnabled`, or use the events of the runner instead.');
  }
  return runner.eventLogGroup;
}

/** Whether the rule of the runner is all that writes to the log group, so that it contains no events of other clusters and task families. */
export function ownsLogGroup(runner: RunnerWithEvents): boolean {
  return runner.eventLogGroup?.node.scope === runner;
}

/** The task definition belongs to the orchestrator of the runner. */
export function ofFamily(runner: RunnerWithEvents): Condition {
  return like('group', `family:${runner.orchestrator!.taskFamilyPrefix}*`);
}

function checkLength(runner: RunnerWithEvents, pattern: string): void {
  if (Token.isUnresolved(pattern) || pattern.length <= FILTER_PATTERN_MAX) {
    return;
  }
  const problems = new Problems();
  problems.add({
    input: 'cluster',
    expected: `a cluster name and task family prefix that fit into filter patterns of ${FILTER_PATTERN_MAX} characters, because \`eventLogGroup\` may contain events of other clusters`,
    got: `${pattern.length} characters`,
    fix: 'Omit `eventLogGroup`, or use a cluster with a shorter name.',
  });
  problems.throwIfAny(runner, 'EcsRunner');
}
