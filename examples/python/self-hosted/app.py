#!/usr/bin/env python3
"""A runner of an orchestrator that you host yourself, with the API token in the Parameter Store."""

from aws_cdk import App, CfnOutput, Environment, Stack
from aws_cdk.aws_ec2 import SecurityGroup
from aws_cdk.aws_ssm import StringParameter
from cdk_humanitec_ecs_runner import ApiToken, EcsRunner, Orchestrator

app = App()
stack = Stack(app, "RunnerStack", env=Environment(account="123456789012", region="us-east-1"))

orchestrator = Orchestrator.self_hosted(
    org_id="my-org",
    # A parameter of type SecureString; CloudFormation cannot make one, so it has to be there before.
    api_token=ApiToken.from_ssm_parameter(
        StringParameter.from_secure_string_parameter_attributes(
            stack, "ApiToken", parameter_name="/platform/api-token"
        )
    ),
    # The registration calls the API from AWS Lambda, so it has to be reachable from there.
    api_url="https://orchestrator.example.com",
    # AWS reads the issuer's keys from here: a public host, port 443, a certificate that is publicly trusted.
    oidc_issuer_url="https://oidc.example.com",
    # What your orchestrator's task definitions start with; left out, it is what the orchestrator does by default.
    task_family_prefix="my-orchestrator_",
)

runner = EcsRunner(
    stack,
    "Runner",
    orchestrator=orchestrator,
    subnet_ids=["subnet-12345678", "subnet-87654321"],
    security_groups=[
        SecurityGroup.from_security_group_id(stack, "SecurityGroup", "sg-12345678")
    ],
)
runner.add_rule("Production", env_type_id="production")

CfnOutput(stack, "RunnerId", value=runner.runner_id)

app.synth()
