"""CloudFormation fails to create a role, log group or OIDC provider that already exists. MiniStack's handlers take over
the existing resource.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html (Errors)
https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html (Errors)
https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html (Errors)
"""

from ministack.services import cloudwatch_logs, iam
from ministack.services.cloudformation import provisioners


def _log_group(name: str) -> str:
    return f"Resource of type 'AWS::Logs::LogGroup' with identifier '{{\"/properties/LogGroupName\":\"{name}\"}}' already exists."


def _role(name: str) -> str:
    return f"Role with name {name} already exists. (Service: Iam, Status Code: 409)"


NAMED = {
    "AWS::Logs::LogGroup": ("LogGroupName", cloudwatch_logs._log_groups, _log_group),
    "AWS::IAM::Role": ("RoleName", iam._roles, _role),
}


def _refusing(handler: dict, field: str, existing, message) -> None:
    create, update = handler["create"], handler["update"]

    def create_new(logical_id, props, stack_name):
        if props.get(field) in existing:
            raise ValueError(message(props[field]))
        return create(logical_id, props, stack_name)

    def update_existing(physical_id, old_props, new_props, *rest):
        # A new name replaces the resource.
        if new_props.get(field) not in (None, physical_id) and new_props[field] in existing:
            raise ValueError(message(new_props[field]))
        return update(physical_id, old_props, new_props, *rest)

    handler.update(create=create_new, update=update_existing)


def install() -> None:
    for resource_type, (field, existing, message) in NAMED.items():
        _refusing(provisioners._RESOURCE_HANDLERS[resource_type], field, existing, message)
