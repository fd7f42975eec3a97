#!/usr/bin/env python3
"""Two runner stacks in one account, and a stack with the OIDC provider that both use.

An account can have only one OIDC provider per issuer. This stack needs no API token. The provider is kept when the stack is deleted.
"""

from aws_cdk import App, Environment, Stack
from aws_cdk.aws_ec2 import SecurityGroup
from aws_cdk.aws_secretsmanager import Secret
from cdk_humanitec_ecs_runner import ApiToken, EcsRunner, Orchestrator, RunnerOidcProvider

ENV = Environment(account="123456789012", region="us-east-1")

app = App()

oidc_provider = RunnerOidcProvider(Stack(app, "OidcProvider", env=ENV), "OidcProvider")

for name in ["Development", "Production"]:
    stack = Stack(app, f"{name}Runner", env=ENV)
    runner = EcsRunner(
        stack,
        "Runner",
        orchestrator=Orchestrator.humanitec(
            org_id="my-org",
            api_token=ApiToken.from_secrets_manager(
                Secret.from_secret_name_v2(stack, "ApiToken", "humanitec-api-token")
            ),
        ),
        runner_id_prefix=name.lower(),
        subnet_ids=["subnet-12345678", "subnet-87654321"],
        security_groups=[
            SecurityGroup.from_security_group_id(stack, "SecurityGroup", "sg-12345678")
        ],
        oidc_provider=oidc_provider,
    )
    runner.add_rule(name, env_type_id=name.lower())

app.synth()
