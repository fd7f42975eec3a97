"""The first cluster of an account: CreateCluster creates the service-linked role of ECS, which is usable some seconds later.
Capacity providers need the role immediately, so the first CreateCluster with capacity providers fails and a retry succeeds.
MiniStack needs no such role.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using-service-linked-roles.html
https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/818
"""

import time

from ministack.core.responses import error_response_json, get_account_id
from ministack.services import ecs, iam
from ministack.services.cloudformation import provisioners

from . import behaviour

SERVICE = "ecs.amazonaws.com"
MESSAGE = "Unable to assume the service linked role. Please verify that the ECS service linked role exists."

# Account → the time when CreateCluster created the role.
_made: dict = {}


def _exists() -> bool:
    return any(role["Path"] == f"/aws-service-role/{SERVICE}/" for role in iam._roles.values())


def _make() -> None:
    if not _exists():
        iam._create_service_linked_role({"AWSServiceName": [SERVICE]})
        _made[get_account_id()] = time.monotonic()


def _is_usable() -> bool:
    delay = behaviour.current().service_linked_role_delay_ms / 1000
    return _exists() and time.monotonic() - _made.get(get_account_id(), -delay) >= delay


def _refused(capacity_providers) -> bool:
    return bool(capacity_providers) and not _is_usable()


def _checked(call, makes_role: bool):
    def checked(data):
        refused = _refused(data.get("capacityProviders"))
        if makes_role:
            _make()
        return error_response_json("InvalidParameterException", MESSAGE, 400) if refused else call(data)

    return checked


def install() -> None:
    ecs._ACTION_MAP["CreateCluster"] = _checked(ecs._create_cluster, makes_role=True)
    ecs._put_cluster_capacity_providers = _checked(ecs._put_cluster_capacity_providers, makes_role=False)
    ecs._ACTION_MAP["PutClusterCapacityProviders"] = ecs._put_cluster_capacity_providers

    handler = provisioners._RESOURCE_HANDLERS["AWS::ECS::Cluster"]
    create, update = handler["create"], handler["update"]

    def check(props: dict) -> None:
        if _refused(props.get("CapacityProviders")):
            raise ValueError(f"{MESSAGE} (Service: AmazonECS; Status Code: 400; Error Code: InvalidParameterException)")

    def create_resource(logical_id, props, stack_name):
        try:
            check(props)
        finally:
            _make()
        return create(logical_id, props, stack_name)

    def update_resource(physical_id, old_props, new_props, *rest):
        check(new_props)
        return update(physical_id, old_props, new_props, *rest)

    handler.update(create=create_resource, update=update_resource)
