/** The events of a runner: which tasks they match, and what their targets receive. */
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { RuleTargetInput } from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as sns from 'aws-cdk-lib/aws-sns';
import { matchesEvent } from './event-patterns';
import { CLUSTER_ARN, FAMILY, SAMPLE_FAILURES, SAMPLE_SUCCESSES, taskEvent, TaskEvent } from './sample-events';
import { EcsRunner } from '../../src';
import { ACCOUNT, newStack, only, REGION, runnerIn } from '../support';

const ARN = `arn:aws:ecs:${REGION}:${ACCOUNT}:cluster/runner`;
const event = (detail: Parameters<typeof taskEvent>[0], place = {}) => taskEvent(detail, { clusterArn: ARN, ...place });

function newRunner(stack: Stack): EcsRunner {
  return runnerIn(stack, { cluster: ecs.Cluster.fromClusterArn(stack, 'Cluster', ARN), eventLogEnabled: false });
}

/** The only EventBridge rule of a stack. */
const ruleOf = (stack: Stack) => only(Template.fromStack(stack), 'AWS::Events::Rule').Properties as { EventPattern: object; Targets: Record<string, any>[]; Description: string };

describe.each([
  ['onTaskStopped', () => true, true],
  ['onTaskFailed', () => true, false],
  ['onTaskFailedToStart', (sample: TaskEvent) => sample.detail.stopCode === 'TaskFailedToStart', false],
] as const)('%s', (method, expectedFor, successful) => {
  const stack = newStack();
  newRunner(stack)[method]('Rule', { target: new targets.SnsTopic(new sns.Topic(stack, 'Topic')) });
  const { EventPattern: pattern } = ruleOf(stack);

  test('matches exactly the documented failures of its kind', () => {
    // EventBridge can match an exit code, but not a missing exit code.
    const samples = SAMPLE_FAILURES.map(({ detail }) => event(detail))
      .filter(({ detail: { stopCode, containers } }) => stopCode !== 'EssentialContainerExited' || containers![0]!.exitCode !== undefined);
    for (const sample of samples) expect([sample.detail.stoppedReason, matchesEvent(pattern, sample)]).toEqual([sample.detail.stoppedReason, expectedFor(sample)]);
  });

  test('matches a successful task only if it is the event for all stopped tasks', () => {
    for (const detail of SAMPLE_SUCCESSES) expect(matchesEvent(pattern, event(detail))).toBe(successful);
  });

  test('does not match tasks that have not stopped, and tasks of other clusters and families', () => {
    const { detail } = SAMPLE_FAILURES[0]!;
    expect(matchesEvent(pattern, event(detail))).toBe(true);
    const others = [event({ ...detail, lastStatus: 'DEPROVISIONING' }), event(detail, { clusterArn: CLUSTER_ARN }), event(detail, { family: `my-${FAMILY}` })];
    expect(others.map(other => matchesEvent(pattern, other))).toEqual([false, false, false]);
  });
});

test('the rule of an event can be in another stack', () => {
  const stack = newStack();
  const other = new Stack(stack.node.root as App, 'Other', { env: { account: ACCOUNT, region: REGION } });
  newRunner(stack).onTaskFailed('Alert', { crossStackScope: other, target: new targets.SnsTopic(new sns.Topic(other, 'Topic')) });
  expect(Object.keys(Template.fromStack(other).findResources('AWS::Events::Rule'))).toHaveLength(1);
});

describe('the target of an event', () => {
  const inputOf = (options: object, logged: boolean) => {
    const stack = newStack();
    runnerIn(stack, { eventLogEnabled: logged }).onTaskFailed('Alert', { target: new targets.SnsTopic(new sns.Topic(stack, 'Topic'), options) });
    return only(Template.fromStack(stack), 'AWS::Events::Rule', 'RunnerAlert').Properties.Targets[0] as Record<string, any>;
  };

  test('receives a readable message with environment, reason, task, next step and a link to the log', () => {
    const { InputPathsMap: paths, InputTemplate: template } = inputOf({}, true).InputTransformer as { InputPathsMap: Record<string, string>; InputTemplate: { 'Fn::Join': [string, unknown[]] } };
    expect(Object.values(paths).sort()).toEqual(['$.detail.group', '$.detail.stopCode', '$.detail.stoppedReason', '$.detail.taskArn']);
    const text = template['Fn::Join'][1].map(part => typeof part === 'string' ? part : '…').join('');
    expect(text).toBe('"A task of the runner … failed.\\nTask definition (ends with the environment): <detail-group>\\nReason (<detail-stopCode>): <detail-stoppedReason>\\n'
      + 'Task: <detail-taskArn>\\nNext step: read the log of the deployment at the orchestrator if the task had started. Otherwise look the reason up: '
      + 'https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html\\nEvents: '
      + `https://${REGION}.console.aws.amazon.com/cloudwatch/home?region=${REGION}#logsV2:log-groups/log-group/…"`);
  });

  test('receives no link without an event log', () => {
    const template = JSON.stringify(inputOf({}, false).InputTransformer.InputTemplate);
    expect(template).toContain('Next step');
    expect(template).not.toContain('logsV2');
  });

  test('receives its own input, if it has one', () => {
    const target = inputOf({ message: RuleTargetInput.fromEventPath('$.detail') }, true);
    expect([target.InputPath, target.InputTransformer]).toEqual(['$.detail', undefined]);
  });
});

test('the rule of an event accepts the user\'s properties, and its target can be added later', () => {
  const stack = newStack();
  const rule = newRunner(stack).onTaskFailedToStart('Alert', { description: 'Pages the platform team', eventPattern: { region: [REGION] } });
  expect(ruleOf(stack)).toMatchObject({ Description: 'Pages the platform team', EventPattern: { region: [REGION], source: ['aws.ecs'] } });
  expect(ruleOf(stack).Targets).toBeUndefined();
  expect(rule.node.path).toBe('Stack/Runner/Alert');
});
