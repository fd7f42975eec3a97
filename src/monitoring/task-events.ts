import { Fn, Stack } from 'aws-cdk-lib';
import type { IAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import { EventField, IRule, IRuleTarget, OnEventOptions, Rule, RuleTargetConfig, RuleTargetInput } from 'aws-cdk-lib/aws-events';
import type { Construct, IConstruct } from 'constructs';
import { MAIN_CONTAINER } from './failure-classes';
import type { RunnerWithEvents } from './task-metrics';
import { keepUntilDeregistered } from '../registration/resources';

/** A kind of task event. */
export interface TaskEvent {
  /** What happened to the task, as the end of a sentence that begins with "A task of the runner". */
  readonly what: string;
  /** Which details the event has. */
  readonly detail: { readonly [field: string]: unknown[] };
}

const STOPPED = { lastStatus: ['STOPPED'] };

export const TASK_STOPPED: TaskEvent = { what: 'stopped', detail: STOPPED };
export const TASK_FAILED_TO_START: TaskEvent = { what: 'failed to start', detail: { ...STOPPED, stopCode: ['TaskFailedToStart'] } };
export const TASK_FAILED: TaskEvent = {
  what: 'failed',
  detail: {
    ...STOPPED,
    $or: [
      { stopCode: [{ 'anything-but': ['EssentialContainerExited'] }] },
      { containers: { name: [MAIN_CONTAINER], exitCode: [{ 'anything-but': [0] }] } },
    ],
  },
};

/** Creates a rule for task events of the runner. */
export function onTaskEvent(runner: RunnerWithEvents, id: string, { what, detail }: TaskEvent, { target, ...options }: OnEventOptions): Rule {
  const rule = new Rule(runner, id, { description: `A task of a Platform Orchestrator runner ${what}`, ...options });
  rule.addEventPattern({
    source: ['aws.ecs'],
    detailType: ['ECS Task State Change'],
    detail: {
      clusterArn: [runner.cluster.clusterArn],
      group: [{ prefix: `family:${runner.orchestrator!.taskFamilyPrefix}` }],
      ...detail,
    },
  });
  rule.addTarget(target && new TargetWithMessage(target, message(runner, what)));
  keepUntilDeregistered(runner, rule);
  return rule;
}

/** Sends a message for people to a target that has no input of its own. */
class TargetWithMessage implements IRuleTarget {
  constructor(private readonly target: IRuleTarget, private readonly input: RuleTargetInput) {}

  public bind(rule: IRule, id?: string): RuleTargetConfig {
    const config = this.target.bind(rule, id);
    return { ...config, input: config.input ?? this.input };
  }
}

/** EventBridge cannot cut the environment out of the name of the task definition, nor choose a remedy. */
function message(runner: RunnerWithEvents, what: string): RuleTargetInput {
  return RuleTargetInput.fromText([
    `A task of the runner ${runner.runnerId} ${what}.`,
    `Task definition (ends with the environment): ${EventField.fromPath('$.detail.group')}`,
    `Reason (${EventField.fromPath('$.detail.stopCode')}): ${EventField.fromPath('$.detail.stoppedReason')}`,
    `Task: ${EventField.fromPath('$.detail.taskArn')}`,
    'Next step: read the log of the deployment at the orchestrator if the task had started. Otherwise look the reason up: '
      + 'https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html',
    ...runner.eventLogGroup ? [`Events: ${logUrl(runner, runner.eventLogGroup.logGroupName)}`] : [],
  ].join('\n'));
}

/** The page of the log group in the console, whose URL has a slash of the name encoded as `$252F`. */
export function logUrl(runner: IConstruct, logGroupName: string): string {
  const { region } = Stack.of(runner);
  return `https://${region}.console.aws.amazon.com/cloudwatch/home?region=${region}#logsV2:log-groups/log-group/${Fn.join('$252F', Fn.split('/', logGroupName))}`;
}

/** Creates a rule for the moment at which an alarm fires. */
export function onAlarm(scope: Construct, id: string, alarm: IAlarm, text: string, { target, ...options }: OnEventOptions): Rule {
  const rule = new Rule(scope, id, options);
  rule.addEventPattern({
    source: ['aws.cloudwatch'],
    detailType: ['CloudWatch Alarm State Change'],
    resources: [alarm.alarmArn],
    detail: { state: { value: ['ALARM'] } },
  });
  rule.addTarget(target && new TargetWithMessage(target, RuleTargetInput.fromText(text)));
  return rule;
}
