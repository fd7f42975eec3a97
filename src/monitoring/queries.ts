/** Queries of CloudWatch Logs Insights on the task events. https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html */
import { all, Condition, insightsFilter, is, like } from './conditions';
import { FAILED, STOPPED } from './failure-classes';

/** A saved query. */
export interface TaskQuery {
  /** Construct id. */
  readonly id: string;
  /** Name in the console. */
  readonly name: string;
  /** The lines of the query. */
  readonly lines: string[];
}

/** Seconds of the day at a timestamp such as 2026-01-23T17:57:34.402Z: Logs Insights cannot convert such a text to a time. */
const secondsOf = (name: string) => `(${name}Hour * 3600 + ${name}Minute * 60 + ${name}Second)`;
const timeOf = (name: string) => `parse detail.${name}At "*T*:*:*Z" as ${name}Day, ${name}Hour, ${name}Minute, ${name}Second`;
/** No task runs for a day, so a task that seems to have gone back in time has passed midnight. */
const secondsBetween = (from: string, to: string) => `(${secondsOf(to)} - ${secondsOf(from)} + 86400) % 86400`;

/** The queries, on events to which all conditions apply. */
export function taskQueries(conditions: Condition[]): Record<'lastFailures' | 'failuresByReason' | 'failuresByEnvironment' | 'slowestStarts', TaskQuery> {
  const failed = `filter ${insightsFilter(all(FAILED, ...conditions))}`;
  return {
    lastFailures: {
      id: 'LastFailures',
      name: 'Last failures',
      lines: [
        'fields @timestamp, detail.stopCode as stopCode, detail.stoppedReason as reason, detail.containers.0.exitCode as exitCode, '
          + 'detail.containers.0.reason as containerReason, detail.group as taskDefinition, detail.taskArn as task',
        failed,
        'sort @timestamp desc',
        'limit 20',
      ],
    },
    failuresByReason: {
      id: 'FailuresByReason',
      name: 'Failures by reason',
      lines: [
        failed,
        'parse detail.stoppedReason /^(?<error>[A-Za-z]+):/',
        'stats count(*) as failures, latest(detail.stoppedReason) as lastReason, latest(@timestamp) as last by detail.stopCode as stopCode, error',
        'sort failures desc',
      ],
    },
    failuresByEnvironment: {
      id: 'FailuresByEnvironment',
      name: 'Failures by environment',
      lines: [
        failed,
        'parse detail.group "family:*" as taskDefinition',
        'stats count(*) as failures, latest(detail.stoppedReason) as lastReason, latest(@timestamp) as last by taskDefinition',
        'sort failures desc',
      ],
    },
    slowestStarts: {
      id: 'SlowestStarts',
      name: 'Slowest starts',
      lines: [
        `filter ${insightsFilter(all(STOPPED, like('startedAt', '*T*'), ...conditions))}`,
        timeOf('created'),
        timeOf('started'),
        timeOf('stopped'),
        `fields @timestamp, ${secondsBetween('created', 'started')} as startSeconds, ${secondsBetween('started', 'stopped')} as runSeconds, `
          + 'detail.group as taskDefinition, detail.taskArn as task',
        'sort startSeconds desc',
        'limit 20',
      ],
    },
  };
}

/** The conditions for events of one cluster and orchestrator. */
export function scopeOf(clusterArn: string, taskFamilyPrefix: string): Condition[] {
  return [is('clusterArn', clusterArn), like('group', `*family:${taskFamilyPrefix}*`)];
}
