"""
What all HTTP APIs share: routes, who asks, answers, and errors as problem documents (RFC 9457).

    api = HttpApi(authenticate=..., limits=..., edge=None)

    @api.post("/v1/things", status=201, raises=(Conflict,))
    def make_thing(request: Request, body: ThingBody) -> ThingAnswer:
        return ThingAnswer.of(make(request.principal, body.to_request()))
"""

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any, TypedDict, Unpack

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.utilities.typing import LambdaContext

from natter.domain.accounts.users import Principal
from natter.domain.errors import Internal, MethodNotAllowed, NatterError, NotFound
from natter.domain.limits import HTTP_PER_USER
from natter.entrypoints.answers import problem, response, revalidated
from natter.entrypoints.callers import Callers
from natter.entrypoints.faults import describe
from natter.entrypoints.request import Request
from natter.entrypoints.routes import Handler, Route
from natter.metrics import UNKNOWN
from natter.ports.edge import Edge
from natter.ports.limits import RateLimits
from natter.telemetry import tracer
from natter.telemetry.answered import record_answer
from natter.usecases.accounts.authenticate import Authenticate

_logger = logging.getLogger(__name__)

_RETRY_INTERNAL_MS = 1000
_NO_ERROR: NatterError | None = None

type Decorator = Callable[[Handler], Handler]


class Options(TypedDict, total=False):
    """What a route may be told of itself, as in `Route`."""

    open_: bool
    status: int
    also: tuple[int, ...]
    raises: tuple[type[NatterError], ...]


class HttpApi:
    """
    The routes of one function. Every one asks who it is, unless it is `open`, and counts it against the limit.

    HEAD is answered as GET, without a body. Where there is an edge, what has gone past it gets no further than its
    route. `web_app` is the name of the web app, if its pages are on the API's own origin by that.
    """

    def __init__(
        self, *, authenticate: Authenticate, limits: RateLimits, edge: Edge | None, web_app: str | None = None
    ) -> None:
        self.routes: list[Route] = []
        self._authenticate = authenticate
        self._limits = limits
        self._callers = Callers(edge, web_app)
        self._route_name, self._error = UNKNOWN, _NO_ERROR
        self._resolver = APIGatewayHttpResolver(serializer=_dump)
        self._resolver.exception_handler(NotFoundError)(self._unknown_path)
        self._resolver.exception_handler(Exception)(self._refused)

    def __call__(self, event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
        self._route_name, self._error = UNKNOWN, _NO_ERROR
        request = event["requestContext"]
        with tracer.request(self._route_name, request["requestId"], request["timeEpoch"]):
            answer = self._resolver.resolve(event, context)
            record_answer(self._route_name, request["timeEpoch"], self._error)
        return {**answer, "body": ""} if request["http"]["method"] == "HEAD" else answer

    def get(self, path: str, **options: Unpack[Options]) -> Decorator:
        return self._route("GET", path, **options)

    def post(self, path: str, **options: Unpack[Options]) -> Decorator:
        return self._route("POST", path, **options)

    def put(self, path: str, **options: Unpack[Options]) -> Decorator:
        return self._route("PUT", path, **options)

    def patch(self, path: str, **options: Unpack[Options]) -> Decorator:
        return self._route("PATCH", path, **options)

    def delete(self, path: str, **options: Unpack[Options]) -> Decorator:
        options.setdefault("status", 204)
        return self._route("DELETE", path, **options)

    def _route(
        self,
        method: str,
        path: str,
        *,
        open_: bool = False,
        status: int = 200,
        also: tuple[int, ...] = (),
        raises: tuple[type[NatterError], ...] = (),
    ) -> Decorator:
        """Add a route; the options are as in `Route`."""

        def add(handler: Handler) -> Handler:
            route = Route.of(method, path, handler, open=open_, status=status, also=also, raises=raises)

            def call(**variables: str) -> Response[str]:
                self._route_name = route.name
                self._callers.check(self._resolver.current_event)
                request = Request(self._resolver.current_event, variables, self._callers, self._admit)
                answer = route.call(request)
                if route.revalidates:
                    return revalidated(answer, route.status, request.header("if-none-match"))
                return response(answer, route.status)

            self.routes.append(route)
            self._resolver.route(path, method=list(route.methods))(call)
            return handler

        return add

    def _admit(self, authorization: str | None) -> Principal:
        principal = self._authenticate(authorization)
        self._limits.take(HTTP_PER_USER, principal.user_id)
        return principal

    def _unknown_path(self, _: NotFoundError) -> Response[str]:
        event = self._resolver.current_event
        methods = {method for route in self.routes if route.is_at(event.path) for method in route.methods}
        if not methods or event.http_method in methods:
            return self._problem(NotFound("there is nothing at this path"))
        refused = self._problem(MethodNotAllowed())
        refused.headers["Allow"] = ", ".join(sorted(methods))
        return refused

    def _refused(self, error: Exception) -> Response[str]:
        if isinstance(error, NatterError):
            return self._problem(error)
        request_id = str(self._resolver.lambda_context.aws_request_id)
        _logger.error("request %s failed\n%s", request_id, describe(error))
        return self._problem(Internal(request_id, retry_after_ms=_RETRY_INTERNAL_MS))

    def _problem(self, error: NatterError) -> Response[str]:
        self._error = error
        return problem(error)


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
