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
import software.amazon.awscdk.services.s3.Bucket;
import software.amazon.awscdk.services.secretsmanager.ISecret;
import software.amazon.awscdk.services.secretsmanager.Secret;
import software.amazon.awscdk.services.ssm.IStringParameter;
import software.amazon.awscdk.services.ssm.SecureStringParameterAttributes;
import software.amazon.awscdk.services.ssm.StringParameter;

/** A runner with rules, environment variables, secrets, and access to a bucket for its deployments. */
public class RulesSecretsEnvironmentApp {
    public static void main(final String[] args) {
        final App app = new App();
        final Stack stack = new Stack(app, "RunnerStack", StackProps.builder()
                .env(Environment.builder().account("123456789012").region("us-east-1").build())
                .build());

        // The orchestrator requires the complete ARN of a secret, with the six random characters at the end.
        final ISecret databasePassword = Secret.fromSecretCompleteArn(stack, "DatabasePassword",
                "arn:aws:secretsmanager:us-east-1:123456789012:secret:database-password-AbCdEf");
        final IStringParameter gitKeys = StringParameter.fromSecureStringParameterAttributes(stack, "GitKeys",
                SecureStringParameterAttributes.builder().parameterName("/platform/git-ssh-keys").build());

        final EcsRunner runner = EcsRunner.Builder.create(stack, "Runner")
                .orchestrator(Orchestrator.humanitec(HumanitecOrchestratorProps.builder()
                        .orgId("my-org")
                        .apiToken(ApiToken.fromSecretsManager(Secret.fromSecretNameV2(stack, "ApiToken", "humanitec-api-token")))
                        .build()))
                .subnetIds(List.of("subnet-12345678", "subnet-87654321"))
                .securityGroups(List.of(SecurityGroup.fromSecurityGroupId(stack, "SecurityGroup", "sg-12345678")))

                // OpenTofu reads TF_VAR_size as its variable "size". The values are visible in the template and at the orchestrator.
                .environment(Map.of("TF_VAR_region", "us-east-1", "TF_VAR_size", "small"))
                // ECS reads these secrets when a task starts. The execution role can read only these secrets.
                // The class Secret of ECS passes a secret to a task. It is not the class Secret of Secrets Manager.
                .secrets(Map.of(
                        "TF_VAR_database_password", software.amazon.awscdk.services.ecs.Secret.fromSecretsManager(databasePassword),
                        "RUNNER_GIT_SSH_KEYS", software.amazon.awscdk.services.ecs.Secret.fromSsmParameter(gitKeys)))
                .build();

        // A rule without a filter matches all deployments that no more specific rule matches.
        runner.addRule("Everything");
        runner.addRule("Production", RunnerRuleOptions.builder().envTypeId("production").build());
        runner.addRule("ShopProduction", RunnerRuleOptions.builder().projectId("shop").envTypeId("production").build());

        // Deployments can use only the resources that you grant to the runner: here, a bucket.
        Bucket.fromBucketName(stack, "Artifacts", "my-org-artifacts").grantReadWrite(runner);

        app.synth();
    }
}
