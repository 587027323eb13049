"""The events of a WebSocket API, field by field as API Gateway sends them. No I/O."""

import json
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from local.model import Api

from .limits import new_id
from .request import Request


def dumps(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@lru_cache(maxsize=4)
def clf(second: int) -> str:
    """A time in the common log format, as `requestTime` has it."""
    return time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(second))


class EventContext:
    """
    The part of `requestContext` that all events of one connection share.

    It is serialized once: a message's event is this text, a few ids and the escaped body put together.
    """

    __slots__ = ("_base", "_static", "connected_at", "connection_id", "host", "source_ip", "user_agent")

    def __init__(self, api: Api, connection_id: str, source_ip: str, user_agent: str) -> None:
        self.connection_id = connection_id
        self.connected_at = int(time.time() * 1000)
        self.source_ip = source_ip
        self.user_agent = user_agent
        self.host = f"127.0.0.1:{api.port}"
        identity = {"userAgent": user_agent} if user_agent else {}
        self._base = {
            "stage": api.stage,
            "connectedAt": self.connected_at,
            "identity": {**identity, "sourceIp": source_ip},
            "domainName": self.host,
            "connectionId": connection_id,
            "apiId": api.api_id,
        }
        self._static = dumps(self._base)[1:-1]

    def grant(self, authorizer: Mapping[str, Any]) -> None:
        """Carry the authorizer's context from now on."""
        self._static = dumps({**self._base, "authorizer": authorizer})[1:-1]

    def request_context(self, route_key: str, event_type: str, request_id: str, **more: object) -> str:
        """The JSON of `requestContext`."""
        now = time.time()
        fields = {
            "routeKey": route_key,
            **more,
            "eventType": event_type,
            "extendedRequestId": request_id,
            "requestTime": clf(int(now)),
            "messageDirection": "IN",
            "requestTimeEpoch": int(now * 1000),
            "requestId": request_id,
        }
        return dumps(fields)[:-1] + "," + self._static + "}"


def message_event(context: EventContext, route_key: str, request_id: str, body: str) -> bytes:
    request_context = context.request_context(route_key, "MESSAGE", request_id, messageId=new_id())
    return f'{{"requestContext":{request_context},"body":{dumps(body)},"isBase64Encoded":false}}'.encode()


def connect_event(context: EventContext, request: Request, request_id: str) -> bytes:
    request_context = context.request_context("$connect", "CONNECT", request_id)
    head = dumps(request_fields(request))[1:-1]
    return f'{{{head},"requestContext":{request_context},"isBase64Encoded":false}}'.encode()


def authorizer_event(context: EventContext, request: Request, request_id: str, method_arn: str) -> bytes:
    request_context = context.request_context("$connect", "CONNECT", request_id)
    head = dumps({"type": "REQUEST", "methodArn": method_arn, **request_fields(request)})[1:-1]
    return f'{{{head},"requestContext":{request_context}}}'.encode()


def disconnect_event(context: EventContext, request_id: str, code: int, reason: str) -> bytes:
    request_context = context.request_context(
        "$disconnect", "DISCONNECT", request_id, disconnectStatusCode=code, disconnectReason=reason
    )
    headers = {"Host": context.host, "x-api-key": "", "X-Forwarded-For": "", "x-restapi": ""}
    multi = {name: [value] for name, value in headers.items()}
    head = dumps({"headers": headers, "multiValueHeaders": multi})[1:-1]
    return f'{{{head},"requestContext":{request_context},"isBase64Encoded":false}}'.encode()


def request_fields(request: Request) -> dict[str, object]:
    fields: dict[str, object] = {
        "headers": {name: values[-1] for name, values in request.named_headers.items()},
        "multiValueHeaders": request.named_headers,
    }
    if request.parameters:
        fields["queryStringParameters"] = {name: values[-1] for name, values in request.parameters.items()}
        fields["multiValueQueryStringParameters"] = request.parameters
    return fields


def error_frame(message: str, connection_id: str, request_id: str) -> bytes:
    """What API Gateway itself says to a client."""
    return json.dumps({"message": message, "connectionId": connection_id, "requestId": request_id}).encode()
