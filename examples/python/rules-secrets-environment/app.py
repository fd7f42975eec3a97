#!/usr/bin/env python3
"""What a runner is for, and what its deployments get: rules, environment variables, secrets, and what they may touch in AWS."""

from aws_cdk import App, Environment, Stack
from aws_cdk.aws_ec2 import SecurityGroup
from aws_cdk import aws_ecs as ecs
from aws_cdk.aws_s3 import Bucket
from aws_cdk.aws_secretsmanager import Secret
from aws_cdk.aws_ssm import StringParameter
from cdk_humanitec_ecs_runner import ApiToken, EcsRunner, Orchestrator

app = App()
stack = Stack(app, "RunnerStack", env=Environment(account="123456789012", region="us-east-1"))

# By its complete ARN: the orchestrator takes no secret without the six characters at the end.
database_password = Secret.from_secret_complete_arn(
    stack, "DatabasePassword", "arn:aws:secretsmanager:us-east-1:123456789012:secret:database-password-AbCdEf"
)
git_keys = StringParameter.from_secure_string_parameter_attributes(
    stack, "GitKeys", parameter_name="/platform/git-ssh-keys"
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
    subnet_ids=["subnet-12345678", "subnet-87654321"],
    security_groups=[
        SecurityGroup.from_security_group_id(stack, "SecurityGroup", "sg-12345678")
    ],
    # OpenTofu reads TF_VAR_size as its variable "size". These are readable in the template and at the orchestrator.
    environment={"TF_VAR_region": "us-east-1", "TF_VAR_size": "small"},
    # ECS fills these when a task starts; the role that it does so with may read them, and nothing else.
    # `ecs.Secret` is what a task is given; it is made from the `Secret` of Secrets Manager or from a parameter.
    secrets={
        "TF_VAR_database_password": ecs.Secret.from_secrets_manager(database_password),
        "RUNNER_GIT_SSH_KEYS": ecs.Secret.from_ssm_parameter(git_keys),
    },
)

# Without a filter: all deployments that no more specific rule sends elsewhere.
runner.add_rule("Everything")
runner.add_rule("Production", env_type_id="production")
runner.add_rule("ShopProduction", project_id="shop", env_type_id="production")

# OpenTofu may touch what is granted to the runner: here a bucket that its deployments put files into.
Bucket.from_bucket_name(stack, "Artifacts", "my-org-artifacts").grant_read_write(runner)

app.synth()
