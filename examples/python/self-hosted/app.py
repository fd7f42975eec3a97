#!/usr/bin/env python3
"""A runner for a self-hosted orchestrator, with the API token in Parameter Store."""

from aws_cdk import App, CfnOutput, Environment, Stack
from aws_cdk.aws_ec2 import SecurityGroup
from aws_cdk.aws_ssm import StringParameter
from cdk_humanitec_ecs_runner import ApiToken, EcsRunner, Orchestrator

app = App()
stack = Stack(app, "RunnerStack", env=Environment(account="123456789012", region="us-east-1"))

orchestrator = Orchestrator.self_hosted(
    org_id="my-org",
    # An existing parameter of type SecureString. CloudFormation cannot create one.
    api_token=ApiToken.from_ssm_parameter(
        StringParameter.from_secure_string_parameter_attributes(
            stack, "ApiToken", parameter_name="/platform/api-token"
        )
    ),
    # The URL must be reachable from AWS Lambda, which calls the API to register the runner.
    api_url="https://orchestrator.example.com",
    # AWS reads the keys of the issuer from this URL. It needs a public host, port 443 and a publicly trusted certificate.
    oidc_issuer_url="https://oidc.example.com",
    # The prefix of your orchestrator's task definition families. Omit it if your orchestrator uses the default.
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
