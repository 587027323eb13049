"""What every `IdentityProvider` promises, and how ID tokens are checked; the provider is a small one on loopback."""

import base64
import hashlib
import hmac
import json
import logging
import time
import warnings
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from natter.adapters.oidc import identity_provider as identity_provider_oidc
from natter.adapters.oidc.identity_provider import UNKNOWN_KEY_PAUSE_S, OidcIdentityProvider
from natter.domain.accounts.identities import Identity
from natter.domain.errors import BadCredentials, Unavailable
from natter.ports.accounts import IdentityProvider
from tests.memory.identity_provider import MemoryIdentityProvider
from tests.support.issuer import AUDIENCE, DISCOVERY, KEYS, Issuer, issuer


@pytest.fixture
def company() -> Iterator[Issuer]:
    with issuer() as running:
        yield running


@pytest.fixture
def provider(company: Issuer) -> OidcIdentityProvider:
    return OidcIdentityProvider(company.settings)


@pytest.fixture(scope="session")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Clock:
    """The time that passes between fetches."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in (identity_provider_oidc, jwt.jwks_client, jwt.jwk_set_cache, jwt.api_jwk):
        monkeypatch.setattr(module, "time", clock)
    return clock


class Seconds(int):
    """From now, when the token is made."""


def from_now(claims: dict[str, Any]) -> dict[str, Any]:
    return {name: int(time.time()) + value if isinstance(value, Seconds) else value for name, value in claims.items()}


class TestIdentityProviderContract:
    @pytest.fixture(params=["memory", "oidc"])
    def signed(self, request: pytest.FixtureRequest) -> tuple[IdentityProvider, Identity, str]:
        """A provider, somebody whom it knows, and what it says of them."""
        running: Issuer = request.getfixturevalue("company")
        ann = Identity(issuer=running.url, subject="ann-1", username="ann@corp.example", display_name="Ann B.")
        if request.param == "memory":
            memory = MemoryIdentityProvider()
            return memory, ann, memory.issue(ann)
        token = running.token(preferred_username="ann@corp.example", name="Ann B.")
        return request.getfixturevalue("provider"), ann, token

    def test_a_token_tells_who_it_is(self, signed: tuple[IdentityProvider, Identity, str]) -> None:
        provider, ann, token = signed
        assert provider.identify(token) == ann

    @pytest.mark.parametrize("text", ["", "x", "..", "a.b.c", "\ud800", "\0.\0.\0", "é.é.é"])
    def test_no_token_is_refused(self, signed: tuple[IdentityProvider, Identity, str], text: str) -> None:
        with pytest.raises(BadCredentials):
            signed[0].identify(text)


class TestClaims:
    def test_names_are_taken_from_the_claims_that_the_stage_says(self, company: Issuer) -> None:
        mapped = company.settings.model_copy(update={"username_claim": "upn", "display_name_claim": "nick"})
        identity = OidcIdentityProvider(mapped).identify(company.token(upn="ann", nick="Ann", name="Not This"))
        assert (identity.username, identity.display_name) == ("ann", "Ann")

    @pytest.mark.parametrize("value", [None, 5, ["ann"], {"a": 1}])
    def test_a_name_that_is_no_text_is_none(self, company: Issuer, provider: OidcIdentityProvider, value: Any) -> None:
        assert provider.identify(company.token(preferred_username=value)).username is None

    @pytest.mark.parametrize(
        "claims",
        [
            {"aud": "another-app"},
            {"aud": ["another-app"]},
            {"aud": None},
            {"aud": [AUDIENCE, "another-app"]},
            {"aud": [AUDIENCE, "another-app"], "azp": "another-app"},
            {"iss": "http://127.0.0.1:1"},
            {"iss": None},
            {"sub": None},
            {"sub": 5},
            {"sub": ""},
            {"sub": "x" * 256},
            {"sub": "a\0b"},
            {"sub": "Zoë"},
            {"iat": None},
            {"exp": None},
            {"exp": "soon"},
            {"exp": float("inf")},
            {"exp": Seconds(-61)},
            {"nbf": Seconds(600)},
            {"iat": Seconds(600)},
        ],
    )
    def test_a_wrong_claim_is_refused(
        self, company: Issuer, provider: OidcIdentityProvider, claims: dict[str, Any]
    ) -> None:
        """However well it is signed: another audience, another issuer, expired, not yet valid, nobody."""
        with pytest.raises(BadCredentials):
            provider.identify(company.token(**from_now(claims)))

    @pytest.mark.parametrize(
        "claims",
        [
            {"aud": [AUDIENCE]},
            {"aud": [AUDIENCE, "another-app"], "azp": AUDIENCE},
            {"exp": Seconds(-1)},
            {"nbf": Seconds(30)},
            {"iat": Seconds(30)},
            {"sub": "auth0|5f7c8ec7c33c6c004bbafe82"},
        ],
    )
    def test_clocks_may_differ_a_little(
        self, company: Issuer, provider: OidcIdentityProvider, claims: dict[str, Any]
    ) -> None:
        assert provider.identify(company.token(**from_now(claims))).subject == claims.get("sub", "ann-1")


class TestSignatures:
    def test_rsa_is_accepted(self, company: Issuer, provider: OidcIdentityProvider, rsa_key: rsa.RSAPrivateKey) -> None:
        company.add_key("rsa", rsa_key)
        assert provider.identify(company.token("rsa")).subject == "ann-1"
        assert provider.identify(company.token("first")).subject == "ann-1"

    def test_a_forged_signature_is_refused(self, company: Issuer, provider: OidcIdentityProvider) -> None:
        """A key of the forger's own, under the name of the right one."""
        forger = ec.generate_private_key(ec.SECP256R1())
        with pytest.raises(BadCredentials):
            provider.identify(jwt.encode(company.claims(), forger, algorithm="ES256", headers={"kid": "first"}))

    def test_a_changed_claim_is_refused(self, company: Issuer, provider: OidcIdentityProvider) -> None:
        header, _, signature = company.token().split(".")
        changed = base64.urlsafe_b64encode(json.dumps(company.claims(sub="bob-1")).encode()).rstrip(b"=").decode()
        with pytest.raises(BadCredentials):
            provider.identify(f"{header}.{changed}.{signature}")

    def test_no_signature_is_refused(self, company: Issuer, provider: OidcIdentityProvider) -> None:
        unsigned = jwt.api_jws.encode(json.dumps(company.claims()).encode(), "", "none", headers={"kid": "first"})
        with pytest.raises(BadCredentials):
            provider.identify(unsigned)

    @pytest.mark.parametrize("form", ["pem", "der", "jwk"])
    def test_the_public_key_is_no_shared_secret(
        self, company: Issuer, provider: OidcIdentityProvider, rsa_key: rsa.RSAPrivateKey, form: str
    ) -> None:
        """HS256 with what everybody knows as its secret: the confusion of algorithms."""
        company.add_key("rsa", rsa_key)
        public = rsa_key.public_key()
        secret = {
            "pem": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
            "der": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
            "jwk": jwt.algorithms.RSAAlgorithm.to_jwk(public).encode(),
        }[form]
        with pytest.raises(BadCredentials):
            provider.identify(hs256(company.claims(), secret, "rsa"))

    def test_a_shared_secret_among_the_keys_is_of_no_use(self, company: Issuer, provider: OidcIdentityProvider) -> None:
        secret = b"k" * 32
        shown = base64.urlsafe_b64encode(secret).rstrip(b"=").decode()
        company.extra_keys.append({"kty": "oct", "k": shown, "kid": "shared"})
        with pytest.raises(BadCredentials):
            provider.identify(hs256(company.claims(), secret, "shared"))

    def test_the_algorithm_is_the_keys(
        self, company: Issuer, provider: OidcIdentityProvider, rsa_key: rsa.RSAPrivateKey
    ) -> None:
        """PS256 is one of RSA, too, but none of ours."""
        company.add_key("rsa", rsa_key)
        other = jwt.encode(company.claims(), rsa_key, algorithm="PS256", headers={"kid": "rsa"})
        with pytest.raises(BadCredentials):
            provider.identify(other)

    def test_a_key_that_is_too_short_is_refused(self, company: Issuer, provider: OidcIdentityProvider) -> None:
        weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - on purpose
        company.add_key("weak", weak)
        with warnings.catch_warnings(action="ignore"):
            token = company.token("weak")
        with pytest.raises(BadCredentials):
            provider.identify(token)

    @pytest.mark.parametrize("header", [{"kid": None}, {"typ": "at+jwt"}, {"typ": "logout+jwt"}, {"crit": ["x"]}])
    def test_what_says_that_it_is_something_else_is_refused(
        self, company: Issuer, provider: OidcIdentityProvider, header: dict[str, Any]
    ) -> None:
        """An access token of the same issuer may have the same audience."""
        signed = jwt.api_jws.encode(
            json.dumps(company.claims()).encode(),
            company.keys["first"],
            algorithm="ES256",
            headers={name: value for name, value in ({"kid": "first"} | header).items() if value is not None},
        )
        with pytest.raises(BadCredentials):
            provider.identify(signed)

    @settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    @given(text=st.text() | st.from_regex(r"[A-Za-z0-9_-]{0,60}\.[A-Za-z0-9_-]{0,60}\.[A-Za-z0-9_-]{0,60}"))
    def test_nothing_else_ever_happens(self, provider: OidcIdentityProvider, text: str) -> None:
        with pytest.raises(BadCredentials):
            provider.identify(text)

    def test_deep_nesting_is_refused(self, company: Issuer, provider: OidcIdentityProvider) -> None:
        nested = jwt.utils.base64url_encode(b"[" * 100_000).decode()
        with pytest.raises(BadCredentials):
            provider.identify(f"{nested}.e30.AAAA")
        header = company.token().split(".")[0]
        with pytest.raises(BadCredentials):
            provider.identify(f"{header}.{nested}.AAAA")


