"""
What IAM wants to be granted for an operation of AWS, and what is granted to a function, in one form.

Each row is from the page of its service in the Service Authorization Reference, or where that does not say which
actions an operation of another name needs, from the service's own guide, which is named.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from local.doors.keys import USES
from tests.infra.aws_calls import Called
from tests.infra.templates import Templates

ACTIONS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("elasticache", "elasticache:Connect"): ("elasticache:Connect",),
    ("execute-api", "execute-api:ManageConnections"): ("execute-api:ManageConnections",),
    ("kms", "get_public_key"): ("kms:GetPublicKey",),
    ("kms", "sign"): ("kms:Sign",),
    ("lambda", "invoke"): ("lambda:InvokeFunction",),  # API reference, Invoke
    # API reference, CopyObject: source and target. ListBucket of whatever may not be there: else it is refused (403)
    ("s3", "copy_object"): ("s3:GetObject", "s3:ListBucket", "s3:PutObject"),
    ("s3", "delete_object"): ("s3:DeleteObject",),
    ("s3", "delete_objects"): ("s3:DeleteObject",),  # API reference, DeleteObjects
    ("s3", "generate_presigned_post"): ("s3:PutObject",),  # "POST Object": the signer's rights count
    ("s3", "get_object"): ("s3:GetObject",),
    ("s3", "head_object"): ("s3:GetObject", "s3:ListBucket"),  # API reference, HeadObject
    ("s3", "list_objects_v2"): ("s3:ListBucket",),
    # User guide, "Multipart upload API and permissions": of what is in parts each is written, and a failed one ended
    ("s3", "upload_fileobj"): ("s3:AbortMultipartUpload", "s3:PutObject"),
    ("secretsmanager", "describe_secret"): ("secretsmanager:DescribeSecret",),
    ("secretsmanager", "get_secret_value"): ("secretsmanager:GetSecretValue",),
    ("secretsmanager", "put_secret_value"): ("secretsmanager:PutSecretValue",),
    ("secretsmanager", "update_secret_version_stage"): ("secretsmanager:UpdateSecretVersionStage",),
    ("sns", "create_platform_application"): ("sns:CreatePlatformApplication",),
    ("sns", "create_platform_endpoint"): ("sns:CreatePlatformEndpoint",),
    ("sns", "delete_endpoint"): ("sns:DeleteEndpoint",),
    ("sns", "delete_platform_application"): ("sns:DeletePlatformApplication",),
    ("sns", "publish"): ("sns:Publish",),
    ("sns", "set_endpoint_attributes"): ("sns:SetEndpointAttributes",),
    ("sns", "set_platform_application_attributes"): ("sns:SetPlatformApplicationAttributes",),
    ("sqs", "delete_message"): ("sqs:DeleteMessage",),
    ("sqs", "receive_message"): ("sqs:ReceiveMessage",),
    ("sqs", "send_message_batch"): ("sqs:SendMessage",),  # developer guide, "Amazon SQS API permissions"
}
PARTS_USE_THE_KEY = {("s3", "upload_fileobj"): "kms:Decrypt"}
"""S3's user guide, "Uploading an object using multipart upload": parts are read again to be joined."""
SERVICES = {service for service, _ in ACTIONS}
TOLD = {"kms", "secretsmanager", "sqs"}
"""Services of which a function uses some things and not others; of these it is told by its environment."""
WORKED = ("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage")
"""Lambda's developer guide, "Using Lambda with Amazon SQS": what an event source does in the function's name."""
_CONTEXTS = {"secretsmanager": "SecretARN", "s3": "aws:s3:arn", "sqs": "aws:sqs:arn", "sns": "aws:sns:topicarn"}
"""What the service says to KMS of whatever it is that a key encrypts."""
UNENCRYPTED = {"sns:Publish", "sqs:ReceiveMessage"}
"""
Endpoints of devices have no key; topics do, and functions tell none. Functions receive by themselves of the sink alone,
whose key is SQS's own.
"""


class Right(NamedTuple):
    action: str
    of: str = ""
    """What it is done to, by its name in the template; nothing where a function may do it to one thing only."""
    by: str = ""
    """Of a key: the service in whose hands alone it may be used."""


def needed(calls: Iterable[Called], variables: Mapping[str, Any]) -> set[Right]:
    """`variables` are those of the function's environment."""
    rights: set[Right] = set()
    for call in calls:
        if call.service in TOLD and not call.told:
            continue  # the same code, seen from where nothing was given to it
        names = {each for variable in call.told for each in names_in(variables[variable])}
        of = names if call.service in TOLD else {""}
        of_key = [PARTS_USE_THE_KEY[key]] if (key := (call.service, call.operation)) in PARTS_USE_THE_KEY else []
        for action in ACTIONS[call.service, call.operation]:
            rights |= {Right(action, each) for each in of}
            of_key += USES.get(action, ()) if action not in UNENCRYPTED else ()
        rights |= {Right(action, each, _CONTEXTS[call.service]) for action in of_key for each in of}
    return rights


def worked(app: Templates, function: str) -> set[Right]:
    """What Lambda needs to be granted of the queues that it reads for the function."""
    queues = [each["EventSourceArn"] for each in mappings_of(app, function) if "Topics" not in each]
    read = {name for arn in queues for name in names_in(arn)}
    return {Right(action, queue) for action in WORKED for queue in read} | {
        Right("kms:Decrypt", queue, _CONTEXTS["sqs"]) for queue in read
    }


def mappings_of(app: Templates, function: str) -> Iterator[dict[str, Any]]:
    """Of its events' sources, whether they call it or an alias of it."""
    resources = app.stack("services")["Resources"]
    for each in resources.values():
        if each["Type"] == "AWS::Lambda::EventSourceMapping":
            (target,) = names_in(each["Properties"]["FunctionName"])
            if resources[target]["Type"] == "AWS::Lambda::Alias":
                (target,) = names_in(resources[target]["Properties"]["FunctionName"])
            if resources[target]["Properties"]["FunctionName"] == f"natter-{app.stage}-{function}":
                yield each["Properties"]


def granted(app: Templates, function: str) -> set[Right]:
    """Of the services that functions call as clients; those of Kafka and Keyspaces have tests of their own."""
    rights = set()
    for statement in app.statements(function):
        assert statement["Effect"] == "Allow"
        for action in _listed(statement["Action"]):
            service = action.partition(":")[0]
            if service in SERVICES:
                rights |= set(_granted(action, service, statement))
    return rights


def _granted(action: str, service: str, statement: Mapping[str, Any]) -> Iterator[Right]:
    conditions = statement.get("Condition", {}).get("StringEquals", {})
    if service == "kms" and conditions:
        for key, value in conditions.items():
            by = key.removeprefix("kms:EncryptionContext:")
            for name in names_in(value) if by != _CONTEXTS["s3"] else {""}:
                yield Right(action, name, by)
        return
    for name in names_in(statement["Resource"]) if service in TOLD else {""}:
        yield Right(action, name)


def names_in(value: Any) -> set[str]:
    """What a value of a template refers to: logical ids, and exports of other stacks."""
    match value:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), *_]} | {"Fn::ImportValue": str(name)}:
            return set() if name.startswith("AWS::") else {name}
        case dict() | list():
            parts = value.values() if isinstance(value, dict) else value
            return {name for part in parts for name in names_in(part)}
        case str() if value.startswith("arn:"):
            return {value}
    return set()


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def told(rights: Iterable[Right]) -> str:
    """For who reads that a test failed."""
    return json.dumps(sorted(rights), indent=1)
