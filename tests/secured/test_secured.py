"""
The product's promises where every function has to say who it is, and may do what its own role may do in the templates:
the same paths as on AWS. What each door refuses in which words is in `tests/integration/engines/test_doors.py`.
"""

import asyncio
import json
import re
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from cassandra import Unauthorized
from confluent_kafka import Consumer, KafkaException

from local.aws import client
from local.cloud import Cloud
from local.doors.iam import Named
from natter import names
from natter.adapters.cassandra import client as cassandra
from natter.adapters.kafka import client as kafka
from natter.adapters.kafka.client import NewRecord, RecordProducer
from natter.adapters.valkey.client import IamLogin, Valkey
from natter.adapters.webpush.vapid import VapidKey
from natter.domain.errors import Unavailable
from natter.settings import KafkaSettings, KeyspacesSettings, ValkeySettings
from tests.bench import latency
from tests.e2e.test_attachments import CAT, a_chat, is_there, say, shown
from tests.e2e.test_devices import register
from tests.e2e.test_erasure import erase
from tests.e2e.test_export import exported
from tests.e2e.test_smoke import PATIENTLY, smoke
from tests.support.api import Api, fresh
from tests.support.browsers import Browsers, browsers
from tests.support.files import attach
from tests.support.invoke import answered
from tests.support.lag import caught_up
from tests.support.leftovers import files
from tests.support.until import until

CAUGHT_UP_WITHIN_S = 60.0
HTTP_NO_CONTENT = 204
ACTIONS = {
    "cassandra": "cassandra:Select",
    "kafka": "kafka-cluster:WriteData",
}
"""What a function may do that has something to look for at a door."""
SELDOM = {
    "cassandra": {"export", "send", "signal"},
    "kafka": {"erase", "fanout", "presence", "push", "receipts", "relay"},
}
"""Who comes to a door only when something is not remembered, is set aside, or has to be repaired."""


ASKED_ELSEWHERE = re.compile(
    r"kafka:|ec2:|logs:|kafka-cluster:(?!Connect|WriteDataIdempotently)|sqs:(Receive|Delete)Message|sqs:GetQueueAttributes"
)
"""Actions that no door sees: the broker decides about topics and groups, and the platform reads for event sources."""
SELDOM_USED = {
    "cassandra:Select": "`send` and `signal` ask when something is not remembered",
    "elasticache:Connect": "`close_connections` and `relay` connect when there is something to do",
    "execute-api:ManageConnections": "most close connections only, of sessions that have ended",
    "kafka-cluster:Connect": "who only sets aside, or repairs, appends when there is something",
    "kafka-cluster:WriteDataIdempotently": "the same",
    "kms:Decrypt": "goes with a secret, a queue or an object that is not asked for",
    "kms:GenerateDataKey": "the same",
    "kms:GetPublicKey": "`authorize` has it to do with tokens: everybody here connects with a ticket",
    "s3:AbortMultipartUpload": "an archive in parts that comes to nothing",
    "s3:DeleteObject": "`export` removes one whose user is gone",
    "s3:GetObject": "of archives and pictures there are links, which nobody here follows",
    "s3:ListBucket": "says that something is not there, which nobody here looks for",
    "secretsmanager:DescribeSecret": "a rotation of the login, which another test here makes",
    "secretsmanager:GetSecretValue": "the login of who asks PostgreSQL for what is not remembered; the key of Web Push",
    "secretsmanager:PutSecretValue": "a rotation",
    "secretsmanager:UpdateSecretVersionStage": "a rotation",
    "sns:CreatePlatformApplication": "a first deployment",
    "sns:DeleteEndpoint": "endpoints go an hour after their device",
    "sns:DeletePlatformApplication": "the end of a stage",
    "sns:Publish": "to phones of who is away; tests of pushes wake them",
    "sns:SetPlatformApplicationAttributes": "a deployment after the first",
    "sqs:SendMessage": "what is put back, left over, or has to be closed",
    "xray:PutSpans": "who has had nothing to do has nothing to tell of",
    "xray:PutSpansForIndexing": "the same",
    "xray:PutTraceSegments": "the same",
}
"""
Actions that not every function which is granted them has been asked for at a door, with the reason. All others each has
used by then. A grant on the right thing that nobody uses is found by `tests/infra/test_aws_calls.py`.
"""


