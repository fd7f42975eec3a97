"""ECS Task State Change events. MiniStack's ECS sends none.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
"""

import copy
import json

from ministack.services import ecs, eventbridge

# Fields that the event does not have: events contain no tags, and a Fargate task has no container instance.
LEFT_OUT = ("tags", "containerInstanceArn", "healthStatus", "capacityProviderName", "platformFamily")


def detail_of(task: dict, **changed) -> dict:
    detail = {**copy.deepcopy(ecs._sanitize(task)), **changed, "updatedAt": ecs._iso()}
    return {name: value for name, value in detail.items() if name not in LEFT_OUT and value not in (None, "")}


def publish(task: dict, **changed) -> None:
    """Sends the current task with the `changed` fields."""
    eventbridge._put_events({"Entries": [{
        "Source": "aws.ecs",
        "DetailType": "ECS Task State Change",
        "Resources": [task["taskArn"]],
        "Detail": json.dumps(detail_of(task, **changed)),
    }]}, allow_aws_source=True)
