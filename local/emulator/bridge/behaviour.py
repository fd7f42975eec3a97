"""Settings for behaviour of AWS that is not documented, or that most tests do not need.

Every default is the stricter choice. `PUT /_local/behaviour` changes settings while the emulator runs, so that one
emulator can show both sides.
"""

import dataclasses


@dataclasses.dataclass
class Behaviour:
    # Whether ecs:task-cpu and ecs:task-memory of ".5 vCPU" and "1 GB" are the integers 512 and 1024 in conditions.
    # False: they are text, which no Numeric… operator matches, in an Allow or in a Deny.
    task_sizes_as_integers: bool = False
    # Whether an s3:ListBucket grant that is restricted with s3:prefix turns a 403 for a missing object into a 404.
    prefix_grants_show_missing_objects: bool = False
    # How long a new or changed policy of a role has no effect.
    policy_delay_ms: int = 0
    # How long ECS cannot use its service-linked role after the account's first CreateCluster.
    service_linked_role_delay_ms: int = 5_000
    # How long a task stays in PROVISIONING, and then in PENDING. With 0 it has left both before RunTask answers.
    task_start_ms: int = 0
    # The account's quota of vCPUs on AWS Fargate. New accounts start with a low one.
    fargate_vcpu_quota: int = 6


_current = Behaviour()
_listeners: list = []


def on_change(listener) -> None:
    _listeners.append(listener)


def current() -> Behaviour:
    return _current


def change(settings: dict) -> dict:
    """Takes camelCase names, as a JSON body has them. Raises ValueError for unknown names and for wrong types."""
    fields = {_camel_case(field.name): field for field in dataclasses.fields(Behaviour)}
    for name, value in settings.items():
        if name not in fields:
            raise ValueError(f"unknown setting {name!r}: expected one of {', '.join(sorted(fields))}")
        if type(value) is not type(getattr(_current, fields[name].name)):
            raise ValueError(f"setting {name!r} has the wrong type: {value!r}")
    for name, value in settings.items():
        setattr(_current, fields[name].name, value)
    for listener in _listeners:
        listener()
    return {name: getattr(_current, field.name) for name, field in fields.items()}


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
