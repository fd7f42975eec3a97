"""Partial ARNs of secrets. MiniStack finds a secret by any prefix of its ARN.

Secrets Manager treats an ARN that ends in a hyphen and six characters as complete. It finds a secret by a partial ARN
only if that ARN does not look complete.

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
