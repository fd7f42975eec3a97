"""The actions, resources and condition keys that AWS evaluates for calls of ECS.

MiniStack evaluates only the called action, on the cluster or task definition of the request, without ECS's condition
keys. AWS also evaluates other actions (tagging, passing roles) and other resources. The table below follows the Service
Authorization Reference and published denial messages.
"""

import contextvars
import json

from ministack.core import iam_actions, iam_evaluator
from ministack.services import ecs

from . import task_sizes

_request: contextvars.ContextVar = contextvars.ContextVar("ecs_request", default=None)


class Request:
    def __init__(self, body: bytes, region: str, account: str):
        self.body = json.loads(body or b"{}")
        self._prefix = f"arn:aws:ecs:{region}:{account}"

    def arn(self, kind: str, rest: str) -> str:
        return rest if rest.startswith("arn:") else f"{self._prefix}:{kind}/{rest}"

    @property
    def cluster(self) -> str:
        return (self.body.get("cluster") or "default").rsplit("/", 1)[-1]

    @property
    def in_cluster(self) -> dict:
        return {"ecs:cluster": self.arn("cluster", self.cluster)}

    def task(self, reference: str) -> str:
        return self.arn("task", f"{self.cluster}/{reference.rsplit('/', 1)[-1]}")


def _pass_roles(definition: dict) -> list:
    roles = [definition.get("executionRoleArn"), definition.get("taskRoleArn")]
    return [("iam:PassRole", role, {"iam:PassedToService": "ecs-tasks.amazonaws.com"}) for role in roles if role]


def _tagging(request: Request, action: str, *resources: str) -> list:
    if not request.body.get("tags"):
        return []
    return [("ecs:TagResource", resource, {"ecs:CreateAction": action}) for resource in resources]


def register_task_definition(request: Request) -> list:
    body = request.body
    family = request.arn("task-definition", body.get("family", ""))
    keys = task_sizes.condition_keys(body)
    if any(container.get("privileged") for container in body.get("containerDefinitions", [])):
        keys["ecs:privileged"] = "true"
    return [
        ("ecs:RegisterTaskDefinition", f"{family}:*", keys),
        *_tagging(request, "RegisterTaskDefinition", f"{family}:*", family),
        *_pass_roles(body),
    ]


def run_task(request: Request) -> list:
    body = request.body
    named = body.get("taskDefinition", "").rsplit("/", 1)[-1]
    family, _, revision = named.partition(":")
    definition = ecs._task_defs.get(f"{family}:{revision or ecs._task_def_latest.get(family)}") or {}
    keys = dict(request.in_cluster)
    if body.get("enableExecuteCommand"):
        keys["ecs:enable-execute-command"] = "true"
    return [
        ("ecs:RunTask", definition.get("taskDefinitionArn") or request.arn("task-definition", named), keys),
        *_tagging(request, "RunTask", request.arn("task", f"{request.cluster}/*")),
        *_pass_roles({**definition, **(body.get("overrides") or {})}),
    ]


def list_tasks(request: Request) -> list:
    # Denial messages name either of them.
    instances = request.arn("container-instance", f"{request.cluster}/*")
    return [("ecs:ListTasks", resource, request.in_cluster) for resource in ("*", instances)]


CHECKS = {
    "ecs:ListTaskDefinitions": lambda request: [("ecs:ListTaskDefinitions", "*", {})],
    "ecs:DeregisterTaskDefinition": lambda request: [("ecs:DeregisterTaskDefinition", "*", {})],
    "ecs:DeleteTaskDefinitions": lambda request: [
        ("ecs:DeleteTaskDefinitions", request.arn("task-definition", named), {})
        for named in request.body.get("taskDefinitions", [])
    ],
    "ecs:RegisterTaskDefinition": register_task_definition,
    "ecs:RunTask": run_task,
    "ecs:ListTasks": list_tasks,
    "ecs:DescribeTasks": lambda request: [
        ("ecs:DescribeTasks", request.task(named), request.in_cluster) for named in request.body.get("tasks", [])
    ],
    "ecs:StopTask": lambda request: [("ecs:StopTask", request.task(request.body.get("task", "")), request.in_cluster)],
}


def install() -> None:
    extract, enforce = iam_actions.extract_resource_arn, iam_evaluator.enforce

    # Runs immediately before `enforce` for the same request. Only this function has access to the body.
    def extract_resource_arn(service, method, path, headers, body, params, region, account):
        if service == "ecs":
            _request.set(Request(body, region, account))
        return extract(service, method, path, headers, body, params, region, account)

    def enforce_all(access_key, action, service, region, resource_arn="*", service_context=None):
        request = _request.get() if service == "ecs" else None
        if request is None or action not in CHECKS:
            return enforce(access_key, action, service, region, resource_arn=resource_arn, service_context=service_context)
        for needed, resource, keys in CHECKS[action](request):
            context = {**(service_context or {}), **keys}
            denied = enforce(access_key, needed, service, region, resource_arn=resource, service_context=context)
            if isinstance(denied, iam_evaluator.EvalResult):
                # Names the missing permission, as AWS does, instead of only the called action.
                message = f"User: {denied.principal_arn} is not authorized to perform: {needed} on resource: {resource}"
                return iam_evaluator.AuthError("AccessDeniedException", message)
            if denied:
                return denied
        return None

    iam_actions.extract_resource_arn = extract_resource_arn
    iam_evaluator.enforce = enforce_all
