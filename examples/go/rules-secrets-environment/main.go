// A runner with rules, environment variables, secrets, and access to a bucket for its deployments.
package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
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

	// The orchestrator requires the complete ARN of a secret, with the six random characters at the end.
	databasePassword := awssecretsmanager.Secret_FromSecretCompleteArn(stack, jsii.String("DatabasePassword"),
		jsii.String("arn:aws:secretsmanager:us-east-1:123456789012:secret:database-password-AbCdEf"))
	gitKeys := awsssm.StringParameter_FromSecureStringParameterAttributes(stack, jsii.String("GitKeys"),
		&awsssm.SecureStringParameterAttributes{ParameterName: jsii.String("/platform/git-ssh-keys")})

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

		// OpenTofu reads TF_VAR_size as its variable "size". The values are visible in the template and at the orchestrator.
		Environment: &map[string]*string{
			"TF_VAR_region": jsii.String("us-east-1"),
			"TF_VAR_size":   jsii.String("small"),
		},
		// ECS reads these secrets when a task starts. The execution role can read only these secrets.
		Secrets: &map[string]awsecs.Secret{
			"TF_VAR_database_password": awsecs.Secret_FromSecretsManager(databasePassword, nil),
			"RUNNER_GIT_SSH_KEYS":      awsecs.Secret_FromSsmParameter(gitKeys),
		},
	})

	// A rule without a filter matches all deployments that no more specific rule matches.
	runner.AddRule(jsii.String("Everything"), nil)
	runner.AddRule(jsii.String("Production"), &humanitececsrunner.RunnerRuleOptions{EnvTypeId: jsii.String("production")})
	runner.AddRule(jsii.String("ShopProduction"), &humanitececsrunner.RunnerRuleOptions{
		ProjectId: jsii.String("shop"),
		EnvTypeId: jsii.String("production"),
	})

	// Deployments can use only the resources that you grant to the runner: here, a bucket.
	awss3.Bucket_FromBucketName(stack, jsii.String("Artifacts"), jsii.String("my-org-artifacts")).GrantReadWrite(runner, nil)

	app.Synth(nil)
}
