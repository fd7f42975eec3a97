package com.myorg;

import io.github.myorg.cdk.humanitec.ecsrunner.ApiToken;
import io.github.myorg.cdk.humanitec.ecsrunner.EcsRunner;
import io.github.myorg.cdk.humanitec.ecsrunner.HumanitecOrchestratorProps;
import io.github.myorg.cdk.humanitec.ecsrunner.NewBucketOptions;
import io.github.myorg.cdk.humanitec.ecsrunner.OnInUse;
import io.github.myorg.cdk.humanitec.ecsrunner.Orchestrator;
import io.github.myorg.cdk.humanitec.ecsrunner.RunnerRuleOptions;
import io.github.myorg.cdk.humanitec.ecsrunner.StateStorage;

import java.util.List;
import java.util.Map;

import software.amazon.awscdk.App;
import software.amazon.awscdk.CfnOutput;
import software.amazon.awscdk.RemovalPolicy;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.ec2.Peer;
import software.amazon.awscdk.services.ec2.Port;
import software.amazon.awscdk.services.ec2.SecurityGroup;
import software.amazon.awscdk.services.ec2.Vpc;
import software.amazon.awscdk.services.iam.ManagedPolicy;
import software.amazon.awscdk.services.kms.Key;
import software.amazon.awscdk.services.logs.RetentionDays;
import software.amazon.awscdk.services.secretsmanager.Secret;

/**
 * A runner for production: customer managed key, versioned state that is kept when the stack is deleted, role path, permissions
 * boundary, log retention of 90 days, and tags.
 */
public class ProductionApp {
    public static void main(final String[] args) {
        final App app = new App();
        final Stack stack = new Stack(app, "ProductionRunnerStack");

        final Vpc vpc = Vpc.Builder.create(stack, "Vpc").maxAzs(2).natGateways(1).build();
        final SecurityGroup securityGroup = SecurityGroup.Builder.create(stack, "TaskSecurityGroup")
                .vpc(vpc)
                .allowAllOutbound(false)
                .description("Deployments")
                .build();
        securityGroup.addEgressRule(Peer.anyIpv4(), Port.tcp(443), "HTTPS to the orchestrator, registries and AWS");

        final Key key = Key.Builder.create(stack, "Key").alias("ecs-runner").enableKeyRotation(true).build();

        final EcsRunner runner = EcsRunner.Builder.create(stack, "Runner")
                .orchestrator(Orchestrator.humanitec(HumanitecOrchestratorProps.builder()
                        .orgId("my-org")
                        .apiToken(ApiToken.fromSecretsManager(Secret.fromSecretNameV2(stack, "ApiToken", "humanitec-api-token")))
                        .build()))
                .runnerId("prod-runner")
                .description("Production deployments of my-org")
                .vpc(vpc)
                .securityGroups(List.of(securityGroup))

                // Encrypts the bucket and the runner's log groups. The construct adds the permissions to the key policy and the roles.
                .encryptionKey(key)
                .stateStorage(StateStorage.newBucket(NewBucketOptions.builder()
                        .versioned(true)
                        .removalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
                        .build()))
                .logRetention(RetentionDays.THREE_MONTHS)

                // The permissions boundary must exist and must allow the actions of the roles. It limits the roles and grants no permissions.
                .rolePath("/platform/runners/")
                .permissionsBoundary(ManagedPolicy.fromManagedPolicyName(stack, "Boundary", "EnterprisePermissionsBoundary"))

                // Fails the deletion of a runner that environments still use.
                .onInUse(OnInUse.FAIL)

                .tags(Map.of(
                        "Environment", "production",
                        "CostCenter", "platform-engineering",
                        "DataClassification", "internal",
                        "ManagedBy", "cdk"))
                .build();
        runner.addRule("Production", RunnerRuleOptions.builder().envTypeId("production").build());

        CfnOutput.Builder.create(stack, "RunnerId").value(runner.getRunnerId()).build();
        CfnOutput.Builder.create(stack, "StateBucketName").value(runner.getStateBucket().getBucketName()).build();

        app.synth();
    }
}
