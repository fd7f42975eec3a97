import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { CfnQueryDefinition } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { acknowledge, hipaaAndNist } from './common/acknowledgements';
import { BOOLEAN, checkTypes, InputType, InputTypes, listOf, objectWith } from './common/input-types';
import { Problems } from './common/problems';
import { isKnown, quote } from './common/unknown-values';
import type { EcsRunner } from './ecs-runner';
import { dashboardRows } from './monitoring/dashboard';
import { scopeOf, taskQueries } from './monitoring/queries';
import { eventLogGroupOf, ownsLogGroup } from './monitoring/task-metrics';

/** Properties of the monitoring of a runner. */
export interface RunnerMonitoringProps {
  /** A runner of this app with an event log. */
  readonly runner: EcsRunner;

  /**
   * What the alarms do, such as `SnsAction`.
   *
   * @default - the alarms only change their state
   */
  readonly alarmActions?: cloudwatch.IAlarmAction[];

  /**
   * Alarm if ECS cannot start at least so many tasks within 5 minutes.
   *
   * @default 1
   */
  readonly failedToStartThreshold?: number;

  /**
   * Alarm if at least so many tasks fail within an hour, for whatever reason. Errors of the deployed modules count, too.
   *
   * @default 5
   */
  readonly failedThreshold?: number;

  /**
   * Create the dashboard.
   *
   * @default true
   */
  readonly dashboardEnabled?: boolean;
}

/**
 * Monitors the tasks of a runner: a dashboard, two alarms, and saved queries of CloudWatch Logs Insights.
 *
 * Costs per month in us-east-1, without the free tier: 3.00 USD for the dashboard, 0.20 USD for the two alarms, and 0.30 USD for each of 18 metrics, of which CloudWatch
 * bills only the hours with data. That is between 3.20 USD and 8.60 USD per runner. Each run of a query costs 0.005 USD per GB of the log group.
 *
 * A log group can have 100 metric filters, and a monitored runner uses 18 of them.
 *
 * @see https://aws.amazon.com/cloudwatch/pricing/
 */
export class RunnerMonitoring extends Construct {
  /** Fires if ECS cannot start tasks. */
  public readonly failedToStartAlarm: cloudwatch.Alarm;
  /** Fires if many tasks fail. */
  public readonly failedAlarm: cloudwatch.Alarm;
  /** The dashboard; undefined with `dashboardEnabled: false`. */
  public readonly dashboard?: cloudwatch.Dashboard;

  /**
   * Creates the monitoring of a runner.
   *
   * @param scope the parent construct, in a stack of the account and region of the runner
   * @param id the construct id
   * @param props the properties of the monitoring
   */
  constructor(scope: Construct, id: string, props: RunnerMonitoringProps) {
    super(scope, id);
    check(this, props);
    const { runner, alarmActions = [] } = props;
    const logGroup = eventLogGroupOf(runner);
    const queries = taskQueries(ownsLogGroup(runner) ? [] : scopeOf(runner.cluster.clusterArn, runner.orchestrator!.taskFamilyPrefix));
    for (const { id: queryId, name, lines } of Object.values(queries)) {
      new CfnQueryDefinition(this, queryId, {
        name: `Platform Orchestrator/${runner.runnerId}/${name}`,
        queryString: lines.join('\n| '),
        logGroupNames: [logGroup.logGroupName],
      });
    }

    this.failedToStartAlarm = runner.metricTasksFailedToStart().createAlarm(this, 'FailedToStartAlarm', {
      alarmDescription: `ECS cannot start tasks of the runner ${runner.runnerId}. Run the saved query "${queries.lastFailures.name}" for the reasons.`,
      threshold: props.failedToStartThreshold ?? 1,
      ...ALARM,
    });
    this.failedAlarm = runner.metricTasksFailed({ period: Duration.hours(1) }).createAlarm(this, 'FailedAlarm', {
      alarmDescription: `Many tasks of the runner ${runner.runnerId} fail. Run the saved query "${queries.failuresByReason.name}".`,
      threshold: props.failedThreshold ?? 5,
      ...ALARM,
    });
    for (const alarm of [this.failedToStartAlarm, this.failedAlarm]) {
      alarm.addAlarmAction(...alarmActions);
      if (alarmActions.length === 0) {
        acknowledge(alarm, WITHOUT_ACTION);
      }
    }

    if (props.dashboardEnabled ?? true) {
      this.dashboard = new cloudwatch.Dashboard(this, 'Dashboard', { widgets: dashboardRows({ runner, logGroup, queries }), defaultInterval: Duration.days(7) });
    }
  }
}

const ALARM = {
  evaluationPeriods: 1,
  comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
  // Without tasks there is no data.
  treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
};

const WITHOUT_ACTION = [{ nag: hipaaAndNist('CloudWatchAlarmAction'), reason: 'The user chose no action. `alarmActions` adds them.' }];

const THRESHOLD: InputType = {
  expected: 'a whole number of at least 1',
  accepts: value => typeof value === 'number' && (!isKnown(value) || (Number.isInteger(value) && value >= 1)),
  fix: 'Give the number of failed tasks from which on the alarm fires.',
};

const MONITORING: InputTypes<RunnerMonitoringProps> = {
  runner: objectWith('an EcsRunner of this app', 'metricTasksFailed',
    'An imported runner has no event log: create the RunnerMonitoring in the app that defines the runner.'),
  alarmActions: listOf(objectWith('a cloudwatch.IAlarmAction', 'bind')),
  failedToStartThreshold: THRESHOLD,
  failedThreshold: THRESHOLD,
  dashboardEnabled: BOOLEAN,
};

function check(scope: Construct, props: RunnerMonitoringProps): void {
  const problems = new Problems();
  checkTypes(problems, props, MONITORING, ['runner']);
  problems.throwIfAny(scope, 'RunnerMonitoring');
  if (!props.runner.eventLogGroup) {
    problems.add({
      input: 'runner',
      expected: 'a runner with an event log',
      got: `${quote(props.runner.node.path)} with \`eventLogEnabled: false\``,
      fix: 'Omit `eventLogEnabled`, or give an `eventLogGroup`.',
    });
  }
  problems.throwIfAny(scope, 'RunnerMonitoring');
}
