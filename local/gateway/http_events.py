"""The events of an HTTP API in payload format 2.0. No I/O."""

import base64
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from local.model import Api

from .http_routes import Match
from .request import Request
from .websocket_events import clf

_TEXT_TYPES = ("application/json", "application/xml", "application/javascript")


def route_event(
    api: Api, request: Request, match: Match, request_id: str, authorizer: Mapping[str, Any] | None
) -> bytes:
    """What the route's function gets; `authorizer` is the granted context."""
    event = _common(api, request, match, request_id)
    if authorizer is not None:
        event["requestContext"]["authorizer"] = {"lambda": authorizer}
    body = request.exchange.body
    if body:
        text = _text(body, request.header("content-type"))
        event["body"] = base64.b64encode(body).decode() if text is None else text
    event["isBase64Encoded"] = bool(body) and text is None
    return _dump(event)


def authorizer_event(
    api: Api, request: Request, match: Match, request_id: str, *, identity: Sequence[str], route_arn: str
) -> bytes:
    """What a request authorizer gets."""
    event = {"type": "REQUEST", "routeArn": route_arn, "identitySource": list(identity)}
    return _dump({**event, **_common(api, request, match, request_id)})


def path_of(request: Request) -> str:
    """The path with its percent-encoding undone, which routes are compared with; what follows a `%3F` is lost."""
    return request.path.partition("?")[0]


def _common(api: Api, request: Request, match: Match, request_id: str) -> dict[str, Any]:
    path = path_of(request)
    now = time.time()
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": match.route.key,
        "rawPath": path,
        "rawQueryString": request.exchange.query,
        "headers": {name: ",".join(values) for name, values in request.headers.items() if name != "cookie"},
        "requestContext": {
            "accountId": match.route.function_arn.split(":")[4],
            "apiId": api.api_id,
            "domainName": f"127.0.0.1:{api.port}",
            "domainPrefix": api.api_id,
            "http": {
                "method": request.method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": request.source_ip,
                "userAgent": request.user_agent,
            },
            "requestId": request_id,
            "routeKey": match.route.key,
            "stage": api.stage,
            "time": clf(int(now)),
            "timeEpoch": int(now * 1000),
        },
    }
    if cookies := request.headers.get("cookie"):
        event["cookies"] = [cookie.strip() for line in cookies for cookie in line.split(";") if cookie.strip()]
    if request.parameters:
        event["queryStringParameters"] = {name: ",".join(values) for name, values in request.parameters.items()}
    if match.path_parameters:
        event["pathParameters"] = match.path_parameters
    return event


def _text(body: bytes, content_type: str | None) -> str | None:
    """The body as text, if its type is one of text and it is."""
    kind = (content_type or "text/plain").partition(";")[0].strip().lower()
    if not kind.startswith("text/") and kind not in _TEXT_TYPES and not kind.endswith(("+json", "+xml")):
        return None
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def _dump(event: Mapping[str, Any]) -> bytes:
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
