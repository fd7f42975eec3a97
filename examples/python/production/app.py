#!/usr/bin/env python3
"""A runner for production: customer managed key, versioned state that is kept when the stack is deleted, role path, permissions
boundary, log retention of 90 days, and tags.
"""

from aws_cdk import App, CfnOutput, RemovalPolicy, Stack
from aws_cdk.aws_ec2 import Peer, Port, SecurityGroup, Vpc
from aws_cdk.aws_iam import ManagedPolicy
from aws_cdk.aws_kms import Key
from aws_cdk.aws_logs import RetentionDays
from aws_cdk.aws_secretsmanager import Secret
from cdk_humanitec_ecs_runner import ApiToken, EcsRunner, OnInUse, Orchestrator, StateStorage

app = App()
stack = Stack(app, "ProductionRunnerStack")

vpc = Vpc(stack, "Vpc", max_azs=2, nat_gateways=1)
security_group = SecurityGroup(
    stack, "TaskSecurityGroup", vpc=vpc, allow_all_outbound=False, description="Deployments"
)
security_group.add_egress_rule(Peer.any_ipv4(), Port.tcp(443), "HTTPS to the orchestrator, registries and AWS")

key = Key(stack, "Key", alias="ecs-runner", enable_key_rotation=True)

runner = EcsRunner(
    stack,
    "Runner",
    orchestrator=Orchestrator.humanitec(
        org_id="my-org",
        api_token=ApiToken.from_secrets_manager(
            Secret.from_secret_name_v2(stack, "ApiToken", "humanitec-api-token")
        ),
    ),
    runner_id="prod-runner",
    description="Production deployments of my-org",
    vpc=vpc,
    security_groups=[security_group],
    # Encrypts the bucket and the runner's log groups. The construct adds the permissions to the key policy and the roles.
    encryption_key=key,
    state_storage=StateStorage.new_bucket(
        versioned=True, removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
    ),
    log_retention=RetentionDays.THREE_MONTHS,
    # The permissions boundary must exist and must allow the actions of the roles. It limits the roles and grants no permissions.
    role_path="/platform/runners/",
    permissions_boundary=ManagedPolicy.from_managed_policy_name(stack, "Boundary", "EnterprisePermissionsBoundary"),
    # Fails the deletion of a runner that environments still use.
    on_in_use=OnInUse.FAIL,
    tags={
        "Environment": "production",
        "CostCenter": "platform-engineering",
        "DataClassification": "internal",
        "ManagedBy": "cdk",
    },
)
runner.add_rule("Production", env_type_id="production")

CfnOutput(stack, "RunnerId", value=runner.runner_id)
CfnOutput(stack, "StateBucketName", value=runner.state_bucket.bucket_name)

app.synth()
