from collections.abc import Callable

from local.assembly import Resolver
from local.doors.calls import Call
from local.doors.keys import keys
from tests.unit.local.assembly.conftest import SITE, resolver

__all__ = ["resolver"]

KEY = f"arn:aws:kms:{SITE.region}:{SITE.account}:key/1"
BUCKET, QUEUE = "arn:aws:s3:::files", "arn:aws:sqs:eu-west-1:123456789012:later"
TEMPLATE = {
    "Resources": {
        "Files": {
            "Type": "AWS::S3::Bucket",
            "Properties": {
                "BucketEncryption": {
                    "ServerSideEncryptionConfiguration": [
                        {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}}
                    ]
                }
            },
        },
        "Later": {"Type": "AWS::SQS::Queue", "Properties": {"KmsMasterKeyId": "1"}},
        "Open": {"Type": "AWS::SQS::Queue", "Properties": {}},
    }
}


def test_of_a_resource_is_asked_for_what_the_service_does_with_it(resolver: Callable[..., Resolver]) -> None:
    made = resolver(main=TEMPLATE)
    made.lookup.known |= {  # type: ignore[attr-defined]
        ("main", "Files"): {"Arn": BUCKET},
        ("main", "Later"): {"Arn": QUEUE},
        ("main", "Open"): {"Arn": f"{QUEUE}2"},
    }
    found = keys(made)
    assert list(found.calls(Call("s3:GetObject", f"{BUCKET}/k"))) == [
        Call("kms:Decrypt", KEY, {"kms:encryptioncontext:aws:s3:arn": BUCKET})
    ]
    assert [each.action for each in found.calls(Call("sqs:SendMessage", QUEUE))] == [
        "kms:GenerateDataKey",
        "kms:Decrypt",
    ]
    assert {each.resource for each in found.calls(Call("sqs:SendMessage", QUEUE))} == {KEY}
    assert list(found.calls(Call("sqs:DeleteMessage", QUEUE))) == []
    assert list(found.calls(Call("sqs:SendMessage", f"{QUEUE}2"))) == []
