"""Settings for behaviour of AWS that is not documented, or that most tests do not need.

Every default is the stricter choice. `PUT /_local/behaviour` changes settings of the running emulator, so one emulator
can show several behaviours.
"""

import dataclasses


@dataclasses.dataclass
class Behaviour:
    # Whether conditions on ecs:task-cpu and ecs:task-memory see ".5 vCPU" and "1 GB" as the integers 512 and 1024.
    # False: they are strings, which no Numeric… operator matches in an Allow or a Deny.
    task_sizes_as_integers: bool = False
    # Whether an s3:ListBucket grant that is restricted with s3:prefix turns a 403 for a missing object into a 404.
    prefix_grants_show_missing_objects: bool = False
    # The time until a new or changed policy of a role takes effect.
    policy_delay_ms: int = 0
    # The time after the account's first CreateCluster during which ECS cannot use its service-linked role.
    service_linked_role_delay_ms: int = 5_000
    # The time that a task stays in PROVISIONING, and then in PENDING. With 0, the task leaves both before RunTask responds.
    task_start_ms: int = 0
    # The account's quota of vCPUs on AWS Fargate. New accounts have a low quota.
    fargate_vcpu_quota: int = 6


_current = Behaviour()
_listeners: list = []


def on_change(listener) -> None:
    _listeners.append(listener)


def current() -> Behaviour:
    return _current


def change(settings: dict) -> dict:
    """Changes settings, given by their camelCase names in JSON. Raises ValueError for unknown names and wrong types."""
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
