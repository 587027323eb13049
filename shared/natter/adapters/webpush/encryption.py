"""
Encryption for one browser: RFC 8291, which is `aes128gcm` of RFC 8188 with keys that the browser and we agree on.

Our half of the agreement is new for each message, so its key, and with it the nonce, is used once.
"""

import os

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_RECORD_SIZE = 4096
"""More than the one record of a message may have (RFC 8291, 4)."""
_LAST_RECORD = b"\x02"
"""Delimits what is padded, and says that no record follows."""


def encrypt(
    plaintext: bytes,
    *,
    p256dh: bytes,
    auth: bytes,
    sender: ec.EllipticCurvePrivateKey | None = None,
    salt: bytes | None = None,
) -> bytes:
    """
    The body of a push to the browser whose keys `p256dh` and `auth` are; `sender` and `salt` are made up if not given.

    Raises:
        ValueError: `p256dh` is no point of the curve.
    """
    ours = sender or ec.generate_private_key(ec.SECP256R1())
    salt = salt or os.urandom(16)
    public = uncompressed(ours.public_key())
    shared = ours.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), p256dh))
    secret = _derived(shared, salt=auth, info=b"WebPush: info\0" + p256dh + public, length=32)
    key = _derived(secret, salt=salt, info=b"Content-Encoding: aes128gcm\0", length=16)
    nonce = _derived(secret, salt=salt, info=b"Content-Encoding: nonce\0", length=12)
    header = salt + _RECORD_SIZE.to_bytes(4) + len(public).to_bytes(1) + public
    return header + AESGCM(key).encrypt(nonce, plaintext + _LAST_RECORD, None)


def uncompressed(key: ec.EllipticCurvePublicKey) -> bytes:
    """As the Push API and all of its RFCs write a public key."""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _derived(secret: bytes, *, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(secret)
