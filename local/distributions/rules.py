"""What CloudFront does to requests and answers on their way. No I/O."""

import gzip
import re
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple
from urllib.parse import unquote

from local.model import Behavior, Distribution

LEAST_COMPRESSED, MOST_COMPRESSED = 1_000, 10_000_000
"""Bytes that CloudFront compresses."""
_COMPRESSED_TYPES = frozenset(
    {
        *("application/dash+xml", "application/javascript", "application/json", "application/ld+json"),
        *("application/manifest+json", "application/rss+xml", "application/vnd.ms-fontobject", "application/wasm"),
        *("application/x-javascript", "application/xhtml+xml", "application/xml", "font/eot", "font/opentype"),
        *("font/otf", "font/ttf", "image/svg+xml", "text/css", "text/csv", "text/html", "text/javascript"),
        *("text/plain", "text/richtext", "text/tab-separated-values", "text/xml", "text/x-component"),
    }
)
_COMPRESSED_STATUSES = frozenset({200, 403, 404})
_DROPPED = frozenset(
    {
        *("connection", "content-length", "expect", "host", "keep-alive", "proxy-authenticate", "proxy-authorization"),
        *("proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "x-real-ip"),
    }
)
"""Headers of viewers that no origin is told."""
_CONDITIONAL = frozenset({"if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "range"})
"""What a viewer has already: CloudFront would look at these itself, in what it keeps."""

_ENCODED = re.compile("%[0-9A-Fa-f]{2}")

type Headers = list[tuple[str, str]]


class Answer(NamedTuple):
    """Of an origin, or of the distribution itself; names of headers in lower case."""

    status: int
    headers: Headers
    body: bytes


def behavior_of(distribution: Distribution, path: str) -> Behavior:
    """The first whose pattern matches the path as it is once it is normalized; what is asked of the origin is not."""
    normal = normalized(path)
    return next(each for each in distribution.behaviors if _pattern(each.pattern).fullmatch(normal))


def normalized(path: str) -> str:
    """As RFC 3986 has it: no `.` and `..`, no empty parts, and nothing encoded that need not be."""
    parts: list[str] = []
    for part in re.split("/+", _ENCODED.sub(_unreserved, path).lstrip("/")):
        if part == "..":
            del parts[-1:]
        elif part != ".":
            parts.append(part)
    return "/" + "/".join(parts)


def _unreserved(encoded: re.Match[str]) -> str:
    plain = unquote(encoded.group())
    return plain if re.fullmatch("[A-Za-z0-9._~-]", plain) else encoded.group()


def climbs(path: str) -> bool:
    """Whether parts of it lead elsewhere: of a bucket there is nothing above."""
    return not {".", ".."}.isdisjoint(unquote(path).split("/"))


@cache
def _pattern(pattern: str) -> re.Pattern[str]:
    """`*` is any number of characters, slashes too, and `?` is one; a slash at the beginning makes no difference."""
    words = {"*": ".*", "?": "."}
    return re.compile(
        "/?" + "".join(words.get(each) or re.escape(each) for each in pattern.removeprefix("/")), re.DOTALL
    )


def forwarded(behavior: Behavior, headers: Headers, viewer: str) -> Headers:
    """What the origin is told: of the viewer nothing, or nearly all; and over it what the distribution adds."""
    own = getattr(behavior.origin, "headers", {})
    if not behavior.forwards:
        told = [(name, value.removeprefix("W/")) for name, value in headers if name in _CONDITIONAL]
        return [*told, ("user-agent", "Amazon CloudFront"), *own.items()]
    told = [(name, value) for name, value in headers if name not in _DROPPED | own.keys() | {"x-forwarded-for", "via"}]
    before = [value for name, value in headers if name == "x-forwarded-for"]
    return [*told, ("x-forwarded-for", ", ".join([*before, viewer])), ("via", VIA), *own.items()]


VIA = "1.1 local.cloudfront.net (CloudFront)"


def finished(behavior: Behavior, answer: Answer, accepts: str) -> Answer:
    """What the viewer gets of an origin's answer: with the headers of the policy, compressed if that helps."""
    said = {name for name, _ in answer.headers}
    over = {each.name for each in behavior.added if each.override}
    headers = [pair for pair in answer.headers if pair[0] not in over | behavior.removed]
    headers += [(each.name, each.value) for each in behavior.added if each.override or each.name not in said]
    answer = answer._replace(headers=[*headers, ("via", VIA)])
    return _compressed(answer) if behavior.compress and _is_compressible(answer, accepts) else answer


def _is_compressible(answer: Answer, accepts: str) -> bool:
    headers = dict(answer.headers)
    return (
        "gzip" in {each.partition(";")[0].strip().lower() for each in accepts.split(",")}
        and answer.status in _COMPRESSED_STATUSES
        and "content-encoding" not in headers
        and headers.get("content-type", "").partition(";")[0].strip().lower() in _COMPRESSED_TYPES
        and LEAST_COMPRESSED <= len(answer.body) <= MOST_COMPRESSED
    )


def _compressed(answer: Answer) -> Answer:
    """The digest of what it was is no longer that of what it is."""
    weak: Mapping[str, str] = {
        name: f"W/{value}" for name, value in answer.headers if name == "etag" and not value.startswith("W/")
    }
    headers = [(name, weak.get(name, value)) for name, value in answer.headers]
    headers += [("content-encoding", "gzip"), ("vary", "Accept-Encoding")]
    return Answer(answer.status, headers, gzip.compress(answer.body, 6, mtime=0))


def refusal(status: int, why: str) -> Answer:
    """A page of CloudFront's own."""
    page = f"<html><head><title>ERROR: The request could not be satisfied</title></head><body><h1>{status} ERROR</h1>"
    page += f"<h2>The request could not be satisfied.</h2>{why}</body></html>\n"
    headers = [("content-type", "text/html"), ("x-cache", "Error from cloudfront"), ("via", VIA)]
    return Answer(status, headers, page.encode())


def not_allowed() -> Answer:
    return refusal(
        403, "This distribution is not configured to allow the HTTP request method that was used for this request."
    )
