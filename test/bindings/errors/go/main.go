// Prints the error messages for invalid inputs, one for each case.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/jsii-runtime-go"

	"github.com/my-org/cdk-humanitec-ecs-runner-go/humanitececsrunner"
)

var messages = map[string]string{}

func attempt(name string, what func()) {
	defer func() {
		if problem := recover(); problem != nil {
			messages[name] = fmt.Sprint(problem)
		}
	}()
	what()
}

func main() {
	defer jsii.Close()

	stack := awscdk.NewStack(awscdk.NewApp(nil), jsii.String("Stack"), nil)
	secret := awssecretsmanager.Secret_FromSecretNameV2(stack, jsii.String("ApiToken"), jsii.String("humanitec-api-token"))
	orchestrator := func(orgId string) humanitececsrunner.Orchestrator {
		return humanitececsrunner.Orchestrator_Humanitec(&humanitececsrunner.HumanitecOrchestratorProps{
			OrgId:    &orgId,
			ApiToken: humanitececsrunner.ApiToken_FromSecretsManager(secret, nil),
		})
	}
	subnetIds := jsii.Strings("subnet-12345678")

	attempt("runner", func() {
		humanitececsrunner.NewEcsRunner(stack, jsii.String("Runner"), &humanitececsrunner.EcsRunnerProps{
			Orchestrator: orchestrator("my org"),
			RunnerId:     jsii.String("My_Runner"),
			SubnetIds:    subnetIds,
		})
	})
	attempt("environment", func() {
		humanitececsrunner.NewEcsRunner(stack, jsii.String("Environment"), &humanitececsrunner.EcsRunnerProps{
			Orchestrator: orchestrator("my-org"),
			SubnetIds:    subnetIds,
			Environment:  &map[string]*string{"TOKEN": jsii.String("x")},
		})
	})
	attempt("rule", func() {
		humanitececsrunner.NewEcsRunner(stack, jsii.String("Good"), &humanitececsrunner.EcsRunnerProps{
			Orchestrator: orchestrator("my-org"),
			SubnetIds:    subnetIds,
		}).AddRule(jsii.String("Rule"), &humanitececsrunner.RunnerRuleOptions{ProjectId: jsii.String("my project")})
	})
	attempt("imported", func() {
		humanitececsrunner.EcsRunner_FromRunnerId(stack, jsii.String("Imported"), jsii.String("my-runner")).AddRule(jsii.String("Rule"), nil)
	})
	attempt("missing", func() {
		humanitececsrunner.NewEcsRunner(stack, jsii.String("Missing"), &humanitececsrunner.EcsRunnerProps{})
	})
	if err := json.NewEncoder(os.Stdout).Encode(messages); err != nil {
		panic(err)
	}
}
