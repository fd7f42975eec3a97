package com.myorg;

import io.github.myorg.cdk.humanitec.ecsrunner.ApiToken;
import io.github.myorg.cdk.humanitec.ecsrunner.EcsRunner;
import io.github.myorg.cdk.humanitec.ecsrunner.HumanitecOrchestratorProps;
import io.github.myorg.cdk.humanitec.ecsrunner.Orchestrator;
import io.github.myorg.cdk.humanitec.ecsrunner.RunnerRuleOptions;

import java.util.List;

import software.amazon.awscdk.App;
import software.amazon.awscdk.Environment;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.StackProps;
import software.amazon.awscdk.services.ec2.IVpc;
import software.amazon.awscdk.services.ec2.Vpc;
import software.amazon.awscdk.services.ec2.VpcAttributes;
import software.amazon.awscdk.services.ecs.Cluster;
import software.amazon.awscdk.services.ecs.ClusterAttributes;
import software.amazon.awscdk.services.secretsmanager.Secret;

/** A runner on an existing cluster, in the VPC of that cluster. */
public class ExistingClusterApp {
    public static void main(final String[] args) {
        final App app = new App();
        final Stack stack = new Stack(app, "RunnerStack", StackProps.builder()
                .env(Environment.builder().account("123456789012").region("us-east-1").build())
                .build());

        final IVpc vpc = Vpc.fromVpcAttributes(stack, "Vpc", VpcAttributes.builder()
                .vpcId("vpc-12345678")
                .availabilityZones(List.of("us-east-1a", "us-east-1b"))
                .privateSubnetIds(List.of("subnet-12345678", "subnet-87654321"))
                .build());

        final EcsRunner runner = EcsRunner.Builder.create(stack, "Runner")
                .orchestrator(Orchestrator.humanitec(HumanitecOrchestratorProps.builder()
                        .orgId("my-org")
                        .apiToken(ApiToken.fromSecretsManager(Secret.fromSecretNameV2(stack, "ApiToken", "humanitec-api-token")))
                        .build()))
                .vpc(vpc)
                // The construct does not change the capacity providers and ECS Exec settings of the cluster, and creates no log group for ECS Exec.
                .cluster(Cluster.fromClusterAttributes(stack, "Cluster", ClusterAttributes.builder()
                        .clusterName("existing-cluster")
                        .vpc(vpc)
                        .build()))
                .build();
        runner.addRule("Production", RunnerRuleOptions.builder().envTypeId("production").build());

        app.synth();
    }
}