def refusals(cloud: Cloud) -> set[tuple[str, str, str]]:
    """Function, action and resource of all there were."""
    assert cloud.doors is not None
    return {(each["function"], each["action"], each["resource"]) for each in cloud.doors.status()["refusals"]}


def whom_it_misses(cloud: Cloud, door: str) -> set[str]:
    """Of the functions that may do something there, those that it has never let in."""
    assert cloud.doors is not None
    visitors = cloud.doors.status()["doors"][door]["visitors"]
    granted = dict(cloud.doors.access.grants.roles())
    allowed = {
        function.name
        for function in cloud.app.functions
        if any(each.allows and each.resources_of(ACTIONS[door]) for each in granted[function.role])
    }
    assert allowed
    return {name.removeprefix("natter-local-") for name in allowed - visitors.keys()}


def unused(cloud: Cloud) -> set[tuple[str, str]]:
    """Functions, and actions that they were granted, have to ask for at a door, and have not, of whatever."""
    assert cloud.doors is not None
    access = cloud.doors.access
    functions = {each.role: each.name for each in cloud.app.functions if each.name.startswith("natter-local-")}

    def asked(granted: Iterable[tuple[str, Named]]) -> Counter[tuple[str, str]]:
        return Counter(
            (functions[role].removeprefix("natter-local-"), named.action)
            for role, named in granted
            if role in functions and not ASKED_ELSEWHERE.match(named.action)
        )

    idle = asked(access.unused())
    all_of_them = asked(access.grants.named())
    return {each for each, count in idle.items() if count == all_of_them[each]}


def is_kept(cloud: Cloud, file: str) -> bool:
    return any(file in key for key in files(cloud) if key.startswith(names.SHOWN_ATTACHMENTS))


async def a_file_is_shown(cloud: Cloud, api: Api) -> None:
    """
    To somebody with a phone, who is away, looks later, and has themselves erased; then it is taken back. Not before it
    is kept: `settle_files` keeps nothing that is shown no more when it comes to look.
    """
    alice, bob, phone, chat = await a_chat(api)
    assert await register(bob, fresh("token")) == HTTP_NO_CONTENT
    cat = await attach(alice, chat, CAT)
    seq = await shown(phone, chat, cat, "m1")
    assert await is_there(bob, chat, cat)
    await until(lambda: is_kept(cloud, cat), "it is kept")
    await caught_up(cloud, within_s=CAUGHT_UP_WITHIN_S)
    await say(phone, chat, "delete", "m2", seq)
    await erase(bob)
    await exported(alice)


@pytest.fixture
async def here(outputs: Mapping[str, str]) -> AsyncIterator[Browsers]:
    async with browsers(outputs) as found:
        yield found


