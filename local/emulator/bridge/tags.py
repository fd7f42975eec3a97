"""Tags that AWS rejects and MiniStack accepts.

At most 50 per resource, keys of 1 to 128 and values of at most 256 characters (letters, digits, spaces and _ . : / = + - @),
no key that starts with `aws:`, no duplicate keys.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html#id_tags_rules
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-using-tags.html#tag-restrictions
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html (tags)
https://docs.aws.amazon.com/lambda/latest/dg/configuration-tags.html#configuration-tags-restrictions
https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html#tag-conventions (all services)
"""

import json
from urllib.parse import parse_qs

from ministack import app as application
from ministack.core.responses import error_response_json
from ministack.services import iam
from ministack.services.cloudformation import provisioners

MOST = 50
LONGEST_KEY = 128
LONGEST_VALUE = 256
OTHER_CHARACTERS = "_.:/=+-@"


def _allowed(text: str) -> bool:
    # Letters and digits of any language, and any kind of space: \p{L}\p{N}\p{Z}. Tabs and line feeds are not allowed.
    return all(character.isalnum() or character in OTHER_CHARACTERS or (character.isspace() and character not in "\t\n\r\v\f") for character in text)


def problem(pairs: list) -> str | None:
    """The problem of tags, given as (key, value)."""
    keys = [key for key, _ in pairs]
    if len(pairs) > MOST:
        return f"The number of tags exceeds the limit of {MOST}: {len(pairs)}"
    if len(set(keys)) < len(keys):
        return "Duplicate tag keys found. Please note that Tag keys are case insensitive."
    for key, value in pairs:
        if key.lower().startswith("aws:"):
            return f"Tag keys starting with 'aws:' are reserved for system use: {key}"
        if not 1 <= len(key) <= LONGEST_KEY:
            return f"Value at 'tags.key' failed to satisfy constraint: Member must have length between 1 and {LONGEST_KEY}"
        if len(value) > LONGEST_VALUE:
            return f"Value at 'tags.value' failed to satisfy constraint: Member must have length less than or equal to {LONGEST_VALUE}"
        for text in (key, value):
            if not _allowed(text):
                return f"Value '{text}' at 'tags' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\p{{L}}\\p{{Z}}\\p{{N}}_.:/=+\\-@]*"
    return None


def _pairs(tags) -> list:
    """Reads tags in any format of requests and templates."""
    if isinstance(tags, dict):
        return [(str(key), str(value)) for key, value in tags.items()]
    if not isinstance(tags, list):
        return []
    lowered = [{name.lower(): str(value) for name, value in tag.items()} for tag in tags if isinstance(tag, dict)]
    return [(tag.get("key", ""), tag.get("value", "")) for tag in lowered if "key" in tag]


def _in_json(body: bytes) -> list:
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return []
    return _pairs(request.get("tags") or request.get("Tags") or []) if isinstance(request, dict) else []


def _in_query(body: bytes) -> list:
    request = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
    return _pairs(iam._extract_tags(request))


def _refuse_json(code: str):
    return lambda message: error_response_json(code, message, 400)


SERVICES = {
    "iam": (_in_query, lambda message: iam._error(400, "ValidationError", f"1 validation error detected: {message}", ns="iam")),
    "ecs": (_in_json, _refuse_json("InvalidParameterException")),
    "logs": (_in_json, _refuse_json("InvalidParameterException")),
    "lambda": (_in_json, _refuse_json("InvalidParameterValueException")),
}


def _checked_calls(handle, find, refuse):
    async def handle_request(method, path, headers, body, query_params):
        wrong = problem(find(body)) if body and method in ("POST", "PUT") else None
        return refuse(wrong) if wrong else await handle(method, path, headers, body, query_params)

    return handle_request


def _checked_resource(handler: dict) -> None:
    create, update = handler.get("create"), handler.get("update")

    def check(props: dict) -> None:
        # At this point, the properties include CloudFormation's own tags.
        wrong = problem([pair for pair in _pairs(props.get("Tags")) if not pair[0].startswith("aws:cloudformation:")])
        if wrong:
            raise ValueError(f"{wrong} (Status Code: 400)")

    def create_checked(logical_id, props, *rest, **named):
        check(props)
        return create(logical_id, props, *rest, **named)

    def update_checked(physical_id, old_props, new_props, *rest, **named):
        check(new_props)
        return update(physical_id, old_props, new_props, *rest, **named)

    if create:
        handler["create"] = create_checked
    if update:
        handler["update"] = update_checked


def install() -> None:
    """Must run after all other functions that add CloudFormation handlers."""
    for service, (find, refuse) in SERVICES.items():
        application.SERVICE_HANDLERS[service] = _checked_calls(application.SERVICE_HANDLERS[service], find, refuse)
    for handler in provisioners._RESOURCE_HANDLERS.values():
        _checked_resource(handler)
