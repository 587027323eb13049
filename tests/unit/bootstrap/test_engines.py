"""What functions are made of, without the engines themselves."""

import json
import logging
import socket
import subprocess
import sys
import threading
import time
from functools import cached_property
from inspect import getmembers
from pathlib import Path

import pytest

from natter.bootstrap import clients
from natter.bootstrap.clients import MissingSettingsError
from natter.bootstrap.engines import Engines
from natter.domain.errors import Unavailable
from natter.domain.limits import Bucket
from natter.settings import (
    AttachmentSettings,
    ClosureQueueSettings,
    CommandsSettings,
    CrowdQueueSettings,
    DeliverySettings,
    EndpointSettings,
    ExporterSettings,
    FileQueueSettings,
    FunctionSettings,
    KafkaSettings,
    KeyspacesSettings,
    LimitSettings,
    LookQueueSettings,
    OidcSettings,
    OwnerSettings,
    PostgresSettings,
    PushCredentialSettings,
    PushPlatformSettings,
    PushServiceSettings,
    RebuildQueueSettings,
    SendSettings,
    SettleFilesSettings,
    SocketSettings,
    TokenSettings,
    TraceSettings,
    ValkeySettings,
    VisitorSettings,
    WaveQueueSettings,
    WebPushSettings,
)

ROOT = Path(__file__).resolve().parents[3]
FUNCTIONS = sorted(path.parent.name for path in ROOT.glob("functions/*/handler.py"))
DRIVERS = ("boto3", "cassandra", "confluent_kafka", "redis", "psycopg", "jwt", "argon2")
IN_MEMORY = ("tests.chat", "tests.identity", "tests.person", "tests.erasing")

LOADED = """
import importlib, json, sys
sys.path[:0] = ["shared", "."]
importlib.import_module(sys.argv[1])
print(json.dumps(sorted(sys.modules)))
"""


PARTS = [name for name, _ in getmembers(Engines, lambda member: isinstance(member, cached_property))]
NOWHERE = "127.0.0.1:1"


class AllSettings(FunctionSettings):
    """Of a function that needs everything."""

    traces: TraceSettings | None = TraceSettings(endpoint=f"http://{NOWHERE}/v1/traces", ratio=0.5)
    postgres: PostgresSettings = PostgresSettings(endpoint=NOWHERE, database="natter", secret_arn="secret")
    owner: OwnerSettings = OwnerSettings(secret_arn="secret")
    valkey: ValkeySettings = ValkeySettings(endpoint=NOWHERE, user="natter", cache="natter")
    kafka: KafkaSettings = KafkaSettings(brokers=NOWHERE)
    commands: CommandsSettings = CommandsSettings(partitions=8)
    keyspaces: KeyspacesSettings = KeyspacesSettings(endpoint=NOWHERE, keyspace="natter")
    tokens: TokenSettings = TokenSettings(key_arns=("key",))
    oidc: OidcSettings = OidcSettings(issuer="https://login.example", audience="natter")
    gateway: EndpointSettings = EndpointSettings(endpoint=f"http://{NOWHERE}")
    sockets: SocketSettings = SocketSettings(url=f"ws://{NOWHERE}")
    deliveries: DeliverySettings = DeliverySettings(queue_url=f"http://{NOWHERE}/slices")
    files: FileQueueSettings = FileQueueSettings(queue_url=f"http://{NOWHERE}/files")
    looks: LookQueueSettings = LookQueueSettings(queue_url=f"http://{NOWHERE}/looks")
    closures: ClosureQueueSettings = ClosureQueueSettings(queue_url=f"http://{NOWHERE}/closures")
    rebuilds: RebuildQueueSettings = RebuildQueueSettings(queue_url=f"http://{NOWHERE}/rebuilds")
    attachments: AttachmentSettings = AttachmentSettings(bucket="files")
    exporter: ExporterSettings = ExporterSettings(function="export")
    limits: LimitSettings = LimitSettings(per_address=False)
    waves: WaveQueueSettings = WaveQueueSettings(queue_url="http://127.0.0.1/waves")
    crowds: CrowdQueueSettings = CrowdQueueSettings(queue_url="http://127.0.0.1/crowds")
    web_push: WebPushSettings = WebPushSettings(
        secret_arns=("key",), contact="mailto:a@b.example", hosts=("a.example",)
    )
    push: PushPlatformSettings = PushPlatformSettings(
        apns="none", apns_sandbox="none", fcm="arn:aws:sns:eu-central-1:000000000000:app/GCM/natter"
    )
    visitors: VisitorSettings = VisitorSettings(url=f"https://{NOWHERE}", secret_arn="secret")
    push_service: PushServiceSettings = PushServiceSettings(url=f"https://{NOWHERE}")
    credentials: PushCredentialSettings = PushCredentialSettings(
        apns_secret_arn="apns", fcm_secret_arn="fcm", applications="arn:aws:sns:eu-central-1:000000000000:app"
    )


