// Two runner stacks in one account, and a stack with the OIDC provider that both use.
//
// An account can have only one OIDC provider per issuer. This stack needs no API token. The provider is kept when the stack is deleted.
package main

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/jsii-runtime-go"

	"github.com/my-org/cdk-humanitec-ecs-runner-go/humanitececsrunner"
)

func main() {
	defer jsii.Close()

	app := awscdk.NewApp(nil)

	oidcProvider := humanitececsrunner.NewRunnerOidcProvider(newStack(app, "OidcProvider"), jsii.String("OidcProvider"), nil)

	for _, name := range []string{"Development", "Production"} {
		stack := newStack(app, name+"Runner")
		runner := humanitececsrunner.NewEcsRunner(stack, jsii.String("Runner"), &humanitececsrunner.EcsRunnerProps{
			Orchestrator: humanitececsrunner.Orchestrator_Humanitec(&humanitececsrunner.HumanitecOrchestratorProps{
				OrgId: jsii.String("my-org"),
				ApiToken: humanitececsrunner.ApiToken_FromSecretsManager(
					awssecretsmanager.Secret_FromSecretNameV2(stack, jsii.String("ApiToken"), jsii.String("humanitec-api-token")), nil),
			}),
			RunnerIdPrefix: jsii.String(strings.ToLower(name)),
			SubnetIds:      jsii.Strings("subnet-12345678", "subnet-87654321"),
			SecurityGroups: &[]awsec2.ISecurityGroup{
				awsec2.SecurityGroup_FromSecurityGroupId(stack, jsii.String("SecurityGroup"), jsii.String("sg-12345678"), nil),
			},
			OidcProvider: oidcProvider,
		})
		runner.AddRule(jsii.String(name), &humanitececsrunner.RunnerRuleOptions{
			EnvTypeId: jsii.String(strings.ToLower(name)),
		})
	}

	app.Synth(nil)
}

func newStack(app awscdk.App, id string) awscdk.Stack {
	return awscdk.NewStack(app, &id, &awscdk.StackProps{
		Env: &awscdk.Environment{Account: jsii.String("123456789012"), Region: jsii.String("us-east-1")},
	})
}
