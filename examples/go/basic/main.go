// The shortest app with a runner. The construct creates the VPC, the cluster, the roles, the state bucket and the registration.
//
// Before the first deployment, put an API token of your organization into the secret humanitec-api-token.
package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/jsii-runtime-go"

	"github.com/my-org/cdk-humanitec-ecs-runner-go/humanitececsrunner"
)

func main() {
	defer jsii.Close()

	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("RunnerStack"), nil)

	// Properties are pointers, and nil means that a property is omitted. jsii.String and similar functions create pointers.
	runner := humanitececsrunner.NewEcsRunner(stack, jsii.String("Runner"), &humanitececsrunner.EcsRunnerProps{
		Orchestrator: humanitececsrunner.Orchestrator_Humanitec(&humanitececsrunner.HumanitecOrchestratorProps{
			OrgId: jsii.String("my-org"),
			ApiToken: humanitececsrunner.ApiToken_FromSecretsManager(
				awssecretsmanager.Secret_FromSecretNameV2(stack, jsii.String("ApiToken"), jsii.String("humanitec-api-token")), nil),
		}),
		Description: jsii.String("Deployments of my-org"),
	})
	runner.AddRule(jsii.String("Production"), &humanitececsrunner.RunnerRuleOptions{
		EnvTypeId: jsii.String("production"),
	})

	for id, value := range map[string]*string{
		"RunnerId":           runner.RunnerId(),
		"ClusterName":        runner.Cluster().ClusterName(),
		"ClusterArn":         runner.Cluster().ClusterArn(),
		"StateBucketName":    runner.StateBucket().BucketName(),
		"TaskManagerRoleArn": runner.TaskManagerRole().RoleArn(),
		"ExecutionRoleArn":   runner.ExecutionRole().RoleArn(),
		"TaskRoleArn":        runner.TaskRole().RoleArn(),
		"EventLogGroupName":  runner.EventLogGroup().LogGroupName(),
	} {
		awscdk.NewCfnOutput(stack, jsii.String(id), &awscdk.CfnOutputProps{Value: value})
	}

	// Required: without this line, no template is written. Only in TypeScript, the CDK does this by itself.
	app.Synth(nil)
}