def loaded_by(module: str) -> list[str]:
    command = [sys.executable, "-c", LOADED, module]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=60)
    return list(json.loads(done.stdout))


@pytest.mark.parametrize(
    "module",
    [*(f"functions.{name}.handler" for name in FUNCTIONS if name != "migrate"), *IN_MEMORY],
)
def test_neither_driver_nor_adapter_is_loaded_before_a_function_is_made(module: str) -> None:
    """`migrate` is about the database: it takes what it needs at once."""
    loaded = loaded_by(module)
    assert module in loaded
    assert [driver for driver in DRIVERS if driver in loaded] == []
    assert [each for each in loaded if each.startswith("natter.adapters")] == []


def test_frames_are_written_without_the_models_of_the_http_api() -> None:
    """Each function that posts would wait for them when it starts: a twentieth of its imports."""
    loaded = loaded_by("natter.wire.json_frames")
    assert "natter.wire.frames" in loaded
    assert {"natter.wire.accounts", "natter.wire.conversations"}.isdisjoint(loaded)


class TestSettings:
    def test_are_found_by_what_they_are(self) -> None:
        settings = AllSettings(stage="unit")
        engines = Engines(settings)
        assert engines.of(AttachmentSettings) is settings.attachments
        assert engines.find(OidcSettings) is settings.oidc
        assert (engines.bucket, engines.socket_url, engines.per_address) == ("files", "ws://127.0.0.1:1", False)

    def test_of_limits_go_to_what_keeps_them(self) -> None:
        limits = LimitSettings(rates={"commands": (100, 300)})
        engines = Engines(AllSettings(stage="unit", limits=limits))
        assert engines.adjusted_limits == {"commands": Bucket("commands", rate=100, burst=300)}
        assert Engines(FunctionSettings(stage="unit")).adjusted_limits == {}

    def test_that_are_missing_are_named_with_the_function(self) -> None:
        keyspaces = KeyspacesSettings(endpoint="tables:9142", keyspace="natter")
        settings = SettleFilesSettings(
            stage="unit", keyspaces=keyspaces, attachments=AttachmentSettings(bucket="files")
        )
        engines = Engines(settings)
        assert engines.find(PostgresSettings) is None
        with pytest.raises(MissingSettingsError, match="SettleFilesSettings has no PostgresSettings"):
            _ = engines.users


class TestParts:
    @pytest.mark.parametrize("name", PARTS)
    def test_are_made_once_and_connect_to_nothing(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        monkeypatch.setattr(socket, "socket", None)
        engines = Engines(AllSettings(stage="unit"))
        assert getattr(engines, name) is getattr(engines, name)

    def test_belong_to_one_function(self) -> None:
        first, second = (Engines(AllSettings(stage="unit")) for _ in range(2))
        assert first.tickets is not second.tickets

    def test_a_check_is_found_by_its_name(self) -> None:
        everything = AllSettings(stage="unit")
        settings = SendSettings(
            stage="unit",
            postgres=everything.postgres,
            valkey=everything.valkey,
            kafka=everything.kafka,
            commands=everything.commands,
            keyspaces=everything.keyspaces,
            sockets=everything.gateway,
            attachments=everything.attachments,
            closures=everything.closures,
            content_check="json:dumps",
        )
        assert Engines(settings).content_check is not None

    def test_nobody_has_set_a_provider_or_a_check(self) -> None:
        engines = Engines(FunctionSettings(stage="unit"))
        assert (engines.identity_provider, engines.content_check) == (None, None)


class TestWarm:
    def test_what_is_down_does_not_keep_the_rest_from_it(self, caplog: pytest.LogCaptureFixture) -> None:
        connected: list[str] = []

        def down() -> None:
            raise Unavailable("cache")

        with caplog.at_level(logging.WARNING, logger="natter"):
            Engines(FunctionSettings(stage="unit")).warm(down, lambda: connected.append("log"))
        assert connected == ["log"]
        assert "not warm" in caplog.text

    def test_those_who_do_not_answer_take_no_longer_together_than_lambda_gives(
        self, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Kafka and Keyspaces both away: an environment that starts for 10 s is started again, in a request's time."""
        monkeypatch.setattr(clients, "WARM_WITHIN_S", 1.0)
        answered = threading.Event()
        connected: list[str] = []

        def silent() -> None:
            answered.wait(20)

        with caplog.at_level(logging.WARNING, logger="natter"):
            began = time.monotonic()
            Engines(FunctionSettings(stage="unit")).warm(silent, silent, lambda: connected.append("cache"))
            took_s = time.monotonic() - began
        answered.set()
        assert took_s < 5
        assert connected == ["cache"]
        assert "no answer" in caplog.text

    def test_that_is_well_below_what_lambda_gives(self) -> None:
        assert clients.WARM_WITHIN_S <= 7

    def test_a_mistake_is_not_taken_for_an_outage(self) -> None:
        engines = Engines(FunctionSettings(stage="unit"))
        with pytest.raises(MissingSettingsError):
            engines.warm(engines.prepare_fold)
