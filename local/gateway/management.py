"""@connections: what functions post, ask and close through `apigatewaymanagementapi`."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import unquote

from local.runtime.http1 import Exchange

from .websocket_connection import BacklogError, GoneError, WebSocketConnection

MAX_POST = 128 * 1024
"""Bytes of one post."""
type Refuse = Callable[[Exchange, str], str | None]
"""Why a request is refused, if it is; its resource is `API/STAGE/METHOD/@connections/ID`."""
_JSON = (b"content-type", b"application/json")


def connection_of(exchange: Exchange, stage: str) -> str | None:
    """The connection id in the path `/STAGE/@connections/ID`; None for any other path."""
    path = exchange.raw_path.decode("latin-1").replace("%40", "@")
    prefix = f"/{stage}/@connections/"
    return unquote(path[len(prefix) :]) if path.startswith(prefix) else None


def anybody(_exchange: Exchange, _resource: str) -> None:
    """Refuses nobody."""


def answer(exchange: Exchange, connection: WebSocketConnection | None) -> None:
    """Do what the request asks of `connection`."""
    if connection is None or not connection.open:
        refuse(exchange, 410, "GoneException", "Gone")
    elif exchange.method == "POST":
        _post(exchange, connection)
    elif exchange.method == "DELETE":
        connection.close(1000, "Connection closed")
        exchange.respond(204)
    elif exchange.method == "GET":
        exchange.respond(200, json.dumps(_describe(connection)).encode(), (_JSON,))
    else:
        refuse(exchange, 403, "ForbiddenException", "Forbidden")


def answer_fault(exchange: Exchange, fault: Literal[410, 429, "none"]) -> None:
    """Refuse on purpose, whoever is asked for; `none` leaves the caller waiting."""
    if fault == 410:  # noqa: PLR2004
        refuse(exchange, 410, "GoneException", "Gone")
    elif fault == 429:  # noqa: PLR2004
        refuse(exchange, 429, "LimitExceededException", "Rate exceeded")


def refuse(exchange: Exchange, status: int, error: str, message: str) -> None:
    body = json.dumps({"message": message}).encode()
    exchange.respond(status, body, (_JSON, (b"x-amzn-errortype", error.encode())))


def _post(exchange: Exchange, connection: WebSocketConnection) -> None:
    if len(exchange.body) > MAX_POST:
        refuse(exchange, 413, "PayloadTooLargeException", "Message too long")
        return
    try:
        exchange.body.decode()
        connection.send(exchange.body)
    except UnicodeDecodeError:
        refuse(exchange, 400, "BadRequestException", "Text is not UTF-8")
    except GoneError:
        refuse(exchange, 410, "GoneException", "Gone")
    except BacklogError:
        refuse(exchange, 429, "LimitExceededException", "The client does not read its messages")
    else:
        exchange.respond(200)


def _describe(connection: WebSocketConnection) -> dict[str, object]:
    context = connection.context
    return {
        "connectedAt": _iso(context.connected_at / 1000),
        "identity": {"sourceIp": context.source_ip, "userAgent": context.user_agent},
        "lastActiveAt": _iso(connection.last_active_at),
    }


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
