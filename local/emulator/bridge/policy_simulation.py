"""SimulatePrincipalPolicy for roles: with the values of condition keys, with every resource, and with the permissions boundary.
MiniStack ignores all three.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_EvaluationResult.html
"""

from xml.sax.saxutils import escape

from ministack.core import iam_evaluator
from ministack.core.iam_evaluator import EvalContext
from ministack.core.responses import get_account_id, get_region
from ministack.services import iam

from . import principals

DECISIONS = {"Allow": "allowed", "Deny": "explicitDeny", "ImplicitDeny": "implicitDeny"}


def _members(params: dict, prefix: str) -> list:
    values = []
    while value := iam._p(params, f"{prefix}.member.{len(values) + 1}"):
        values.append(value)
    return values


def _context(params: dict) -> dict:
    values, index = {}, 1
    while name := iam._p(params, f"ContextEntries.member.{index}.ContextKeyName"):
        # In this project, each key has one value.
        values[name.lower()] = iam._p(params, f"ContextEntries.member.{index}.ContextKeyValues.member.1")
        index += 1
    return values


def _result(principal, action: str, resource: str, context: dict) -> str:
    request = EvalContext(
        principal_arn=principal.arn, principal_type=principal.type, principal_account=principal.account,
        action=action, resource_arn=resource, region=context.get("aws:requestedregion", get_region()), service_context=context,
    )
    decision = iam_evaluator.evaluate(request, principal.policies or [], *principal.limits).decision
    detail = ""
    if principal.limits:
        allowed = all(iam_evaluator.evaluate(request, limit).decision == "Allow" for limit in principal.limits)
        detail = (f"<PermissionsBoundaryDecisionDetail><AllowedByPermissionsBoundary>{str(allowed).lower()}</AllowedByPermissionsBoundary>"
                  "</PermissionsBoundaryDecisionDetail>")
    return (f"<member><EvalActionName>{escape(action)}</EvalActionName><EvalResourceName>{escape(resource)}</EvalResourceName>"
            f"<EvalDecision>{DECISIONS[decision]}</EvalDecision><MatchedStatements/><MissingContextValues/>{detail}</member>")


def _simulating_roles(simulate):
    def simulate_principal_policy(params):
        role = principals.role_of(iam._p(params, "PolicySourceArn"))
        if role is None:
            return simulate(params)
        principal = principals.session_of(role, get_account_id(), "simulation")
        context = _context(params)
        results = "".join(
            _result(principal, action, resource, context)
            for action in _members(params, "ActionNames") for resource in _members(params, "ResourceArns") or ["*"]
        )
        return iam._xml(200, "SimulatePrincipalPolicyResponse",
                        f"<SimulatePrincipalPolicyResult><EvaluationResults>{results}</EvaluationResults>"
                        "<IsTruncated>false</IsTruncated></SimulatePrincipalPolicyResult>", ns="iam")

    return simulate_principal_policy


def install() -> None:
    iam._IAM_HANDLERS["SimulatePrincipalPolicy"] = _simulating_roles(iam._IAM_HANDLERS["SimulatePrincipalPolicy"])
