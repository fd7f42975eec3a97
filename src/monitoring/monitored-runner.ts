import { Resource } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as events from 'aws-cdk-lib/aws-events';
import type * as logs from 'aws-cdk-lib/aws-logs';
import { onTaskEvent, TASK_FAILED, TASK_FAILED_TO_START, TASK_STOPPED } from './task-events';
import type { TaskFailure } from './task-failure';
import { taskMetric, TASKS_FAILED, TASKS_FAILED_TO_START, TASKS_STARTED, TASKS_STOPPED, tasksFailedBy } from './task-metrics';
import type { Orchestrator } from '../inputs/orchestrator';

/**
 * The metrics and events of a runner.
 *
 * @internal
 */
export abstract class MonitoredRunner extends Resource {
  public abstract readonly runnerId: string;
  public abstract readonly orchestrator?: Orchestrator;
  public abstract readonly cluster: ecs.ICluster;
  public abstract readonly eventLogGroup?: logs.ILogGroup;

  /**
   * Number of tasks that started. The first use of a metric creates its metric filter on the event log. EventBridge delivers an event at least once, so a number can be
   * too high.
   *
   * @param options properties of the metric; default: sum over 5 minutes
   * @throws an error with `eventLogEnabled: false`
   */
  public metricTasksStarted(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return taskMetric(this, TASKS_STARTED, options);
  }

  /**
   * Number of tasks that stopped, successful or not.
   *
   * @param options properties of the metric; default: sum over 5 minutes
   * @throws an error with `eventLogEnabled: false`
   */
  public metricTasksStopped(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return taskMetric(this, TASKS_STOPPED, options);
  }

  /**
   * Number of tasks that failed: ECS could not start them, OpenTofu ended with an error, or somebody stopped them.
   *
   * @param options properties of the metric; default: sum over 5 minutes
   * @throws an error with `eventLogEnabled: false`
   */
  public metricTasksFailed(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return taskMetric(this, TASKS_FAILED, options);
  }

  /**
   * Number of tasks that ECS could not start. The cause is the runner or its network, and not the module that was deployed.
   *
   * @param options properties of the metric; default: sum over 5 minutes
   * @throws an error with `eventLogEnabled: false`
   */
  public metricTasksFailedToStart(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return taskMetric(this, TASKS_FAILED_TO_START, options);
  }

  /**
   * Number of tasks that failed for one reason. A failed task is counted for one reason only.
   *
   * @param failure the reason
   * @param options properties of the metric; default: sum over 5 minutes
   * @throws an error with `eventLogEnabled: false`
   * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
   */
  public metricTasksFailedBy(failure: TaskFailure, options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return taskMetric(this, tasksFailedBy(failure), options);
  }

  /**
   * Creates a rule for each task that fails: ECS could not start it, OpenTofu ended with an error, or somebody stopped it. Works without the event log, too.
   *
   * @param id the construct id of the rule
   * @param options target and properties of the rule. A target without an input of its own receives a message for people; with the input
   * `RuleTargetInput.fromEventPath('$')` it receives the event.
   * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
   */
  public onTaskFailed(id: string, options: events.OnEventOptions = {}): events.Rule {
    return onTaskEvent(this, id, TASK_FAILED, options);
  }

  /**
   * Creates a rule for each task that ECS cannot start. The cause is the runner or its network, and not the module that was deployed.
   *
   * @param id the construct id of the rule
   * @param options target and properties of the rule. A target without an input of its own receives a message for people; with the input
   * `RuleTargetInput.fromEventPath('$')` it receives the event.
   * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
   */
  public onTaskFailedToStart(id: string, options: events.OnEventOptions = {}): events.Rule {
    return onTaskEvent(this, id, TASK_FAILED_TO_START, options);
  }

  /**
   * Creates a rule for each task that stops, successful or not.
   *
   * @param id the construct id of the rule
   * @param options target and properties of the rule. A target without an input of its own receives a message for people; with the input
   * `RuleTargetInput.fromEventPath('$')` it receives the event.
   * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
   */
  public onTaskStopped(id: string, options: events.OnEventOptions = {}): events.Rule {
    return onTaskEvent(this, id, TASK_STOPPED, options);
  }
}
