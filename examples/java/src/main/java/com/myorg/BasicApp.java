package com.myorg;

import io.github.myorg.cdk.humanitec.ecsrunner.ApiToken;
import io.github.myorg.cdk.humanitec.ecsrunner.EcsRunner;
import io.github.myorg.cdk.humanitec.ecsrunner.HumanitecOrchestratorProps;
import io.github.myorg.cdk.humanitec.ecsrunner.Orchestrator;
import io.github.myorg.cdk.humanitec.ecsrunner.RunnerRuleOptions;

import software.amazon.awscdk.App;
import software.amazon.awscdk.CfnOutput;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.secretsmanager.Secret;

/**
 * The shortest app with a runner. The construct creates the VPC, the cluster, the roles, the state bucket and the registration.
 *
 * <p>Before the first deployment, put an API token of your organization into the secret {@code humanitec-api-token}.
 */
public class BasicApp {
    public static void main(final String[] args) {
        final App app = new App();
        final Stack stack = new Stack(app, "RunnerStack");

        // Builder.create takes the scope and the id of the construct.
        final EcsRunner runner = EcsRunner.Builder.create(stack, "Runner")
                .orchestrator(Orchestrator.humanitec(HumanitecOrchestratorProps.builder()
                        .orgId("my-org")
                        .apiToken(ApiToken.fromSecretsManager(Secret.fromSecretNameV2(stack, "ApiToken", "humanitec-api-token")))
                        .build()))
                .description("Deployments of my-org")
                .build();
        runner.addRule("Production", RunnerRuleOptions.builder().envTypeId("production").build());

        output(stack, "RunnerId", runner.getRunnerId());
        output(stack, "ClusterName", runner.getCluster().getClusterName());
        output(stack, "ClusterArn", runner.getCluster().getClusterArn());
        output(stack, "StateBucketName", runner.getStateBucket().getBucketName());
        output(stack, "TaskManagerRoleArn", runner.getTaskManagerRole().getRoleArn());
        output(stack, "ExecutionRoleArn", runner.getExecutionRole().getRoleArn());
        output(stack, "TaskRoleArn", runner.getTaskRole().getRoleArn());
        output(stack, "EventLogGroupName", runner.getEventLogGroup().getLogGroupName());

        // Required: without this line, no template is written. Only in TypeScript, the CDK does this by itself.
        app.synth();
    }

    private static void output(final Stack stack, final String id, final String value) {
        CfnOutput.Builder.create(stack, id).value(value).build();
    }
}
