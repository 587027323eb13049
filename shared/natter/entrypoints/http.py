"""
What all HTTP APIs share: routes, who asks, answers, and errors as problem documents (RFC 9457).

    api = HttpApi(authenticate=..., limits=...)

    @api.post("/v1/things", status=201)
    def make_thing(request: Request) -> ThingAnswer:
        return ThingAnswer.of(make(request.principal, request.parse(ThingBody).to_request()))
"""

import base64
import binascii
import json
import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from natter.domain.errors import BadRequest, Internal, NatterError, NotFound
from natter.domain.limits import HTTP_PER_USER
from natter.domain.users import Principal
from natter.entrypoints.faults import describe
from natter.ports.limits import RateLimits
from natter.usecases.authenticate import Authenticate
from natter.wire.base import WireModel, parse, parse_json

_logger = logging.getLogger(__name__)

_JSON = "application/json"
_PROBLEM = "application/problem+json"
_RETRY_INTERNAL_MS = 1000


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


class Request:
    """One request, as handlers see it."""

    def __init__(
        self, event: APIGatewayProxyEventV2, path: Mapping[str, str], authenticate: Callable[[str | None], Principal]
    ) -> None:
        self._event = event
        self._authenticate = authenticate
        self.path = path
        """The path's variables."""

    @cached_property
    def principal(self) -> Principal:
        """
        Who asks.

        Raises:
            Unauthenticated, RateLimited, Unavailable: as `Authenticate` and the limit of HTTP requests say.
        """
        return self._authenticate(self._event.headers.get("authorization"))

    @property
    def address(self) -> str:
        """The network address that asks, as the gateway saw it."""
        return str(self._event.request_context.http.source_ip)

    def parse[Model: BaseModel](self, model: type[Model]) -> Model:
        """
        The body as `model`.

        Raises:
            BadRequest: it is not; `detail` names the field.
        """
        return parse(model, parse_json(self._body()))

    def query[Model: BaseModel](self, model: type[Model]) -> Model:
        """
        The query as `model`, whose numbers are declared not strict: all of a query is text.

        Raises:
            BadRequest: it is not; `detail` names the field.
        """
        return parse(model, self._event.query_string_parameters)

    def _body(self) -> bytes:
        body = self._event.body or ""
        if not self._event.is_base64_encoded:
            return body.encode(errors="surrogatepass")  # not UTF-8 then, and refused as such
        try:
            return base64.b64decode(body, validate=True)
        except binascii.Error as error:
            raise BadRequest("the body is not valid base64") from error


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """An answer whose status is not the route's usual one, or that has headers."""

    status: int
    body: BaseModel | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


type Handler = Callable[[Request], BaseModel | Answer | None]


class HttpApi:
    """The routes of one function. Every one asks who it is, unless it is `open`, and counts it against the limit."""

    def __init__(self, *, authenticate: Authenticate, limits: RateLimits) -> None:
        self._authenticate = authenticate
        self._limits = limits
        self._resolver = APIGatewayHttpResolver(serializer=_dump)
        self._resolver.exception_handler(NotFoundError)(self._unknown_path)
        self._resolver.exception_handler(Exception)(self._refused)

    def __call__(self, event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
        return self._resolver.resolve(event, context)

    def get(self, rule: str, *, open_: bool = False, status: int = 200) -> Callable[[Handler], Handler]:
        return self._route("GET", rule, open_=open_, status=status)

    def post(self, rule: str, *, open_: bool = False, status: int = 200) -> Callable[[Handler], Handler]:
        return self._route("POST", rule, open_=open_, status=status)

    def put(self, rule: str, *, open_: bool = False, status: int = 200) -> Callable[[Handler], Handler]:
        return self._route("PUT", rule, open_=open_, status=status)

    def patch(self, rule: str, *, open_: bool = False, status: int = 200) -> Callable[[Handler], Handler]:
        return self._route("PATCH", rule, open_=open_, status=status)

    def delete(self, rule: str, *, open_: bool = False, status: int = 204) -> Callable[[Handler], Handler]:
        return self._route("DELETE", rule, open_=open_, status=status)

    def _route(self, method: str, rule: str, *, open_: bool, status: int) -> Callable[[Handler], Handler]:
        """Add a route; `<name>` in `rule` is a variable of the path."""

        def add(handler: Handler) -> Handler:
            def call(**path: str) -> Response[str]:
                request = Request(self._resolver.current_event, path, self._admit)
                if not open_:
                    _ = request.principal  # before anything else is looked at
                return _response(handler(request), status)

            self._resolver.route(rule, method=method)(call)
            return handler

        return add

    def _admit(self, authorization: str | None) -> Principal:
        principal = self._authenticate(authorization)
        self._limits.take(HTTP_PER_USER, principal.user_id)
        return principal

    def _unknown_path(self, _: NotFoundError) -> Response[str]:
        return _problem(NotFound("there is nothing at this path, or not with this method"))

    def _refused(self, error: Exception) -> Response[str]:
        if isinstance(error, NatterError):
            return _problem(error)
        request_id = str(self._resolver.lambda_context.aws_request_id)
        _logger.error("request %s failed\n%s", request_id, describe(error))
        return _problem(Internal(request_id, retry_after_ms=_RETRY_INTERNAL_MS))


def _response(answer: BaseModel | Answer | None, status: int) -> Response[str]:
    if not isinstance(answer, Answer):
        answer = Answer(status=status, body=answer)
    body = None if answer.body is None else answer.body.model_dump_json(exclude_none=True)
    return Response(
        status_code=answer.status,
        content_type=None if body is None else _JSON,
        body=body,
        headers={"Cache-Control": "no-store", **answer.headers},
    )


def _problem(error: NatterError) -> Response[str]:
    headers: dict[str, str | list[str]] = {"Cache-Control": "no-store"}
    if error.retry_after_ms is not None:
        headers["Retry-After"] = str(math.ceil(error.retry_after_ms / 1000))
    body = Problem.of(error).model_dump_json(exclude_none=True)
    return Response(status_code=error.status, content_type=_PROBLEM, body=body, headers=headers)


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
