"""What a template says about queues and buckets, made in a real LocalStack."""

import json
import uuid
from typing import Any

import boto3
import pytest
from botocore.config import Config

from local.assembly import Assembly, Attributes, Resolver, Site
from local.assembly.templates import Stack
from local.provision import LocalStackResources

pytestmark = pytest.mark.engines

SITE = Site("us-east-1", "000000000000")
QUEUE_ARN = {"Fn::GetAtt": ["Jobs", "Arn"]}


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties}


def policy(action: str, what: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": "*", "Action": action, "Resource": what}
    return {"Version": "2012-10-17", "Statement": [statement]}


class Stage:
    """A stack of its own, provisioned as often as wanted."""

    def __init__(self, localstack: str) -> None:
        self._localstack = localstack
        self.name = f"s-{uuid.uuid4().hex[:8]}"

    def provision(self, **resources: dict[str, Any]) -> Resolver:
        assembly = Assembly({self.name: Stack(self.name, {"Resources": resources})})
        attributes = Attributes(kafka="127.0.0.1:1", valkey="127.0.0.1:2", postgres="127.0.0.1:3")
        resolver = Resolver(assembly, SITE, attributes)
        LocalStackResources(self._localstack, resolver, attributes).provision()
        return resolver

    def client(self, service: str) -> Any:
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self._localstack,
            region_name=SITE.region,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(connect_timeout=5, read_timeout=30),
        )


@pytest.fixture
def stage(localstack: str) -> Stage:
    return Stage(localstack)


class TestQueues:
    def test_have_the_attributes_of_the_template(self, stage: Stage) -> None:
        resolver = stage.provision(
            Jobs=resource(
                "AWS::SQS::Queue",
                VisibilityTimeout=120,
                DelaySeconds=3,
                MessageRetentionPeriod=600,
                ReceiveMessageWaitTimeSeconds=5,
                SqsManagedSseEnabled=True,
                RedrivePolicy={"deadLetterTargetArn": {"Fn::GetAtt": ["Dead", "Arn"]}, "maxReceiveCount": 4},
                Tags=[{"Key": "team", "Value": "a"}],
            ),
            Dead=resource("AWS::SQS::Queue", QueueName=f"{stage.name}-dead"),
            Open=resource(
                "AWS::SQS::QueuePolicy", Queues=[{"Ref": "Jobs"}], PolicyDocument=policy("sqs:SendMessage", QUEUE_ARN)
            ),
        )
        url = resolver.resolve(stage.name, {"Ref": "Jobs"})
        arn = resolver.resolve(stage.name, QUEUE_ARN)
        found = stage.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        assert found["QueueArn"] == arn == f"arn:aws:sqs:us-east-1:000000000000:{stage.name}-Jobs"
        assert resolver.resolve(stage.name, {"Fn::GetAtt": ["Jobs", "QueueName"]}) == f"{stage.name}-Jobs"
        assert (found["VisibilityTimeout"], found["DelaySeconds"]) == ("120", "3")
        assert (found["MessageRetentionPeriod"], found["ReceiveMessageWaitTimeSeconds"]) == ("600", "5")
        assert found["SqsManagedSseEnabled"] == "true"
        assert json.loads(found["RedrivePolicy"]) == {
            "deadLetterTargetArn": f"arn:aws:sqs:us-east-1:000000000000:{stage.name}-dead",
            "maxReceiveCount": 4,
        }
        assert json.loads(found["Policy"])["Statement"][0]["Resource"] == arn

    def test_that_keep_an_order_are_named_so(self, stage: Stage) -> None:
        resolver = stage.provision(Jobs=resource("AWS::SQS::Queue", FifoQueue=True, ContentBasedDeduplication=True))
        url = resolver.resolve(stage.name, {"Ref": "Jobs"})
        assert url.endswith(f"{stage.name}-Jobs.fifo")
        found = stage.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        assert (found["FifoQueue"], found["ContentBasedDeduplication"]) == ("true", "true")

    def test_change_with_the_template_and_keep_their_messages(self, stage: Stage) -> None:
        resolver = stage.provision(Jobs=resource("AWS::SQS::Queue", VisibilityTimeout=10))
        url, sqs = resolver.resolve(stage.name, {"Ref": "Jobs"}), stage.client("sqs")
        sqs.send_message(QueueUrl=url, MessageBody="kept")
        stage.provision(Jobs=resource("AWS::SQS::Queue", VisibilityTimeout=20))
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
        assert attributes == {"VisibilityTimeout": "20"}
        assert [message["Body"] for message in sqs.receive_message(QueueUrl=url)["Messages"]] == ["kept"]

    def test_use_the_keys_of_the_template(self, stage: Stage) -> None:
        key = resource("AWS::KMS::Key", Description="jobs")
        resolver = stage.provision(Key=key, Jobs=resource("AWS::SQS::Queue", KmsMasterKeyId={"Ref": "Key"}))
        url = resolver.resolve(stage.name, {"Ref": "Jobs"})
        found = stage.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["KmsMasterKeyId"])
        assert found["Attributes"] == {"KmsMasterKeyId": resolver.resolve(stage.name, {"Ref": "Key"})}


class TestBuckets:
    def test_have_the_rules_of_the_template(self, stage: Stage) -> None:
        resolver = stage.provision(
            Files=resource(
                "AWS::S3::Bucket",
                BucketEncryption={
                    "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
                },
                CorsConfiguration={"CorsRules": [{"AllowedMethods": ["PUT"], "AllowedOrigins": ["*"], "MaxAge": 60}]},
                LifecycleConfiguration={"Rules": [{"Id": "old", "Status": "Enabled", "ExpirationInDays": 7}]},
                OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
                PublicAccessBlockConfiguration={"BlockPublicAcls": True, "BlockPublicPolicy": False},
                VersioningConfiguration={"Status": "Enabled"},
            ),
            Open=resource(
                "AWS::S3::BucketPolicy",
                Bucket={"Ref": "Files"},
                PolicyDocument=policy("s3:GetObject", {"Fn::Sub": "${Files.Arn}/*"}),
            ),
        )
        name, s3 = resolver.resolve(stage.name, {"Ref": "Files"}), stage.client("s3")
        assert name == f"{stage.name}-files"
        (encryption,) = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
        assert encryption["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
        (cors,) = s3.get_bucket_cors(Bucket=name)["CORSRules"]
        assert cors == {"AllowedMethods": ["PUT"], "AllowedOrigins": ["*"], "MaxAgeSeconds": 60}
        (lifecycle,) = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
        assert (lifecycle["ID"], lifecycle["Expiration"]) == ("old", {"Days": 7})
        assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
        assert s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]["BlockPublicAcls"]
        (statement,) = json.loads(s3.get_bucket_policy(Bucket=name)["Policy"])["Statement"]
        assert statement["Resource"] == f"arn:aws:s3:::{name}/*"

    def test_keep_their_objects_when_made_again(self, stage: Stage) -> None:
        bucket = resource("AWS::S3::Bucket", BucketName=f"{stage.name}-kept")
        stage.provision(Files=bucket)
        s3 = stage.client("s3")
        s3.put_object(Bucket=f"{stage.name}-kept", Key="a", Body=b"hello")
        stage.provision(Files=bucket)
        assert s3.get_object(Bucket=f"{stage.name}-kept", Key="a")["Body"].read() == b"hello"
