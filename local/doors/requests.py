"""Who makes an HTTP request: Signature Version 4 in its Authorization header or in its query, checked."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote, unquote, unquote_plus

from local.runtime.http1 import Exchange

from .identities import ALGORITHM, LATE, BadSignature, Identities, Identity, check, instant, parameters, signature
from .identities import string_to_sign as text_of

_AUTHORIZATION = re.compile(
    ALGORITHM + r" Credential=([^/,]+)/([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})"
)
LONGEST_S = 7 * 24 * 3600
"""A link is good for."""
_SINGLY_ENCODED = frozenset({"s3"})
"""Services whose paths are signed as they are sent; of others they are encoded once more."""


@dataclass(frozen=True)
class HttpRequest:
    method: str
    path: str
    """As sent."""
    query: str
    headers: Mapping[str, str]
    """By names in lower case."""
    body: bytes


@dataclass(frozen=True)
class Caller:
    identity: Identity
    service: str
    """For which the request is signed, e.g. `sqs`."""


@dataclass(frozen=True)
class _Claim:
    """What a request says of its signature."""

    access_key: str
    scope: str
    signed: str
    given: str
    time: str
    token: str
    payload: str


def request_of(exchange: Exchange) -> HttpRequest:
    headers: dict[str, str] = {}
    for name, value in exchange.headers:
        headers.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))
    return HttpRequest(exchange.method, exchange.raw_path.decode("latin-1"), exchange.query, headers, exchange.body)


def caller_of(request: HttpRequest, identities: Identities, *, region: str, now: datetime) -> Caller:
    """
    Who signed it.

    Raises:
        BadSignature: nobody, or it is not theirs, or not of just now.
    """
    found = parameters(request.query)
    claim = _in_query(found) if "X-Amz-Signature" in found else _in_header(request)
    identity = identities.of_key(claim.access_key, claim.token)
    day, _, where = claim.scope.partition("/")
    service = where.removeprefix(f"{region}/").removesuffix("/aws4_request")
    if where != f"{region}/{service}/aws4_request" or day != claim.time[:8]:
        raise BadSignature("Credential should be scoped to a valid region.")
    text = text_of(claim.time, claim.scope, _canonical(request, claim, service))
    check(claim.given, signature(identity.secret_key, claim.scope, text))
    _check_time(claim, found, now)
    return Caller(identity, service)


def _in_query(found: Mapping[str, str]) -> _Claim:
    try:
        access_key, _, scope = found["X-Amz-Credential"].partition("/")
        return _Claim(
            access_key,
            scope,
            found["X-Amz-SignedHeaders"],
            found["X-Amz-Signature"],
            found["X-Amz-Date"],
            found.get("X-Amz-Security-Token", ""),
            "UNSIGNED-PAYLOAD",
        )
    except KeyError as missing:
        raise BadSignature(f"Query-string authentication needs {missing}") from None


def _in_header(request: HttpRequest) -> _Claim:
    headers = request.headers
    match = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    if match is None or "x-amz-date" not in headers:
        raise BadSignature("Missing Authentication Token")
    access_key, scope, signed, given = match.groups()
    hashed = hashlib.sha256(request.body).hexdigest()
    payload = headers.get("x-amz-content-sha256", hashed)
    if re.fullmatch(r"[0-9a-f]{64}", payload) and payload != hashed:
        raise BadSignature("The provided 'x-amz-content-sha256' header does not match what was computed.")
    token = headers.get("x-amz-security-token", "")
    return _Claim(access_key, scope, signed, given, headers["x-amz-date"], token, payload)


def _canonical(request: HttpRequest, claim: _Claim, service: str) -> str:
    path = unquote(request.path) if service in _SINGLY_ENCODED else request.path
    pairs = (pair.partition("=") for pair in request.query.split("&") if pair)
    encoded = sorted((_encoded(name), _encoded(value)) for name, _, value in pairs)
    query = "&".join(f"{name}={value}" for name, value in encoded if name != "X-Amz-Signature")
    names = claim.signed.split(";")
    lines = "".join(f"{name}:{' '.join(request.headers.get(name, '').split())}\n" for name in names)
    return f"{request.method}\n{quote(path, safe='/')}\n{query}\n{lines}\n{claim.signed}\n{claim.payload}"


def _encoded(text: str) -> str:
    """In the one way that is signed: clients encode more or less of a link that they were given."""
    return quote(unquote_plus(text), safe="")


def _check_time(claim: _Claim, found: Mapping[str, str], now: datetime) -> None:
    began = instant(claim.time)
    try:
        life = timedelta(seconds=int(found["X-Amz-Expires"])) if "X-Amz-Signature" in found else LATE
    except (KeyError, ValueError):
        raise BadSignature("X-Amz-Expires should be a number") from None
    if not began - LATE <= now < began + life or life > timedelta(seconds=LONGEST_S):
        raise BadSignature("Signature expired.")
