"""Log groups as targets of EventBridge rules. MiniStack accepts such targets but delivers no events.

EventBridge writes with its service principals, which a resource policy of CloudWatch Logs must allow. Otherwise the
events are lost without an error. EventBridge sends the ARN of its rule (aws:SourceArn) only with PutLogEvents.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-cloudwatchlogs-permissions
"""

import hashlib
import logging

from ministack.core.arn import ArnParseError, parse_arn
from ministack.core.iam_evaluator import EvalContext, evaluate_resource_policy
from ministack.services import cloudwatch_logs, eventbridge

logger = logging.getLogger("events")

SERVICES = ("events.amazonaws.com", "delivery.logs.amazonaws.com")


def _allowed(action: str, resource: str, account: str, region: str, keys: dict) -> bool:
    policies = [*cloudwatch_logs._resource_policies.values(), *cloudwatch_logs._log_group_policies.values()]
    context = EvalContext(
        principal_arn="", principal_type="Service", principal_account=account,
        action=action, resource_arn=resource, region=region, service_context=keys,
    )

    def decisions(service: str) -> list:
        return [evaluate_resource_policy(policy["policyDocument"], context, service=service).decision for policy in policies]

    return all("Allow" in found and "Deny" not in found for found in map(decisions, SERVICES))


def deliver(spec, message: str, rule: dict) -> bool:
    group = spec.resource.removeprefix("log-group:").removesuffix(":*")
    stream = hashlib.md5(rule["Arn"].encode(), usedforsecurity=False).hexdigest()
    resource = f"arn:aws:logs:{spec.region}:{spec.account_id}:log-group:{group}:log-stream:{stream}"
    named = {"aws:sourcearn": rule["Arn"], "aws:sourceaccount": spec.account_id}
    for action, keys in (("logs:CreateLogStream", {}), ("logs:PutLogEvents", named)):
        if not _allowed(action, resource, spec.account_id, spec.region, keys):
            logger.warning("EventBridge: %s may not be called on %s for %s: the event is lost", action, resource, rule["Arn"])
            return False
    cloudwatch_logs._create_log_stream({"logGroupName": group, "logStreamName": stream})
    status, _headers, _body = cloudwatch_logs._put_log_events({
        "logGroupName": group, "logStreamName": stream, "logEvents": [{"message": message}],
    })
    return status < 400


def install() -> None:
    invoke = eventbridge._invoke_target

    def invoke_target(target, event, rule, view=None):
        try:
            spec = parse_arn(target.get("Arn", ""))
        except ArnParseError:
            spec = None
        if spec is None or spec.service != "logs" or not eventbridge._target_matches_request_scope(spec):
            invoke(target, event, rule, view)
            return
        view = view or eventbridge._pattern_event_view(event)
        deliver(spec, eventbridge.json.dumps(view.event_with_detail()), rule)

    eventbridge._invoke_target = invoke_target
