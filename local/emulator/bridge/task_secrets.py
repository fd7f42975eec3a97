"""Secrets of a task: ECS reads all of them with the execution role before the container starts. A secret that cannot be read
stops the task. MiniStack checks no permissions and, without a container engine, reads no secrets.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/resource-initialization-error.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-ssm-paramstore.html
"""

import json

from ministack.core.arn import ArnParseError, parse_arn
from ministack.core.iam_evaluator import PrincipalInfo
from ministack.core.responses import new_uuid, request_scope
from ministack.services import kms, secretsmanager, ssm

from . import key_permissions, principals

START = "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "
RETRIED = "service call has been retried 1 time(s): "


# The environment variables that ECS set in a started container, by task.
_given: dict = {}

PATH = "/_local/task-secrets/"


def answer(path: str) -> tuple:
    """Returns the secrets to a test that simulates a container: `/_local/task-secrets/ACCOUNT/REGION/CLUSTER/TASK`."""
    try:
        account, region, cluster, task_id = path[len(PATH):].split("/")
        return 200, _given[f"arn:aws:ecs:{region}:{account}:task/{cluster}/{task_id}"]
    except (KeyError, ValueError):
        return 404, {"message": "no such task has started"}


class Refused(Exception):
    """The response of the service that stores the secret."""


def reason_not_to_start(task: dict, definition: dict, account: str, region: str) -> str | None:
    secrets = [secret for container in definition.get("containerDefinitions", []) for secret in container.get("secrets") or []]
    given: dict = {}
    if not secrets:
        _given[task["taskArn"]] = given
        return None
    role = principals.role_of(definition.get("executionRoleArn"))
    if role is None:
        return f"{START}no execution role: {definition.get('executionRoleArn') or 'none is set'}"
    reader = principals.session_of(role, account, task["taskArn"].rsplit("/", 1)[-1])
    parameters: dict = {}
    for secret in secrets:
        reference = secret.get("valueFrom", "")
        if ":secretsmanager:" in reference:
            try:
                given[secret["name"]] = _read_secret(reader, reference, account)
            except Refused as refusal:
                arn = ":".join(reference.split(":")[:7])
                return (f"{START}unable to retrieve secret from asm: {RETRIED}failed to fetch secret {arn} from secrets manager: "
                        f"{refusal} status code: 400, request id: {new_uuid()}")
        else:
            found = reference.split(":")[3] if reference.startswith("arn:") else region
            parameters.setdefault(found, []).append((secret["name"], reference))
    for where, named in parameters.items():
        try:
            values = _read_parameters(reader, [reference for _, reference in named], account, where)
        except Refused as refusal:
            return f"{START}unable to retrieve secrets from ssm: {RETRIED}{refusal}"
        given.update(zip((name for name, _ in named), values))
    _given[task["taskArn"]] = given
    return None


def _read_secret(reader: PrincipalInfo, reference: str, account: str) -> str:
    # After the ARN's seven fields: JSON field, version stage, version id.
    fields = reference.split(":")
    arn, (field, stage, version) = ":".join(fields[:7]), [*fields[7:], "", "", ""][:3]
    try:
        region = parse_arn(arn).region
    except ArnParseError:
        raise Refused("InvalidRequestException: the reference is not an ARN") from None
    with request_scope(account, region):
        _, record = secretsmanager._resolve(arn)
        denied = principals.denial(reader, "secretsmanager:GetSecretValue", record["ARN"] if record else arn, region)
        if denied:
            raise Refused(f"AccessDeniedException: {denied}")
        if record is None or record.get("DeletedDate"):
            raise Refused("ResourceNotFoundException: Secrets Manager can't find the specified secret.")
        if not _decrypts(reader, record.get("KmsKeyId"), region, key_permissions.secret_context(record["ARN"], region)):
            raise Refused("AccessDeniedException: Access to KMS is not allowed")
        value = secretsmanager.resolve_secret_string(arn, stage or "AWSCURRENT", version or None)
        if value is None:
            raise Refused(f"ResourceNotFoundException: Secrets Manager can't find the specified secret value for staging label: {stage or 'AWSCURRENT'}")
    if field:
        try:
            return str(json.loads(value)[field])
        except (ValueError, KeyError, TypeError):
            raise Refused(f"retrieved secret from Secrets Manager did not contain json key {field}") from None
    return value


def _read_parameters(reader: PrincipalInfo, references: list, account: str, region: str) -> list:
    """ECS reads all parameters of a region in one call. IAM evaluates it for each parameter."""
    with request_scope(account, region):
        found = [(reference, ssm._lookup_parameter(reference, flexible_name=True)[1]) for reference in references]
        for reference, record in found:
            name = reference if reference.startswith("arn:") else f"arn:aws:ssm:{region}:{account}:parameter/{reference.lstrip('/')}"
            denied = principals.denial(reader, "ssm:GetParameters", record["ARN"] if record else name, region)
            if denied:
                raise Refused(f"AccessDeniedException: {denied} status code: 400, request id: {new_uuid()}")
        missing = [reference for reference, record in found if record is None]
        if missing:
            raise Refused(f"fetching secret data from SSM Parameter Store in {region}: invalid parameters: {', '.join(missing)}")
        for _, record in found:
            context = key_permissions.parameter_context(record["ARN"], region)
            if record["Type"] == "SecureString" and not _decrypts(reader, record.get("KeyId"), region, context):
                raise Refused(f"AccessDeniedException: {key_permissions.NO_CIPHERTEXT_KEY} status code: 400, request id: {new_uuid()}")
        return [ssm._param_out(record, with_decryption=True)["Value"] for _, record in found]


def _decrypts(reader: PrincipalInfo, key: str | None, region: str, context: dict) -> bool:
    if not key_permissions.is_customer_managed(key):
        return True
    record = kms._resolve_key(key)
    return record is not None and principals.denial(reader, "kms:Decrypt", record["Arn"], region, context) is None
