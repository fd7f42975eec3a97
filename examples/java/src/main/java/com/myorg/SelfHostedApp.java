package com.myorg;

import io.github.myorg.cdk.humanitec.ecsrunner.ApiToken;
import io.github.myorg.cdk.humanitec.ecsrunner.EcsRunner;
import io.github.myorg.cdk.humanitec.ecsrunner.Orchestrator;
import io.github.myorg.cdk.humanitec.ecsrunner.RunnerRuleOptions;
import io.github.myorg.cdk.humanitec.ecsrunner.SelfHostedOrchestratorProps;

import java.util.List;

import software.amazon.awscdk.App;
import software.amazon.awscdk.CfnOutput;
import software.amazon.awscdk.Environment;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.StackProps;
import software.amazon.awscdk.services.ec2.SecurityGroup;
import software.amazon.awscdk.services.ssm.IStringParameter;
import software.amazon.awscdk.services.ssm.SecureStringParameterAttributes;
import software.amazon.awscdk.services.ssm.StringParameter;

/** A runner for a self-hosted orchestrator, with the API token in Parameter Store. */
public class SelfHostedApp {
    public static void main(final String[] args) {
        final App app = new App();
        final Stack stack = new Stack(app, "RunnerStack", StackProps.builder()
                .env(Environment.builder().account("123456789012").region("us-east-1").build())
                .build());

        // An existing parameter of type SecureString. CloudFormation cannot create one.
        final IStringParameter apiToken = StringParameter.fromSecureStringParameterAttributes(stack, "ApiToken",
                SecureStringParameterAttributes.builder().parameterName("/platform/api-token").build());

        final Orchestrator orchestrator = Orchestrator.selfHosted(SelfHostedOrchestratorProps.builder()
                .orgId("my-org")
                .apiToken(ApiToken.fromSsmParameter(apiToken))
                // The URL must be reachable from AWS Lambda, which calls the API to register the runner.
                .apiUrl("https://orchestrator.example.com")
                // AWS reads the keys of the issuer from this URL. It needs a public host, port 443 and a publicly trusted certificate.
                .oidcIssuerUrl("https://oidc.example.com")
                // The prefix of your orchestrator's task definition families. Omit it if your orchestrator uses the default.
                .taskFamilyPrefix("my-orchestrator_")
                .build());

        final EcsRunner runner = EcsRunner.Builder.create(stack, "Runner")
                .orchestrator(orchestrator)
                .subnetIds(List.of("subnet-12345678", "subnet-87654321"))
                .securityGroups(List.of(SecurityGroup.fromSecurityGroupId(stack, "SecurityGroup", "sg-12345678")))
                .build();
        runner.addRule("Production", RunnerRuleOptions.builder().envTypeId("production").build());

        CfnOutput.Builder.create(stack, "RunnerId").value(runner.getRunnerId()).build();

        app.synth();
    }
}
