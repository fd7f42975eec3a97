"""CloudFormation keeps the dependencies of a resource whose delete fails.

CloudFormation does not delete the resources that a resource in DELETE_FAILED refers to. MiniStack deletes them: after a
failed delete of a runner, its roles, its bucket and the function of the custom resource would not exist.

A stack in DELETE_FAILED can be deleted again, but not updated: "you can't work with or update the stack", says
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html. MiniStack rejects UpdateStack, but accepts
the CDK's change set.
"""

from ministack.services.cloudformation import handlers, stacks
from ministack.services.cloudformation.helpers import _error, _p


class StillNeeded(dict):
    """The resources to delete, without the dependencies of a remaining resource.

    The deletion goes from dependents to what they depend on, so a dependent that is still there has failed, or is
    itself kept for one that has.
    """

    def __init__(self, resources: dict, definitions: dict):
        super().__init__(resources)
        names = set(definitions)
        self._dependencies = {
            name: stacks._extract_deps(definition, names) for name, definition in definitions.items()
        }

    def get(self, logical_id, default=None):
        for other in self:
            if other != logical_id and logical_id in self._dependencies.get(other, ()):
                return default
        return super().get(logical_id, default)


def _keep_dependencies(delete_stack):
    async def delete_stack_async(stack_name, stack_id, *rest, **named):
        from ministack.services.cloudformation import _stacks

        stack = _stacks[stack_name]
        resources = stack.get("_resources", {})
        definitions = (stack.get("_template") or {}).get("Resources", {})
        remaining = stack["_resources"] = StillNeeded(resources, definitions)
        try:
            await delete_stack(stack_name, stack_id, *rest, **named)
        finally:
            stack["_resources"] = dict(remaining)

    return delete_stack_async


def _refuse_after_failed_deletion(create_change_set):
    def create_change_set_checked(params):
        stack = handlers._resolve_stack(_p(params, "StackName"))
        if stack and stack.get("StackStatus") == "DELETE_FAILED":
            return _error("ValidationError", f"Stack:{stack['StackId']} is in DELETE_FAILED state and can not be updated.")
        return create_change_set(params)

    return create_change_set_checked


def install() -> None:
    actions = handlers._ACTION_HANDLERS
    actions["CreateChangeSet"] = _refuse_after_failed_deletion(actions["CreateChangeSet"])
    stacks._delete_stack_async = handlers._delete_stack_async = _keep_dependencies(stacks._delete_stack_async)
