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

/** A runner of an orchestrator that you host yourself, with the API token in the Parameter Store. */
public class SelfHostedApp {
    public static void main(final String[] args) {
        final App app = new App();
        final Stack stack = new Stack(app, "RunnerStack", StackProps.builder()
                .env(Environment.builder().account("123456789012").region("us-east-1").build())
                .build());

        // A parameter of type SecureString; CloudFormation cannot make one, so it has to be there before.
        final IStringParameter apiToken = StringParameter.fromSecureStringParameterAttributes(stack, "ApiToken",
                SecureStringParameterAttributes.builder().parameterName("/platform/api-token").build());

        final Orchestrator orchestrator = Orchestrator.selfHosted(SelfHostedOrchestratorProps.builder()
                .orgId("my-org")
                .apiToken(ApiToken.fromSsmParameter(apiToken))
                // The registration calls the API from AWS Lambda, so it has to be reachable from there.
                .apiUrl("https://orchestrator.example.com")
                // AWS reads the issuer's keys from here: a public host, port 443, a certificate that is publicly trusted.
                .oidcIssuerUrl("https://oidc.example.com")
                // What your orchestrator's task definitions start with; left out, it is what the orchestrator does by default.
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
