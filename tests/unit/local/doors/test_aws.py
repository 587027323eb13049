"""The door of LocalStack with the real clients, in front of something that answers like a service and remembers."""

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
import urllib3
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from local.doors import Access, Identities, Identity
from local.doors.aws import AwsDoor
from local.doors.iam import Grants, Statement
from local.doors.identities import BadSignature
from local.doors.keys import Kept, Keys
from local.doors.ledger import Ledger
from local.doors.refusals import Denied
from local.doors.requests import HttpRequest
from local.doors.tally import Passed, Tally
from local.runtime.http1 import Exchange, HttpServer
from natter.adapters.http.signing import Signer

REGION, ACCOUNT = "eu-west-1", "000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/send"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:files"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:login-abcdef"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"
EXPORT = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:export"
ENDPOINT = f"arn:aws:sns:{REGION}:{ACCOUNT}:endpoint/GCM/app/1"


def granted(*grants: tuple[str, str]) -> Grants:
    statements = [Statement(allows=True, actions=(action,), resources=(resource,)) for action, resource in grants]
    return Grants({ROLE: statements})


class Service:
    """What stands behind the door."""

    def __init__(self) -> None:
        self.asked: list[Exchange] = []
        self.server = HttpServer(self.answer)

    def answer(self, exchange: Exchange) -> None:
        self.asked.append(exchange)
        body = b"<PublishResponse><PublishResult/></PublishResponse>"
        if exchange.header(b"x-amz-target") is not None:
            body = b"{}"
        exchange.respond(200, body, ((b"x-amz-request-id", b"1"),))


@pytest.fixture(scope="module")
async def behind() -> AsyncIterator[Service]:
    service = Service()
    await service.server.start()
    yield service
    service.server.close()


@pytest.fixture(scope="module")
async def opened(behind: Service) -> AsyncIterator[AwsDoor]:
    url = f"http://127.0.0.1:{behind.server.port}"
    door = AwsDoor(
        0,
        behind=url,
        functions=f"{url}/functions",
        identities=Identities(),
        region=REGION,
        account=ACCOUNT,
        access=Access(),
    )
    await door.start()
    yield door
    await door.stop()


@pytest.fixture
def door(opened: AwsDoor) -> AwsDoor:
    """With nothing granted."""
    opened.access.grants, opened.access.ledger, opened.keys = Grants({}), Ledger(), Keys({})
    opened.access.tally = Tally()
    opened.admitted = opened.refused = 0
    return opened


@pytest.fixture
def service(behind: Service) -> Service:
    """That nobody has asked for anything."""
    behind.asked.clear()
    return behind


@functools.cache
def client(door: AwsDoor, service: str, role: str = ROLE, *, stranger: bool = False) -> Any:
    identity = Identity(role) if stranger else door.identities.of_role(role)
    session = boto3.Session(
        aws_access_key_id=identity.access_key,
        aws_secret_access_key=identity.secret_key,
        aws_session_token=identity.token,
        region_name=REGION,
    )
    config = Config(retries={"total_max_attempts": 1}, signature_version="s3v4" if service == "s3" else None)
    url = f"http://{door.address}"
    made: Any = session.client(service, endpoint_url=url, config=config)  # type: ignore[call-overload]
    return made


CALLS: list[tuple[str, str, dict[str, Any], tuple[str, str]]] = [
    ("sqs", "send_message", {"QueueUrl": "http://x/0/files", "MessageBody": "m"}, ("sqs:SendMessage", QUEUE)),
    (
        "sqs",
        "send_message_batch",
        {"QueueUrl": "http://x/0/files", "Entries": [{"Id": "1", "MessageBody": "m"}]},
        ("sqs:SendMessage", QUEUE),
    ),
    ("secretsmanager", "get_secret_value", {"SecretId": SECRET}, ("secretsmanager:GetSecretValue", SECRET)),
    (
        "kms",
        "sign",
        {"KeyId": KEY, "Message": b"m", "SigningAlgorithm": "ECDSA_SHA_256"},
        ("kms:Sign", KEY),
    ),
    ("kms", "get_public_key", {"KeyId": "1"}, ("kms:GetPublicKey", KEY)),
    ("sns", "publish", {"TargetArn": ENDPOINT, "Message": "a + b & c"}, ("sns:Publish", ENDPOINT)),
    ("s3", "put_object", {"Bucket": "b", "Key": "k/ü 1", "Body": b"x" * 9}, ("s3:PutObject", "arn:aws:s3:::b/k/ü 1")),
    ("s3", "get_object", {"Bucket": "b", "Key": "k"}, ("s3:GetObject", "arn:aws:s3:::b/k")),
    ("s3", "head_object", {"Bucket": "b", "Key": "k"}, ("s3:GetObject", "arn:aws:s3:::b/k")),
    ("s3", "delete_object", {"Bucket": "b", "Key": "k"}, ("s3:DeleteObject", "arn:aws:s3:::b/k")),
    (
        "s3",
        "delete_objects",
        {"Bucket": "b", "Delete": {"Objects": [{"Key": "k&l"}]}},
        ("s3:DeleteObject", "arn:aws:s3:::b/k&l"),
    ),
    ("lambda", "invoke", {"FunctionName": "export", "Payload": b"{}"}, ("lambda:InvokeFunction", EXPORT)),
    ("lambda", "invoke", {"FunctionName": EXPORT, "InvocationType": "Event"}, ("lambda:InvokeFunction", EXPORT)),
    ("lambda", "invoke", {"FunctionName": EXPORT, "Qualifier": "l"}, ("lambda:InvokeFunction", f"{EXPORT}:l")),
    ("s3", "list_objects_v2", {"Bucket": "b", "Prefix": "a/"}, ("s3:ListBucket", "arn:aws:s3:::b")),
]
CODES = {
    "sqs": "AccessDenied",
    "secretsmanager": "AccessDeniedException",
    "kms": "AccessDeniedException",
    "sns": "AuthorizationError",
    "s3": "AccessDenied",
    "lambda": "AccessDeniedException",
}


