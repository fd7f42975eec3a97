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

/** What a runner is for, and what its deployments get: rules, environment variables, secrets, and what they may touch in AWS. */
public class RulesSecretsEnvironmentApp {
    public static void main(final String[] args) {
        final App app = new App();
        final Stack stack = new Stack(app, "RunnerStack", StackProps.builder()
                .env(Environment.builder().account("123456789012").region("us-east-1").build())
                .build());

        // By its complete ARN: the orchestrator takes no secret without the six characters at the end.
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

                // OpenTofu reads TF_VAR_size as its variable "size". These are readable in the template and at the orchestrator.
                .environment(Map.of("TF_VAR_region", "us-east-1", "TF_VAR_size", "small"))
                // ECS fills these when a task starts; the role that it does so with may read them, and nothing else.
                // There are two classes named Secret: this one, of ECS, is what a task is given.
                .secrets(Map.of(
                        "TF_VAR_database_password", software.amazon.awscdk.services.ecs.Secret.fromSecretsManager(databasePassword),
                        "RUNNER_GIT_SSH_KEYS", software.amazon.awscdk.services.ecs.Secret.fromSsmParameter(gitKeys)))
                .build();

        // Without a filter: all deployments that no more specific rule sends elsewhere.
        runner.addRule("Everything");
        runner.addRule("Production", RunnerRuleOptions.builder().envTypeId("production").build());
        runner.addRule("ShopProduction", RunnerRuleOptions.builder().projectId("shop").envTypeId("production").build());

        // OpenTofu may touch what is granted to the runner: here a bucket that its deployments put files into.
        Bucket.fromBucketName(stack, "Artifacts", "my-org-artifacts").grantReadWrite(runner);

        app.synth();
    }
}
