// A runner for a self-hosted orchestrator, with the API token in Parameter Store.
package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsssm"
	"github.com/aws/jsii-runtime-go"

	"github.com/my-org/cdk-humanitec-ecs-runner-go/humanitececsrunner"
)

func main() {
	defer jsii.Close()

	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("RunnerStack"), &awscdk.StackProps{
		Env: &awscdk.Environment{Account: jsii.String("123456789012"), Region: jsii.String("us-east-1")},
	})

	// An existing parameter of type SecureString. CloudFormation cannot create one.
	apiToken := awsssm.StringParameter_FromSecureStringParameterAttributes(stack, jsii.String("ApiToken"),
		&awsssm.SecureStringParameterAttributes{ParameterName: jsii.String("/platform/api-token")})

	orchestrator := humanitececsrunner.Orchestrator_SelfHosted(&humanitececsrunner.SelfHostedOrchestratorProps{
		OrgId:    jsii.String("my-org"),
		ApiToken: humanitececsrunner.ApiToken_FromSsmParameter(apiToken, nil),
		// The URL must be reachable from AWS Lambda, which calls the API to register the runner.
		ApiUrl: jsii.String("https://orchestrator.example.com"),
		// AWS reads the keys of the issuer from this URL. It needs a public host, port 443 and a publicly trusted certificate.
		OidcIssuerUrl: jsii.String("https://oidc.example.com"),
		// The prefix of your orchestrator's task definition families. Omit it if your orchestrator uses the default.
		TaskFamilyPrefix: jsii.String("my-orchestrator_"),
	})

	runner := humanitececsrunner.NewEcsRunner(stack, jsii.String("Runner"), &humanitececsrunner.EcsRunnerProps{
		Orchestrator: orchestrator,
		SubnetIds:    jsii.Strings("subnet-12345678", "subnet-87654321"),
		SecurityGroups: &[]awsec2.ISecurityGroup{
			awsec2.SecurityGroup_FromSecurityGroupId(stack, jsii.String("SecurityGroup"), jsii.String("sg-12345678"), nil),
		},
	})
	runner.AddRule(jsii.String("Production"), &humanitececsrunner.RunnerRuleOptions{
		EnvTypeId: jsii.String("production"),
	})

	awscdk.NewCfnOutput(stack, jsii.String("RunnerId"), &awscdk.CfnOutputProps{Value: runner.RunnerId()})

	app.Synth(nil)
}
