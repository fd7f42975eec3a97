#!/usr/bin/env python3
"""The shortest app with a runner. The construct creates the VPC, the cluster, the roles, the state bucket and the registration.

Before the first deployment, put an API token of your organization into the secret `humanitec-api-token`.
"""

from aws_cdk import App, CfnOutput, Stack
from aws_cdk.aws_secretsmanager import Secret
from cdk_humanitec_ecs_runner import ApiToken, EcsRunner, Orchestrator

app = App()
stack = Stack(app, "RunnerStack")

runner = EcsRunner(
    stack,
    "Runner",
    orchestrator=Orchestrator.humanitec(
        org_id="my-org",
        api_token=ApiToken.from_secrets_manager(
            Secret.from_secret_name_v2(stack, "ApiToken", "humanitec-api-token")
        ),
    ),
    description="Deployments of my-org",
)
runner.add_rule("Production", env_type_id="production")

CfnOutput(stack, "RunnerId", value=runner.runner_id)
CfnOutput(stack, "ClusterName", value=runner.cluster.cluster_name)
CfnOutput(stack, "ClusterArn", value=runner.cluster.cluster_arn)
CfnOutput(stack, "StateBucketName", value=runner.state_bucket.bucket_name)
CfnOutput(stack, "TaskManagerRoleArn", value=runner.task_manager_role.role_arn)
CfnOutput(stack, "ExecutionRoleArn", value=runner.execution_role.role_arn)
CfnOutput(stack, "TaskRoleArn", value=runner.task_role.role_arn)
CfnOutput(stack, "EventLogGroupName", value=runner.event_log_group.log_group_name)

# Required: without this line, no template is written. Only in TypeScript, the CDK does this by itself.
app.synth()