class TestKeys:
    def test_are_fetched_once(self, company: Issuer, provider: OidcIdentityProvider) -> None:
        for _ in range(3):
            provider.identify(company.token())
        assert company.asked == [DISCOVERY, KEYS]

    def test_nothing_is_fetched_before_it_is_needed(self, company: Issuer, provider: OidcIdentityProvider) -> None:
        with pytest.raises(BadCredentials):
            provider.identify("a.b.c")
        assert company.asked == []

    def test_a_new_key_is_found(self, company: Issuer, provider: OidcIdentityProvider, clock: Clock) -> None:
        provider.identify(company.token())
        company.add_key("second")
        clock.now += UNKNOWN_KEY_PAUSE_S
        assert provider.identify(company.token("second")).subject == "ann-1"
        assert company.asked == [DISCOVERY, KEYS, KEYS]

    def test_unknown_keys_do_not_fetch_again_and_again(
        self, company: Issuer, provider: OidcIdentityProvider, clock: Clock
    ) -> None:
        provider.identify(company.token())
        clock.now += UNKNOWN_KEY_PAUSE_S
        for number in range(50):
            with pytest.raises(BadCredentials):
                provider.identify(company.token(header={"kid": f"unknown-{number}"}))
        assert company.asked == [DISCOVERY, KEYS, KEYS]
        provider.identify(company.token())

    def test_a_withdrawn_key_counts_no_more_after_a_while(
        self, company: Issuer, provider: OidcIdentityProvider, clock: Clock
    ) -> None:
        token = company.token()
        provider.identify(token)
        del company.keys["first"]
        company.add_key("second")
        clock.now += identity_provider_oidc.KEYS_TTL_S + 1
        with pytest.raises(BadCredentials):
            provider.identify(token)

    def test_move_with_the_discovery_document(
        self, company: Issuer, provider: OidcIdentityProvider, clock: Clock
    ) -> None:
        provider.identify(company.token())
        company.discovery["jwks_uri"] = company.url + "/elsewhere"
        company.replies["/elsewhere"] = company.reply(KEYS)
        clock.now += identity_provider_oidc.DISCOVERY_TTL_S + 1
        provider.identify(company.token())
        assert company.asked == [DISCOVERY, KEYS, DISCOVERY, "/elsewhere"]

    @pytest.mark.parametrize("path", [DISCOVERY, KEYS])
    @pytest.mark.parametrize(
        "reply", [(500, b""), (404, b""), (302, b"/keys"), (200, b"<html>"), (200, b"[]"), (200, b"{}"), (200, b"\xff")]
    )
    def test_a_wrong_answer_is_an_outage(
        self, company: Issuer, provider: OidcIdentityProvider, path: str, reply: tuple[int, bytes]
    ) -> None:
        """Not a refusal: whoever comes again later is let in (P9)."""
        company.replies[path] = reply
        with pytest.raises(Unavailable, match="identity provider"):
            provider.identify(company.token())
        del company.replies[path]
        assert provider.identify(company.token()).subject == "ann-1"

    @pytest.mark.parametrize("change", [{"issuer": "http://127.0.0.1:1"}, {"issuer": None}, {"jwks_uri": 5}])
    def test_another_issuers_document_is_not_believed(
        self, company: Issuer, provider: OidcIdentityProvider, change: dict[str, Any]
    ) -> None:
        company.discovery |= change
        with pytest.raises(Unavailable):
            provider.identify(company.token())

    def test_no_answer_is_an_outage_in_bounded_time(self, company: Issuer, provider: OidcIdentityProvider) -> None:
        company.answering.clear()
        begun = time.monotonic()
        with pytest.raises(Unavailable):
            provider.identify(company.token())
        assert time.monotonic() - begun < 10

    def test_nobody_there_is_an_outage(self) -> None:
        with issuer() as gone:
            token = gone.token()
        with pytest.raises(Unavailable):
            OidcIdentityProvider(gone.settings).identify(token)

    def test_no_token_is_logged(
        self, company: Issuer, provider: OidcIdentityProvider, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        token = company.token()
        company.replies[KEYS] = (500, b"")
        with pytest.raises(Unavailable):
            provider.identify(token)
        with pytest.raises(BadCredentials):
            provider.identify(company.token(header={"typ": "at+jwt"}))
        assert "identity provider" in caplog.text
        assert not any(part in caplog.text for part in token.split("."))


def hs256(claims: dict[str, Any], secret: bytes, key_id: str) -> str:
    """By hand: PyJWT will not take a public key for a secret."""
    head = {"alg": "HS256", "typ": "JWT", "kid": key_id}
    parts = [jwt.utils.base64url_encode(json.dumps(part).encode()) for part in (head, claims)]
    signature = hmac.new(secret, b".".join(parts), hashlib.sha256).digest()
    return b".".join([*parts, jwt.utils.base64url_encode(signature)]).decode()
