"""What an HTTP API answers: JSON, nothing, or a problem document (RFC 9457); and whether it was known already."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.shared.cookies import Cookie
from pydantic import BaseModel

from natter.domain.errors import NatterError
from natter.wire.base import WireModel

_JSON = "application/json"
_PROBLEM = "application/problem+json"
_NO_STORE = "no-store"
_REVALIDATE = "private, no-cache"
"""May be kept by who asked, and asked for again with its `ETag`."""

BY_ACCEPT = {"Vary": "Accept"}
"""Which of its forms an answer has depends on what is asked for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer[Body: BaseModel | None]:
    """An answer whose status is not always the route's own, or that has headers."""

    body: Body
    status: int | None = None
    """None: the route's own."""
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: tuple[Cookie, ...] = ()


class Problem(WireModel):
    """An error as a client sees it."""

    type: str = "about:blank"
    """The status says it all; `code` tells more."""
    title: str
    status: int
    detail: str
    code: str
    retry_after_ms: int | None = None

    @classmethod
    def of(cls, error: NatterError) -> "Problem":
        return cls(
            title=HTTPStatus(error.status).phrase,
            status=error.status,
            detail=error.detail,
            code=error.code,
            retry_after_ms=error.retry_after_ms,
        )


def response(answer: BaseModel | Answer[Any] | None, status: int) -> Response[str]:
    """JSON, or nothing; for this once."""
    return _response(answer, status, _NO_STORE)


def revalidated(answer: BaseModel | Answer[Any] | None, status: int, known: str | None) -> Response[str]:
    """As `response`, with an `ETag`; not sent again to who has it, as `known` (If-None-Match, RFC 9110) says."""
    made = _response(answer, status, _REVALIDATE)
    if made.status_code != HTTPStatus.OK:
        return response(answer, status)
    made.headers["ETag"] = etag = f'"{hashlib.sha256(str(made.body).encode()).hexdigest()[:32]}"'
    if not _has(known, etag):
        return made
    del made.headers["Content-Type"]  # of nothing
    return Response(status_code=HTTPStatus.NOT_MODIFIED.value, headers=made.headers)


def problem(error: NatterError) -> Response[str]:
    headers: dict[str, str | list[str]] = {"Cache-Control": _NO_STORE}
    if error.retry_after_ms is not None:
        headers["Retry-After"] = str(math.ceil(error.retry_after_ms / 1000))
    body = Problem.of(error).model_dump_json(exclude_none=True)
    return Response(status_code=error.status, content_type=_PROBLEM, body=body, headers=headers)


def _response(answer: BaseModel | Answer[Any] | None, status: int, cache_control: str) -> Response[str]:
    if not isinstance(answer, Answer):
        answer = Answer(body=answer)
    body = None if answer.body is None else answer.body.model_dump_json(exclude_none=True)
    made = Response(
        status_code=answer.status or status,
        content_type=None if body is None else _JSON,
        body=body,
        headers={"Cache-Control": cache_control, **answer.headers},
    )
    made.cookies.extend(answer.cookies)
    return made


def _has(known: str | None, etag: str) -> bool:
    """Whether `If-None-Match` names it; proxies may have made it a weak one."""
    names = [] if known is None else [name.strip().removeprefix("W/") for name in known.split(",")]
    return etag in names or names == ["*"]
