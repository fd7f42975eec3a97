/** The monitoring of a runner: alarms, saved queries and dashboard. */
import { Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as actions from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as sns from 'aws-cdk-lib/aws-sns';
import { EcsRunner, EcsRunnerProps, RunnerMonitoring, RunnerMonitoringProps } from '../../src';
import { FAILURE_CLASSES } from '../../src/monitoring/failure-classes';
import { ACCOUNT, newStack, only, REGION, runnerIn } from '../support';

function monitored(props: Partial<RunnerMonitoringProps> = {}, runnerProps: Partial<EcsRunnerProps> = {}, stack: Stack = newStack()): Template {
  new RunnerMonitoring(stack, 'Monitoring', { runner: runnerIn(stack, runnerProps), ...props });
  return Template.fromStack(stack);
}

const alarmsOf = (template: Template) => Object.values(template.findResources('AWS::CloudWatch::Alarm')).map(({ Properties }) => Properties as Record<string, any>);
const queriesOf = (template: Template) => Object.fromEntries(Object.values(template.findResources('AWS::Logs::QueryDefinition'))
  .map(({ Properties: { Name, QueryString } }) => [Name['Fn::Join'][1].at(-1).slice(1), QueryString])) as Record<string, any>;

/** The widgets. Parts that are unknown until deployment are written as `<value>`. */
function widgetsOf(template: Template): { type: string; x: number; y: number; width: number; height: number; properties: Record<string, any> }[] {
  const parts = only(template, 'AWS::CloudWatch::Dashboard').Properties.DashboardBody['Fn::Join'][1] as unknown[];
  return JSON.parse(parts.map(part => typeof part === 'string' ? part : '<value>').join('')).widgets;
}

describe('the alarms', () => {
  test('fire for the first task that cannot start, and for five failures within an hour', () => {
    const [start, failed] = alarmsOf(monitored()).sort((one, other) => one.Threshold - other.Threshold);
    expect([start.MetricName, start.Threshold, start.Period, start.Statistic]).toEqual(['TasksFailedToStart', 1, 300, 'Sum']);
    expect([failed.MetricName, failed.Threshold, failed.Period, failed.Statistic]).toEqual(['TasksFailed', 5, 3600, 'Sum']);
    for (const alarm of [start, failed]) {
      expect(alarm).toMatchObject({ ComparisonOperator: 'GreaterThanOrEqualToThreshold', EvaluationPeriods: 1, TreatMissingData: 'notBreaching' });
    }
  });

  test('have the thresholds and actions of the user', () => {
    const stack = newStack();
    const topic = new sns.Topic(stack, 'Topic');
    const alarms = alarmsOf(monitored({ failedToStartThreshold: 2, failedThreshold: 20, alarmActions: [new actions.SnsAction(topic)] }, {}, stack));
    expect(alarms.map(({ Threshold }) => Threshold).sort()).toEqual([2, 20]);
    for (const { AlarmActions } of alarms) expect(AlarmActions).toEqual([stack.resolve(topic.topicArn)]);
  });
});

describe('the saved queries', () => {
  test('read the log group of the runner, and share a name prefix', () => {
    const template = monitored();
    expect(Object.keys(queriesOf(template)).sort()).toEqual(['Failures by environment', 'Failures by reason', 'Last failures', 'Slowest starts']);
    const [group] = Object.keys(template.findResources('AWS::Logs::LogGroup')).filter(id => id.startsWith('RunnerEventLogGroup'));
    template.allResourcesProperties('AWS::Logs::QueryDefinition', { LogGroupNames: [{ Ref: group }] });
  });

  test('select failed tasks, and compute times from the timestamps of the event', () => {
    const queries = queriesOf(monitored());
    const failed = 'filter (detail.lastStatus = "STOPPED" and not ((detail.stopCode = "EssentialContainerExited" and ((detail.containers.0.name = "main" and detail.containers.0.exitCode = 0) '
      + 'or (detail.containers.1.name = "main" and detail.containers.1.exitCode = 0)))))';
    for (const name of ['Last failures', 'Failures by reason', 'Failures by environment']) expect(queries[name].split('\n| ')).toContain(failed);
    expect(queries['Slowest starts']).toContain('((startedHour * 3600 + startedMinute * 60 + startedSecond) - (createdHour * 3600 + createdMinute * 60 + createdSecond) + 86400) % 86400 as startSeconds');
  });

  test('select the tasks of the runner in a log group of the user', () => {
    const stack = newStack();
    const cluster = ecs.Cluster.fromClusterArn(stack, 'Cluster', `arn:aws:ecs:${REGION}:${ACCOUNT}:cluster/existing`);
    const queries = queriesOf(monitored({}, { cluster, eventLogGroup: logs.LogGroup.fromLogGroupName(stack, 'Events', 'platform-events') }, stack));
    for (const query of Object.values(queries)) {
      expect(query).toContain(`and detail.clusterArn = "arn:aws:ecs:${REGION}:${ACCOUNT}:cluster/existing" and detail.group like "family:humanitec_")`);
    }
  });
});

describe('the dashboard', () => {
  test('has graphs of all metrics, the queries, and the remedy for each failure class', () => {
    const widgets = widgetsOf(monitored());
    const metrics = new Set(widgets.filter(({ type }) => type === 'metric').flatMap(({ properties }) => properties.metrics.map(([, name]: string[]) => name)));
    expect([...metrics].sort()).toEqual([...FAILURE_CLASSES.map(({ metricName }) => metricName), 'TasksFailed', 'TasksFailedToStart', 'TasksStarted', 'TasksStopped'].sort());
    expect(widgets.filter(({ type }) => type === 'log').map(({ properties }) => properties.title)).toEqual(['Last failures', 'Slowest starts']);
    const remedies = widgets.at(-1)!.properties.markdown;
    for (const { title, remedy, source } of FAILURE_CLASSES) expect(remedies).toContain(`| [${title}](${source}) | ${remedy} |`);
  });

  test('fills the columns without gaps and overlaps', () => {
    const widgets = widgetsOf(monitored());
    const cells = widgets.flatMap(({ x, y, width, height }) => Array.from({ length: width * height }, (_, cell) => `${x + cell % width},${y + Math.floor(cell / width)}`));
    expect(new Set(cells).size).toBe(cells.length);
    expect(cells.length).toBe(24 * Math.max(...widgets.map(({ y, height }) => y + height)));
  });

  test('does not exist if it is turned off', () => {
    const template = monitored({ dashboardEnabled: false });
    template.resourceCountIs('AWS::CloudWatch::Dashboard', 0);
    expect(alarmsOf(template)).toHaveLength(2);
    expect(Object.keys(template.findResources('AWS::Logs::MetricFilter'))).toHaveLength(2);
  });
});

test('the monitoring of a runner of another stack reads its metrics', () => {
  const stack = newStack();
  const runner = runnerIn(stack, { runnerId: 'prod-runner' });
  const other = new Stack(stack.node.root, 'Other', { env: { account: ACCOUNT, region: REGION } });
  new RunnerMonitoring(other, 'Monitoring', { runner });
  expect(alarmsOf(Template.fromStack(other))).toHaveLength(2);
  expect(Object.keys(Template.fromStack(stack).findResources('AWS::Logs::MetricFilter'))).toHaveLength(18);
  Annotations.fromStack(other).hasNoError('*', Match.anyValue());
});

describe('invalid inputs of the monitoring', () => {
  const problemsOf = (props: Partial<RunnerMonitoringProps>, runnerProps: Partial<EcsRunnerProps> = {}) => {
    const found = (() => {
      try {
        monitored(props, runnerProps);
        return 'no error';
      } catch (error) {
        return (error as Error).message;
      }
    })();
    return found.split('\n').map(line => line.trim());
  };

  test('are reported together', () => {
    expect(problemsOf({ failedThreshold: 0, failedToStartThreshold: 1.5, dashboardEnabled: 'no' as any, alarmActions: [{} as any] })).toEqual([
      "RunnerMonitoring 'Stack/Monitoring' has 4 problems:",
      '1. alarmActions[0]: expected a cloudwatch.IAlarmAction; got an object of type Object. Give a value of this type.',
      '2. failedToStartThreshold: expected a whole number of at least 1; got 1.5. Give the number of failed tasks from which on the alarm fires.',
      '3. failedThreshold: expected a whole number of at least 1; got 0. Give the number of failed tasks from which on the alarm fires.',
      '4. dashboardEnabled: expected true or false; got "no". Give a value of this type.',
    ]);
  });

  test('include an imported runner, which has no event log', () => {
    const runner = EcsRunner.fromRunnerId(newStack(), 'Imported', 'prod-runner') as any;
    expect(problemsOf({ runner })).toEqual([
      "RunnerMonitoring 'Stack/Monitoring' has 1 problem:",
      '1. runner: expected an EcsRunner of this app; got an object of type ImportedRunner. An imported runner has no event log: create the RunnerMonitoring in the app that defines the runner.',
    ]);
  });

  test('include a runner whose event log is turned off', () => {
    expect(problemsOf({}, { eventLogEnabled: false })).toEqual([
      "RunnerMonitoring 'Stack/Monitoring' has 1 problem:",
      '1. runner: expected a runner with an event log; got "Stack/Runner" with `eventLogEnabled: false`. Omit `eventLogEnabled`, or give an `eventLogGroup`.',
    ]);
  });
});
