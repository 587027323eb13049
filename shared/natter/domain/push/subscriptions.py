"""
Subscriptions of browsers (Push API): where a push goes, and for whom it is encrypted.

The endpoint is a URL that a user gives us, and we are to send requests to it: it names one of the known push services
of browsers, in the one form that we understand, or it is refused.
"""

import base64
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from natter.domain.errors import BadRequest

HTTPS_PORT = 443

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ENDPOINT = re.compile(
    rf"https://(?P<host>(?=[^/]{{1,253}}/){_LABEL}(?:\.{_LABEL})*)(?::(?P<port>[0-9]{{1,5}}))?"
    r"(?P<path>/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*(?:\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?)"
)
"""Of RFC 3986 what such URLs are made of: no user, no fragment, no IPv6 address, nothing that ends a line."""

_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")

# The curve P-256: y² = x³ - 3x + b modulo p (SP 800-186, 3.2.1.3).
_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
_UNCOMPRESSED = 4
_KEY_BYTES = 65
_AUTH_BYTES = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class PushHost:
    """A push service of browsers."""

    name: str
    """In small letters; `*.example.com` is any host below it."""
    port: int = HTTPS_PORT
    private: bool = False
    """Whether it may be at addresses that are not public."""

    @classmethod
    def of(cls, text: str, *, private: bool = False) -> "PushHost":
        """Of `host` or `host:port`."""
        name, _, port = text.partition(":")
        return cls(name=name, port=int(port or HTTPS_PORT), private=private)

    def has(self, host: str, port: int) -> bool:
        below = self.name.startswith("*.") and host.endswith(self.name[1:])
        return port == self.port and (host == self.name or below)


@dataclass(frozen=True, kw_only=True, slots=True)
class Subscription:
    """What a browser gave the app. Whoever knows it can wake the browser: kept out of `repr`."""

    host: str
    port: int
    path: str
    """With the query, as it is sent."""
    p256dh: bytes
    """The browser's public key: an uncompressed point of P-256."""
    auth: bytes
    """The secret that the browser shares with the app."""

    @classmethod
    def of(cls, token: str) -> "Subscription":
        """
        Read the JSON that browsers make of one: `{"endpoint", "keys": {"p256dh", "auth"}}`, unknown fields ignored.

        Raises:
            BadRequest: it is not of this form; `detail` names the field.
        """
        try:
            found = json.loads(token)
        except (ValueError, RecursionError):
            raise BadRequest("token: must be a subscription, as JSON") from None
        endpoint = _ENDPOINT.fullmatch(_text(found, "endpoint"))
        if endpoint is None:
            raise BadRequest("token.endpoint: must be an https URL, without user and fragment")
        keys = found.get("keys")
        return cls(
            host=endpoint["host"].lower(),
            port=int(endpoint["port"] or HTTPS_PORT),
            path=endpoint["path"],
            p256dh=_point(_text(keys, "keys.p256dh")),
            auth=_bytes(_text(keys, "keys.auth"), _AUTH_BYTES, "keys.auth"),
        )

    def host_among(self, hosts: Iterable[PushHost]) -> PushHost:
        """
        The one of `hosts` to which it points.

        Raises:
            BadRequest: it points elsewhere.
        """
        found = next((each for each in hosts if each.has(self.host, self.port)), None)
        if found is None:
            raise BadRequest("token.endpoint: must be of a push service of browsers that is known here")
        return found

    @property
    def token(self) -> str:
        """The one form of it: browsers write it in many, and with when it expires."""
        keys = {"auth": _base64url(self.auth), "p256dh": _base64url(self.p256dh)}
        return json.dumps({"endpoint": self.origin + self.path, "keys": keys}, separators=(",", ":"))

    @property
    def origin(self) -> str:
        """As RFC 6454 writes it (6.2)."""
        return f"https://{self.authority}"

    @property
    def authority(self) -> str:
        return self.host if self.port == HTTPS_PORT else f"{self.host}:{self.port}"

    def __repr__(self) -> str:
        return f"Subscription({self.host})"


def _text(found: Any, field: str) -> str:
    value = found.get(field.rpartition(".")[2]) if isinstance(found, dict) else None
    if not isinstance(value, str):
        raise BadRequest(f"token.{field}: must be a text")
    return value


def _bytes(text: str, length: int, field: str) -> bytes:
    if _BASE64URL.fullmatch(text) is None or len(text) != -(-length * 4 // 3):
        raise BadRequest(f"token.{field}: must be {length} bytes in base64url, without padding")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _point(text: str) -> bytes:
    """A point that is not on the curve is refused here: who encrypts for it would only find out later."""
    point = _bytes(text, _KEY_BYTES, "keys.p256dh")
    x, y = int.from_bytes(point[1:33]), int.from_bytes(point[33:])
    on_curve = x < _P and y < _P and (y * y - x * x * x + 3 * x - _B) % _P == 0
    if point[0] != _UNCOMPRESSED or not on_curve:
        raise BadRequest("token.keys.p256dh: must be an uncompressed point of P-256")
    return point
