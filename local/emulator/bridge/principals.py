"""Policy decisions for a role that does not make the request itself, for example when ECS reads secrets for a task."""

import json

from ministack.core import iam_evaluator
from ministack.core.iam_evaluator import EvalContext, PrincipalInfo
from ministack.services import iam

ECS_TASKS = "ecs-tasks.amazonaws.com"


def as_list(value) -> list:
    return value if isinstance(value, list) else [value]


def role_of(arn: str | None) -> dict | None:
    """The role with exactly this ARN, including the path."""
    role = iam._roles.get((arn or "").rsplit("/", 1)[-1])
    return role if role is not None and role["Arn"] == arn else None


def trusts_ecs_tasks(role: dict, source_arn: str, account: str, region: str) -> bool:
    """Removes statements for other services, because MiniStack lets the root user of an account match any service."""
    document = json.loads(role.get("AssumeRolePolicyDocument") or "{}")
    statements = [
        statement for statement in as_list(document.get("Statement", []))
        if isinstance(statement.get("Principal"), dict) and ECS_TASKS in as_list(statement["Principal"].get("Service", []))
    ]
    root = f"arn:aws:iam::{account}:root"
    context = EvalContext(
        principal_arn=root, principal_type="Root", principal_account=account,
        action="sts:AssumeRole", resource_arn=role["Arn"], region=region,
        service_context={"aws:sourceaccount": account, "aws:sourcearn": source_arn},
    )
    return iam_evaluator.evaluate_trust_policy({**document, "Statement": statements}, root, context)


def session_of(role: dict, account: str, session_name: str) -> PrincipalInfo:
    return PrincipalInfo(
        arn=f"arn:aws:sts::{account}:assumed-role/{role['RoleName']}/{session_name}",
        type="AssumedRole",
        account=account,
        policies=iam_evaluator._gather_role_policies(role["RoleName"], account),
        limits=iam_evaluator._permissions_boundary(iam._roles, role["RoleName"], account),
    )


def denial(principal: PrincipalInfo, action: str, resource: str, region: str, keys: dict | None = None) -> str | None:
    """AWS's message if the action is denied. None if identity and resource policies together allow it."""
    service = action.split(":", 1)[0]
    context = EvalContext(
        principal_arn=principal.arn, principal_type=principal.type, principal_account=principal.account,
        action=action, resource_arn=resource, region=region,
        service_context={name.lower(): value for name, value in (keys or {}).items()},
    )
    result = iam_evaluator.evaluate(context, principal.policies or [], *principal.limits)
    found = iam_evaluator._resource_policy(service, resource)
    if found is not None:
        required = service in iam_evaluator._POLICY_REQUIRED
        result = iam_evaluator.combine_resource_policy(result, context, *found, required=required, limits=principal.limits)
    if result.decision == "Allow":
        return None
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
    cause = (
        "with an explicit deny in an identity-based policy" if result.decision == "Deny"
        else f"because no identity-based policy allows the {action} action"
    )
    return f"User: {principal.arn} is not authorized to perform: {action} on resource: {resource} {cause}"
