// A runner that is monitored: a dashboard, alarms, saved queries, a message for each task that cannot start, and a check of the registration.
package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatchactions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/jsii-runtime-go"

	"github.com/my-org/cdk-humanitec-ecs-runner-go/humanitececsrunner"
)

func main() {
	defer jsii.Close()

	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("RunnerStack"), &awscdk.StackProps{
		Env: &awscdk.Environment{Account: jsii.String("123456789012"), Region: jsii.String("us-east-1")},
	})
	// The policy of the topic must let CloudWatch and EventBridge publish to it.
	topic := awssns.Topic_FromTopicArn(stack, jsii.String("Alerts"), jsii.String("arn:aws:sns:us-east-1:123456789012:platform-alerts"))

	runner := humanitececsrunner.NewEcsRunner(stack, jsii.String("Runner"), &humanitececsrunner.EcsRunnerProps{
		Orchestrator: humanitececsrunner.Orchestrator_Humanitec(&humanitececsrunner.HumanitecOrchestratorProps{
			OrgId: jsii.String("my-org"),
			ApiToken: humanitececsrunner.ApiToken_FromSecretsManager(
				awssecretsmanager.Secret_FromSecretNameV2(stack, jsii.String("ApiToken"), jsii.String("humanitec-api-token")), nil),
		}),
		SubnetIds: jsii.Strings("subnet-12345678", "subnet-87654321"),
		SecurityGroups: &[]awsec2.ISecurityGroup{
			awsec2.SecurityGroup_FromSecurityGroupId(stack, jsii.String("SecurityGroup"), jsii.String("sg-12345678"), nil),
		},
	})
	runner.AddRule(jsii.String("Production"), &humanitececsrunner.RunnerRuleOptions{
		EnvTypeId: jsii.String("production"),
	})

	humanitececsrunner.NewRunnerMonitoring(stack, jsii.String("Monitoring"), &humanitececsrunner.RunnerMonitoringProps{
		Runner:             runner,
		AlarmActions:       &[]awscloudwatch.IAlarmAction{awscloudwatchactions.NewSnsAction(topic)},
		DriftCheckInterval: awscdk.Duration_Hours(jsii.Number(1)),
	})
	runner.OnTaskFailedToStart(jsii.String("FailedToStart"), &awsevents.OnEventOptions{
		Target: awseventstargets.NewSnsTopic(topic, nil),
	})

	// An alarm of your own, for one reason.
	runner.MetricTasksFailedBy(humanitececsrunner.TaskFailure_SECRET_PERMISSION, nil).
		CreateAlarm(stack, jsii.String("SecretsAlarm"), &awscloudwatch.CreateAlarmOptions{
			Threshold: jsii.Number(1), EvaluationPeriods: jsii.Number(1),
		}).
		AddAlarmAction(awscloudwatchactions.NewSnsAction(topic))

	app.Synth(nil)
}
