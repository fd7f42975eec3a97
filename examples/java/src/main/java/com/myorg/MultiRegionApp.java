package com.myorg;

import io.github.myorg.cdk.humanitec.ecsrunner.ApiToken;
import io.github.myorg.cdk.humanitec.ecsrunner.EcsRunner;
import io.github.myorg.cdk.humanitec.ecsrunner.HumanitecOrchestratorProps;
import io.github.myorg.cdk.humanitec.ecsrunner.Orchestrator;
import io.github.myorg.cdk.humanitec.ecsrunner.RunnerRuleOptions;

import java.util.List;
import java.util.Map;

import software.amazon.awscdk.App;
import software.amazon.awscdk.Environment;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.StackProps;
import software.amazon.awscdk.services.ec2.SecurityGroup;
import software.amazon.awscdk.services.iam.OidcProviderNative;
import software.amazon.awscdk.services.secretsmanager.Secret;

/**
 * One runner in each of two regions of one account.
 *
 * <p>IAM is global: an account can have only one OIDC provider per issuer. The first stack creates it, and the second stack uses it.
 */
public class MultiRegionApp {
    private static final String ACCOUNT = "123456789012";

    public static void main(final String[] args) {
        final App app = new App();

        final Stack usEast = stackIn(app, "RunnerUsEast", "us-east-1");
        final EcsRunner usEastRunner = EcsRunner.Builder.create(usEast, "Runner")
                .orchestrator(orchestratorFor(usEast))
                .runnerId("us-east-runner")
                .subnetIds(List.of("subnet-12345678", "subnet-87654321"))
                .securityGroups(List.of(SecurityGroup.fromSecurityGroupId(usEast, "SecurityGroup", "sg-12345678")))
                .tags(Map.of("Region", "us-east-1"))
                .build();
        usEastRunner.addRule("Shop", RunnerRuleOptions.builder().projectId("shop-us").build());

        final Stack euWest = stackIn(app, "RunnerEuWest", "eu-west-1");
        final EcsRunner euWestRunner = EcsRunner.Builder.create(euWest, "Runner")
                .orchestrator(orchestratorFor(euWest))
                .runnerId("eu-west-runner")
                .subnetIds(List.of("subnet-23456789", "subnet-98765432"))
                .securityGroups(List.of(SecurityGroup.fromSecurityGroupId(euWest, "SecurityGroup", "sg-87654321")))
                .oidcProvider(OidcProviderNative.fromOidcProviderArn(
                        euWest, "OidcProvider", "arn:aws:iam::" + ACCOUNT + ":oidc-provider/oidc.humanitec.dev"))
                .tags(Map.of("Region", "eu-west-1"))
                .build();
        euWestRunner.addRule("Shop", RunnerRuleOptions.builder().projectId("shop-eu").build());
        // The OIDC provider must exist before the second runner's role trusts it.
        euWest.addDependency(usEast);

        app.synth();
    }

    private static Stack stackIn(final App app, final String id, final String region) {
        return new Stack(app, id, StackProps.builder()
                .env(Environment.builder().account(ACCOUNT).region(region).build())
                .build());
    }

    /** The secret with the API token must exist in both regions. Secrets Manager can replicate it. */
    private static Orchestrator orchestratorFor(final Stack stack) {
        return Orchestrator.humanitec(HumanitecOrchestratorProps.builder()
                .orgId("my-org")
                .apiToken(ApiToken.fromSecretsManager(Secret.fromSecretNameV2(stack, "ApiToken", "humanitec-api-token")))
                .build());
    }
}
