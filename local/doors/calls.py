"""What a request to an AWS service is in the words of IAM: actions, the resources they concern, and condition keys."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from local.runtime.invoke_api import PREFIX, SUFFIX

from .identities import parameters
from .requests import HttpRequest

_SNS_RESOURCES = ("TopicArn", "TargetArn", "EndpointArn", "PlatformApplicationArn", "SubscriptionArn")
_SPANS = ("PutTraceSegments", "PutSpans", "PutSpansForIndexing")
"""What an export of traces takes."""
_KEY_IN_XML = re.compile(r"<Key>([^<]*)</Key>")
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&amp;": "&"}


@dataclass(frozen=True)
class Call:
    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)
    size: int = 0
    """Bytes of the values that a statement carries."""


def calls_of(service: str, request: HttpRequest, *, region: str, account: str) -> list[Call]:
    """
    What has to be allowed for it, all of it.

    Raises:
        ValueError: it is no request that is known here.
    """
    place = f"{region}:{account}"
    one = {"sqs": _sqs, "kms": _kms, "secretsmanager": _secret, "sns": _sns, "lambda": _invocation}
    try:
        if service == "s3":
            return list(_s3(request))
        if service == "xray":
            return [Call(f"xray:{action}", "*") for action in _SPANS]
        if service in one:
            return [one[service](request, place)]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"a request of {service} without what it needs: {error!r}") from error
    raise ValueError(f"requests of {service} are not known here")


def _target(request: HttpRequest) -> tuple[str, Any]:
    """Operation and parameters, in the protocol with JSON."""
    return request.headers["x-amz-target"].rpartition(".")[2], json.loads(request.body or b"{}")


def _sqs(request: HttpRequest, place: str) -> Call:
    operation, given = _target(request)
    queue = given["QueueUrl"].rpartition("/")[2] if "QueueUrl" in given else given["QueueName"]
    return Call(f"sqs:{operation.removesuffix('Batch')}", f"arn:aws:sqs:{place}:{queue}")


def _kms(request: HttpRequest, place: str) -> Call:
    operation, given = _target(request)
    key = given["KeyId"]
    context = {
        f"kms:encryptioncontext:{name.lower()}": text for name, text in given.get("EncryptionContext", {}).items()
    }
    return Call(f"kms:{operation}", key if key.startswith("arn:") else f"arn:aws:kms:{place}:key/{key}", context)


def _secret(request: HttpRequest, place: str) -> Call:
    operation, given = _target(request)
    secret = given["SecretId"]
    return Call(
        f"secretsmanager:{operation}",
        secret if secret.startswith("arn:") else f"arn:aws:secretsmanager:{place}:secret:{secret}",
    )


def _sns(request: HttpRequest, place: str) -> Call:
    given = parameters(request.body.decode())
    operation = given["Action"]
    if operation == "CreatePlatformApplication":
        return Call(f"sns:{operation}", f"arn:aws:sns:{place}:app/{given['Platform']}/{given['Name']}")
    return Call(f"sns:{operation}", next((given[name] for name in _SNS_RESOURCES if name in given), "*"))


def _invocation(request: HttpRequest, place: str) -> Call:
    """Of a function that is named by its name, or its ARN; either may name a version or an alias behind that."""
    path = unquote(request.path)
    if request.method != "POST" or not path.startswith(PREFIX) or not path.endswith(SUFFIX):
        raise ValueError("a request of Lambda other than Invoke")
    function = path[len(PREFIX) : -len(SUFFIX)]
    if not function.startswith("arn:"):
        function = f"arn:aws:lambda:{place}:function:{function}"
    qualifier = parameters(request.query).get("Qualifier")
    return Call("lambda:InvokeFunction", f"{function}:{qualifier}" if qualifier else function)


def _s3(request: HttpRequest) -> Iterator[Call]:
    bucket, _, key = unquote(request.path).lstrip("/").partition("/")
    query, arn = parameters(request.query), f"arn:aws:s3:::{bucket}"
    if not bucket:
        raise ValueError("a request of S3 for all buckets")
    if not key:
        yield from _bucket(request, query, arn)
        return
    resource = f"{arn}/{key}"
    if source := request.headers.get("x-amz-copy-source"):
        yield Call("s3:GetObject", f"arn:aws:s3:::{unquote(source).lstrip('/')}")
    match request.method:
        case "GET" | "HEAD":
            what = "Tagging" if "tagging" in query else ""
            yield Call(f"s3:GetObject{'Version' if 'versionId' in query else ''}{what}", resource)
        case "PUT" | "POST":
            yield Call("s3:PutObjectTagging" if "tagging" in query else "s3:PutObject", resource)
            if "x-amz-tagging" in request.headers:
                yield Call("s3:PutObjectTagging", resource)
        case "DELETE" if "uploadId" in query:
            yield Call("s3:AbortMultipartUpload", resource)
        case "DELETE":
            yield Call(f"s3:DeleteObject{'Version' if 'versionId' in query else ''}", resource)
        case method:
            raise ValueError(f"{method} of an object")


def _bucket(request: HttpRequest, query: Mapping[str, str], arn: str) -> Iterator[Call]:
    if request.method == "POST" and "delete" in query:
        keys = _KEY_IN_XML.findall(request.body.decode())
        yield from (Call("s3:DeleteObject", f"{arn}/{_plain(key)}") for key in keys)
    elif request.method in {"GET", "HEAD"} and not query.keys() & {"acl", "policy", "cors", "lifecycle"}:
        action = "s3:ListBucketVersions" if "versions" in query else "s3:ListBucket"
        yield Call(action, arn, {"s3:prefix": query.get("prefix", "")})
    else:
        raise ValueError(f"{request.method} of a bucket")


def _plain(xml: str) -> str:
    for entity, letter in _ENTITIES.items():
        xml = xml.replace(entity, letter)
    return xml
