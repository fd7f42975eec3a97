#!/usr/bin/env python3
"""One runner in each of two regions of one account.

IAM is global: an account can have only one OIDC provider per issuer. The first stack creates it, and the second stack uses it.
"""

from aws_cdk import App, Environment, Stack
from aws_cdk.aws_ec2 import SecurityGroup
from aws_cdk.aws_iam import OidcProviderNative
from aws_cdk.aws_secretsmanager import Secret
from cdk_humanitec_ecs_runner import ApiToken, EcsRunner, Orchestrator

ACCOUNT = "123456789012"


def orchestrator_for(stack: Stack) -> Orchestrator:
    """The secret with the API token must exist in both regions. Secrets Manager can replicate it."""
    return Orchestrator.humanitec(
        org_id="my-org",
        api_token=ApiToken.from_secrets_manager(
            Secret.from_secret_name_v2(stack, "ApiToken", "humanitec-api-token")
        ),
    )


app = App()

us_east = Stack(app, "RunnerUsEast", env=Environment(account=ACCOUNT, region="us-east-1"))
us_east_runner = EcsRunner(
    us_east,
    "Runner",
    orchestrator=orchestrator_for(us_east),
    runner_id="us-east-runner",
    subnet_ids=["subnet-12345678", "subnet-87654321"],
    security_groups=[
        SecurityGroup.from_security_group_id(us_east, "SecurityGroup", "sg-12345678")
    ],
    tags={"Region": "us-east-1"},
)
us_east_runner.add_rule("Shop", project_id="shop-us")

eu_west = Stack(app, "RunnerEuWest", env=Environment(account=ACCOUNT, region="eu-west-1"))
eu_west_runner = EcsRunner(
    eu_west,
    "Runner",
    orchestrator=orchestrator_for(eu_west),
    runner_id="eu-west-runner",
    subnet_ids=["subnet-23456789", "subnet-98765432"],
    security_groups=[
        SecurityGroup.from_security_group_id(eu_west, "SecurityGroup", "sg-87654321")
    ],
    oidc_provider=OidcProviderNative.from_oidc_provider_arn(
        eu_west, "OidcProvider", f"arn:aws:iam::{ACCOUNT}:oidc-provider/oidc.humanitec.dev"
    ),
    tags={"Region": "eu-west-1"},
)
eu_west_runner.add_rule("Shop", project_id="shop-eu")
# The OIDC provider must exist before the second runner's role trusts it.
eu_west.add_dependency(us_east)

app.synth()
