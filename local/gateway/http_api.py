"""An HTTP API: routes, authorizers with their cache, CORS, and the answers API Gateway gives itself."""

import asyncio
import json
import logging
import time
from typing import Any

from local.metrics import counters
from local.metrics.meter import Meter
from local.model import Api, Authorizer, Route
from local.runtime.functions import Lambda
from local.runtime.http1 import Exchange, HttpServer

from . import authorizers, cors, http_events, integrations
from .authorizers import RefusedError
from .http_routes import Match, RouteTable
from .integrations import Answer, IntegrationFailedError, IntegrationTimeoutError
from .limits import Throttles, new_id
from .request import Request

LOG = logging.getLogger("local.gateway")
MAX_BODY = 10 * 1024 * 1024
MAX_HEAD = 10_240
MAX_CACHED = 10_000
"""Authorizer answers kept per API."""
_HOP_HEADERS = frozenset({"connection", "content-length", "keep-alive", "transfer-encoding", "upgrade"})


class HttpApi:
    """One HTTP API on its port."""

    def __init__(self, api: Api, functions: Lambda, meter: Meter) -> None:
        self.api = api
        self.requests = 0
        self.answers: dict[int, int] = {}
        """How often each status was answered."""
        self._functions = functions
        self._metrics = counters.of_api(meter, api.api_id, api.stage)
        self._routes = RouteTable(api.routes)
        self._prefix = "" if api.stage == "$default" else f"/{api.stage}"
        self._throttles = Throttles(api)
        self._server = HttpServer(self._request, max_head=MAX_HEAD, max_body=MAX_BODY)
        self._tasks: set[asyncio.Task[None]] = set()
        self._granted: dict[tuple[str, ...], tuple[float, bytes]] = {}

    async def start(self) -> None:
        """
        Serve.

        Raises:
            OSError: the port is taken.
        """
        await self._server.start(self.api.port)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._server.close()

    def status(self) -> dict[str, Any]:
        return {
            "url": f"http://127.0.0.1:{self.api.port}{self._prefix}",
            "requests": self.requests,
            "answers": {str(status): count for status, count in sorted(self.answers.items())},
        }

    def _request(self, exchange: Exchange) -> None:
        self.requests += 1
        task = asyncio.get_running_loop().create_task(self._handle(Request(exchange)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _handle(self, request: Request) -> None:
        request_id, began = new_id(), time.perf_counter()
        try:
            answer = await self._answer(request, request_id)
        except RefusedError as error:
            answer = _message(error.status, error.message)
        except IntegrationTimeoutError:
            answer = _message(503, "Service Unavailable")
        except IntegrationFailedError as error:
            LOG.warning("integration of %s failed: %s", self.api.api_id, error)
            answer = _message(500, "Internal Server Error")
        self._count(answer.status, began)
        headers = _headers(answer)
        if self.api.cors is not None and not cors.is_preflight(request):
            headers = {name: value for name, value in headers.items() if not name.startswith(cors.PREFIX)}
            headers |= cors.response_headers(self.api.cors, request)
        pairs = [*headers.items(), *(("set-cookie", cookie) for cookie in answer.cookies)]
        fields = [(_field(name), _field(value)) for name, value in (*pairs, ("apigw-requestid", request_id))]
        request.exchange.respond(answer.status, answer.body, fields)

    def _count(self, status: int, began: float) -> None:
        self.answers[status] = self.answers.get(status, 0) + 1
        self._metrics.add("Count", 1)
        self._metrics.add("4xx", int(400 <= status <= 499))  # noqa: PLR2004
        self._metrics.add("5xx", int(status >= 500))  # noqa: PLR2004
        self._metrics.add("Latency", (time.perf_counter() - began) * 1000, "Milliseconds")

    async def _answer(self, request: Request, request_id: str) -> Answer:
        if self.api.cors is not None and cors.is_preflight(request):
            return Answer(204, headers=cors.preflight_headers(self.api.cors, request))
        path, match = http_events.path_of(request), None
        if path == self._prefix or path.startswith(self._prefix + "/"):
            match = self._routes.find(request.method, path[len(self._prefix) :])
        if not self._throttles.take(match.route.key if match else None):
            raise RefusedError(429, "Too Many Requests")
        if match is None:
            raise RefusedError(404, "Not Found")
        grant = None
        if match.route.authorizer is not None:
            grant = await self._authorize(match.route.authorizer, request, match, request_id)
        return await self._integrate(match.route, http_events.route_event(self.api, request, match, request_id, grant))

    async def _integrate(self, route: Route, event: bytes) -> Answer:
        payload = await integrations.run(self._functions, route, event, self._metrics)
        return integrations.parse(payload, infer=True)

    async def _authorize(
        self, authorizer: Authorizer, request: Request, match: Match, request_id: str
    ) -> dict[str, Any]:
        """
        The context that the authorizer grants.

        Raises:
            RefusedError: it does not.
        """
        identity = authorizers.identity(authorizer, request, match.route.key)
        region, account = authorizer.function_arn.split(":")[3:5]
        path = request.exchange.raw_path.decode("latin-1").removeprefix(self._prefix)
        resource = f"arn:aws:execute-api:{region}:{account}:{self.api.api_id}/{self.api.stage}/{request.method}{path}"
        key = (authorizer.function_arn, *identity)
        payload = self._cached(key) if identity else None
        if payload is None:
            event = http_events.authorizer_event(
                self.api, request, match, request_id, identity=identity, route_arn=resource
            )
            payload = await integrations.ask_authorizer(self._functions, authorizer.function_arn, event)
            if identity and authorizer.ttl_s > 0:
                self._remember(key, payload, authorizer.ttl_s)
        if authorizer.simple_responses:
            return authorizers.read_simple(payload)
        return authorizers.read_policy(payload, resource)

    def _cached(self, key: tuple[str, ...]) -> bytes | None:
        expires, payload = self._granted.get(key, (0.0, b""))
        return payload if time.monotonic() < expires else None

    def _remember(self, key: tuple[str, ...], payload: bytes, ttl_s: float) -> None:
        if len(self._granted) >= MAX_CACHED:
            del self._granted[next(iter(self._granted))]
        self._granted[key] = (time.monotonic() + ttl_s, payload)


def _message(status: int, message: str) -> Answer:
    return Answer(status, json.dumps({"message": message}).encode(), {"content-type": "application/json"})


def _headers(answer: Answer) -> dict[str, str]:
    headers = {name.lower(): value for name, value in answer.headers.items() if name.lower() not in _HOP_HEADERS}
    if answer.body:
        headers.setdefault("content-type", "text/plain; charset=utf-8")
    return headers


def _field(value: str) -> bytes:
    return value.replace("\r", " ").replace("\n", " ").encode("latin-1", "replace")
