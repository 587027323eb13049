"""A WebSocket API: the upgrade with its authorizer and `$connect`, frames to routes, the end of connections."""

import asyncio
import base64
import binascii
import json
import logging
import time
from collections.abc import Coroutine, Mapping
from random import Random
from typing import Any

from websockets.utils import accept_key

from local.faults.posts import PostFaults
from local.faults.values import HangUp
from local.metrics import counters
from local.metrics.meter import Meter
from local.model import Api, Route
from local.runtime.functions import Lambda
from local.runtime.http1 import Exchange, HttpServer

from . import authorizers, integrations, management
from .authorizers import RefusedError
from .integrations import Answer, IntegrationFailedError, IntegrationTimeoutError
from .limits import Throttles, WebSocketLimits, new_id
from .management import Refuse
from .request import Request
from .websocket_connection import BacklogError, GoneError, WebSocketConnection
from .websocket_events import (
    EventContext,
    authorizer_event,
    connect_event,
    disconnect_event,
    error_frame,
    message_event,
)

LOG = logging.getLogger("local.gateway")
_JSON = (b"content-type", b"application/json")
FAREWELL_S = 1.5
"""How long `stop` waits for `$disconnect` routes and for clients to say goodbye."""
KEY_BYTES = 16
INTERNAL_ERROR, BAD_GATEWAY, GATEWAY_TIMEOUT = 500, 502, 504


def selector(expression: str) -> tuple[str, ...]:
    """
    The path into the body that a route selection expression names.

    Raises:
        ValueError: it selects by something else than one property of the body.
    """
    path = expression.removeprefix("$").removeprefix("{").removesuffix("}").split(".")
    if path[:2] != ["request", "body"] or len(path) < 3 or "$" in expression[1:]:  # noqa: PLR2004
        raise ValueError(f"route selection expression not understood: {expression}")
    return tuple(path[2:])


def select(path: tuple[str, ...], routes: Mapping[str, Route], text: str) -> Route | None:
    """The route of a message: the one its body names, else `$default`, else none."""
    try:
        value = json.loads(text, parse_int=float)  # which has no most digits
        for name in path:
            value = value[name]
    except (ValueError, TypeError, LookupError, RecursionError):
        value = None
    route = routes.get(value) if isinstance(value, str) and not value.startswith("$") else None
    return route or routes.get("$default")


