/** The metrics of a runner: what each filter counts, and which runners have no metrics. */
import { Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as logs from 'aws-cdk-lib/aws-logs';
import { matchesEvent } from './event-patterns';
import { CLUSTER_ARN, FAMILY, SAMPLE_FAILURES, SAMPLE_SUCCESSES, taskEvent, TaskEvent } from './sample-events';
import { matchesPattern } from '../../local/emulator/filter-patterns';
import { EcsRunner, TaskFailure } from '../../src';
import { FAILURE_CLASSES } from '../../src/monitoring/failure-classes';
import { ACCOUNT, newStack, only, REGION, runnerIn } from '../support';

const clusterOf = (stack: Stack, name = 'runner') => ecs.Cluster.fromClusterArn(stack, 'Cluster', `arn:aws:ecs:${REGION}:${ACCOUNT}:cluster/${name}`);
const eventsOf = (stack: Stack) => logs.LogGroup.fromLogGroupName(stack, 'Events', 'platform-events');

function allMetrics(runner: EcsRunner): cloudwatch.Metric[] {
  return [runner.metricTasksStarted(), runner.metricTasksStopped(), runner.metricTasksFailed(), runner.metricTasksFailedToStart(),
    ...Object.values(TaskFailure).map(failure => runner.metricTasksFailedBy(failure))];
}

interface Filter {
  readonly FilterPattern: string;
  readonly MetricTransformations: [{ MetricName: string; MetricNamespace: unknown }];
}

const filtersOf = (stack: Stack): Filter[] => Object.values(Template.fromStack(stack).findResources('AWS::Logs::MetricFilter')).map(({ Properties }) => Properties as Filter);

/** The names of the metrics that count the event. */
function countedBy(filters: Filter[], event: TaskEvent): string[] {
  const names = [true, false].map(missingIsDifferent => filters.filter(({ FilterPattern }) => matchesPattern(FilterPattern, event, { missingIsDifferent }))
    .map(({ MetricTransformations }) => MetricTransformations[0].MetricName).sort());
  expect(names[1]).toEqual(names[0]);
  return names[0]!;
}

describe('the metrics of a runner', () => {
  const stack = newStack();
  const runner = runnerIn(stack, { cluster: clusterOf(stack), eventLogGroup: eventsOf(stack) });
  const metrics = allMetrics(runner);
  const filters = filtersOf(stack);

  test('count each documented failure in the totals and in the metric of its class only', () => {
    for (const { classId, detail } of SAMPLE_FAILURES) {
      const { metricName } = FAILURE_CLASSES.find(({ id }) => id === classId)!;
      expect(countedBy(filters, taskEvent(detail))).toEqual([
        'TasksFailed', 'TasksStopped', metricName, ...detail.stopCode === 'TaskFailedToStart' ? ['TasksFailedToStart'] : [],
      ].sort());
    }
  });

  test('count a successful task when it starts and when it stops', () => {
    for (const detail of SAMPLE_SUCCESSES) {
      expect(countedBy(filters, taskEvent(detail))).toEqual(['TasksStopped']);
      expect(countedBy(filters, taskEvent({ lastStatus: 'RUNNING' }))).toEqual(['TasksStarted']);
      expect(countedBy(filters, taskEvent({ lastStatus: 'PENDING' }))).toEqual([]);
    }
  });

  test.each([
    ['another cluster', { clusterArn: CLUSTER_ARN.replace('runner', 'other') }],
    ['a cluster whose name ends with the same text', { clusterArn: CLUSTER_ARN.replace('/runner', '/other-runner') }],
    ['another task family', { family: `my-${FAMILY}` }],
  ])('do not count tasks of %s', (_, place) => {
    expect(countedBy(filters, taskEvent(SAMPLE_FAILURES[0]!.detail, place))).toEqual([]);
  });

  test('are written and read with the same name and namespace', () => {
    const byName = (one: unknown[], other: unknown[]) => String(one[0]).localeCompare(String(other[0]));
    const read = metrics.map(metric => [metric.metricName, stack.resolve(metric.namespace)]).sort(byName);
    const written = filters.map(({ MetricTransformations: [metric] }) => [metric.MetricName, metric.MetricNamespace]).sort(byName);
    expect(read).toEqual(written);
    expect(JSON.stringify(read[0])).toContain('"PlatformOrchestrator/Runners/",{"Ref":"RunnerRunnerId');
    expect(new Set(read.map(([name]) => name)).size).toBe(metrics.length);
  });

  test('are sums, with the options of the user', () => {
    expect(runner.metricTasksFailed()).toMatchObject({ statistic: 'Sum', period: Duration.minutes(5) });
    expect(runner.metricTasksFailed({ period: Duration.hours(1), label: 'failed', statistic: 'SampleCount' }))
      .toMatchObject({ statistic: 'SampleCount', period: Duration.hours(1), label: 'failed' });
  });
});

describe('the metric filters', () => {
  test('exist only for used metrics, and only once', () => {
    const stack = newStack();
    const runner = runnerIn(stack);
    expect(filtersOf(stack)).toEqual([]);
    const used = newStack();
    const other = runnerIn(used);
    other.metricTasksFailed();
    other.metricTasksFailed({ period: Duration.hours(1) });
    expect(filtersOf(used)).toHaveLength(1);
    expect(runner.node.tryFindChild('Metrics')).toBeUndefined();
  });

  test('of the runner\'s own log group do not exclude other tasks, because the event rule does', () => {
    const stack = newStack();
    const runner = runnerIn(stack, { cluster: clusterOf(stack) });
    allMetrics(runner);
    const failed = SAMPLE_FAILURES[0]!.detail;
    const { EventPattern } = only(Template.fromStack(stack), 'AWS::Events::Rule').Properties as { EventPattern: object };
    const arn = `arn:aws:ecs:${REGION}:${ACCOUNT}:cluster/runner`;
    const logged = (place: { clusterArn?: string; family?: string }) => matchesEvent(EventPattern, taskEvent(failed, { clusterArn: arn, ...place }));
    expect([logged({}), logged({ clusterArn: `${arn}-2` }), logged({ family: `my-${FAMILY}` })]).toEqual([true, false, false]);
    for (const { FilterPattern } of filtersOf(stack)) expect(FilterPattern).not.toMatch(/detail\.(clusterArn|group)/);
  });

  test('are rejected if the cluster name is too long for the pattern', () => {
    const stack = newStack();
    const runner = runnerIn(stack, { cluster: clusterOf(stack, 'c'.repeat(255)), eventLogGroup: eventsOf(stack) });
    expect(() => allMetrics(runner)).toThrow(/^EcsRunner 'Stack\/Runner' has 1 problem:\n {2}1\. cluster: expected a cluster name .* got \d{4} characters\. Omit `eventLogGroup`/);
  });

  test('are rejected without an event log', () => {
    const runner = runnerIn(newStack(), { eventLogEnabled: false });
    for (const metric of [() => runner.metricTasksStarted(), () => runner.metricTasksFailedBy(TaskFailure.CAPACITY)]) {
      expect(metric).toThrow('Stack/Runner: expected a runner with an event log; got `eventLogEnabled: false`. The metrics are counted from the event log: '
        + 'omit `eventLogEnabled`, or use the events of the runner instead.');
    }
  });
});
