"""Customer managed keys: a service uses the key on behalf of the caller, who needs permission for the key. MiniStack
evaluates only the permission for the secret, parameter or object.

IAM evaluates the use of a key on the ARN of the key, even if the caller gives an alias. A policy never matches an alias.
https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html
https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
"""

import json

from ministack import app as application
from ministack.core import iam_evaluator
from ministack.core.iam_actions import access_denied_response
from ministack.core.responses import error_response_json, new_uuid
from ministack.core.router import extract_access_key_id, extract_region
from ministack.services import kms, s3, secretsmanager, ssm

NO_CIPHERTEXT_KEY = ("The ciphertext refers to a customer master key that does not exist, does not exist in this region, "
                     "or you are not allowed to access.")
S3_KEY = "x-amz-server-side-encryption-aws-kms-key-id"


def is_customer_managed(reference: str | None) -> bool:
    """AWS managed keys can be used by every caller of their service."""
    return bool(reference) and not reference.rsplit(":", 1)[-1].startswith("alias/aws/")


def secret_context(arn: str, region: str) -> dict:
    return {"kms:EncryptionContext:SecretARN": arn, "kms:ViaService": f"secretsmanager.{region}.amazonaws.com"}


def parameter_context(arn: str, region: str) -> dict:
    return {"kms:EncryptionContext:PARAMETER_ARN": arn, "kms:ViaService": f"ssm.{region}.amazonaws.com"}


def object_context(bucket: str, key: str, region: str) -> dict:
    # With a bucket key, S3 uses one data key for the whole bucket.
    shared = "<BucketKeyEnabled>true<" in (s3._bucket_encryption.get(bucket) or "")
    arn = f"arn:aws:s3:::{bucket}" if shared else f"arn:aws:s3:::{bucket}/{key}"
    return {"kms:EncryptionContext:aws:s3:arn": arn, "kms:ViaService": f"s3.{region}.amazonaws.com"}


def _denial(headers: dict, query_params: dict, action: str, reference: str, context: dict):
    """The denial for the caller of this request, or None if it can use the key."""
    key = kms._resolve_key(reference)
    if key is None:
        return iam_evaluator.EvalResult("ImplicitDeny")
    denied = iam_evaluator.enforce(
        extract_access_key_id(headers, query_params), action, "kms", extract_region(headers), resource_arn=key["Arn"], service_context=context)
    return denied if isinstance(denied, iam_evaluator.EvalResult) else None


def _secrets(handle):
    async def handle_request(method, path, headers, body, query_params):
        if headers.get("x-amz-target", "").endswith(".GetSecretValue"):
            _, secret = secretsmanager._resolve(json.loads(body or b"{}").get("SecretId"))
            if secret and is_customer_managed(secret.get("KmsKeyId")):
                context = secret_context(secret["ARN"], extract_region(headers))
                if _denial(headers, query_params, "kms:Decrypt", secret["KmsKeyId"], context):
                    return error_response_json("AccessDeniedException", "Access to KMS is not allowed", 400)
        return await handle(method, path, headers, body, query_params)

    return handle_request


def _parameters(handle):
    async def handle_request(method, path, headers, body, query_params):
        if headers.get("x-amz-target", "").endswith((".GetParameter", ".GetParameters")):
            request = json.loads(body or b"{}")
            names = request.get("Names") or [request.get("Name")]
            for _, parameter in map(ssm._lookup_parameter, names if request.get("WithDecryption") else []):
                if parameter and is_customer_managed(parameter.get("KeyId")):
                    context = parameter_context(parameter["ARN"], extract_region(headers))
                    if _denial(headers, query_params, "kms:Decrypt", parameter["KeyId"], context):
                        return error_response_json("AccessDeniedException", NO_CIPHERTEXT_KEY, 400)
        return await handle(method, path, headers, body, query_params)

    return handle_request


def _objects(handle):
    def refusal(headers, query_params, action, reference, bucket, key):
        if not is_customer_managed(reference):
            return None
        denied = _denial(headers, query_params, action, reference, object_context(bucket, key, extract_region(headers)))
        return denied and access_denied_response("s3", action, denied.principal_arn, new_uuid(), headers=headers)

    async def handle_request(method, path, headers, body, query_params):
        bucket, _, key = path.strip("/").partition("/")
        if method == "PUT" and key:
            used, _ = s3._resolve_sse_write_headers(headers, bucket)
            refused = refusal(headers, query_params, "kms:GenerateDataKey", (used or {}).get(S3_KEY), bucket, key)
            if refused:
                return refused
        status, answer_headers, answer = await handle(method, path, headers, body, query_params)
        if method == "GET" and key and status in (200, 206):
            used = {name.lower(): value for name, value in answer_headers.items()}.get(S3_KEY)
            refused = refusal(headers, query_params, "kms:Decrypt", used, bucket, key)
            if refused:
                return refused
        return status, answer_headers, answer

    return handle_request


def install() -> None:
    for service, wrap in (("secretsmanager", _secrets), ("ssm", _parameters), ("s3", _objects)):
        application.SERVICE_HANDLERS[service] = wrap(application.SERVICE_HANDLERS[service])
