"""A resource that fails to be deleted keeps what it depends on.

CloudFormation leaves alone what a resource in DELETE_FAILED refers to. MiniStack goes on and deletes that too: after a
refused delete of a runner, its roles, its bucket and the function that answers for it would be gone.

A stack in DELETE_FAILED can be deleted again, and not updated: "you can't work with or update the stack", says
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html. MiniStack refuses UpdateStack, and accepts
the change set that the CDK creates.
"""

from ministack.services.cloudformation import handlers, stacks
from ministack.services.cloudformation.helpers import _error, _p


class StillNeeded(dict):
    """The resources of a stack that is being deleted, without those that a remaining one depends on.

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
