"""
`IdentityProvider` by OpenID Connect: ID tokens are checked as Core 1.0, 3.1.3.7 says, with the provider's own keys.

Keys are found through the provider's discovery document, and kept for a while. An unknown key id fetches them again,
but not within `UNKNOWN_KEY_PAUSE_S` of the last time: forged tokens cannot make us a nuisance. Nothing is fetched
that a token names.
"""

import logging
import re
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import jwt
from jwt.exceptions import PyJWKClientConnectionError, PyJWKClientError

from natter.domain.accounts.identities import Identity
from natter.domain.errors import BadCredentials, Unavailable
from natter.ports.accounts import IdentityProvider
from natter.settings import OidcSettings

_logger = logging.getLogger(__name__)

ALGORITHMS = ("RS256", "ES256")
LEEWAY_S = 60
"""How far the provider's clock and ours may be apart."""
KEYS_TTL_S = 15 * 60
DISCOVERY_TTL_S = 60 * 60
UNKNOWN_KEY_PAUSE_S = 30

_SUBJECT = re.compile(r"[ -~]{1,255}")
_DISCOVERY_PATH = "/.well-known/openid-configuration"
_REFUSED = "the ID token is not valid"


class OidcIdentityProvider:
    """Made once for each execution environment. Sharing: safe across threads."""

    def __init__(self, settings: OidcSettings) -> None:
        self._settings = settings
        self._jwt = jwt.PyJWT(options={"enforce_minimum_key_length": True})
        self._lock = threading.Lock()
        self._keys: jwt.PyJWKClient | None = None
        self._discovered_at = 0.0

    def identify(self, id_token: str) -> Identity:
        try:
            header = jwt.get_unverified_header(id_token)
        except (jwt.PyJWTError, ValueError):  # the last: text that is no Unicode
            raise BadCredentials(_REFUSED) from None
        key_id, type_ = header.get("kid"), header.get("typ", "JWT")
        # Access tokens and logout tokens of the same issuer say in `typ` that they are something else (RFC 8725, 3.11).
        if header.get("alg") not in ALGORITHMS or key_id is None or str(type_).upper() != "JWT":
            raise BadCredentials(_REFUSED)
        return self._identity(self._claims(id_token, self._key(key_id)))

    def _claims(self, id_token: str, key: jwt.PyJWK) -> dict[str, Any]:
        audience = self._settings.audience
        try:
            claims = self._jwt.decode(
                id_token,
                key,  # knows its own algorithm: what the token says must be the same
                algorithms=ALGORITHMS,
                issuer=self._settings.issuer,
                audience=audience,
                leeway=LEEWAY_S,
                options={"require": ["iss", "sub", "aud", "exp", "iat"]},
            )
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise BadCredentials(_REFUSED) from None
        for_many = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if for_many and claims.get("azp") != audience:
            raise BadCredentials(_REFUSED)
        return claims

    def _identity(self, claims: dict[str, Any]) -> Identity:
        if _SUBJECT.fullmatch(claims["sub"]) is None:
            raise BadCredentials(_REFUSED)

        def text(claim: str) -> str | None:
            value = claims.get(claim)
            return value if isinstance(value, str) else None

        return Identity(
            issuer=self._settings.issuer,
            subject=claims["sub"],
            username=text(self._settings.username_claim),
            display_name=text(self._settings.display_name_claim),
        )

    def _key(self, key_id: str) -> jwt.PyJWK:
        with self._lock, _outages():
            keys = self._discovered()
            keys.get_signing_keys()  # a provider that shows none is an outage, whatever the token says
            try:
                return keys.get_signing_key(key_id)
            except PyJWKClientConnectionError:
                raise
            except PyJWKClientError:
                raise BadCredentials(_REFUSED) from None

    def _discovered(self) -> jwt.PyJWKClient:
        now = time.monotonic()
        if self._keys is None or now - self._discovered_at > DISCOVERY_TTL_S:
            found = self._document(self._settings.issuer.rstrip("/") + _DISCOVERY_PATH)
            if found.get("issuer") != self._settings.issuer:
                raise ValueError("the discovery document is another issuer's")
            where = found.get("jwks_uri")
            secure = self._settings.issuer.startswith("https:")
            if not isinstance(where, str) or (secure and not where.startswith("https:")):
                raise ValueError("the discovery document names no keys over TLS")
            if self._keys is None or self._keys.uri != where:
                self._keys = jwt.PyJWKClient(
                    where,
                    lifespan=KEYS_TTL_S,
                    cooldown_duration=UNKNOWN_KEY_PAUSE_S,
                    timeout=self._settings.timeout_s,
                    ssl_context=self._tls,
                )
            self._discovered_at = now
        return self._keys

    def _document(self, url: str) -> dict[str, Any]:
        """PyJWT's client fetches any JSON object, in bounded time and without following redirects."""
        timeout_s = self._settings.timeout_s
        client = jwt.PyJWKClient(url, cache_jwk_set=False, timeout=timeout_s, ssl_context=self._tls)
        return dict(client.fetch_data())

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """One for all: reading the trusted certificates takes longer than an answer of the provider."""
        return ssl.create_default_context()


@contextmanager
def _outages() -> Iterator[None]:
    """Whatever goes wrong between us and the provider."""
    try:
        yield
    except (jwt.PyJWTError, OSError, ValueError) as error:
        _logger.warning("the identity provider's keys: %s: %s", type(error).__name__, error)
        raise Unavailable("identity provider") from error


_: type[IdentityProvider] = OidcIdentityProvider
