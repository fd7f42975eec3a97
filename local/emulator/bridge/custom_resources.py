"""Behaviour of CloudFormation for custom resources that MiniStack lacks.

CloudFormation rejects an update of the function of a custom resource: "Modifying service token is not allowed."
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-customresource.html

The response URL is signed: its `X-Amz-Date` is the time at which the request was sent.

After a failed create, CloudFormation sends a Delete with the physical id of the FAILED answer. MiniStack does not.
This module adds the resource to those that the rollback deletes.

After an update, CloudFormation tries each delete up to three times. MiniStack tries it once.
https://github.com/aws/aws-cdk-cli/pull/1564
"""

import threading
import time

from ministack.services.cloudformation import _stacks, changesets, custom_resource, handlers, provisioners, stacks

_lock = threading.Lock()
# (stack id, logical id) → the physical id of a FAILED answer
_answered: dict = {}
# (stack id, logical id) → the record that the rollback needs
_failed: dict = {}
# stack name → the failed deletes of its update
_failed_deletes: dict = {}
CLEANUP_ATTEMPTS = 3


def _remember_answers(deliver):
    def deliver_response(token, response):
        if response.get("Status") == "FAILED":
            with _lock:
                _answered[response.get("StackId"), response.get("LogicalResourceId")] = response.get("PhysicalResourceId")
        return deliver(token, response)

    return deliver_response


def _remember_failed_creates(invoke):
    def invoke_custom_resource(request_type, logical_id, props, stack_name, stack_id, resource_type, *rest, **named):
        key = (stack_id, logical_id)
        with _lock:
            _answered.pop(key, None)
        try:
            return invoke(request_type, logical_id, props, stack_name, stack_id, resource_type, *rest, **named)
        except (RuntimeError, TimeoutError):
            if request_type == "Create":
                with _lock:
                    _failed[key] = {
                        # Without an answer, CloudFormation generates an id, so the handler gets an id that it never returned.
                        "PhysicalResourceId": _answered.get(key) or f"{stack_name}-{logical_id}-1ABCDEFGHIJKL",
                        "ResourceType": resource_type,
                        "ResourceStatus": "CREATE_FAILED",
                        "LogicalResourceId": logical_id,
                        "Properties": props,
                        "Attributes": {},
                    }
            raise

    return invoke_custom_resource


def _delete_what_failed(roll_back):
    async def roll_back_operation(stack_name, stack_id, stack, operation, *rest, **named):
        logical_id = operation.get("failed_logical_id")
        with _lock:
            record = _failed.pop((stack_id, logical_id), None)
        previous = (operation.get("previous_stack") or {}).get("_resources", {})
        if record is not None and logical_id not in previous:
            stack.setdefault("_resources", {})[logical_id] = record
            operation["created"] = [*operation.get("created", []), logical_id]
        return await roll_back(stack_name, stack_id, stack, operation, *rest, **named)

    return roll_back_operation


def _keep_service_token(update):
    def update_custom_resource(physical_id, old_props, new_props, *rest, **named):
        if old_props.get("ServiceToken") != new_props.get("ServiceToken"):
            raise ValueError("Modifying service token is not allowed.")
        return update(physical_id, old_props, new_props, *rest, **named)

    return update_custom_resource


def _record_failed_deletes(delete):
    def delete_resource(resource_type, physical_id, props, stack_name, logical_id=None):
        try:
            return delete(resource_type, physical_id, props, stack_name, logical_id)
        except Exception:
            with _lock:
                if stack_name in _failed_deletes:
                    _failed_deletes[stack_name].append((resource_type, physical_id, props, stack_name, logical_id))
            raise

    return delete_resource


def _retry_deletes_of_cleanup(deploy, delete):
    async def deploy_stack_async(stack_name, stack_id, *rest, **named):
        with _lock:
            _failed_deletes[stack_name] = []
        await deploy(stack_name, stack_id, *rest, **named)
        with _lock:
            pending = _failed_deletes.pop(stack_name)
        stack = _stacks.get(stack_name)
        if stack is None or stack.get("StackStatus") != "UPDATE_COMPLETE":
            return
        for _ in range(CLEANUP_ATTEMPTS - 1):
            pending = [found for found in pending if not await _deleted(stack, stack_id, delete, *found)]

    return deploy_stack_async


async def _deleted(stack, stack_id, delete, resource_type, physical_id, props, stack_name, logical_id):
    try:
        await stacks.run_reentrant(delete, resource_type, physical_id, props, stack_name, logical_id)
    except Exception:
        return False
    stacks._add_event(stack_id, stack_name, logical_id, resource_type, "DELETE_COMPLETE", physical_id=physical_id)
    record = stack.get("_resources", {}).get(logical_id)
    if record is not None and record.get("ResourceStatus") == "DELETE_FAILED":
        del stack["_resources"][logical_id]
    return True


def _date_response_urls(response_url):
    return lambda token: f"{response_url(token)}?X-Amz-Date={time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"


def install() -> None:
    provisioners._custom_resource_update = _keep_service_token(provisioners._custom_resource_update)
    custom_resource._response_url = _date_response_urls(custom_resource._response_url)
    custom_resource.deliver_response = _remember_answers(custom_resource.deliver_response)
    custom_resource.invoke_custom_resource = _remember_failed_creates(custom_resource.invoke_custom_resource)
    stacks._roll_back_operation = handlers._roll_back_operation = _delete_what_failed(stacks._roll_back_operation)
    delete = stacks._delete_resource
    stacks._delete_resource = _record_failed_deletes(delete)
    deploy = _retry_deletes_of_cleanup(stacks._deploy_stack_async, delete)
    stacks._deploy_stack_async = handlers._deploy_stack_async = changesets._deploy_stack_async = deploy
