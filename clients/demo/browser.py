"""A browser that is woken by Web Push: its subscription, and how it reads what only it can (RFC 8188, RFC 8291)."""

import base64
import hmac
import json
import ssl
from dataclasses import dataclass, field
from secrets import token_bytes
from typing import Any, Self

import aiohttp
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

WAIT_S = 10.0


@dataclass
class Browser:
    endpoint: str
    """Where it is woken."""
    messages: str
    """Where it finds what it was woken with."""
    tls: ssl.SSLContext
    private: ec.EllipticCurvePrivateKey
    auth: bytes = field(default_factory=lambda: token_bytes(16))
    read: int = 0
    """Messages so far."""

    @classmethod
    async def subscribe(cls, http: aiohttp.ClientSession, outputs: dict[str, str], key: str) -> Self:
        """At the push service of the stack, with the public `key` of who may wake it."""
        tls = ssl.create_default_context(cafile=outputs["PushServiceCa"])
        url = f"{outputs['PushService']}/subscriptions"
        async with http.post(url, json={"key": key}, ssl=tls, raise_for_status=True) as answer:
            urls = await answer.json()
        return cls(urls["endpoint"], urls["messages"], tls, ec.generate_private_key(ec.SECP256R1()))

    @property
    def subscription(self) -> str:
        """As `JSON.stringify` makes it of a `PushSubscription`."""
        keys = {"p256dh": _text(self._public), "auth": _text(self.auth)}
        return json.dumps({"endpoint": self.endpoint, "keys": keys})

    async def woken(self, http: aiohttp.ClientSession) -> list[Any]:
        """What its service worker is given, as soon as there is something new; nothing after `WAIT_S`."""
        url = f"{self.messages}?after={self.read}&wait={WAIT_S}"
        async with http.get(url, ssl=self.tls, raise_for_status=True) as answer:
            found = await answer.json()
        self.read += len(found)
        return [self.read_push(each["body"]) for each in found]

    def read_push(self, body: str) -> Any:
        """What is in a body, which is in base64."""
        return json.loads(self._decrypted(base64.b64decode(body)))

    @property
    def _public(self) -> bytes:
        return self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def _decrypted(self, body: bytes) -> bytes:
        salt, sender, encrypted = body[:16], body[21:86], body[86:]
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
        shared = _hmac(self.auth, self.private.exchange(ec.ECDH(), public))
        secret = _hmac(salt, _hmac(shared, b"WebPush: info\0" + self._public + sender + b"\1"))
        key, nonce = (_hmac(secret, b"Content-Encoding: " + name + b"\0\1") for name in (b"aes128gcm", b"nonce"))
        return AESGCM(key[:16]).decrypt(nonce[:12], encrypted, None).rstrip(b"\0")[:-1]  # a 2 ends it


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
