"""Prints the error messages for invalid inputs, one for each case."""

import json

from aws_cdk import App, Stack
from aws_cdk.aws_secretsmanager import Secret
from cdk_humanitec_ecs_runner import ApiToken, EcsRunner, Orchestrator

stack = Stack(App(), "Stack")
token = ApiToken.from_secrets_manager(Secret.from_secret_name_v2(stack, "ApiToken", "humanitec-api-token"))
orchestrator = Orchestrator.humanitec(org_id="my-org", api_token=token)
given = {"orchestrator": orchestrator, "subnet_ids": ["subnet-12345678"]}

messages = {}


def attempt(name, what):
    try:
        what()
    except Exception as error:
        messages[name] = str(error)


bad = Orchestrator.humanitec(org_id="my org", api_token=token)
attempt("runner", lambda: EcsRunner(stack, "Runner", **{**given, "orchestrator": bad, "runner_id": "My_Runner"}))
attempt("environment", lambda: EcsRunner(stack, "Environment", **given, environment={"TOKEN": "x"}))
attempt("rule", lambda: EcsRunner(stack, "Good", **given).add_rule("Rule", project_id="my project"))
attempt("imported", lambda: EcsRunner.from_runner_id(stack, "Imported", "my-runner").add_rule("Rule"))
attempt("missing", lambda: EcsRunner(stack, "Missing"))
attempt("type", lambda: EcsRunner(stack, "Type", **given, runner_id=5))
print(json.dumps(messages))
