#!/usr/bin/env python3
"""A runner on an existing cluster, in the VPC of that cluster."""

from aws_cdk import App, Environment, Stack
from aws_cdk.aws_ec2 import Vpc
from aws_cdk.aws_ecs import Cluster
from aws_cdk.aws_secretsmanager import Secret
from cdk_humanitec_ecs_runner import ApiToken, EcsRunner, Orchestrator

app = App()
stack = Stack(app, "RunnerStack", env=Environment(account="123456789012", region="us-east-1"))

vpc = Vpc.from_vpc_attributes(
    stack,
    "Vpc",
    vpc_id="vpc-12345678",
    availability_zones=["us-east-1a", "us-east-1b"],
    private_subnet_ids=["subnet-12345678", "subnet-87654321"],
)

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
    # The construct does not change the capacity providers and ECS Exec settings of the cluster, and creates no log group for ECS Exec.
    cluster=Cluster.from_cluster_attributes(stack, "Cluster", cluster_name="existing-cluster", vpc=vpc),
)
runner.add_rule("Production", env_type_id="production")

app.synth()
