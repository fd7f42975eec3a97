// A runner for production: customer managed key, versioned state that is kept when the stack is deleted, role path, permissions
// boundary, log retention of 90 days, and tags.
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

		// Encrypts the bucket and the runner's log groups. The construct adds the permissions to the key policy and the roles.
		EncryptionKey: key,
		StateStorage: humanitececsrunner.StateStorage_NewBucket(&humanitececsrunner.NewBucketOptions{
			Versioned: jsii.Bool(true),
			// Enums are values, not pointers.
			RemovalPolicy: awscdk.RemovalPolicy_RETAIN_ON_UPDATE_OR_DELETE,
		}),
		LogRetention: awslogs.RetentionDays_THREE_MONTHS,

		// The permissions boundary must exist and must allow the actions of the roles. It limits the roles and grants no permissions.
		RolePath:            jsii.String("/platform/runners/"),
		PermissionsBoundary: awsiam.ManagedPolicy_FromManagedPolicyName(stack, jsii.String("Boundary"), jsii.String("EnterprisePermissionsBoundary")),

		// Fails the deletion of a runner that environments still use.
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
