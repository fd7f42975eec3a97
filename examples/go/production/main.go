// A runner for production: customer managed key, versioned state that outlives the stack, role path and permissions
// boundary, 90 days of logs, tags for governance.
package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/jsii-runtime-go"

	"github.com/my-org/cdk-humanitec-ecs-runner-go/humanitececsrunner"
)

func main() {
	defer jsii.Close()

	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("ProductionRunnerStack"), nil)

	vpc := awsec2.NewVpc(stack, jsii.String("Vpc"), &awsec2.VpcProps{MaxAzs: jsii.Number(2), NatGateways: jsii.Number(1)})
	securityGroup := awsec2.NewSecurityGroup(stack, jsii.String("TaskSecurityGroup"), &awsec2.SecurityGroupProps{
		Vpc:              vpc,
		AllowAllOutbound: jsii.Bool(false),
		Description:      jsii.String("Deployments"),
	})
	securityGroup.AddEgressRule(awsec2.Peer_AnyIpv4(), awsec2.Port_Tcp(jsii.Number(443)),
		jsii.String("HTTPS to the orchestrator, registries and AWS"), nil)

	key := awskms.NewKey(stack, jsii.String("Key"), &awskms.KeyProps{
		Alias:             jsii.String("ecs-runner"),
		EnableKeyRotation: jsii.Bool(true),
	})

	runner := humanitececsrunner.NewEcsRunner(stack, jsii.String("Runner"), &humanitececsrunner.EcsRunnerProps{
		Orchestrator: humanitececsrunner.Orchestrator_Humanitec(&humanitececsrunner.HumanitecOrchestratorProps{
			OrgId: jsii.String("my-org"),
			ApiToken: humanitececsrunner.ApiToken_FromSecretsManager(
				awssecretsmanager.Secret_FromSecretNameV2(stack, jsii.String("ApiToken"), jsii.String("humanitec-api-token")), nil),
		}),
		RunnerId:       jsii.String("prod-runner"),
		Description:    jsii.String("Production deployments of my-org"),
		Vpc:            vpc,
		SecurityGroups: &[]awsec2.ISecurityGroup{securityGroup},

		// The bucket and the runner's log groups are encrypted with the key; its policy and the roles get what that needs.
		EncryptionKey: key,
		StateStorage: humanitececsrunner.StateStorage_NewBucket(&humanitececsrunner.NewBucketOptions{
			Versioned: jsii.Bool(true),
			// Enums are values, not pointers.
			RemovalPolicy: awscdk.RemovalPolicy_RETAIN_ON_UPDATE_OR_DELETE,
		}),
		LogRetention: awslogs.RetentionDays_THREE_MONTHS,

		// The policy has to be in the account, and to allow what the roles do: it limits them, it gives them nothing.
		RolePath:            jsii.String("/platform/runners/"),
		PermissionsBoundary: awsiam.ManagedPolicy_FromManagedPolicyName(stack, jsii.String("Boundary"), jsii.String("EnterprisePermissionsBoundary")),

		// A runner that environments still use cannot be deleted by mistake.
		OnInUse: humanitececsrunner.OnInUse_FAIL,

		Tags: &map[string]*string{
			"Environment":        jsii.String("production"),
			"CostCenter":         jsii.String("platform-engineering"),
			"DataClassification": jsii.String("internal"),
			"ManagedBy":          jsii.String("cdk"),
		},
	})
	runner.AddRule(jsii.String("Production"), &humanitececsrunner.RunnerRuleOptions{EnvTypeId: jsii.String("production")})

	awscdk.NewCfnOutput(stack, jsii.String("RunnerId"), &awscdk.CfnOutputProps{Value: runner.RunnerId()})
	awscdk.NewCfnOutput(stack, jsii.String("StateBucketName"), &awscdk.CfnOutputProps{Value: runner.StateBucket().BucketName()})

	app.Synth(nil)
}
