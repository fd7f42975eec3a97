"""GET and HEAD of a missing object: S3 answers 404 only to callers that can list the bucket, and 403 to others. MiniStack
always answers 404.

Such a request has no prefix. AWS does not document whether an s3:ListBucket grant with a condition on s3:prefix is
sufficient, so a setting decides.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html (Permissions)
https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html (Permissions)
"""

import contextvars
import dataclasses

from ministack import app as application
from ministack.core import iam_evaluator
from ministack.core.iam_actions import access_denied_response
from ministack.core.responses import new_uuid
from ministack.core.router import extract_access_key_id, extract_region

from . import behaviour

_any_prefix: contextvars.ContextVar = contextvars.ContextVar("any_prefix", default=False)


def _refusal(path: str, headers: dict, query_params: dict):
    bucket, _, key = path.strip("/").partition("/")
    if not key:
        return None
    marker = _any_prefix.set(behaviour.current().prefix_grants_show_missing_objects)
    try:
        resource = f"arn:aws:s3:::{bucket}"
        denied = iam_evaluator.enforce(
            extract_access_key_id(headers, query_params), "s3:ListBucket", "s3", extract_region(headers), resource_arn=resource)
    finally:
        _any_prefix.reset(marker)
    if not isinstance(denied, iam_evaluator.EvalResult):
        return None
    return access_denied_response("s3", "s3:ListBucket", denied.principal_arn, new_uuid(), headers=headers,
                                  resource_arn=resource, explicit_deny=denied.decision == "Deny")


def _hiding(handle):
    async def handle_request(method, path, headers, body, query_params):
        status, answer_headers, answer = await handle(method, path, headers, body, query_params)
        if status == 404 and method in ("GET", "HEAD"):
            refusal = _refusal(path, headers, query_params)
            if refusal is not None:
                return refusal if method == "GET" else (*refusal[:2], b"")
        return status, answer_headers, answer

    return handle_request


def _without_prefix(first_match):
    def first_match_for(context, statements, effect):
        if _any_prefix.get() and effect == "Allow":
            statements = [dataclasses.replace(statement, conditions=_dropped(statement.conditions)) for statement in statements]
        return first_match(context, statements, effect)

    return first_match_for


def _dropped(conditions: dict) -> dict:
    return {
        operator: {key: value for key, value in keys.items() if key.lower() != "s3:prefix"}
        for operator, keys in conditions.items()
    }


def install() -> None:
    application.SERVICE_HANDLERS["s3"] = _hiding(application.SERVICE_HANDLERS["s3"])
    iam_evaluator._first_match = _without_prefix(iam_evaluator._first_match)
