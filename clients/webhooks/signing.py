"""
How a webhook's URL is signed: `?at=SECONDS&signature=HEX`, the latter HMAC-SHA-256, with the secret that both sides
have, of path, time and body. A URL is good for five minutes, for this one body.
"""

import hashlib
import hmac
import re
from urllib.parse import urlencode, urlsplit

WINDOW_S = 300
LEAST_SECRET = 32
"""Bytes."""
_DIGITS = re.compile("[0-9]{1,12}")


def secret_of(text: str) -> bytes:
    """
    Raises:
        ValueError: it is too short to keep anybody out.
    """
    if len(text.encode()) < LEAST_SECRET:
        raise ValueError(f"a secret has at least {LEAST_SECRET} bytes")
    return text.encode()


def signed(url: str, body: bytes, secret: bytes, at_s: int) -> str:
    """`url`, which has no query, with time and signature."""
    query = {"at": at_s, "signature": _signature(urlsplit(url).path, str(at_s), body, secret)}
    return f"{url}?{urlencode(query)}"


def is_good(path: str, at: str, signature: str, body: bytes, secret: bytes, *, now_s: float) -> bool:
    """Whether who signed had the secret, not long ago. How long the answer takes says nothing about the signature."""
    is_right = hmac.compare_digest(_signature(path, at, body, secret).encode(), signature.encode(errors="replace"))
    return is_right and _DIGITS.fullmatch(at) is not None and abs(now_s - int(at)) <= WINDOW_S


def _signature(path: str, at: str, body: bytes, secret: bytes) -> str:
    return hmac.new(secret, f"{path}\n{at}\n".encode(errors="surrogateescape") + body, hashlib.sha256).hexdigest()
