"""Calls about OIDC providers: IAM evaluates them on the ARN of the provider, and tagging at creation as a separate action.
MiniStack evaluates them on `*`, so a policy for one provider would allow nothing.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
"""

import contextvars
from urllib.parse import parse_qs, urlsplit

from ministack.core import iam_actions, iam_evaluator
from ministack.services import iam

CREATE = "iam:CreateOpenIDConnectProvider"
TAG = "iam:TagOpenIDConnectProvider"

_has_tags: contextvars.ContextVar = contextvars.ContextVar("oidc_provider_has_tags", default=False)


def provider_arn(request: dict, account: str) -> str | None:
    """The ARN in the parameters of a query, if there is one."""
    url = urlsplit(iam._p(request, "Url"))
    if url.netloc:
        return f"arn:aws:iam::{account}:oidc-provider/{url.netloc}{url.path.rstrip('/')}"
    return iam._p(request, "OpenIDConnectProviderArn") or None


def install() -> None:
    extract, enforce = iam_actions.extract_resource_arn, iam_evaluator.enforce

    def extract_resource_arn(service, method, path, headers, body, params, region, account):
        if service == "iam":
            request = parse_qs((body or b"").decode("utf-8", "replace"))
            # Runs immediately before `enforce` for the same request. Only this function has access to the body.
            _has_tags.set(bool(iam._extract_tags(request)))
            arn = provider_arn(request, account)
            if arn is not None:
                return arn
        return extract(service, method, path, headers, body, params, region, account)

    def enforce_all(access_key, action, service, region, resource_arn="*", service_context=None):
        denied = enforce(access_key, action, service, region, resource_arn=resource_arn, service_context=service_context)
        if denied is None and action == CREATE and _has_tags.get():
            return enforce(access_key, TAG, service, region, resource_arn=resource_arn, service_context=service_context)
        return denied

    iam_actions.extract_resource_arn = extract_resource_arn
    iam_evaluator.enforce = enforce_all
