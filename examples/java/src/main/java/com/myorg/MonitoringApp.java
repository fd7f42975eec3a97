package com.myorg;

import io.github.myorg.cdk.humanitec.ecsrunner.ApiToken;
import io.github.myorg.cdk.humanitec.ecsrunner.EcsRunner;
import io.github.myorg.cdk.humanitec.ecsrunner.HumanitecOrchestratorProps;
import io.github.myorg.cdk.humanitec.ecsrunner.Orchestrator;
import io.github.myorg.cdk.humanitec.ecsrunner.RunnerMonitoring;
import io.github.myorg.cdk.humanitec.ecsrunner.RunnerRuleOptions;
import io.github.myorg.cdk.humanitec.ecsrunner.TaskFailure;

import java.util.List;

import software.amazon.awscdk.App;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.Environment;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.StackProps;
import software.amazon.awscdk.services.cloudwatch.CreateAlarmOptions;
import software.amazon.awscdk.services.cloudwatch.actions.SnsAction;
import software.amazon.awscdk.services.ec2.SecurityGroup;
import software.amazon.awscdk.services.events.OnEventOptions;
import software.amazon.awscdk.services.events.targets.SnsTopic;
import software.amazon.awscdk.services.secretsmanager.Secret;
import software.amazon.awscdk.services.sns.ITopic;
import software.amazon.awscdk.services.sns.Topic;

/** A runner that is monitored: a dashboard, alarms, saved queries, a message for each task that cannot start, and a check of the registration. */
public class MonitoringApp {
    public static void main(final String[] args) {
        final App app = new App();
        final Stack stack = new Stack(app, "RunnerStack", StackProps.builder()
                .env(Environment.builder().account("123456789012").region("us-east-1").build())
                .build());
        // The policy of the topic must let CloudWatch and EventBridge publish to it.
        final ITopic topic = Topic.fromTopicArn(stack, "Alerts", "arn:aws:sns:us-east-1:123456789012:platform-alerts");

        final EcsRunner runner = EcsRunner.Builder.create(stack, "Runner")
                .orchestrator(Orchestrator.humanitec(HumanitecOrchestratorProps.builder()
                        .orgId("my-org")
                        .apiToken(ApiToken.fromSecretsManager(Secret.fromSecretNameV2(stack, "ApiToken", "humanitec-api-token")))
                        .build()))
                .subnetIds(List.of("subnet-12345678", "subnet-87654321"))
                .securityGroups(List.of(SecurityGroup.fromSecurityGroupId(stack, "SecurityGroup", "sg-12345678")))
                .build();
        runner.addRule("Production", RunnerRuleOptions.builder().envTypeId("production").build());

        RunnerMonitoring.Builder.create(stack, "Monitoring")
                .runner(runner)
                .alarmActions(List.of(new SnsAction(topic)))
                .driftCheckInterval(Duration.hours(1))
                .build();
        runner.onTaskFailedToStart("FailedToStart", OnEventOptions.builder().target(new SnsTopic(topic)).build());

        // An alarm of your own, for one reason.
        runner.metricTasksFailedBy(TaskFailure.SECRET_PERMISSION)
                .createAlarm(stack, "SecretsAlarm", CreateAlarmOptions.builder().threshold(1).evaluationPeriods(1).build())
                .addAlarmAction(new SnsAction(topic));

        app.synth();
    }
}
