"""The lifecycle of a task. MiniStack without a container engine starts each task immediately, without checks.

This module moves a task through the states of a Fargate task and publishes each change. No container runs: a test that
simulates a container reports its exit with SubmitTaskStateChange, as the ECS agent does.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
"""

import json
import threading
import time

from ministack.core.responses import error_response_json, get_account_id, get_region, json_response, request_scope
from ministack.services import ecs

from . import behaviour, principals, task_events, task_network, task_secrets


def _refuse_to_run(data: dict):
    cluster = ecs._clusters.get(ecs._resolve_cluster_name(data.get("cluster", "default")) or "")
    if cluster is None or cluster["status"] != "ACTIVE":
        # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html#API_RunTask_Errors
        return error_response_json("ClusterNotFoundException", "Cluster not found.", 400)
    definition = ecs._task_defs.get(ecs._resolve_td_key(data.get("taskDefinition", ""))) or {}
    network_problem = task_network.problem(data, definition)
    if network_problem:
        return error_response_json("InvalidParameterException", network_problem, 400)
    for field in ("executionRoleArn", "taskRoleArn"):
        arn = (data.get("overrides") or {}).get(field) or definition.get(field)
        role = principals.role_of(arn)
        source = f"arn:aws:ecs:{get_region()}:{get_account_id()}:*"
        if arn and (role is None or not principals.trusts_ecs_tasks(role, source, get_account_id(), get_region())):
            # https://repost.aws/knowledge-center/ecs-unable-to-assume-role
            return error_response_json("ClientException", f"ECS was unable to assume the role '{arn}' that was provided for this task. "
                                       "Please verify that the role being passed has the proper trust relationship and permissions "
                                       "and that your IAM user has permissions to pass this role.", 400)
    return None


def _begin(task: dict, definition: dict) -> None:
    task.update(lastStatus="PROVISIONING", group=task["group"] or f"family:{definition['family']}",
                startedAt=None, pullStartedAt=None, pullStoppedAt=None, connectivity="", connectivityAt=None)
    for container in task["containers"]:
        container["lastStatus"] = "PENDING"
    task_events.publish(task)


def _go_on(task: dict, definition: dict, wait_seconds: float) -> None:
    arn = task["taskArn"]
    time.sleep(wait_seconds)
    if not ecs._mark_task_pending(arn, task):
        return
    task_events.publish(task)
    time.sleep(wait_seconds)
    reason = task_secrets.reason_not_to_start(task, definition, get_account_id(), get_region())
    if reason:
        ecs._mark_task_stopped(arn, task, reason, "TaskFailedToStart")
        return
    ecs._mark_task_activating(arn, task)
    for container in task["containers"]:
        container["lastStatus"] = "RUNNING"
    if ecs._mark_task_running(arn, task):
        task.update(connectivity="CONNECTED", connectivityAt=ecs._iso())
        task_events.publish(task)


def _go_on_in_the_background(task: dict, definition: dict, wait_seconds: float) -> None:
    account, region = get_account_id(), get_region()

    def run() -> None:
        with request_scope(account, region):
            _go_on(task, definition, wait_seconds)

    threading.Thread(target=run, daemon=True, name=f"task-{task['taskArn'][-8:]}").start()


def _with_lifecycle(run):
    def run_task(data):
        refused = _refuse_to_run(data)
        if refused:
            return refused
        status, headers, body = run(data)
        answer = json.loads(body)
        if status >= 400 or not answer.get("tasks"):
            return status, headers, body
        shown = []
        wait_seconds = behaviour.current().task_start_ms / 1000
        for created in answer["tasks"]:
            task = ecs._tasks[created["taskArn"]]
            definition = ecs._task_defs[task["taskDefinitionArn"].rsplit("/", 1)[-1]]
            _begin(task, definition)
            shown.append(ecs._sanitize(task))
            (_go_on_in_the_background if wait_seconds else _go_on)(task, definition, wait_seconds)
        return json_response({**answer, "tasks": shown})

    return run_task


def _published(mark_stopped):
    def mark_task_stopped(task_arn, task, reason, stop_code, exit_code=None):
        # A container that never ran has no exit code.
        ran = task.get("startedAt") is not None
        if not mark_stopped(task_arn, task, reason, stop_code, exit_code if ran else None):
            return False
        if not ran:
            task["executionStoppedAt"] = None
        task_events.publish(task, lastStatus="DEPROVISIONING", stoppedAt=None, version=task["version"] - 1)
        task_events.publish(task)
        return True

    return mark_task_stopped


def submit_task_state_change(data):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_SubmitTaskStateChange.html"""
    task = ecs._resolve_task(data.get("task", ""), ecs._resolve_cluster_name(data.get("cluster", "default")) or "")
    if task is not None and data.get("status") == "STOPPED":
        for ended in data.get("containers", []):
            for container in task["containers"]:
                if container["name"] == ended.get("containerName"):
                    container.update({name: ended[name] for name in ("exitCode", "reason") if name in ended})
        ecs._mark_task_stopped(task["taskArn"], task, data.get("reason") or "Essential container in task exited", "EssentialContainerExited", 0)
    return json_response({"acknowledgment": "ACCEPT"})


def install() -> None:
    ecs._run_task = ecs._ACTION_MAP["RunTask"] = _with_lifecycle(ecs._run_task)
    ecs._mark_task_stopped = _published(ecs._mark_task_stopped)
    ecs._ACTION_MAP["SubmitTaskStateChange"] = submit_task_state_change
