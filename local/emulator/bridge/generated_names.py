"""Names that CloudFormation generates. MiniStack generates other names. With slashes, a parameter would have another ARN.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ssm-parameter.html#cfn-ssm-parameter-name
"""

from ministack.services.cloudformation import provisioners


def _named(handler: dict, name_property: str, made_up) -> None:
    create, update = handler["create"], handler["update"]

    def create_named(logical_id, props, stack_name):
        return create(logical_id, {name_property: made_up(stack_name, logical_id), **props}, stack_name)

    def update_named(physical_id, old_props, new_props, stack_name, logical_id=None):
        # A resource without a name keeps its generated name.
        names = [{name_property: physical_id, **props} for props in (old_props, new_props)]
        return update(physical_id, *names, stack_name, logical_id)

    handler["create"], handler["update"] = create_named, update_named


def _of_parameter(stack_name: str, logical_id: str) -> str:
    # The same logical id in another stack gets another name.
    suffix = provisioners._physical_name(stack_name, logical_id).rsplit("-", 1)[-1]
    return f"CFN-{logical_id}-{suffix}"


def install() -> None:
    _named(provisioners._RESOURCE_HANDLERS["AWS::Logs::LogGroup"], "LogGroupName", provisioners._physical_name)
    _named(provisioners._RESOURCE_HANDLERS["AWS::SSM::Parameter"], "Name", _of_parameter)
