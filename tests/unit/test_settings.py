import json

import pytest
from pydantic import ValidationError

from natter.names import REGISTRY_PARTS
from natter.settings import EdgeSettings, RebuildingSettings, SendSettings, UsersApiSettings, ValkeySettings

ENVIRONMENT = {
    "NATTER_STAGE": "local",
    "NATTER_POSTGRES__ENDPOINT": "127.0.0.1:5432",
    "NATTER_POSTGRES__DATABASE": "natter",
    "NATTER_POSTGRES__SECRET_ARN": "arn:secret",
    "NATTER_POSTGRES__TLS": "off",
    "NATTER_VALKEY__ENDPOINT": "127.0.0.1:6379",
    "NATTER_VALKEY__AUTH": "none",
    "NATTER_TOKENS__KEY_ARNS": '["arn:key", "arn:former-key"]',
    "NATTER_SOCKETS__URL": "wss://host/stage",
    "NATTER_ATTACHMENTS__BUCKET": "files",
    "NATTER_EXPORTER__FUNCTION": "natter-local-export",
    "NATTER_CLOSURES__QUEUE_URL": "http://127.0.0.1/1/closures",
    "NATTER_PUSH__APNS": "arn:aws:sns:eu-central-1:000000000000:app/APNS/natter-local",
    "NATTER_PUSH__APNS_SANDBOX": "none",
    "NATTER_PUSH__FCM": "none",
    "NATTER_LIMITS__PER_ADDRESS": "false",
    "NATTER_WEB_PUSH__SECRET_ARNS": '["arn:vapid"]',
    "NATTER_WEB_PUSH__CONTACT": "mailto:operators@natter.example",
    "NATTER_WEB_PUSH__HOSTS": '["fcm.googleapis.com", "*.notify.windows.com"]',
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
    assert settings.tokens.key_arns == ("arn:key", "arn:former-key")
    assert settings.oidc is None


def test_limits_may_be_others_than_those_of_the_protocol(environment: pytest.MonkeyPatch) -> None:
    assert UsersApiSettings().limits.rates == {}
    environment.setenv("NATTER_LIMITS__RATES", '{"http": [40, 200]}')
    assert UsersApiSettings().limits.rates == {"http": (40, 200)}
    environment.setenv("NATTER_LIMITS__RATES", '{"http": [0, 200]}')
    with pytest.raises(ValidationError, match="rates"):
        UsersApiSettings()


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


class TestContentCheck:
    @pytest.fixture
    def sending(self, environment: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
        environment.setenv("NATTER_KAFKA__BROKERS", "127.0.0.1:9092")
        environment.setenv("NATTER_COMMANDS__PARTITIONS", "8")
        environment.setenv("NATTER_SOCKETS__ENDPOINT", "https://host/stage")
        environment.setenv("NATTER_KEYSPACES__ENDPOINT", "127.0.0.1:9142")
        environment.setenv("NATTER_KEYSPACES__KEYSPACE", "natter")
        environment.setenv("NATTER_ATTACHMENTS__BUCKET", "files")
        return environment

    def test_there_is_none_unless_said_otherwise(self, sending: pytest.MonkeyPatch) -> None:
        assert SendSettings().content_check is None
        sending.setenv("NATTER_CONTENT_CHECK", "house.rules:polite")
        assert SendSettings().content_check == "house.rules:polite"

    @pytest.mark.parametrize("name", ["", "house.rules", "house.rules:", ":polite", "house rules:polite"])
    def test_it_is_a_module_and_a_name_in_it(self, sending: pytest.MonkeyPatch, name: str) -> None:
        sending.setenv("NATTER_CONTENT_CHECK", name)
        with pytest.raises(ValidationError, match="content_check"):
            SendSettings()


def test_iam_needs_user_and_cache() -> None:
    with pytest.raises(ValidationError, match="auth=iam needs user and cache"):
        ValkeySettings(endpoint="cache:6379", auth="iam")


def test_an_identity_provider_is_named_by_issuer_and_audience(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("NATTER_OIDC__ISSUER", "https://login.example/tenant")
    environment.setenv("NATTER_OIDC__AUDIENCE", "natter-app")
    oidc = UsersApiSettings().oidc
    assert oidc is not None
    assert (oidc.issuer, oidc.audience, oidc.username_claim) == (
        *("https://login.example/tenant", "natter-app", "preferred_username"),
    )


@pytest.mark.parametrize("issuer", ["http://login.example", "https://", "https://login.example?x=1", "login.example"])
def test_an_issuer_is_trusted_only_over_tls(environment: pytest.MonkeyPatch, issuer: str) -> None:
    environment.setenv("NATTER_OIDC__ISSUER", issuer)
    environment.setenv("NATTER_OIDC__AUDIENCE", "natter-app")
    with pytest.raises(ValidationError, match="issuer"):
        UsersApiSettings()


@pytest.mark.parametrize("keys", ["[]", '"arn:key"'])
def test_there_is_a_key_to_sign_with(environment: pytest.MonkeyPatch, keys: str) -> None:
    environment.setenv("NATTER_TOKENS__KEY_ARNS", keys)
    with pytest.raises(ValidationError, match="key_arns"):
        UsersApiSettings()


def test_there_is_nothing_before_the_http_api_unless_said_otherwise(environment: pytest.MonkeyPatch) -> None:
    assert UsersApiSettings().edge is None
    environment.setenv("NATTER_EDGE__HOST", "api.natter.example")
    environment.setenv("NATTER_EDGE__SECRET_ARNS", '["arn:edge"]')
    assert UsersApiSettings().edge == EdgeSettings(host="api.natter.example", secret_arns=("arn:edge",))


class TestWebPush:
    def test_is_to_public_addresses_unless_said_otherwise(self, environment: pytest.MonkeyPatch) -> None:
        assert UsersApiSettings().web_push.private_hosts == ()
        environment.setenv("NATTER_WEB_PUSH__PRIVATE_HOSTS", '["127.0.0.1:8443"]')
        assert UsersApiSettings().web_push.private_hosts == ("127.0.0.1:8443",)

    @pytest.mark.parametrize(
        "host", ["", "*", "*.", "https://host", "host/path", "host:", "a*.host", "user@host", "Host", "[::1]", "a b"]
    )
    def test_hosts_are_names(self, environment: pytest.MonkeyPatch, host: str) -> None:
        environment.setenv("NATTER_WEB_PUSH__HOSTS", json.dumps([host]))
        with pytest.raises(ValidationError, match="hosts"):
            UsersApiSettings()

    @pytest.mark.parametrize("contact", ["", "operators@natter.example", "mailto:", "http://natter.example"])
    def test_somebody_can_be_turned_to(self, environment: pytest.MonkeyPatch, contact: str) -> None:
        environment.setenv("NATTER_WEB_PUSH__CONTACT", contact)
        with pytest.raises(ValidationError, match="contact"):
            UsersApiSettings()


def test_a_run_may_rebuild_all_parts_of_the_registry_and_there_are_no_more() -> None:
    assert RebuildingSettings(parts=REGISTRY_PARTS).parts == REGISTRY_PARTS
    with pytest.raises(ValidationError):
        RebuildingSettings(parts=REGISTRY_PARTS + 1)
