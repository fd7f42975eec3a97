package com.myorg;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.myorg.cdk.humanitec.ecsrunner.ApiToken;
import io.github.myorg.cdk.humanitec.ecsrunner.EcsRunner;
import io.github.myorg.cdk.humanitec.ecsrunner.HumanitecOrchestratorProps;
import io.github.myorg.cdk.humanitec.ecsrunner.Orchestrator;
import io.github.myorg.cdk.humanitec.ecsrunner.RunnerRuleOptions;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import software.amazon.awscdk.App;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.secretsmanager.Secret;

/** Prints the error messages for invalid inputs, one for each case. */
public class ErrorsApp {
    private static final Map<String, String> MESSAGES = new LinkedHashMap<>();

    public static void main(final String[] args) throws Exception {
        final Stack stack = new Stack(new App(), "Stack");
        final ApiToken token = ApiToken.fromSecretsManager(Secret.fromSecretNameV2(stack, "ApiToken", "humanitec-api-token"));
        final Orchestrator orchestrator = Orchestrator.humanitec(HumanitecOrchestratorProps.builder().orgId("my-org").apiToken(token).build());
        final Orchestrator bad = Orchestrator.humanitec(HumanitecOrchestratorProps.builder().orgId("my org").apiToken(token).build());
        final List<String> subnetIds = List.of("subnet-12345678");

        attempt("runner", () -> EcsRunner.Builder.create(stack, "Runner").orchestrator(bad).runnerId("My_Runner").subnetIds(subnetIds).build());
        attempt("environment", () ->
                EcsRunner.Builder.create(stack, "Environment").orchestrator(orchestrator).subnetIds(subnetIds).environment(Map.of("TOKEN", "x")).build());
        attempt("rule", () -> EcsRunner.Builder.create(stack, "Good").orchestrator(orchestrator).subnetIds(subnetIds).build()
                .addRule("Rule", RunnerRuleOptions.builder().projectId("my project").build()));
        attempt("imported", () -> EcsRunner.fromRunnerId(stack, "Imported", "my-runner").addRule("Rule"));
        attempt("missing", () -> EcsRunner.Builder.create(stack, "Missing").build());
        System.out.println(new ObjectMapper().writeValueAsString(MESSAGES));
    }

    private static void attempt(final String name, final Runnable what) {
        try {
            what.run();
        } catch (final Exception error) {
            MESSAGES.put(name, error.getMessage());
        }
    }
}
