#!/usr/bin/env python3
"""A runner whose resources all have the same tags."""

from aws_cdk import App, Environment, Stack
from aws_cdk.aws_ec2 import SecurityGroup
from aws_cdk.aws_secretsmanager import Secret
from cdk_humanitec_ecs_runner import ApiToken, EcsRunner, Orchestrator

app = App()
stack = Stack(app, "RunnerStack", env=Environment(account="123456789012", region="us-east-1"))

runner = EcsRunner(
    stack,
    "Runner",
    orchestrator=Orchestrator.humanitec(
        org_id="my-org",
        api_token=ApiToken.from_secrets_manager(
            Secret.from_secret_name_v2(stack, "ApiToken", "humanitec-api-token")
        ),
    ),
    subnet_ids=["subnet-12345678", "subnet-87654321"],
    security_groups=[
        SecurityGroup.from_security_group_id(stack, "SecurityGroup", "sg-12345678")
    ],
    # Unlike Tags.of(runner), this also tags the registration resources, which the runners of a stack share.
    tags={
        "Environment": "production",
        "Team": "platform",
        "CostCenter": "engineering",
    },
)
runner.add_rule("Production", env_type_id="production")

app.synth()
