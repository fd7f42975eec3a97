"""AWS does not delete a cluster with tasks. MiniStack deletes it, and the tasks continue to run.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteCluster.html (Errors)
"""

from ministack.core.responses import error_response_json
from ministack.services import ecs
from ministack.services.cloudformation import provisioners

MESSAGE = "The Cluster cannot be deleted while Tasks are active."


def _has_tasks(name: str | None) -> bool:
    cluster = ecs._clusters.get(name or "")
    return cluster is not None and any(
        task["clusterArn"] == cluster["clusterArn"] and task["lastStatus"] != "STOPPED" for task in ecs._tasks.values())


def install() -> None:
    handler = provisioners._RESOURCE_HANDLERS["AWS::ECS::Cluster"]
    call, remove = ecs._delete_cluster, handler["delete"]

    def delete(data):
        if _has_tasks(ecs._resolve_cluster_name(data.get("cluster", "default"))):
            return error_response_json("ClusterContainsTasksException", MESSAGE, 400)
        return call(data)

    def delete_resource(physical_id, props):
        if _has_tasks(physical_id):
            raise ValueError(f"{MESSAGE} (Service: AmazonECS; Status Code: 400; Error Code: ClusterContainsTasksException)")
        return remove(physical_id, props)

    ecs._ACTION_MAP["DeleteCluster"] = delete
    handler["delete"] = delete_resource
