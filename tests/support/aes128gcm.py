"""
Decryption of `aes128gcm` (RFC 8188) and of pushes (RFC 8291), as the other side does it.

Written from the RFCs, apart from what encrypts: of any length, any number of records, and HKDF from HMAC.
"""

import hmac
import json
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.support.payloads import checked

TAG = 16


@dataclass(frozen=True)
class Body:
    """RFC 8188, 2.1."""

    salt: bytes
    record_size: int
    key_id: bytes
    records: bytes

    @classmethod
    def of(cls, body: bytes) -> "Body":
        if len(body) < 21 or len(body) < 21 + body[20]:
            raise ValueError("shorter than its header")
        record_size = int.from_bytes(body[16:20], "big")
        if record_size < 18:
            raise ValueError("records that have no room for anything")
        return cls(body[:16], record_size, body[21 : 21 + body[20]], body[21 + body[20] :])

    def decrypted(self, secret: bytes) -> bytes:
        """
        Raises:
            ValueError, InvalidTag: it is not as the RFC says.
        """
        prk = extract(self.salt, secret)
        key = expand(prk, b"Content-Encoding: aes128gcm\x00", 16)
        base = int.from_bytes(expand(prk, b"Content-Encoding: nonce\x00", 12), "big")
        plain = b""
        starts = range(0, len(self.records), self.record_size)
        for number, start in enumerate(starts):
            nonce = (base ^ number).to_bytes(12, "big")
            padded = AESGCM(key).decrypt(nonce, self.records[start : start + self.record_size], None).rstrip(b"\x00")
            last = number == len(starts) - 1
            if not padded or padded[-1] != (2 if last else 1):
                raise ValueError("a record that is not delimited as it should be")
            plain += padded[:-1]
        return plain


def extract(salt: bytes, secret: bytes) -> bytes:
    """RFC 5869, 2.2."""
    return hmac.digest(salt, secret, "sha256")


def expand(prk: bytes, info: bytes, length: int) -> bytes:
    """RFC 5869, 2.3, up to one block."""
    return hmac.digest(prk, info + b"\x01", "sha256")[:length]


@dataclass
class Receiver:
    """A browser: its keys, and what it reads."""

    private: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = b"sixteen bytes it"

    @property
    def public(self) -> bytes:
        return self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def read(self, body: bytes) -> bytes:
        """RFC 8291, 3.4 and 4: one record, and a size of it that is larger than the record."""
        found = Body.of(body)
        if len(found.key_id) != 65 or found.record_size <= len(found.records):
            raise ValueError("not one record, by a sender whose key is in the header")
        sender = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), found.key_id)
        shared = self.private.exchange(ec.ECDH(), sender)
        info = b"WebPush: info\x00" + self.public + found.key_id
        return found.decrypted(expand(extract(self.auth, shared), info, 32))

    def read_push(self, body: bytes) -> Any:
        """
        Raises:
            ValidationError: it is not what the app's service worker expects.
        """
        return checked("webpush", json.loads(self.read(body)))