class TestThePromises:
    async def test_are_kept_and_nobody_is_refused_anything(
        self, cloud: Cloud, outputs: Mapping[str, str], api: Api
    ) -> None:
        """
        All that users see from outside, what runs by a schedule, and an archive, which one function has another make;
        in the end every function has come to the doors that its role opens.
        """
        before = refusals(cloud)
        await a_file_is_shown(cloud, api)
        code, results, said = await smoke(outputs, *PATIENTLY)
        assert set(results.values()) == {"ok"}, said
        assert code == 0
        for schedule in cloud.app.schedules:
            for target in schedule.targets:
                answer = await answered(cloud, target.function_arn, (target.input or "{}").encode())
                assert answer.error is None, answer
        await exported(await api.sign_up("alice"))
        for name, function in cloud.runtime.functions.status().items():
            if (
                name.startswith("natter-local-") and not function["invocations"]
            ):  # of what nobody has called yet: it connects before it does anything
                await answered(cloud, name, b"{}")
        await caught_up(cloud, within_s=CAUGHT_UP_WITHIN_S)
        absent = {door: whom_it_misses(cloud, door) - SELDOM[door] for door in ACTIONS}
        assert absent == {door: set() for door in ACTIONS}
        assert refusals(cloud) == before
        assert {action for _, action in unused(cloud)} <= SELDOM_USED.keys()

    async def test_its_figures_can_be_printed(self, cloud: Cloud) -> None:
        """Those of the same mode's benchmark: what is sent while it measures arrives, through the doors."""
        assert cloud.doors is not None
        before = cloud.doors.status()["doors"]["kafka"]["admitted"]
        (title, *lines) = latency.table([await latency.measure(cloud, seconds=1.0)])
        assert title.startswith("open loop")
        figures = {line[:24].strip(): line[24:].split() for line in lines}
        assert all(float(figures[name][0]) > 0 for name in ("on the other screen", "floor of the engines"))
        assert figures["not arrived"] == ["0"]
        assert cloud.doors.status()["doors"]["kafka"]["admitted"] >= before

    async def test_a_browser_that_subscribed_with_the_key_before_is_woken(
        self, cloud: Cloud, api: Api, here: Browsers
    ) -> None:
        """The secured stage is amid a rotation of its keys: pushes are signed with the new one first."""
        secrets = client("secretsmanager", cloud.engines.localstack.address, cloud.app.region)
        (wake,) = (each for each in cloud.app.functions if each.name.endswith("-wake"))
        new, old = json.loads(wake.environment["NATTER_WEB_PUSH__SECRET_ARNS"])
        key = VapidKey(secrets.get_secret_value(SecretId=old)["SecretString"]).public_key
        published = (await api.call("GET", "/v1/push/web-key")).expect(200)["public_key"]
        assert published == VapidKey(secrets.get_secret_value(SecretId=new)["SecretString"]).public_key != key
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        browser = await here.subscribe(key)
        (await browser.register(bob)).expect(204)
        chat = await alice.direct(bob)
        await (await alice.connect()).say(chat, "Hello, Bob")
        (push,) = await browser.until(bool)
        assert push.shown["body"] == "Hello, Bob"

    async def test_the_functions_password_is_changed_under_them(self, cloud: Cloud, api: Api) -> None:
        """As Secrets Manager has it done, and who is signed in or signs in then notices nothing."""
        assert cloud.doors is not None
        (rotate,) = (each for each in cloud.app.functions if each.name.endswith("-rotate_login"))
        ann, version = await api.sign_up("ann"), str(uuid.uuid4())
        for step in ("createSecret", "setSecret", "testSecret", "finishSecret"):
            arn = rotate.environment["NATTER_POSTGRES__SECRET_ARN"]
            event = {"SecretId": arn, "ClientRequestToken": version, "Step": step}
            answer = await answered(cloud, rotate.name, json.dumps(event).encode())
            assert answer.error is None, answer
        await cloud.doors.of_engines["postgres"].cut()
        (await ann.call("GET", "/v1/users/me")).expect(200)
        await api.sign_up("bob")


@pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")  # in AWS's plugin
class TestWhatARoleMayNot:
    @pytest.fixture
    def acting(self, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Mapping[str, str]]:
        """From then on this process has the credentials of that function, and the variables returned."""
        assert cloud.doors is not None
        doors = cloud.doors

        def act(name: str) -> Mapping[str, str]:
            (function,) = (each for each in cloud.app.functions if each.name.endswith(f"-{name}"))
            given = {**doors.environment, **doors.credentials(function.role), "AWS_REGION": cloud.app.region}
            for variable, value in (given | {"AWS_DEFAULT_REGION": cloud.app.region}).items():
                monkeypatch.setenv(variable, value)
            return function.environment

        return act

    async def seen(self, cloud: Cloud, function: str, action: str) -> None:
        assert (f"natter-local-{function}", action) in {each[:2] for each in refusals(cloud)}

    async def test_append_to_another_topic(self, cloud: Cloud, acting: Callable[[str], Mapping[str, str]]) -> None:
        settings = KafkaSettings(brokers=acting("send")["NATTER_KAFKA__BROKERS"], auth="iam")
        record = NewRecord(topic=names.EVENTS_TOPIC, key="k", value=b"", schema=b"s")
        with pytest.raises(Unavailable) as failure:
            await asyncio.to_thread(RecordProducer(settings).append, [record])
        cause = failure.value.__cause__
        assert isinstance(cause, KafkaException)
        assert cause.args[0].name() == "TOPIC_AUTHORIZATION_FAILED"
        await self.seen(cloud, "send", "kafka-cluster:DescribeTopic")

    async def test_read_as_a_member_of_a_group(self, cloud: Cloud, acting: Callable[[str], Mapping[str, str]]) -> None:
        settings = KafkaSettings(brokers=acting("send")["NATTER_KAFKA__BROKERS"], auth="iam")

        def consume() -> Any:
            consumer = Consumer(kafka.client_config(settings) | {"group.id": "another"})
            consumer.subscribe([names.COMMANDS_TOPIC])
            message = consumer.poll(30)
            consumer.close()
            return None if message is None else message.error()

        error = await asyncio.to_thread(consume)
        assert error is not None
        assert error.name() == "GROUP_AUTHORIZATION_FAILED"
        await self.seen(cloud, "send", "kafka-cluster:DescribeGroup")

    async def test_write_a_table_that_it_only_reads(
        self, cloud: Cloud, acting: Callable[[str], Mapping[str, str]]
    ) -> None:
        given = acting("chat_api")
        settings = KeyspacesSettings(
            endpoint=given["NATTER_KEYSPACES__ENDPOINT"], keyspace=given["NATTER_KEYSPACES__KEYSPACE"], auth="sigv4"
        )
        session = await asyncio.to_thread(cassandra.connect, settings)
        assert (await asyncio.to_thread(session.execute, "SELECT * FROM heads LIMIT 1")) is not None
        with pytest.raises(Unauthorized):
            await asyncio.to_thread(session.execute, "DELETE FROM heads WHERE conversation_id = 'c'")
        await asyncio.to_thread(session.cluster.shutdown)
        await self.seen(cloud, "chat_api", "cassandra:Modify")

    async def test_connect_to_the_cache(self, cloud: Cloud, acting: Callable[[str], Mapping[str, str]]) -> None:
        """The migration has nothing to look for there."""
        given = acting("send")
        acting("migrate")
        user, cache = given["NATTER_VALKEY__USER"], given["NATTER_VALKEY__CACHE"]
        settings = ValkeySettings(endpoint=given["NATTER_VALKEY__ENDPOINT"], auth="iam", user=user, cache=cache)
        credentials: Any = boto3.Session().get_credentials
        login = IamLogin(credentials=credentials, region=cloud.app.region, user=user, cache=cache)
        with pytest.raises(Unavailable):
            await asyncio.to_thread(Valkey(settings, lambda: login).warm)
        await self.seen(cloud, "migrate", "elasticache:Connect")

    async def test_invoke_a_function(self, cloud: Cloud, acting: Callable[[str], Mapping[str, str]]) -> None:
        """Who may, does: `users_api`, when somebody asks for all that there is of them."""
        acting("send")
        with pytest.raises(ClientError) as failure:
            await asyncio.to_thread(boto3.Session().client("lambda").invoke, FunctionName="natter-local-export")
        assert failure.value.response["Error"]["Code"] == "AccessDeniedException"
        await self.seen(cloud, "send", "lambda:InvokeFunction")
