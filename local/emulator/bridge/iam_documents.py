"""Policy documents that IAM rejects and MiniStack accepts: quotas, Sids and resources.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html (character limits; white space does not count)
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_sid.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

import json
import re

from ministack.services import iam
from ministack.services.cloudformation import provisioners

INLINE_OF_ROLE = 10_240
TRUST_POLICY = 2_048
MANAGED_POLICY = 6_144
MANAGED_POLICIES_OF_ROLE = 10


class Refused(Exception):
    def __init__(self, status: int, code: str, message: str):
        super().__init__(f"{message} (Service: Iam, Status Code: {status})")
        self.answer = (status, code, message)


def text_of(document) -> str:
    return document if isinstance(document, str) else json.dumps(document)


def size_of(document) -> int:
    return len(re.sub(r"\s", "", text_of(document)))


def _statements(document) -> list:
    try:
        statements = json.loads(text_of(document)).get("Statement", [])
    except (ValueError, AttributeError):
        raise Refused(400, "MalformedPolicyDocument", "Syntax errors in policy.") from None
    return statements if isinstance(statements, list) else [statements]


def check_document(document) -> None:
    sids = [statement["Sid"] for statement in _statements(document) if statement.get("Sid")]
    if len(sids) != len(set(sids)):
        raise Refused(400, "MalformedPolicyDocument", "Statement IDs (SID) in a single policy must be unique.")
    if not all(re.fullmatch("[0-9A-Za-z]*", sid) for sid in sids):
        raise Refused(400, "MalformedPolicyDocument", "Statement IDs (SID) must be alpha-numeric. "
                      "Check that your input satisfies the regular expression [0-9A-Za-z]*")


def check_identity_policy(document) -> None:
    check_document(document)
    for statement in _statements(document):
        for name in ("Resource", "NotResource"):
            resources = statement.get(name, [])
            for resource in resources if isinstance(resources, list) else [resources]:
                if resource != "*" and not re.fullmatch(r"arn:[^:]+:[^:]*:[^:]*:[^:]*:.+", str(resource), re.DOTALL):
                    raise Refused(400, "MalformedPolicyDocument", f'Resource {resource} must be in ARN format or "*".')


def check_trust_policy(document) -> None:
    check_document(document)
    if size_of(document) > TRUST_POLICY:
        raise Refused(409, "LimitExceeded", f"Cannot exceed quota for ACLSizePerRole: {TRUST_POLICY}")


def check_managed_policy(document) -> None:
    check_identity_policy(document)
    if size_of(document) > MANAGED_POLICY:
        raise Refused(409, "LimitExceeded", f"Cannot exceed quota for PolicySize: {MANAGED_POLICY}")


def check_inline_policies(role_name: str, documents: dict) -> None:
    """All inline policies of a role, by name."""
    for document in documents.values():
        check_identity_policy(document)
    if sum(map(size_of, documents.values())) > INLINE_OF_ROLE:
        raise Refused(409, "LimitExceeded", f"Maximum policy size of {INLINE_OF_ROLE} bytes exceeded for role {role_name}")


def check_attached_policies(arns) -> None:
    if len(set(arns)) > MANAGED_POLICIES_OF_ROLE:
        raise Refused(409, "LimitExceeded", f"Cannot exceed quota for PoliciesPerRole: {MANAGED_POLICIES_OF_ROLE}")


def _check_put_role_policy(p) -> None:
    role = iam._roles.get(iam._p(p, "RoleName"))
    if role is not None:
        check_inline_policies(role["RoleName"], {**role["InlinePolicies"], iam._p(p, "PolicyName"): iam._p(p, "PolicyDocument")})


def _check_attach(p) -> None:
    role = iam._roles.get(iam._p(p, "RoleName"))
    if role is not None:
        check_attached_policies([*role.get("AttachedPolicies", []), iam._p(p, "PolicyArn")])


ACTIONS = {
    "PutRolePolicy": ("_put_role_policy", _check_put_role_policy),
    "CreateRole": ("_create_role", lambda p: check_trust_policy(iam._p(p, "AssumeRolePolicyDocument"))),
    "UpdateAssumeRolePolicy": ("_update_assume_role_policy", lambda p: check_trust_policy(iam._p(p, "PolicyDocument"))),
    "CreatePolicy": ("_create_policy", lambda p: check_managed_policy(iam._p(p, "PolicyDocument"))),
    "CreatePolicyVersion": ("_create_policy_version", lambda p: check_managed_policy(iam._p(p, "PolicyDocument"))),
    "AttachRolePolicy": ("_attach_role_policy", _check_attach),
}


def _checked(check, call):
    def checked(p):
        try:
            check(p)
        except Refused as refused:
            return iam._error(*refused.answer, ns="iam")
        return call(p)

    return checked


def _inline(props: dict) -> dict:
    return {policy.get("PolicyName", ""): text_of(policy.get("PolicyDocument", {})) for policy in props.get("Policies") or []}


def _check_role(name: str, old_props: dict, props: dict) -> None:
    check_trust_policy(props.get("AssumeRolePolicyDocument", {}))
    existing = (iam._roles.get(name) or {}).get("InlinePolicies", {})
    others = {policy: document for policy, document in existing.items() if policy not in _inline(old_props)}
    check_inline_policies(name, {**others, **_inline(props)})
    check_attached_policies(props.get("ManagedPolicyArns") or [])


def install() -> None:
    for action, (function, check) in ACTIONS.items():
        checked = _checked(check, getattr(iam, function))
        setattr(iam, function, checked)
        iam._IAM_HANDLERS[action] = checked

    # MiniStack's CloudFormation handlers do not make these calls for roles and managed policies.
    role = provisioners._RESOURCE_HANDLERS["AWS::IAM::Role"]
    managed = provisioners._RESOURCE_HANDLERS["AWS::IAM::ManagedPolicy"]
    create_role, update_role, create_policy = role["create"], role["update"], managed["create"]

    def create_checked_role(logical_id, props, stack_name):
        _check_role(props.get("RoleName") or logical_id, {}, props)
        return create_role(logical_id, props, stack_name)

    def update_checked_role(physical_id, old_props, new_props, *rest):
        _check_role(physical_id, old_props, new_props)
        return update_role(physical_id, old_props, new_props, *rest)

    def create_checked_policy(logical_id, props, stack_name):
        check_managed_policy(props.get("PolicyDocument", {}))
        return create_policy(logical_id, props, stack_name)

    role.update(create=create_checked_role, update=update_checked_role)
    managed["create"] = create_checked_policy
