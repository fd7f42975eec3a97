"""GetServiceQuota for the vCPUs of AWS Fargate, which MiniStack lacks. Other quotas are not supported.

https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetServiceQuota.html
https://docs.aws.amazon.com/general/latest/gr/ecs-service.html
"""

import json

from ministack import app as application

from . import behaviour
from .http_messages import read_body, send_json

TARGET = b"ServiceQuotasV20190624."
FARGATE_VCPUS = {"ServiceCode": "fargate", "QuotaCode": "L-3032A538"}


def answer(operation: str, request: dict) -> tuple:
    if operation not in ("GetServiceQuota", "GetAWSDefaultServiceQuota"):
        return 400, {"__type": "InvalidAction", "message": f"The emulator has no {operation}."}
    if any(request.get(name) != value for name, value in FARGATE_VCPUS.items()):
        return 400, {"__type": "NoSuchResourceException", "message": "The request failed because the specified service quota does not exist."}
    return 200, {"Quota": {**FARGATE_VCPUS, "Value": float(behaviour.current().fargate_vcpu_quota)}}


def install() -> None:
    emulate = application.app

    async def app(scope, receive, send):
        target = dict(scope.get("headers", [])).get(b"x-amz-target", b"")
        if scope["type"] != "http" or not target.startswith(TARGET):
            await emulate(scope, receive, send)
            return
        status, body = answer(target[len(TARGET):].decode(), json.loads(await read_body(receive) or b"{}"))
        await send_json(send, status, body, b"application/x-amz-json-1.1")

    application.app = app
