"""Customer managed keys of log groups: the key policy must allow CloudWatch Logs to use the key for the log group. MiniStack
accepts any key.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
"""

from ministack.core.iam_evaluator import EvalContext, evaluate_resource_policy
from ministack.core.responses import error_response_json, get_account_id, get_region
from ministack.services import cloudwatch_logs, kms
from ministack.services.cloudformation import provisioners

ACTIONS = ("kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey")


def _allows(key: dict, action: str, group_arn: str) -> bool:
    context = EvalContext(
        principal_arn="", principal_type="Service", principal_account=get_account_id(), action=action, resource_arn=key["Arn"],
        region=get_region(), service_context={"kms:encryptioncontext:aws:logs:arn": group_arn},
    )
    return evaluate_resource_policy(key.get("Policy"), context, service=f"logs.{get_region()}.amazonaws.com").decision == "Allow"


def problem(group_name: str, key_reference: str | None) -> str | None:
    if not key_reference:
        return None
    arn = f"arn:aws:logs:{get_region()}:{get_account_id()}:log-group:{group_name}"
    key = kms._resolve_key(key_reference)
    # The API accepts only the ARN of a key.
    if key and key["Arn"] == key_reference and all(_allows(key, action, arn) for action in ACTIONS):
        return None
    return f"The specified KMS key does not exist or is not allowed to be used with Arn '{arn}'"


def install() -> None:
    create_call = cloudwatch_logs._create_log_group
    handler = provisioners._RESOURCE_HANDLERS["AWS::Logs::LogGroup"]
    create, update = handler["create"], handler["update"]

    def create_log_group(data):
        wrong = problem(data.get("logGroupName", ""), data.get("kmsKeyId"))
        return error_response_json("AccessDeniedException", wrong, 400) if wrong else create_call(data)

    def check(name: str, props: dict) -> None:
        wrong = problem(name, props.get("KmsKeyId"))
        if wrong:
            raise ValueError(f"{wrong} (Service: CloudWatchLogs, Status Code: 400)")

    def create_resource(logical_id, props, stack_name):
        check(props.get("LogGroupName") or provisioners._physical_name(stack_name, logical_id), props)
        return create(logical_id, props, stack_name)

    def update_resource(physical_id, old_props, new_props, *rest):
        check(new_props.get("LogGroupName") or physical_id, new_props)
        return update(physical_id, old_props, new_props, *rest)

    cloudwatch_logs._create_log_group = create_log_group
    handler.update(create=create_resource, update=update_resource)
