"""What functions are made of, without the engines themselves."""

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest

from natter.bootstrap.clients import MissingSettingsError
from natter.bootstrap.engines import Engines
from natter.domain.errors import Unavailable
from natter.settings import (
    AttachmentSettings,
    ForgetFilesSettings,
    FunctionSettings,
    LimitSettings,
    PostgresSettings,
    ValkeySettings,
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


class TwiceSettings(FunctionSettings):
    limits: LimitSettings = LimitSettings(per_address=False)
    attachments: AttachmentSettings


def loaded_by(module: str) -> list[str]:
    command = [sys.executable, "-c", LOADED, module]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=60)
    return list(json.loads(done.stdout))


@pytest.mark.parametrize(
    "module",
    [*(f"functions.{name}.handler" for name in FUNCTIONS if name != "migrate"), *IN_MEMORY],
)
def test_no_driver_is_loaded_before_a_function_is_made(module: str) -> None:
    """`migrate` is about the database: it takes what it needs at once."""
    loaded = loaded_by(module)
    assert module in loaded
    assert [driver for driver in DRIVERS if driver in loaded] == []


class TestSettings:
    def test_are_found_by_what_they_are(self) -> None:
        attachments = AttachmentSettings(bucket="files")
        engines = Engines(TwiceSettings(stage="unit", attachments=attachments))
        assert engines.of(AttachmentSettings) is attachments
        assert engines.bucket == "files"
        assert engines.per_address is False

    def test_that_are_missing_are_named_with_the_function(self) -> None:
        engines = Engines(ForgetFilesSettings(stage="unit", attachments=AttachmentSettings(bucket="files")))
        assert engines.find(PostgresSettings) is None
        with pytest.raises(MissingSettingsError, match="ForgetFilesSettings has no PostgresSettings"):
            _ = engines.users


class TestParts:
    def test_are_made_once(self) -> None:
        class CacheSettings(FunctionSettings):
            valkey: ValkeySettings

        valkey = ValkeySettings(endpoint="127.0.0.1:1", auth="none")
        first, second = (Engines(CacheSettings(stage="unit", valkey=valkey)) for _ in range(2))
        assert first.valkey is first.valkey
        assert first.connections is first.connections
        assert first.connections is not second.connections

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

    def test_a_mistake_is_not_taken_for_an_outage(self) -> None:
        engines = Engines(FunctionSettings(stage="unit"))
        with pytest.raises(MissingSettingsError):
            engines.warm(engines.prepare_fold)