class TestCalls:
    @pytest.mark.parametrize("case", CALLS, ids=lambda case: case[1])
    async def test_what_is_granted_reaches_the_service_and_nothing_else(
        self,
        door: AwsDoor,
        service: Service,
        case: tuple[str, str, dict[str, Any], tuple[str, str]],
    ) -> None:
        service_name, operation, parameters, grant = case
        call = getattr(client(door, service_name), operation)
        door.access.grants = granted(("*", "arn:aws:nothing"), ("other:Action", "*"))
        with pytest.raises(ClientError) as refusal:
            await asyncio.to_thread(call, **parameters)
        if operation != "head_object":  # whose answer has no body to say it in
            assert refusal.value.response["Error"]["Code"] == CODES[service_name]
            assert f"is not authorized to perform: {grant[0]}" in refusal.value.response["Error"]["Message"]
        assert service.asked == []
        door.access.grants = granted(grant)
        await asyncio.to_thread(call, **parameters)
        (asked,) = service.asked
        assert asked.path.startswith("/functions/") is (service_name == "lambda")
        assert door.access.ledger.visitors(door.name) == {ROLE: 1}
        passed = Passed(door.name, ROLE, grant[0])
        assert (door.access.tally.times, door.access.tally.size[passed]) == ({passed: 1}, len(asked.body))
        assert b"Credential=test/" in (asked.header(b"authorization") or b"")

    async def test_copying_needs_reading_what_is_copied(self, door: AwsDoor, service: Service) -> None:
        copy = client(door, "s3").copy_object
        write, read = ("s3:PutObject", "arn:aws:s3:::b/to"), ("s3:GetObject", "arn:aws:s3:::b/from")
        parameters = {"Bucket": "b", "Key": "to", "CopySource": {"Bucket": "b", "Key": "from"}}
        for grants in ((write,), (read,)):
            door.access.grants = granted(*grants)
            with pytest.raises(ClientError):
                await asyncio.to_thread(copy, **parameters)
        door.access.grants = granted(write, read)
        await asyncio.to_thread(copy, **parameters)
        assert len(service.asked) == 1

    async def test_what_a_key_encrypts_needs_the_key(self, door: AwsDoor, service: Service) -> None:
        read = functools.partial(client(door, "secretsmanager").get_secret_value, SecretId=SECRET)
        door.keys = Keys({SECRET: Kept(KEY, {"kms:encryptioncontext:secretarn": SECRET})})
        door.access.grants = granted(("secretsmanager:GetSecretValue", SECRET), ("kms:GenerateDataKey", KEY))
        with pytest.raises(ClientError, match=f"not authorized to perform: kms:Decrypt on resource: {KEY}"):
            await asyncio.to_thread(read)
        for whose, asked in ((QUEUE, 0), (SECRET, 1)):
            condition = ("StringEquals", "kms:encryptioncontext:secretarn", (whose,))
            decrypt = Statement(allows=True, actions=("kms:Decrypt",), resources=(KEY,), conditions=(condition,))
            reading = Statement(allows=True, actions=("secretsmanager:GetSecretValue",), resources=("*",))
            door.access.grants = Grants({ROLE: [decrypt, reading]})
            with contextlib.nullcontext() if asked else pytest.raises(ClientError):
                await asyncio.to_thread(read)
            assert len(service.asked) == asked

    async def test_what_is_not_known_is_refused(self, door: AwsDoor) -> None:
        door.access.grants = granted(("*", "*"))
        with pytest.raises(ClientError, match="not known here"):
            await asyncio.to_thread(client(door, "sts").get_caller_identity)

    async def test_a_stranger_is_refused(self, door: AwsDoor) -> None:
        door.access.grants = granted(("*", "*"))
        with pytest.raises(ClientError, match="security token included in the request is invalid"):
            await asyncio.to_thread(client(door, "s3", stranger=True).list_objects_v2, Bucket="b")
        assert (door.admitted, door.refused) == (0, 1)


