import pytest
from pydantic import ValidationError

from natter.settings import UsersApiSettings, ValkeySettings

ENVIRONMENT = {
    "NATTER_STAGE": "local",
    "NATTER_POSTGRES__ENDPOINT": "127.0.0.1:5432",
    "NATTER_POSTGRES__DATABASE": "natter",
    "NATTER_POSTGRES__SECRET_ARN": "arn:secret",
    "NATTER_POSTGRES__TLS": "off",
    "NATTER_VALKEY__ENDPOINT": "127.0.0.1:6379",
    "NATTER_VALKEY__AUTH": "none",
    "NATTER_TOKENS__KEY_ARN": "arn:key",
    "NATTER_SOCKETS__URL": "wss://host/stage",
    "NATTER_LIMITS__PER_ADDRESS": "false",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_read_from_the_environment(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("NATTER_KAFKA__BROKERS", "of-no-interest:9092")
    settings = UsersApiSettings()
    assert settings.postgres.endpoint == "127.0.0.1:5432"
    assert settings.postgres.tls == "off"
    assert settings.valkey.auth == "none"
    assert settings.sockets.url == "wss://host/stage"
    assert not settings.limits.per_address


def test_limits_by_address_unless_said_otherwise(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("NATTER_LIMITS__PER_ADDRESS")
    assert UsersApiSettings().limits.per_address


@pytest.mark.parametrize("name", [name for name in ENVIRONMENT if not name.startswith("NATTER_LIMITS")])
def test_what_is_missing_is_named(environment: pytest.MonkeyPatch, name: str) -> None:
    if name.endswith(("TLS", "AUTH")):
        environment.setenv(name, "perhaps")
    else:
        environment.delenv(name)
    with pytest.raises(ValidationError, match=name.split("_")[1].lower()):
        UsersApiSettings()


def test_iam_needs_user_and_cache() -> None:
    with pytest.raises(ValidationError, match="auth=iam needs user and cache"):
        ValkeySettings(endpoint="cache:6379", auth="iam")
