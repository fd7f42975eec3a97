#!/usr/bin/env python3
"""A runner with a generated id: `prod-runner-` and eight characters. The id does not change during the life of the runner."""

from aws_cdk import App, CfnOutput, Environment, Stack
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
    runner_id_prefix="prod-runner",
)
runner.add_rule("Production", env_type_id="production")

# CloudFormation generates the id during the deployment. `runner.runner_id` is a placeholder for it.
CfnOutput(stack, "RunnerId", value=runner.runner_id)

app.synth()
