"""
Who we are to push services: VAPID (RFC 8292). A browser subscribes with our public key, and is woken with the private.

A private key is derived from a secret, a long random text, which CloudFormation can make and Secrets Manager keeps;
the text is all that has to be kept. There are several while one takes another's place: browsers subscribe with the
first, and a subscription does not say with which it was made, so the others are tried when the first is refused.
"""

import base64
import threading
import time
from collections.abc import Callable, Sequence
from functools import cached_property

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from natter.adapters.webpush.encryption import uncompressed
from natter.ports.push import WebKey

KEYS_TTL_S = 300
"""For so long secrets are not read again."""

TOKEN_TTL_S = 12 * 3600
"""Push services take no token that is valid for more than 24 hours."""
_RENEWED_S = 3600
"""So long before its end a token is replaced: their clocks are not ours."""

_MOST_ORIGINS = 256
"""For which tokens are kept: users name them, within what the stage allows."""

_LEAST_SECRET = 32
"""Characters, of more than 60 different ones: more than the 128 bits that the curve is good for."""
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of P-256 (SP 800-186, 3.2.1.3)."""
_PURPOSE = b"natter: VAPID key"


class VapidKey:
    def __init__(self, secret: str) -> None:
        """
        Raises:
            ValueError: the secret is too short to be one.
        """
        if len(secret) < _LEAST_SECRET:
            raise ValueError(f"a secret of VAPID has at least {_LEAST_SECRET} characters")
        # 128 bits more than the order has make all keys as likely as each other (FIPS 186-5, A.2.1).
        drawn = HKDF(algorithm=SHA256(), length=48, salt=None, info=_PURPOSE).derive(secret.encode())
        scalar = int.from_bytes(drawn) % (_ORDER - 1) + 1
        self._private = ec.derive_private_key(scalar, ec.SECP256R1())
        self._tokens: dict[str, tuple[str, int]] = {}

    @cached_property
    def public_key(self) -> str:
        """Uncompressed, in base64url: what `applicationServerKey` takes."""
        return base64.urlsafe_b64encode(uncompressed(self._private.public_key())).rstrip(b"=").decode()

    def authorization(self, origin: str, *, contact: str, now_s: int) -> str:
        """The header of a request to the push service at `origin`; `contact` is whom it may turn to."""
        token, expires_at = self._tokens.get(origin, ("", 0))
        if expires_at - now_s < _RENEWED_S:
            expires_at = now_s + TOKEN_TTL_S
            token = jwt.encode({"aud": origin, "exp": expires_at, "sub": contact}, self._private, algorithm="ES256")
            if len(self._tokens) >= _MOST_ORIGINS:
                self._tokens.clear()
            self._tokens[origin] = (token, expires_at)
        return f"vapid t={token}, k={self.public_key}"


class Vapid:
    """Our keys. Sharing: safe across threads; one instance lives as long as its execution environment."""

    def __init__(
        self,
        read_secrets: Callable[[], Sequence[str]],
        *,
        contact: str,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`read_secrets`: of all keys, the first is the current one's; may raise Unavailable."""
        self._read_secrets = read_secrets
        self._contact = contact
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._keys: Sequence[VapidKey] = ()
        self._secrets: Sequence[str] = ()
        self._read_at = 0.0

    def public_key(self) -> str:
        return self._current()[0].public_key

    def authorizations(self, origin: str) -> Sequence[str]:
        """
        By each of our keys, the current one first.

        Raises:
            Unavailable: the secrets could not be read.
        """
        now_s = int(time.time())
        return [key.authorization(origin, contact=self._contact, now_s=now_s) for key in self._current()]

    def _current(self) -> Sequence[VapidKey]:
        with self._lock:
            if not self._keys or self._monotonic() - self._read_at > KEYS_TTL_S:
                secrets = self._read_secrets()
                if secrets != self._secrets:
                    self._secrets, self._keys = secrets, [VapidKey(secret) for secret in secrets]
                self._read_at = self._monotonic()
            return self._keys


_: type[WebKey] = Vapid
