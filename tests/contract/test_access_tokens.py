"""What every `AccessTokens` promises; KMS is moto's."""

import hashlib
import hmac
import json
import time
from itertools import pairwise
from typing import Any

import boto3
import jwt
import pytest
from botocore.config import Config
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto import mock_aws

from natter.adapters.kms.access_tokens import KmsAccessTokens
from natter.bootstrap.clients import now_ms
from natter.domain.errors import Unauthenticated, Unavailable
from natter.ports.accounts import AccessTokens
from tests.identity import a_principal
from tests.memory.access_tokens import MemoryAccessTokens

pytestmark = pytest.mark.usefixtures("aws")


def a_key() -> str:
    made = boto3.client("kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    return made["KeyMetadata"]["Arn"]


@pytest.fixture
def kms() -> KmsAccessTokens:
    return KmsAccessTokens(boto3.client("kms"), [a_key()])


@pytest.fixture(params=["memory", "kms"])
def tokens(request: pytest.FixtureRequest) -> AccessTokens:
    return MemoryAccessTokens(now_ms) if request.param == "memory" else request.getfixturevalue("kms")


def fair_claims(**changes: Any) -> bytes:
    fair = {"sub": "u", "sid": "s", "did": "d", "iss": "natter", "aud": "natter", "iat": 1, "exp": time.time() + 9}
    return json.dumps(fair | changes).encode()


def signed_by(key: Any, algorithm: str, *, kid: str, **claims: Any) -> str:
    return jwt.api_jws.encode(fair_claims(**claims), key, algorithm, headers={"kid": kid})


def key_id(tokens: KmsAccessTokens) -> str:
    (key,) = tokens.public_keys()
    return key.key_id


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
        foreign = KmsAccessTokens(boto3.client("kms"), [a_key()])
        with pytest.raises(Unauthenticated):
            kms.read(foreign.issue(a_principal(), at=now_ms(), ttl_s=900))

    def test_another_key_under_the_name_of_ours_is_refused(self, kms: KmsAccessTokens) -> None:
        with pytest.raises(Unauthenticated):
            kms.read(signed_by(ec.generate_private_key(ec.SECP256R1()), "ES256", kid=key_id(kms)))

    @pytest.mark.parametrize("kid", [None, "unknown", ""])
    def test_no_key_of_ours_is_named(self, kms: KmsAccessTokens, kid: str | None) -> None:
        """It is refused without asking KMS: forged names cost us nothing."""
        with mock_aws():  # a new, empty account
            header = {} if kid is None else {"kid": kid}
            token = jwt.api_jws.encode(fair_claims(), ec.generate_private_key(ec.SECP256R1()), "ES256", headers=header)
            with pytest.raises(Unauthenticated):
                kms.read(token)

    @pytest.mark.parametrize("form", ["pem", "der", "jwk"])
    def test_the_public_key_is_no_shared_secret(self, kms: KmsAccessTokens, form: str) -> None:
        """HS256 with what everybody can fetch as its secret: the confusion of algorithms."""
        (shown,) = kms.public_keys()
        jwk = {"kty": "EC", "crv": "P-256", "x": shown.x, "y": shown.y}
        public = jwt.PyJWK(jwk).key
        secret = {
            "pem": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
            "der": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
            "jwk": json.dumps(jwk).encode(),
        }[form]
        head = json.dumps({"alg": "HS256", "typ": "JWT", "kid": shown.key_id}).encode()
        message = b".".join(jwt.utils.base64url_encode(part) for part in (head, fair_claims()))
        signature = jwt.utils.base64url_encode(hmac.new(secret, message, hashlib.sha256).digest())
        with pytest.raises(Unauthenticated):
            kms.read(b".".join((message, signature)).decode())

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
        key: Any = {"none": None, "HS256": "k" * 32, "ES256": ec.generate_private_key(ec.SECP256R1())}[algorithm]
        with pytest.raises(Unauthenticated):
            kms.read(signed_by(key, algorithm, kid=key_id(kms), **claims))

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
        unknown = KmsAccessTokens(kms, ["arn:aws:kms:eu-central-1:123456789012:key/none"])
        with pytest.raises(Unavailable):
            unknown.read(signed_by(ec.generate_private_key(ec.SECP256R1()), "ES256", kid="none"))
        with pytest.raises(Unavailable):
            unknown.public_keys()
        with pytest.raises(Unavailable):
            unknown.issue(a_principal(), at=now_ms(), ttl_s=900)

    def test_the_public_key_is_fetched_once(self, kms: KmsAccessTokens) -> None:
        token = kms.issue(a_principal(), at=now_ms(), ttl_s=900)
        kms.read(token)
        with mock_aws():  # a new, empty account: the key is gone
            kms.read(token)


class TestRotation:
    """The steps of docs/runbooks/rotate-token-keys.md, with environments of the step before and after side by side."""

    def test_nobody_is_refused_on_the_way(self) -> None:
        old, new, principal = a_key(), a_key(), a_principal()
        steps = [[old], [old, new], [new, old], [new]]
        environments = [KmsAccessTokens(boto3.client("kms"), keys) for keys in steps]
        for before, after in pairwise(environments):
            for signer, reader in ((before, after), (after, before)):
                assert reader.read(signer.issue(principal, at=now_ms(), ttl_s=900)) == principal

    def test_a_new_key_is_published_before_it_signs(self) -> None:
        old, new = a_key(), a_key()
        announced = KmsAccessTokens(boto3.client("kms"), [old, new])
        published = [key.key_id for key in announced.public_keys()]
        assert published == [old.rsplit("/", 1)[-1], new.rsplit("/", 1)[-1]]
        token = announced.issue(a_principal(), at=now_ms(), ttl_s=900)
        assert jwt.get_unverified_header(token)["kid"] == published[0]

    def test_a_key_that_was_taken_out_counts_no_more(self) -> None:
        old, new = a_key(), a_key()
        token = KmsAccessTokens(boto3.client("kms"), [old]).issue(a_principal(), at=now_ms(), ttl_s=900)
        with pytest.raises(Unauthenticated):
            KmsAccessTokens(boto3.client("kms"), [new]).read(token)

    def test_others_can_check_by_the_published_keys(self, kms: KmsAccessTokens) -> None:
        token = kms.issue(a_principal(), at=now_ms(), ttl_s=900)
        (key,) = kms.public_keys()
        jwk = jwt.PyJWK({"kty": "EC", "crv": "P-256", "x": key.x, "y": key.y, "kid": key.key_id})
        assert jwt.decode(token, jwk, algorithms=["ES256"], audience="natter")["iss"] == "natter"
