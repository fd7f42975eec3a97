/** The widgets of a runner's dashboard. */
import { Duration } from 'aws-cdk-lib';
import { GraphWidget, IMetric, IWidget, LogQueryVisualizationType, LogQueryWidget, SingleValueWidget, TextWidget } from 'aws-cdk-lib/aws-cloudwatch';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { FAILURE_CLASSES, SLOW_START } from './failure-classes';
import type { MonitoredRunner } from './monitored-runner';
import type { TaskQuery } from './queries';
import type { TaskFailure } from './task-failure';

/** Columns of a dashboard. */
const WIDTH = 24;

export interface DashboardContents {
  readonly runner: MonitoredRunner;
  readonly logGroup: ILogGroup;
  readonly queries: { readonly lastFailures: TaskQuery; readonly slowestStarts: TaskQuery };
}

/** The rows of the dashboard. */
export function dashboardRows({ runner, logGroup, queries }: DashboardContents): IWidget[][] {
  const hour = Duration.hours(1);
  const failures = FAILURE_CLASSES.map(({ id, title }) => runner.metricTasksFailedBy(id as TaskFailure, { period: hour, label: title }));
  return [
    [new TextWidget({ markdown: `# Runner ${runner.runnerId}`, width: WIDTH, height: 1 })],
    [
      new SingleValueWidget({
        title: 'Tasks',
        metrics: [
          runner.metricTasksStarted({ label: 'started' }),
          runner.metricTasksFailed({ label: 'failed' }),
          runner.metricTasksFailedToStart({ label: 'failed to start' }),
        ],
        setPeriodToTimeRange: true,
        width: 6,
        height: 6,
      }),
      bars('Tasks per hour', [runner.metricTasksStopped({ period: hour, label: 'stopped' }), runner.metricTasksFailed({ period: hour, label: 'failed' })], { width: 6, isStacked: false }),
      bars('Failed tasks per hour, by reason', failures, { width: 12, isStacked: true }),
    ],
    [queryTable(queries.lastFailures, logGroup), queryTable(queries.slowestStarts, logGroup)],
    [new TextWidget({ markdown: remedies(), width: WIDTH, height: 12 })],
  ];
}

function bars(title: string, metrics: IMetric[], { width, isStacked }: { width: number; isStacked: boolean }): IWidget {
  return new GraphWidget({ title, left: metrics, stacked: isStacked, leftYAxis: { min: 0 }, width, height: 6 });
}

function queryTable({ name, lines }: TaskQuery, logGroup: ILogGroup): IWidget {
  return new LogQueryWidget({
    title: name, logGroupNames: [logGroup.logGroupName], queryLines: lines, view: LogQueryVisualizationType.TABLE, width: WIDTH / 2, height: 8,
  });
}

/** What to do about each class of failures. */
function remedies(): string {
  return [
    '| What happened | What to do |',
    '| --- | --- |',
    ...[...FAILURE_CLASSES, SLOW_START].map(({ title, remedy, source }) => `| [${title}](${source}) | ${remedy} |`),
  ].join('\n');
}
