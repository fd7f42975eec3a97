/** A runner that is monitored: a dashboard, alarms, saved queries, a message for each task that cannot start, and a check of the registration. */
import { App, Duration, Stack } from 'aws-cdk-lib';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { SnsTopic } from 'aws-cdk-lib/aws-events-targets';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { ApiToken, EcsRunner, Orchestrator, RunnerMonitoring, TaskFailure } from 'cdk-humanitec-ecs-runner';

const app = new App();
const stack = new Stack(app, 'RunnerStack', { env: { account: '123456789012', region: 'us-east-1' } });
// The policy of the topic must let CloudWatch and EventBridge publish to it.
const topic = Topic.fromTopicArn(stack, 'Alerts', 'arn:aws:sns:us-east-1:123456789012:platform-alerts');

const runner = new EcsRunner(stack, 'Runner', {
  orchestrator: Orchestrator.humanitec({
    orgId: 'my-org',
    apiToken: ApiToken.fromSecretsManager(Secret.fromSecretNameV2(stack, 'ApiToken', 'humanitec-api-token')),
  }),
  subnetIds: ['subnet-12345678', 'subnet-87654321'],
  securityGroups: [SecurityGroup.fromSecurityGroupId(stack, 'SecurityGroup', 'sg-12345678')],
});
runner.addRule('Production', { envTypeId: 'production' });

new RunnerMonitoring(stack, 'Monitoring', { runner, alarmActions: [new SnsAction(topic)], driftCheckInterval: Duration.hours(1) });
runner.onTaskFailedToStart('FailedToStart', { target: new SnsTopic(topic) });

// An alarm of your own, for one reason.
runner.metricTasksFailedBy(TaskFailure.SECRET_PERMISSION).createAlarm(stack, 'SecretsAlarm', { threshold: 1, evaluationPeriods: 1 })
  .addAlarmAction(new SnsAction(topic));
