"""What every `AccessTokens` promises; KMS is moto's."""

import json
import time
from collections.abc import Iterator
from typing import Any

import boto3
import jwt
import pytest
from botocore.config import Config
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto import mock_aws

from natter.adapters.access_tokens_kms import KmsAccessTokens
from natter.adapters.access_tokens_memory import MemoryAccessTokens
from natter.bootstrap.common import now_ms
from natter.domain.errors import Unauthenticated, Unavailable
from natter.ports.identity import AccessTokens
from tests.identity import a_principal


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        yield


def a_key() -> str:
    made = boto3.client("kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    return made["KeyMetadata"]["Arn"]


@pytest.fixture
def kms() -> KmsAccessTokens:
    return KmsAccessTokens(boto3.client("kms"), a_key())


@pytest.fixture(params=["memory", "kms"])
def tokens(request: pytest.FixtureRequest) -> AccessTokens:
    return MemoryAccessTokens(now_ms) if request.param == "memory" else request.getfixturevalue("kms")


class TestAccessTokensContract:
    def test_issued_is_read(self, tokens: AccessTokens) -> None:
        principal = a_principal()
        assert principal == tokens.read(tokens.issue(principal, at=now_ms(), ttl_s=900))

    def test_expired_is_refused(self, tokens: AccessTokens) -> None:
        token = tokens.issue(a_principal(), at=now_ms() - 900_000, ttl_s=899)
        with pytest.raises(Unauthenticated):
            tokens.read(token)

    @pytest.mark.parametrize("text", ["", "x", "..", "a.b.c", "\ud800", "\0.\0.\0", "é.é.é"])
    def test_no_token_is_refused(self, tokens: AccessTokens, text: str) -> None:
        with pytest.raises(Unauthenticated):
            tokens.read(text)


class TestKmsAccessTokens:
    def test_claims_are_the_documented_ones(self, kms: KmsAccessTokens) -> None:
        """15 minutes from when it was asked for; `kid` names the key."""
        principal, now = a_principal(), now_ms()
        token = kms.issue(principal, at=now, ttl_s=900)
        header = jwt.get_unverified_header(token)
        assert {"alg": "ES256", "typ": "JWT", "kid": header["kid"]} == header
        assert jwt.decode(token, options={"verify_signature": False}) == {
            "sub": principal.user_id,
            "sid": principal.session_id,
            "did": principal.device_id,
            "iat": now // 1000,
            "exp": now // 1000 + 900,
            "iss": "natter",
            "aud": "natter",
        }

    def test_another_key_is_refused(self, kms: KmsAccessTokens) -> None:
        foreign = KmsAccessTokens(boto3.client("kms"), a_key())
        with pytest.raises(Unauthenticated):
            kms.read(foreign.issue(a_principal(), at=now_ms(), ttl_s=900))

    @pytest.mark.parametrize(
        ("claims", "algorithm"),
        [
            ({}, "none"),
            ({}, "HS256"),
            ({"aud": "else"}, "ES256"),
            ({"iss": "else"}, "ES256"),
            ({"sid": None}, "ES256"),
            ({"exp": "soon"}, "ES256"),
        ],
    )
    def test_a_forgery_is_refused(self, kms: KmsAccessTokens, claims: dict[str, Any], algorithm: str) -> None:
        """Whatever it claims, and whatever it says it was signed with."""
        fair = {"sub": "u", "sid": "s", "did": "d", "iss": "natter", "aud": "natter", "iat": 1, "exp": time.time() + 9}
        key: Any = {"none": None, "HS256": "k" * 32, "ES256": ec.generate_private_key(ec.SECP256R1())}[algorithm]
        with pytest.raises(Unauthenticated):
            kms.read(jwt.api_jws.encode(json.dumps(fair | claims).encode(), key, algorithm=algorithm))

    @settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    @given(text=st.text() | st.from_regex(r"[A-Za-z0-9_-]{0,60}\.[A-Za-z0-9_-]{0,60}\.[A-Za-z0-9_-]{0,60}"))
    def test_nothing_else_ever_happens(self, kms: KmsAccessTokens, text: str) -> None:
        with pytest.raises(Unauthenticated):
            kms.read(text)

    def test_deeply_nested_headers_are_refused(self, kms: KmsAccessTokens) -> None:
        header = jwt.utils.base64url_encode(b"[" * 100_000).decode()
        with pytest.raises(Unauthenticated):
            kms.read(f"{header}.e30.AAAA")

    def test_without_kms_it_is_unavailable(self) -> None:
        """Not knowing is not the same as knowing better: nobody is signed out by an outage."""
        config = Config(connect_timeout=1, read_timeout=1, retries={"total_max_attempts": 1})
        kms = boto3.client("kms", config=config)
        unknown = KmsAccessTokens(kms, "arn:aws:kms:eu-central-1:123456789012:key/none")
        with pytest.raises(Unavailable):
            unknown.read("a.b.c")
        with pytest.raises(Unavailable):
            unknown.issue(a_principal(), at=now_ms(), ttl_s=900)

    def test_the_public_key_is_fetched_once(self, kms: KmsAccessTokens) -> None:
        token = kms.issue(a_principal(), at=now_ms(), ttl_s=900)
        kms.read(token)
        with mock_aws():  # a new, empty account: the key is gone
            kms.read(token)
