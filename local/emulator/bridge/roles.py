"""Permissions boundaries: MiniStack evaluates them, but its CloudFormation handler for roles ignores them."""

from ministack.services import iam
from ministack.services.cloudformation import provisioners


def _keep_boundary(physical_id: str, props: dict) -> None:
    iam._roles[physical_id]["PermissionsBoundary"] = props.get("PermissionsBoundary") or None


def install() -> None:
    handler = provisioners._RESOURCE_HANDLERS["AWS::IAM::Role"]
    create, update = handler["create"], handler["update"]

    def create_role(logical_id, props, stack_name):
        physical_id, attributes = create(logical_id, props, stack_name)
        _keep_boundary(physical_id, props)
        return physical_id, attributes

    def update_role(physical_id, old_props, new_props, *rest):
        new_id, attributes = update(physical_id, old_props, new_props, *rest)
        _keep_boundary(new_id, new_props)
        return new_id, attributes

    handler["create"], handler["update"] = create_role, update_role
