#!/usr/bin/env python3
"""A runner with rules, environment variables, secrets, and access to a bucket for its deployments."""

from aws_cdk import App, Environment, Stack
from aws_cdk.aws_ec2 import SecurityGroup
from aws_cdk import aws_ecs as ecs
from aws_cdk.aws_s3 import Bucket
from aws_cdk.aws_secretsmanager import Secret
from aws_cdk.aws_ssm import StringParameter
from cdk_humanitec_ecs_runner import ApiToken, EcsRunner, Orchestrator

app = App()
stack = Stack(app, "RunnerStack", env=Environment(account="123456789012", region="us-east-1"))

# The orchestrator requires the complete ARN of a secret, with the six random characters at the end.
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
    # OpenTofu reads TF_VAR_size as its variable "size". The values are visible in the template and at the orchestrator.
    environment={"TF_VAR_region": "us-east-1", "TF_VAR_size": "small"},
    # ECS reads these secrets when a task starts. The execution role can read only these secrets.
    # An `ecs.Secret` passes a Secrets Manager secret or a parameter to a task.
    secrets={
        "TF_VAR_database_password": ecs.Secret.from_secrets_manager(database_password),
        "RUNNER_GIT_SSH_KEYS": ecs.Secret.from_ssm_parameter(git_keys),
    },
)

# A rule without a filter matches all deployments that no more specific rule matches.
runner.add_rule("Everything")
runner.add_rule("Production", env_type_id="production")
runner.add_rule("ShopProduction", project_id="shop", env_type_id="production")

# Deployments can use only the resources that you grant to the runner: here, a bucket.
Bucket.from_bucket_name(stack, "Artifacts", "my-org-artifacts").grant_read_write(runner)

app.synth()
