"""The size, CPU and memory of a task definition, which can have at most 65,536 bytes.

CPU and memory: ECS accepts "512" and ".5 vCPU", "1024" and "1 GB", and stores integers.

AWS does not document the values of ecs:task-cpu and ecs:task-memory for ".5 vCPU" and "1 GB", so a setting decides.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html (cpu, memory)
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
https://docs.aws.amazon.com/general/latest/gr/ecs-service.html (size)
https://github.com/awsdocs/amazon-ecs-developer-guide/pull/149 (the message)
"""

import json
import re

from ministack.core.responses import error_response_json
from ministack.services import ecs

from . import behaviour

_BYTES_MAX = 65536

# CPU units, with the memory sizes in MiB that Fargate supports for them.
_FARGATE = {
    256: (512, 1024, 2048),
    512: tuple(range(1024, 4097, 1024)),
    1024: tuple(range(2048, 8193, 1024)),
    2048: tuple(range(4096, 16385, 1024)),
    4096: tuple(range(8192, 30721, 1024)),
    8192: tuple(range(16384, 61441, 4096)),
    16384: tuple(range(32768, 122881, 8192)),
}


def as_integer(size) -> int | None:
    """The number of CPU units or MiB. None if the text is invalid."""
    found = re.fullmatch(r"\s*(\d*\.?\d+)\s*(vcpu|gb)?\s*", str(size), re.IGNORECASE)
    return None if found is None else round(float(found[1]) * (1024 if found[2] else 1))


def condition_keys(request: dict) -> dict:
    def value(size):
        return as_integer(size) if behaviour.current().task_sizes_as_integers and size is not None else size

    return {"ecs:task-cpu": value(request.get("cpu")), "ecs:task-memory": value(request.get("memory"))}


def _checked(register):
    def register_task_definition(data):
        length = len(json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode())
        if length > _BYTES_MAX:
            return error_response_json("ClientException", f"Actual length: '{length}'. Max allowed length is '{_BYTES_MAX}' bytes.", 400)
        sizes = {name: as_integer(data[name]) for name in ("cpu", "memory") if name in data}
        for name, size in sizes.items():
            if size is None:
                return error_response_json("ClientException", f"Invalid '{name}' setting for task: '{data[name]}'.", 400)
        if "FARGATE" in data.get("requiresCompatibilities", []):
            if data.get("networkMode") != "awsvpc":
                return error_response_json("ClientException", "Fargate only supports network mode ‘awsvpc’.", 400)
            if sizes.get("memory") not in _FARGATE.get(sizes.get("cpu") or 0, ()):
                return error_response_json(
                    "ClientException", "No Fargate configuration exists for given values. See the Amazon ECS documentation for the valid values.", 400)
        return register({**data, **{name: str(size) for name, size in sizes.items()}})

    return register_task_definition


def install() -> None:
    ecs._ACTION_MAP["RegisterTaskDefinition"] = _checked(ecs._register_task_definition)
