"""What services do with a key of KMS in the caller's name: the caller has to be allowed that, too."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local.assembly import Resolver

from .calls import Call

_READS, _WRITES = ("kms:Decrypt",), ("kms:GenerateDataKey",)
_BOTH = (*_WRITES, *_READS)
USES: Mapping[str, tuple[str, ...]] = {
    "secretsmanager:GetSecretValue": _READS,
    "secretsmanager:PutSecretValue": _BOTH,
    "sqs:SendMessage": _BOTH,
    "sqs:ReceiveMessage": _READS,
    "s3:GetObject": _READS,
    "s3:PutObject": _WRITES,
    "sns:Publish": _BOTH,
}
"""What a call needs of the key of the resource that it concerns (each service's guide, "encryption at rest")."""


@dataclass(frozen=True)
class Kept:
    """A resource whose contents a key encrypts."""

    key: str
    context: Mapping[str, str]
    """Of the encryption, as condition keys."""


class Keys:
    """By the ARN of what they encrypt."""

    def __init__(self, kept: Mapping[str, Kept]) -> None:
        self._kept = kept

    def calls(self, call: Call) -> Iterator[Call]:
        """What has to be allowed beside `call`."""
        service, place = call.action.partition(":")[0], call.resource
        if service == "s3":
            place = place.partition("/")[0]
        kept = self._kept.get(place)
        if kept is not None:
            yield from (Call(action, kept.key, kept.context) for action in USES.get(call.action, ()))


def keys(resolver: Resolver) -> Keys:
    """Those that the templates name. What has no key is encrypted with one of AWS's own, which needs no grant."""
    found: dict[str, Kept] = {}
    for kind, (name, property_, read, context) in _RESOURCES.items():
        for resource in resolver.assembly.resources(kind):
            stated = resolver.properties(resource, property_).get(property_)
            key = read(stated) if stated else None
            if key is not None:
                arn = str(resolver.attribute(resource.stack, resource.logical_id, name))
                found[arn] = Kept(_arn(resolver, key), {f"kms:encryptioncontext:{context}": arn})
    return Keys(found)


def _arn(resolver: Resolver, key: str) -> str:
    site = resolver.site
    return key if key.startswith("arn:") else f"arn:{site.partition}:kms:{site.region}:{site.account}:key/{key}"


def _of_bucket(encryption: Mapping[str, Any]) -> str | None:
    rules = encryption["ServerSideEncryptionConfiguration"]
    return next((rule["ServerSideEncryptionByDefault"].get("KMSMasterKeyID") for rule in rules), None)


_RESOURCES: Mapping[str, tuple[str, str, Callable[[Any], str | None], str]] = {
    "AWS::SecretsManager::Secret": ("Ref", "KmsKeyId", str, "secretarn"),
    "AWS::SQS::Queue": ("Arn", "KmsMasterKeyId", str, "aws:sqs:arn"),
    "AWS::SNS::Topic": ("Ref", "KmsMasterKeyId", str, "aws:sns:topicarn"),
    "AWS::S3::Bucket": ("Arn", "BucketEncryption", _of_bucket, "aws:s3:arn"),
}
"""The attribute that is the ARN, the property that names the key, how, and what the encryption's context calls it."""
