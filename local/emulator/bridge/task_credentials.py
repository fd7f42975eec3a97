"""The credentials that ECS provides to the containers of a running task.

The emulator runs no containers. A test that simulates a container reads the credentials from
`/_local/task-credentials/ACCOUNT/REGION/CLUSTER/TASK`, in the format of `AWS_CONTAINER_CREDENTIALS_FULL_URI`. As on AWS,
the role must trust ECS for tasks of that account and region.
"""

import datetime
import secrets

from ministack.core.responses import request_scope
from ministack.services import ecs, sts

from . import principals

PATH = "/_local/task-credentials/"
LIFETIME = datetime.timedelta(hours=6)


def credentials(account: str, region: str, cluster: str, task_id: str) -> dict:
    with request_scope(account, region):
        task = ecs._tasks.get(f"arn:aws:ecs:{region}:{account}:task/{cluster}/{task_id}")
        if task is None or task.get("lastStatus") != "RUNNING":
            raise LookupError("no such task is running")
        family = task["taskDefinitionArn"].rsplit("/", 1)[-1]
        role_arn = (ecs._task_defs.get(family) or {}).get("taskRoleArn")
        role = principals.role_of(role_arn)
        if role is None:
            raise LookupError("the task has no role")
        if not principals.trusts_ecs_tasks(role, task["taskArn"], account, region):
            raise PermissionError(f"{role_arn} does not trust {principals.ECS_TASKS} for {task['taskArn']}")
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


def answer(path: str) -> tuple:
    try:
        account, region, cluster, task_id = path[len(PATH):].split("/")
        return 200, credentials(account, region, cluster, task_id)
    except PermissionError as refusal:
        return 403, {"message": str(refusal)}
    except (LookupError, ValueError) as problem:
        return 404, {"message": str(problem)}
