"""Calls the emulated API from inside a CloudFormation handler, as a client does."""

import re


def call(action, parameters: dict) -> str:
    """Calls the action and returns the response body. An error response fails the resource."""
    sent = {name: [str(value)] for name, value in parameters.items() if value is not None}
    status, _headers, body = action(sent)
    text = body.decode() if isinstance(body, bytes) else str(body)
    if status >= 400:
        found = re.search(r"<Message>(.*?)</Message>", text, re.DOTALL)
        raise ValueError(found.group(1) if found else text)
    return text


def value_of(answer: str, element: str) -> str:
    return re.search(rf"<{element}>(.*?)</{element}>", answer).group(1)


def members(prefix: str, values) -> dict:
    """Encodes a list in AWS's query protocol: PREFIX.member.1, PREFIX.member.2, …"""
    return {f"{prefix}.member.{index}": value for index, value in enumerate(values or [], 1)}


def iam_tags(tags) -> dict:
    written = {}
    for index, tag in enumerate(tags or [], 1):
        written[f"Tags.member.{index}.Key"] = tag["Key"]
        written[f"Tags.member.{index}.Value"] = tag["Value"]
    return written


def ec2_tags(resource_type: str, tags) -> dict:
    if not tags:
        return {}
    written = {"TagSpecification.1.ResourceType": resource_type}
    for index, tag in enumerate(tags, 1):
        written[f"TagSpecification.1.Tag.{index}.Key"] = tag["Key"]
        written[f"TagSpecification.1.Tag.{index}.Value"] = tag["Value"]
    return written
