"""Names of log groups: CloudFormation begins one that it makes up with stack and logical id, MiniStack with a path of its own."""

from ministack.services.cloudformation import provisioners


def install() -> None:
    handler = provisioners._RESOURCE_HANDLERS["AWS::Logs::LogGroup"]
    create, update = handler["create"], handler["update"]

    def create_group(logical_id, props, stack_name):
        return create(logical_id, {"LogGroupName": provisioners._physical_name(stack_name, logical_id), **props}, stack_name)

    def update_group(physical_id, old_props, new_props, stack_name, logical_id=None):
        # One that had no name keeps the one that was made up for it.
        names = [{"LogGroupName": physical_id, **props} for props in (old_props, new_props)]
        return update(physical_id, *names, stack_name, logical_id)

    handler["create"], handler["update"] = create_group, update_group
