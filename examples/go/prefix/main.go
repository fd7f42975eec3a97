// A runner with a generated id: prod-runner- and eight characters. The id does not change during the life of the runner.
package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/jsii-runtime-go"

	"github.com/my-org/cdk-humanitec-ecs-runner-go/humanitececsrunner"
)

func main() {
	defer jsii.Close()

	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("RunnerStack"), &awscdk.StackProps{
		Env: &awscdk.Environment{Account: jsii.String("123456789012"), Region: jsii.String("us-east-1")},
	})

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
		RunnerIdPrefix: jsii.String("prod-runner"),
	})
	runner.AddRule(jsii.String("Production"), &humanitececsrunner.RunnerRuleOptions{
		EnvTypeId: jsii.String("production"),
	})

	// CloudFormation generates the id during the deployment. RunnerId() is a placeholder for it.
	awscdk.NewCfnOutput(stack, jsii.String("RunnerId"), &awscdk.CfnOutputProps{Value: runner.RunnerId()})

	app.Synth(nil)
}
