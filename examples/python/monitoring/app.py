#!/usr/bin/env python3
"""A runner that is monitored: a dashboard, alarms, saved queries, a message for each task that cannot start, and a check of the registration."""

from aws_cdk import App, Duration, Environment, Stack
from aws_cdk.aws_cloudwatch_actions import SnsAction
from aws_cdk.aws_ec2 import SecurityGroup
from aws_cdk.aws_events_targets import SnsTopic
from aws_cdk.aws_secretsmanager import Secret
from aws_cdk.aws_sns import Topic
from cdk_humanitec_ecs_runner import (
    ApiToken,
    EcsRunner,
    Orchestrator,
    RunnerMonitoring,
    TaskFailure,
)

app = App()
stack = Stack(app, "RunnerStack", env=Environment(account="123456789012", region="us-east-1"))
# The policy of the topic must let CloudWatch and EventBridge publish to it.
topic = Topic.from_topic_arn(
    stack, "Alerts", "arn:aws:sns:us-east-1:123456789012:platform-alerts"
)

runner = EcsRunner(
    stack,
    "Runner",
    orchestrator=Orchestrator.humanitec(
        org_id="my-org",
        api_token=ApiToken.from_secrets_manager(
            Secret.from_secret_name_v2(stack, "ApiToken", "humanitec-api-token")
        ),
    ),
    subnet_ids=["subnet-12345678", "subnet-87654321"],
    security_groups=[
        SecurityGroup.from_security_group_id(stack, "SecurityGroup", "sg-12345678")
    ],
)
runner.add_rule("Production", env_type_id="production")

RunnerMonitoring(
    stack,
    "Monitoring",
    runner=runner,
    alarm_actions=[SnsAction(topic)],
    drift_check_interval=Duration.hours(1),
)
runner.on_task_failed_to_start("FailedToStart", target=SnsTopic(topic))

# An alarm of your own, for one reason.
runner.metric_tasks_failed_by(TaskFailure.SECRET_PERMISSION).create_alarm(
    stack, "SecretsAlarm", threshold=1, evaluation_periods=1
).add_alarm_action(SnsAction(topic))

app.synth()
