"""The credentials of a running task, as ECS hands them to its containers.

Without a container engine no container runs here, so whoever plays the task asks for them at
`/_local/task-credentials/ACCOUNT/REGION/CLUSTER/TASK`, in the form that the AWS SDKs read from
`AWS_CONTAINER_CREDENTIALS_FULL_URI`. As on AWS, the role has to trust ECS for tasks of that account and region.
"""

import datetime
import json
import secrets

from ministack import app as application
from ministack.core.iam_evaluator import EvalContext, evaluate_trust_policy
from ministack.core.responses import request_scope
from ministack.services import ecs, iam, sts

PATH = "/_local/task-credentials/"
SERVICE = "ecs-tasks.amazonaws.com"
LIFETIME = datetime.timedelta(hours=6)


def _as_list(value) -> list:
    return value if isinstance(value, list) else [value]


def _trusts_tasks(role: dict, task_arn: str, account: str, region: str) -> bool:
    """MiniStack lets an account's root stand in for any service, so the statements for other services are left out."""
    document = json.loads(role.get("AssumeRolePolicyDocument") or "{}")
    statements = [
        statement for statement in _as_list(document.get("Statement", []))
        if isinstance(statement.get("Principal"), dict) and SERVICE in _as_list(statement["Principal"].get("Service", []))
    ]
    root = f"arn:aws:iam::{account}:root"
    context = EvalContext(
        principal_arn=root, principal_type="Root", principal_account=account,
        action="sts:AssumeRole", resource_arn=role["Arn"], region=region,
        service_context={"aws:sourceaccount": account, "aws:sourcearn": task_arn},
    )
    return evaluate_trust_policy({**document, "Statement": statements}, root, context)


def credentials(account: str, region: str, cluster: str, task_id: str) -> dict:
    with request_scope(account, region):
        task = ecs._tasks.get(f"arn:aws:ecs:{region}:{account}:task/{cluster}/{task_id}")
        if task is None or task.get("lastStatus") != "RUNNING":
            raise LookupError("no such task is running")
        family = task["taskDefinitionArn"].rsplit("/", 1)[-1]
        role_arn = (ecs._task_defs.get(family) or {}).get("taskRoleArn")
        role = iam._roles.get((role_arn or "").rsplit("/", 1)[-1])
        if role is None:
            raise LookupError("the task has no role")
        if not _trusts_tasks(role, task["taskArn"], account, region):
            raise PermissionError(f"{role_arn} does not trust {SERVICE} for {task['taskArn']}")
        access_key = f"ASIA{secrets.token_hex(8).upper()}"
        secret_key, session_token = secrets.token_hex(20), secrets.token_hex(32)
        sts.register_session(access_key, {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{role['RoleName']}/{task_id}",
            "UserId": f"{role['RoleId']}:{task_id}",
            "SecretAccessKey": secret_key,
            "SessionToken": session_token,
            "AccountId": account,
            "PrincipalType": "AssumedRole",
        })
    expiration = datetime.datetime.now(datetime.timezone.utc) + LIFETIME
    return {
        "RoleArn": role_arn,
        "AccessKeyId": access_key,
        "SecretAccessKey": secret_key,
        "Token": session_token,
        "Expiration": expiration.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _answer(path: str) -> tuple:
    try:
        account, region, cluster, task_id = path[len(PATH):].split("/")
        return 200, credentials(account, region, cluster, task_id)
    except PermissionError as refusal:
        return 403, {"message": str(refusal)}
    except (LookupError, ValueError) as problem:
        return 404, {"message": str(problem)}


def install() -> None:
    emulate = application.app

    async def app(scope, receive, send):
        if scope["type"] != "http" or not scope["path"].startswith(PATH):
            await emulate(scope, receive, send)
            return
        status, body = _answer(scope["path"])
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": json.dumps(body).encode()})

    application.app = app
