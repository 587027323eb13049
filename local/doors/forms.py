"""Forms with which a browser puts a file into a bucket of S3: their policy is signed, by a role that may do that."""

import re
from dataclasses import dataclass
from datetime import datetime

from .identities import LATE, BadSignature, Identities, check, instant, signature
from .requests import Caller, HttpRequest

_BOUNDARY = re.compile(r"multipart/form-data;.*boundary=\"?([^\";]+)", re.IGNORECASE)
_NAME = re.compile(rb"name=\"?([^\";\r\n]+)")
_LONGEST_S = 7 * 24 * 3600


@dataclass(frozen=True)
class Form:
    caller: Caller
    bucket: str
    key: str


def is_form(request: HttpRequest) -> bool:
    return request.method == "POST" and _BOUNDARY.match(request.headers.get("content-type", "")) is not None


def form_of(request: HttpRequest, identities: Identities, *, region: str, now: datetime) -> Form:
    """
    Raises:
        BadSignature: nobody who is known has signed its policy, or long ago.
    """
    fields = _fields(request)
    try:
        access_key, _, scope = fields["x-amz-credential"].partition("/")
        policy, given, time, key = (fields[name] for name in ("policy", "x-amz-signature", "x-amz-date", "key"))
    except KeyError as missing:
        raise BadSignature(f"Bucket POST must contain a field named {missing}") from None
    identity = identities.of_key(access_key, fields.get("x-amz-security-token", ""))
    if scope != f"{time[:8]}/{region}/s3/aws4_request":
        raise BadSignature("Credential should be scoped to a valid region.")
    check(given, signature(identity.secret_key, scope, policy))
    if not -LATE.total_seconds() <= (now - instant(time)).total_seconds() < _LONGEST_S:
        raise BadSignature("Invalid according to Policy: Policy expired.")
    return Form(Caller(identity, "s3"), request.path.strip("/"), key)


def _fields(request: HttpRequest) -> dict[str, str]:
    """All before the file, by names in lower case."""
    match = _BOUNDARY.match(request.headers["content-type"])
    assert match is not None
    found = {}
    for part in request.body.split(b"--" + match.group(1).encode()):
        head, _, value = part.partition(b"\r\n\r\n")
        name = _NAME.search(head)
        if name is None:
            continue
        if name.group(1) == b"file":
            break
        found[name.group(1).decode().lower()] = value.removesuffix(b"\r\n").decode("utf-8", "replace")
    return found