class TestLinks:
    async def test_a_link_is_checked_when_it_is_used(self, door: AwsDoor, service: Service) -> None:
        s3 = client(door, "s3")
        named = {"ResponseContentDisposition": 'attachment; filename="a b"'}
        link = s3.generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "k", **named}, ExpiresIn=60)

        def status(url: str) -> int:
            return urllib3.request("GET", url, retries=False).status

        assert await asyncio.to_thread(status, link) == 403
        door.access.grants = granted(("s3:GetObject", "arn:aws:s3:::b/k"))
        assert await asyncio.to_thread(status, link) == 200
        assert await asyncio.to_thread(status, link.replace("%2F", "/").replace("%20", "+")) == 200
        assert await asyncio.to_thread(status, link.replace("/b/k?", "/b/l?")) == 403
        assert await asyncio.to_thread(status, link.replace("Expires=60", "Expires=600")) == 403
        assert await asyncio.to_thread(status, link.partition("?")[0]) == 403
        assert len(service.asked) == 2

    async def test_a_form_is_checked_when_it_is_sent(self, door: AwsDoor, service: Service) -> None:
        form = client(door, "s3").generate_presigned_post("b", "k/1", ExpiresIn=60)

        def status(**other: str) -> int:
            fields = {**form["fields"], **other, "file": ("f", b"content")}
            return urllib3.request("POST", form["url"], fields=fields, retries=False).status

        assert await asyncio.to_thread(status) == 403
        door.access.grants = granted(("s3:PutObject", "arn:aws:s3:::b/k/*"))
        assert await asyncio.to_thread(status) == 200
        assert await asyncio.to_thread(lambda: status(policy="e30=")) == 403
        assert await asyncio.to_thread(lambda: status(key="l")) == 403
        assert len(service.asked) == 1

    async def test_browsers_may_ask_whether_they_may_ask(self, door: AwsDoor, service: Service) -> None:
        answer = await asyncio.to_thread(urllib3.request, "OPTIONS", f"http://{door.address}/b/k", retries=False)
        assert answer.status == 200
        assert len(service.asked) == 1


class TestConnections:
    RESOURCE = "api1/local/POST/@connections/c="
    PATH = "/local/%40connections/c%3D"

    def post(self, door: AwsDoor, body: bytes = b"frame") -> HttpRequest:
        """As the functions sign it, who have a signer of their own."""
        me = door.identities.of_role(ROLE)
        credentials = Credentials(me.access_key, me.secret_key, me.token)
        signer = Signer(lambda: credentials, service="execute-api", region=REGION)
        return HttpRequest("POST", self.PATH, "", signer.sign("POST", "127.0.0.1:1", self.PATH, b"frame"), body)

    async def test_posting_has_to_be_granted(self, door: AwsDoor) -> None:
        now = datetime.now(UTC)
        with pytest.raises(Denied, match="not authorized to perform: execute-api:ManageConnections"):
            door.check_post(self.post(door), self.RESOURCE, now)
        door.access.grants = granted(
            ("execute-api:ManageConnections", f"arn:aws:execute-api:{REGION}:{ACCOUNT}:api1/local/*")
        )
        door.check_post(self.post(door), self.RESOURCE, now)
        with pytest.raises(Denied):
            door.check_post(self.post(door), "api2/local/POST/@connections/c=", now)

    async def test_what_was_signed_is_that_frame_and_just_now(self, door: AwsDoor) -> None:
        door.access.grants = granted(("*", "*"))
        with pytest.raises(BadSignature, match="does not match"):
            door.check_post(self.post(door, b"another"), self.RESOURCE, datetime.now(UTC))
        with pytest.raises(BadSignature, match="expired"):
            door.check_post(self.post(door), self.RESOURCE, datetime.now(UTC) + timedelta(minutes=6))


class TestTraces:
    async def test_an_export_of_traces_takes_three_grants(self, door: AwsDoor) -> None:
        me = door.identities.of_role(ROLE)
        signer = Signer(lambda: Credentials(me.access_key, me.secret_key, me.token), service="xray", region=REGION)
        headers = signer.sign("POST", "127.0.0.1:1", "/v1/traces", b"{}", content_type="application/json")
        export, now = HttpRequest("POST", "/v1/traces", "", headers, b"{}"), datetime.now(UTC)
        grants = [(f"xray:{each}", "*") for each in ("PutTraceSegments", "PutSpans", "PutSpansForIndexing")]
        for missing in grants:
            door.access.grants = granted(*(each for each in grants if each != missing))
            with pytest.raises(Denied, match=f"not authorized to perform: {missing[0]} "):
                door.check(export, now)
        door.access.grants = granted(*grants)
        assert door.check(export, now) is not None
