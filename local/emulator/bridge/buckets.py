"""Bucket settings that MiniStack's API supports but its CloudFormation handler ignores: default encryption, ownership and
lifecycle. Each is converted to the body of the API call that sets it."""

from xml.etree.ElementTree import Element, SubElement, tostring

from ministack.core.responses import get_account_id, get_region
from ministack.services import s3
from ministack.services.cloudformation import provisioners


def _write(parent: Element, content) -> None:
    for name, value in content.items():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                _write(SubElement(parent, name), item)
            elif item is not None:
                SubElement(parent, name).text = str(item).lower() if isinstance(item, bool) else str(item)


def _document(name: str, content: dict) -> bytes:
    root = Element(name, xmlns=s3.S3_NS)
    _write(root, content)
    return tostring(root, encoding="utf-8")


def _with_key(default: dict) -> dict:
    """S3 uses the AWS managed key if no key is named. MiniStack rejects such an upload, for example of the CDK's assets."""
    if default.get("SSEAlgorithm") == "aws:kms" and not default.get("KMSMasterKeyID"):
        return {**default, "KMSMasterKeyID": f"arn:aws:kms:{get_region()}:{get_account_id()}:alias/aws/s3"}
    return default


def encryption(props: dict) -> bytes:
    return _document("ServerSideEncryptionConfiguration", {"Rule": [
        {
            "ApplyServerSideEncryptionByDefault": _with_key(rule.get("ServerSideEncryptionByDefault", {})),
            "BucketKeyEnabled": rule.get("BucketKeyEnabled"),
        }
        for rule in props.get("ServerSideEncryptionConfiguration", [])
    ]})


def ownership(props: dict) -> bytes:
    return _document("OwnershipControls", {"Rule": props.get("Rules", [])})


# The properties of a lifecycle rule in CloudFormation, and their names in the API.
_RULE = {
    "Id": lambda value: {"ID": value},
    "Status": lambda value: {"Status": value},
    "Prefix": lambda value: {"Filter": {"Prefix": value}},
    "AbortIncompleteMultipartUpload": lambda value: {"AbortIncompleteMultipartUpload": value},
    "ExpirationInDays": lambda value: {"Expiration": {"Days": value}},
    "NoncurrentVersionExpiration": lambda value: {"NoncurrentVersionExpiration": value},
    "NoncurrentVersionTransitions": lambda value: {"NoncurrentVersionTransition": [
        {"NoncurrentDays": step["TransitionInDays"], "StorageClass": step["StorageClass"]} for step in value
    ]},
    "Transitions": lambda value: {"Transition": [
        {"Days": step["TransitionInDays"], "StorageClass": step["StorageClass"]} for step in value
    ]},
}


def lifecycle(props: dict) -> bytes:
    rules = []
    for rule in props.get("Rules", []):
        unknown = sorted(set(rule) - set(_RULE))
        if unknown:
            raise ValueError(f"the local emulator does not know these settings of a lifecycle rule: {', '.join(unknown)}")
        written = {} if "Prefix" in rule else {"Filter": {"Prefix": ""}}
        for name, value in rule.items():
            written.update(_RULE[name](value))
        rules.append(written)
    return _document("LifecycleConfiguration", {"Rule": rules})


def _checked(put):
    def put_checked(name, body):
        status, _headers, answer = put(name, body)
        if status >= 400:
            raise ValueError(answer.decode() if isinstance(answer, bytes) else str(answer))

    return put_checked


def install() -> None:
    known = {entry[0] for entry in provisioners._S3_BUCKET_CONFIGURATIONS}
    added = (
        ("BucketEncryption", encryption, _checked(s3._put_bucket_encryption), s3._delete_bucket_encryption),
        ("OwnershipControls", ownership, _checked(s3._put_bucket_ownership_controls), s3._delete_bucket_ownership_controls),
        ("LifecycleConfiguration", lifecycle, _checked(s3._put_bucket_lifecycle), s3._delete_bucket_lifecycle),
    )
    provisioners._S3_BUCKET_CONFIGURATIONS += tuple(entry for entry in added if entry[0] not in known)
