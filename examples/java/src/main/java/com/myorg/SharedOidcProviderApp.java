package com.myorg;

import io.github.myorg.cdk.humanitec.ecsrunner.ApiToken;
import io.github.myorg.cdk.humanitec.ecsrunner.EcsRunner;
import io.github.myorg.cdk.humanitec.ecsrunner.HumanitecOrchestratorProps;
import io.github.myorg.cdk.humanitec.ecsrunner.Orchestrator;
import io.github.myorg.cdk.humanitec.ecsrunner.RunnerOidcProvider;
import io.github.myorg.cdk.humanitec.ecsrunner.RunnerRuleOptions;

import java.util.List;

import software.amazon.awscdk.App;
import software.amazon.awscdk.Environment;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.StackProps;
import software.amazon.awscdk.services.ec2.SecurityGroup;
import software.amazon.awscdk.services.secretsmanager.Secret;

/**
 * Two runner stacks in one account, and a stack with the OIDC provider that both use.
 *
 * <p>An account can have only one OIDC provider per issuer. This stack needs no API token. The provider is kept when the stack is deleted.
 */
public class SharedOidcProviderApp {
    public static void main(final String[] args) {
        final App app = new App();
        final StackProps props = StackProps.builder()
                .env(Environment.builder().account("123456789012").region("us-east-1").build())
                .build();

        final RunnerOidcProvider oidcProvider = new RunnerOidcProvider(new Stack(app, "OidcProvider", props), "OidcProvider");

        for (final String name : List.of("Development", "Production")) {
            final Stack stack = new Stack(app, name + "Runner", props);
            final EcsRunner runner = EcsRunner.Builder.create(stack, "Runner")
                    .orchestrator(Orchestrator.humanitec(HumanitecOrchestratorProps.builder()
                            .orgId("my-org")
                            .apiToken(ApiToken.fromSecretsManager(Secret.fromSecretNameV2(stack, "ApiToken", "humanitec-api-token")))
                            .build()))
                    .runnerIdPrefix(name.toLowerCase())
                    .subnetIds(List.of("subnet-12345678", "subnet-87654321"))
                    .securityGroups(List.of(SecurityGroup.fromSecurityGroupId(stack, "SecurityGroup", "sg-12345678")))
                    .oidcProvider(oidcProvider)
                    .build();
            runner.addRule(name, RunnerRuleOptions.builder().envTypeId(name.toLowerCase()).build());
        }

        app.synth();
    }
}
