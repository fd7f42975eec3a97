#!/usr/bin/env python3
"""A runner in selected subnets of a VPC, with a security group that you manage."""

from aws_cdk import App, Environment, Stack
from aws_cdk.aws_ec2 import SecurityGroup, SubnetSelection, SubnetType, Vpc
from aws_cdk.aws_secretsmanager import Secret
from cdk_humanitec_ecs_runner import ApiToken, EcsRunner, Orchestrator

app = App()
stack = Stack(app, "RunnerStack", env=Environment(account="123456789012", region="us-east-1"))

vpc = Vpc(stack, "Vpc", max_azs=2, nat_gateways=1)

runner = EcsRunner(
    stack,
    "Runner",
    orchestrator=Orchestrator.humanitec(
        org_id="my-org",
        api_token=ApiToken.from_secrets_manager(
            Secret.from_secret_name_v2(stack, "ApiToken", "humanitec-api-token")
        ),
    ),
    vpc=vpc,
    # Python uses a class where TypeScript uses an object literal.
    vpc_subnets=SubnetSelection(subnet_type=SubnetType.PRIVATE_WITH_EGRESS),
    # By default, the construct creates a security group that allows outbound HTTPS and no inbound traffic.
    security_groups=[SecurityGroup.from_security_group_id(stack, "SecurityGroup", "sg-12345678")],
)
runner.add_rule("Production", env_type_id="production")

app.synth()
