"""Partial ARNs of secrets: MiniStack takes any beginning of an ARN for the secret.

Secrets Manager takes an ARN that ends in a hyphen and six characters as a complete one. It finds a secret by an ARN
without the suffix only if the ARN cannot be taken as complete.

https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html#API_GetSecretValue_RequestSyntax
https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html#ARN_secretnamehyphen
"""

import re

from ministack.services import secretsmanager

_COMPLETE = re.compile(r"-[A-Za-z0-9]{6}$")


def install() -> None:
    resolve = secretsmanager._resolve

    def resolve_secret(secret_id, **named):
        key, record = resolve(secret_id, **named)
        if record is None or not str(secret_id).startswith("arn:") or record["ARN"] == secret_id:
            return key, record
        without_suffix = _COMPLETE.sub("", record["ARN"])
        if secret_id == without_suffix and not _COMPLETE.search(secret_id):
            return key, record
        return None, None

    secretsmanager._resolve = resolve_secret
