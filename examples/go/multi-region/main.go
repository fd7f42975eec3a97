// One runner in each of two regions of one account.
//
// IAM is global: an account can have only one OIDC provider per issuer. The first stack creates it, and the second stack uses it.
package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/jsii-runtime-go"

	"github.com/my-org/cdk-humanitec-ecs-runner-go/humanitececsrunner"
)

func main() {
	defer jsii.Close()

	app := awscdk.NewApp(nil)

	usEast := newStack(app, "RunnerUsEast", "us-east-1")
	usEastRunner := humanitececsrunner.NewEcsRunner(usEast, jsii.String("Runner"), &humanitececsrunner.EcsRunnerProps{
		Orchestrator: orchestratorFor(usEast),
		RunnerId:     jsii.String("us-east-runner"),
		SubnetIds:    jsii.Strings("subnet-12345678", "subnet-87654321"),
		SecurityGroups: &[]awsec2.ISecurityGroup{
			awsec2.SecurityGroup_FromSecurityGroupId(usEast, jsii.String("SecurityGroup"), jsii.String("sg-12345678"), nil),
		},
		Tags: &map[string]*string{"Region": jsii.String("us-east-1")},
	})
	usEastRunner.AddRule(jsii.String("Shop"), &humanitececsrunner.RunnerRuleOptions{
		ProjectId: jsii.String("shop-us"),
	})

	euWest := newStack(app, "RunnerEuWest", "eu-west-1")
	euWestRunner := humanitececsrunner.NewEcsRunner(euWest, jsii.String("Runner"), &humanitececsrunner.EcsRunnerProps{
		Orchestrator: orchestratorFor(euWest),
		RunnerId:     jsii.String("eu-west-runner"),
		SubnetIds:    jsii.Strings("subnet-23456789", "subnet-98765432"),
		SecurityGroups: &[]awsec2.ISecurityGroup{
			awsec2.SecurityGroup_FromSecurityGroupId(euWest, jsii.String("SecurityGroup"), jsii.String("sg-87654321"), nil),
		},
		OidcProvider: awsiam.OidcProviderNative_FromOidcProviderArn(euWest, jsii.String("OidcProvider"),
			jsii.String("arn:aws:iam::"+account+":oidc-provider/oidc.humanitec.dev")),
		Tags: &map[string]*string{"Region": jsii.String("eu-west-1")},
	})
	euWestRunner.AddRule(jsii.String("Shop"), &humanitececsrunner.RunnerRuleOptions{
		ProjectId: jsii.String("shop-eu"),
	})
	// The OIDC provider must exist before the second runner's role trusts it.
	euWest.AddDependency(usEast, nil)

	app.Synth(nil)
}

const account = "123456789012"

func newStack(app awscdk.App, id string, region string) awscdk.Stack {
	return awscdk.NewStack(app, &id, &awscdk.StackProps{
		Env: &awscdk.Environment{Account: jsii.String(account), Region: &region},
	})
}

// The secret with the API token must exist in both regions. Secrets Manager can replicate it.
func orchestratorFor(stack awscdk.Stack) humanitececsrunner.Orchestrator {
	return humanitececsrunner.Orchestrator_Humanitec(&humanitececsrunner.HumanitecOrchestratorProps{
		OrgId: jsii.String("my-org"),
		ApiToken: humanitececsrunner.ApiToken_FromSecretsManager(
			awssecretsmanager.Secret_FromSecretNameV2(stack, jsii.String("ApiToken"), jsii.String("humanitec-api-token")), nil),
	})
}
