"""Who is who: the credentials of each role of the app, and what a signature made with them has to be."""

import hashlib
import hmac
import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote, unquote_plus

ALGORITHM = "AWS4-HMAC-SHA256"
LATE = timedelta(minutes=5)
"""How far the clock of who signs may be off, and how old a request that names no time of its own."""
EMPTY = hashlib.sha256(b"").hexdigest()
_KEY_LETTERS = string.ascii_uppercase + "234567"


class BadSignature(Exception):
    """It was not signed by whom it says, or not for this, or not just now. The message is AWS's."""


@dataclass(frozen=True)
class Identity:
    """A role's session, as a function finds it in its environment."""

    role: str
    """Its ARN."""
    access_key: str = field(default_factory=lambda: "ASIA" + "".join(secrets.choice(_KEY_LETTERS) for _ in range(16)))
    secret_key: str = field(default_factory=lambda: secrets.token_urlsafe(30), repr=False)
    token: str = field(default_factory=lambda: secrets.token_urlsafe(48), repr=False)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_SESSION_TOKEN": self.token,
        }


class Identities:
    """One for each role, made when it is first asked for."""

    def __init__(self) -> None:
        self._by_role: dict[str, Identity] = {}
        self._by_key: dict[str, Identity] = {}

    def of_role(self, arn: str) -> Identity:
        identity = self._by_role.get(arn)
        if identity is None:
            identity = self._by_role[arn] = Identity(arn)
            self._by_key[identity.access_key] = identity
        return identity

    def of_key(self, access_key: str, token: str) -> Identity:
        """
        Raises:
            BadSignature: nobody has this key, or it is another session's.
        """
        identity = self._by_key.get(access_key)
        if identity is None or not hmac.compare_digest(identity.token.encode(), token.encode()):
            raise BadSignature("The security token included in the request is invalid.")
        return identity


def signature(secret_key: str, scope: str, text: str) -> str:
    """Signature Version 4: `scope` is `DAY/REGION/SERVICE/aws4_request`, `text` the string to sign."""
    key = b"AWS4" + secret_key.encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()


def string_to_sign(time: str, scope: str, canonical_request: str) -> str:
    return f"{ALGORITHM}\n{time}\n{scope}\n{hashlib.sha256(canonical_request.encode()).hexdigest()}"


def check(given: str, expected: str) -> None:
    """
    Raises:
        BadSignature: the two differ.
    """
    if not hmac.compare_digest(given.encode(), expected.encode()):
        raise BadSignature(
            "The request signature we calculated does not match the signature you provided. "
            "Check your AWS Secret Access Key and signing method."
        )


def instant(time: str) -> datetime:
    """
    Of a request, `20261129T120000Z`.

    Raises:
        BadSignature: it is none.
    """
    try:
        return datetime.strptime(time, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise BadSignature("Date must be in ISO-8601 'basic format'.") from None


def parameters(query: str) -> dict[str, str]:
    """Of a URL, without their percent-encoding; of one that comes twice, the last."""
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    return {unquote_plus(name): unquote_plus(value) for name, _, value in pairs}


@dataclass(frozen=True)
class Presigned:
    """A request whose signature stands in its query: a password, or a URL that somebody else may use."""

    identity: Identity
    parameters: Mapping[str, str]
    expires: datetime


def read_presigned(
    url: str,
    identities: Identities,
    *,
    service: str,
    region: str,
    now: datetime,
    longest_s: int,
    unsigned: frozenset[str] = frozenset(),
) -> Presigned:
    """
    Check a presigned GET of `HOST/PATH?QUERY` on which nothing but the host is signed.

    `unsigned` are parameters that were added afterwards.

    Raises:
        BadSignature: it is none, is not of these identities, or not for `service`; or is not valid `now`, or for
            longer than `longest_s`.
    """
    place, _, query = url.partition("?")
    host, _, path = place.partition("/")
    found = parameters(query)
    try:
        access_key, _, scope = found["X-Amz-Credential"].partition("/")
        day, *where = scope.split("/")
        began, life = instant(found["X-Amz-Date"]), timedelta(seconds=int(found["X-Amz-Expires"]))
        given, signed = found["X-Amz-Signature"], found["X-Amz-SignedHeaders"]
    except (KeyError, ValueError):
        raise BadSignature("The request is not signed.") from None
    identity = identities.of_key(access_key, found.get("X-Amz-Security-Token", ""))
    if where != [region, service, "aws4_request"] or day != found["X-Amz-Date"][:8] or signed != "host":
        raise BadSignature(f"Credential should be scoped to a valid region and the service {service}.")
    left_out = unsigned | {"X-Amz-Signature"}
    pairs = sorted(pair for pair in query.split("&") if unquote(pair.partition("=")[0]) not in left_out)
    request = f"GET\n/{path}\n{'&'.join(pairs)}\nhost:{host}\n\nhost\n{EMPTY}"
    check(given, signature(identity.secret_key, scope, string_to_sign(found["X-Amz-Date"], scope, request)))
    if life > timedelta(seconds=longest_s) or not began - LATE <= now < began + life:
        raise BadSignature("Signature expired.")
    return Presigned(identity, found, began + life)
