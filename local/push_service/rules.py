"""What push services want of a push, and why they refuse one: RFC 8030, 8188, 8291 and 8292, to the letter."""

import base64
import re
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

MAX_BODY = 4096
"""Bytes that every service takes (RFC 8030, 7.2); most take no more."""
DAY_S = 24 * 3600

_AUTHORIZATION = re.compile(r"vapid t=([A-Za-z0-9_.-]+), k=([A-Za-z0-9_-]{87})")
_NEEDED = {"ttl": "[0-9]+", "content-encoding": "aes128gcm"}
_OPTIONAL = {"topic": "[A-Za-z0-9_-]{1,32}", "urgency": "very-low|low|normal|high"}


class Refusal(Exception):
    """What is wrong with a push, and the status that says so."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


def check_headers(headers: Mapping[str, str], body: bytes) -> None:
    """
    RFC 8030, 5; RFC 8291, 4. Names are in small letters.

    Raises:
        Refusal: something is missing, or too large.
    """
    if len(body) > MAX_BODY:
        raise Refusal(413, "too large")
    for name, pattern in (_NEEDED | _OPTIONAL).items():
        value = headers.get(name)
        if (value is None and name in _NEEDED) or (value is not None and re.fullmatch(pattern, value) is None):
            raise Refusal(400, f"{name} is {value!r}")


def check_signature(authorization: str, *, key: str, origin: str) -> None:
    """
    RFC 8292, 2 and 4.2: signed, for the service at `origin`, by the `key` that the subscription was made with.

    Raises:
        Refusal: it is not.
    """
    signed = _AUTHORIZATION.fullmatch(authorization)
    if signed is None:
        raise Refusal(401, "not signed")
    if signed[2] != key:
        raise Refusal(403, "not by the key of the subscription")
    try:
        claims = _claims(signed[1], key, origin)
    except (jwt.PyJWTError, ValueError) as error:
        raise Refusal(403, f"signature: {error}") from error
    if not time.time() < claims["exp"] <= time.time() + DAY_S:
        raise Refusal(403, "not good now, or for more than a day")
    if not re.match(r"mailto:|https://", claims["sub"]):
        raise Refusal(403, "nobody to turn to")


@lru_cache(maxsize=64)
def _claims(token: str, key: str, origin: str) -> Mapping[str, Any]:
    """A token comes with every push for half a day: it is looked at once, except for its end."""
    point = base64.urlsafe_b64decode(key + "=")
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    return dict(
        jwt.decode(token, public, algorithms=["ES256"], audience=origin, options={"require": ["aud", "exp", "sub"]})
    )
