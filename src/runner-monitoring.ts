import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as events from 'aws-cdk-lib/aws-events';
import { CfnQueryDefinition } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { rulesInStackOf } from './app-runners';
import { acknowledge, hipaaAndNist } from './common/acknowledgements';
import { BOOLEAN, checkTypes, InputType, InputTypes, listOf, objectWith } from './common/input-types';
import { Problems } from './common/problems';
import { unknownInputs, warnAboutUnknownInputs } from './common/unknown-inputs';
import { isKnown, quote } from './common/unknown-values';
import type { EcsRunner } from './ecs-runner';
import { dashboardRows } from './monitoring/dashboard';
import { DriftCheck } from './monitoring/drift-check';
import { scopeOf, TaskQuery, taskQueries } from './monitoring/queries';
import { onAlarm } from './monitoring/task-events';
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
   * How often to compare the registration at the orchestrator, and the runner rules of the stack, with the template: between 5 minutes and 1 day, in whole minutes.
   * It cannot be a CDK token, because the period of a metric is part of the alarm. The Lambda of the registration reads them and changes nothing. CloudFormation sees no changes that others made there, and its drift detection does not support
   * custom resources.
   *
   * @default - no comparison
   * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html
   */
  readonly driftCheckInterval?: Duration;

  /**
   * Create the dashboard.
   *
   * @default true
   */
  readonly dashboardEnabled?: boolean;
}

/**
 * Monitors a runner: a dashboard, alarms, and saved queries of CloudWatch Logs Insights for its tasks, and on request a comparison of the registration with the template.
 *
 * Costs per month in us-east-1, without the free tier: 3.00 USD for the dashboard, 0.20 USD for the two alarms, and 0.30 USD for each of 18 metrics, of which CloudWatch
 * bills only the hours with data. That is between 3.20 USD and 8.60 USD per runner. Each run of a query costs 0.005 USD per GB of the log group.
 *
 * With `driftCheckInterval` also 0.10 USD for an alarm, 0.30 USD for a metric, and one request of Lambda and one of the service with the API token per check.
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
  /**
   * Fires if two checks in succession found that the registration differs from the template, or could not read it; undefined without `driftCheckInterval`. Without
   * data, it is in `INSUFFICIENT_DATA`.
   */
  public readonly registrationDriftAlarm?: cloudwatch.Alarm;
  /** The dashboard; undefined with `dashboardEnabled: false`. */
  public readonly dashboard?: cloudwatch.Dashboard;
  private readonly runner: EcsRunner;

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
    warnAboutUnknownInputs(this, unknownInputs(props, MONITORING));
    const { runner, alarmActions = [] } = props;
    this.runner = runner;
    const logGroup = eventLogGroupOf(runner);
    const queries = taskQueries(ownsLogGroup(runner) ? [] : scopeOf(runner.cluster.clusterArn, runner.orchestrator!.taskFamilyPrefix));
    for (const query of Object.values(queries)) {
      this.saveQuery(query, logGroup.logGroupName);
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
    if (props.driftCheckInterval) {
      const driftCheck = new DriftCheck(runner, props.driftCheckInterval, () => rulesInStackOf(runner).map(({ rule, props: { projectId, envTypeId } }) =>
        ({ RuleId: rule.ruleId, ProjectId: projectId, EnvTypeId: envTypeId })));
      this.saveQuery(driftCheck.query, driftCheck.logGroupName);
      this.registrationDriftAlarm = driftCheck.metric().createAlarm(this, 'RegistrationDriftAlarm', {
        alarmDescription: `The registration of the runner ${runner.runnerId} at the orchestrator differs from the template, or cannot be read. `
          + `Run the saved query "${driftCheck.query.name}", or the doctor.`,
        threshold: 1,
        ...ALARM,
        // A check can run while a deployment has changed the registration, and not yet the schedule.
        evaluationPeriods: 2,
        treatMissingData: cloudwatch.TreatMissingData.MISSING,
      });
    }
    for (const alarm of [this.failedToStartAlarm, this.failedAlarm, this.registrationDriftAlarm].filter(each => each !== undefined)) {
      alarm.addAlarmAction(...alarmActions);
      if (alarmActions.length === 0) {
        acknowledge(alarm, WITHOUT_ACTION);
      }
    }

    if (props.dashboardEnabled ?? true) {
      this.dashboard = new cloudwatch.Dashboard(this, 'Dashboard', { widgets: dashboardRows({ runner, logGroup, queries }), defaultInterval: Duration.days(7) });
    }
  }

  /**
   * Number of differences between the registration and the template that a check found; 1 if it could not read the registration.
   *
   * @param options properties of the metric; default: maximum over `driftCheckInterval`
   * @throws an error without `driftCheckInterval`
   */
  public metricRegistrationDrift(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.driftCheck().metric(options);
  }

  /**
   * Creates a rule for the moment at which `registrationDriftAlarm` fires.
   *
   * @param id the construct id of the rule
   * @param options target and properties of the rule. A target without an input of its own receives a message for people; with the input
   * `RuleTargetInput.fromEventPath('$')` it receives the event.
   * @throws an error without `driftCheckInterval`
   * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
   */
  public onRegistrationDrift(id: string, options: events.OnEventOptions = {}): events.Rule {
    return onAlarm(this, id, this.registrationDriftAlarm!, this.driftCheck().message, options);
  }

  private driftCheck(): DriftCheck {
    if (!this.registrationDriftAlarm) {
      throw new Error(`${this.node.path}: expected a RunnerMonitoring with \`driftCheckInterval\`; got one without. Give it the interval of the checks.`);
    }
    return DriftCheck.find(this.runner)!;
  }

  private saveQuery({ id, name, lines }: TaskQuery, logGroupName: string): void {
    new CfnQueryDefinition(this, id, { name: `Platform Orchestrator/${this.runner.runnerId}/${name}`, queryString: lines.join('\n| '), logGroupNames: [logGroupName] });
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
  driftCheckInterval: {
    expected: 'a Duration between 5 minutes and 1 day, in whole minutes, and no CDK token',
    accepts: value => value instanceof Duration && !value.isUnresolved() && isInterval(value.toSeconds({ integral: false }) / 60),
    fix: 'Give an interval such as Duration.hours(1).',
  },
  dashboardEnabled: BOOLEAN,
};

/** CloudWatch can compare two periods of at most a day. */
function isInterval(minutes: number): boolean {
  return Number.isInteger(minutes) && minutes >= 5 && minutes <= 24 * 60;
}

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
  if (props.driftCheckInterval && DriftCheck.find(props.runner)) {
    problems.add({
      input: 'driftCheckInterval',
      expected: 'one schedule per runner',
      got: `a second one for ${quote(props.runner.node.path)}`,
      fix: 'Omit it in this RunnerMonitoring.',
    });
  }
  problems.throwIfAny(scope, 'RunnerMonitoring');
}
