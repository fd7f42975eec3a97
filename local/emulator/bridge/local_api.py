"""Paths below `/_local/`, with which tests simulate parts of AWS. No path of AWS starts with `/_local/`."""

import json

from ministack import app as application

from . import behaviour, log_lines, task_credentials, task_secrets
from .http_messages import read_body, send_json

PREFIX = "/_local/"


def _answer(method: str, path: str, body: bytes) -> tuple:
    if path == f"{PREFIX}behaviour" and method == "PUT":
        try:
            return 200, behaviour.change(json.loads(body or b"{}"))
        except ValueError as problem:
            return 400, {"message": str(problem)}
    if path == log_lines.PATH and method == "GET":
        return log_lines.answer()
    if path.startswith(task_credentials.PATH) and method == "GET":
        return task_credentials.answer(path)
    if path.startswith(task_secrets.PATH) and method == "GET":
        return task_secrets.answer(path)
    return 404, {"message": f"no such path: {method} {path}"}


def install() -> None:
    emulate = application.app

    async def app(scope, receive, send):
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await emulate(scope, receive, send)
            return
        status, answer = _answer(scope["method"], scope["path"], await read_body(receive))
        await send_json(send, status, answer)

    application.app = app