class WebSocketApi:
    """One WebSocket API on its port, with its @connections."""

    def __init__(
        self, api: Api, functions: Lambda, limits: WebSocketLimits, faults: PostFaults, meter: Meter, *, refuse: Refuse
    ) -> None:
        self.api = api
        self.connections: dict[str, WebSocketConnection] = {}
        self.messages = self.connects = self.refusals = self.posts = 0
        self._functions = functions
        self._limits = limits
        self._faults = faults
        self._refuse = refuse
        self._metrics = counters.of_api(meter, api.api_id, api.stage)
        self._routes = {route.key: route for route in api.routes}
        self._path = selector(api.route_selection)
        self._throttles = Throttles(api)
        self._server = HttpServer(self._request, upgrades={b"websocket"})
        self._tasks: set[asyncio.Task[None]] = set()
        self._sweeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """
        Serve.

        Raises:
            OSError: the port is taken.
        """
        await self._server.start(self.api.port)
        self._sweeper = asyncio.get_running_loop().create_task(self._sweep())

    async def stop(self) -> None:
        """Close every connection with 1001 and run `$disconnect` for it."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        for connection in list(self.connections.values()):
            connection.close(1001, "Going away")
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=FAREWELL_S)
        for task in self._tasks:
            task.cancel()
        self._server.close()

    def hang_up(self, fault: HangUp) -> None:
        """Cut sockets as `fault` says."""
        draw = Random(fault.seed)  # noqa: S311 - repeatable, not secret
        for connection in list(self.connections.values()):
            if draw.random() < fault.share:
                connection.cut()

    def status(self) -> dict[str, Any]:
        return {
            "url": f"ws://127.0.0.1:{self.api.port}/{self.api.stage}",
            "connections": len(self.connections),
            "connects": self.connects,
            "refusals": self.refusals,
            "messages": self.messages,
            "posts": self.posts,
        }

    # requests on the port

    def _request(self, exchange: Exchange) -> None:
        connection_id = management.connection_of(exchange, self.api.stage)
        if connection_id is not None:
            self._manage(exchange, connection_id)
        elif exchange.raw_path.strip(b"/").decode("latin-1") != self.api.stage:
            exchange.respond(403, b'{"message":"Forbidden"}', (_JSON,))
        elif not exchange.upgradable:
            exchange.respond(426, b'{"message":"Upgrade Required"}', (_JSON, (b"upgrade", b"websocket")))
        elif exchange.header(b"sec-websocket-version") != b"13" or not _is_key(exchange.header(b"sec-websocket-key")):
            exchange.respond(400, b'{"message":"Bad Request"}', (_JSON,))
        else:
            self._spawn(self._connect(Request(exchange)))

    def _manage(self, exchange: Exchange, connection_id: str) -> None:
        identity = f"{self.api.api_id}/{self.api.stage}/{exchange.method}/@connections/{connection_id}"
        if (reason := self._refuse(exchange, identity)) is not None:
            management.refuse(exchange, 403, "ForbiddenException", reason)
            return
        fault = None
        if exchange.method == "POST":
            self.posts += 1
            self._metrics.add("MessageCount", 1)
            fault = self._faults.next()
        if fault is not None:
            management.answer_fault(exchange, fault)
        elif self._throttles.take(None):
            management.answer(exchange, self.connections.get(connection_id))
        else:
            management.refuse(exchange, 429, "LimitExceededException", "Rate exceeded")

    async def _connect(self, request: Request) -> None:
        request_id, connection_id = new_id(), new_id()
        context = EventContext(self.api, connection_id, request.source_ip, request.user_agent)
        try:
            answer = await self._admit(context, request, request_id)
        except RefusedError as error:
            self.refusals += 1
            self._metrics.add("ClientError", int(error.status < BAD_GATEWAY and error.status != INTERNAL_ERROR))
            body = error_frame(error.message, connection_id, request_id)
            request.exchange.respond(error.status, body, (_JSON, (b"x-amzn-requestid", request_id.encode())))
            return
        connection = WebSocketConnection(context, self._limits, on_message=self._message, on_end=self._end)
        # Registered first: a frame that came with the upgrade request is handled within `upgrade`.
        self.connections[connection_id] = connection
        self.connects += 1
        if not request.exchange.upgrade(_switching_protocols(request, answer), connection):
            self._end(connection, 1006, "Connection closed abnormally")

    async def _admit(self, context: EventContext, request: Request, request_id: str) -> Answer:
        """Ask the authorizer, then the `$connect` route; its answer."""
        if not self._throttles.take("$connect"):
            raise RefusedError(429, "Too Many Requests")
        route = self._routes.get("$connect")
        if route is None:
            return Answer(200)
        if route.authorizer is not None:
            authorizers.identity(route.authorizer, request, route.key)
            arn = route.authorizer.function_arn
            region, account = arn.split(":")[3:5]
            method = f"arn:aws:execute-api:{region}:{account}:{self.api.api_id}/{self.api.stage}/$connect"
            event = authorizer_event(context, request, request_id, method)
            grant = authorizers.read_policy(await integrations.ask_authorizer(self._functions, arn, event), method)
            context.grant(grant)
        try:
            event = connect_event(context, request, request_id)
            self._metrics.add("ConnectCount", 1)
            answer = await self._integrate(route, event)
        except IntegrationTimeoutError as error:
            raise RefusedError(GATEWAY_TIMEOUT, "Endpoint request timed out") from error
        except IntegrationFailedError as error:
            raise RefusedError(BAD_GATEWAY, "Internal server error") from error
        if not 200 <= answer.status <= 299:  # noqa: PLR2004
            raise RefusedError(answer.status, "Forbidden" if answer.status == 403 else "Refused")  # noqa: PLR2004
        return answer

    async def _integrate(self, route: Route, event: bytes) -> Answer:
        """
        Raises:
            IntegrationFailedError, IntegrationTimeoutError: there is no answer.
        """
        try:
            payload = await integrations.run(self._functions, route, event, self._metrics)
            answer = integrations.parse(payload, infer=False)
        except (IntegrationFailedError, IntegrationTimeoutError):
            self._metrics.add("ExecutionError", 1)
            raise
        self._metrics.add("IntegrationError", int(answer.status >= 400))  # noqa: PLR2004
        return answer

    # connections

    def _message(self, connection: WebSocketConnection, text: str) -> None:
        self.messages += 1
        self._metrics.add("MessageCount", 1)
        self._spawn(self._route(connection, text))

    async def _route(self, connection: WebSocketConnection, text: str) -> None:
        request_id = new_id()
        frame = await self._answer(connection, request_id, text)
        if frame:
            try:
                connection.send(frame)
            except (GoneError, BacklogError):
                LOG.debug("answer %s not delivered", request_id)

    async def _answer(self, connection: WebSocketConnection, request_id: str, text: str) -> bytes:
        """Run the message's route; what the client is told."""
        connection_id = connection.context.connection_id
        route = select(self._path, self._routes, text)
        if not self._throttles.take(route.key if route else None):
            return error_frame("Too Many Requests", connection_id, request_id)
        if route is None:
            return error_frame("Forbidden", connection_id, request_id)
        event = message_event(connection.context, route.key, request_id, text)
        try:
            answer = await self._integrate(route, event)
        except IntegrationTimeoutError:
            return error_frame("Endpoint request timed out", connection_id, request_id)
        except IntegrationFailedError:
            return error_frame("Internal server error", connection_id, request_id)
        return answer.body if route.returns_response else b""

    def _end(self, connection: WebSocketConnection, code: int, reason: str) -> None:
        del self.connections[connection.context.connection_id]
        route = self._routes.get("$disconnect")
        if route is not None:
            event = disconnect_event(connection.context, new_id(), code, reason)
            self._spawn(self._disconnect(route, event))

    async def _disconnect(self, route: Route, event: bytes) -> None:
        try:
            await integrations.run(self._functions, route, event, self._metrics)
        except (IntegrationFailedError, IntegrationTimeoutError) as error:
            LOG.warning("$disconnect of %s failed: %s", self.api.api_id, type(error).__name__)

    async def _sweep(self) -> None:
        """End connections that are idle or old."""
        pause_s = min(1.0, self._limits.idle_s / 4, self._limits.lifetime_s / 4)
        while True:
            await asyncio.sleep(pause_s)
            idle_since = time.monotonic() - self._limits.idle_s
            born_before = (time.time() - self._limits.lifetime_s) * 1000
            for connection in list(self.connections.values()):
                if connection.last_active < idle_since or connection.context.connected_at < born_before:
                    connection.close(1001, "Going away")

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _is_key(value: bytes | None) -> bool:
    """Whether it is 16 bytes in base64 (RFC 6455, 4.2.1)."""
    try:
        return len(base64.b64decode(value or b"", validate=True)) == KEY_BYTES
    except binascii.Error:
        return False


def _switching_protocols(request: Request, answer: Answer) -> bytes:
    lines = [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {accept_key(request.header('sec-websocket-key') or '')}",
    ]
    lines += [
        f"Sec-WebSocket-Protocol: {value}"
        for name, value in answer.headers.items()
        if name.lower() == "sec-websocket-protocol" and value.isprintable()
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
