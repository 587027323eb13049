"""Events of the WebSocket API as API Gateway sends them, and the frames that answer them."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from natter.domain.connections import Connection

ENDPOINT = "https://gateway.example"
REQUEST_ID = "request-1="


def a_socket_event(connection: Connection, body: Any = None, *, route: str = "send") -> dict[str, Any]:
    """`body` is text as it is, anything else as JSON."""
    event: dict[str, Any] = {
        "requestContext": {
            "routeKey": route,
            "eventType": {"$connect": "CONNECT", "$disconnect": "DISCONNECT"}.get(route, "MESSAGE"),
            "requestId": REQUEST_ID,
            "requestTimeEpoch": connection.connected_at + 5_000,
            "connectionId": connection.connection_id,
            "connectedAt": connection.connected_at,
            "domainName": "abc123.execute-api.eu-central-1.amazonaws.com",
            "stage": "dev",
            "apiId": "abc123",
            "authorizer": {
                "principalId": connection.user_id,
                "integrationLatency": 5,
                "user_id": connection.user_id,
                "device_id": connection.device_id,
                "session_id": connection.session_id,
            },
        },
        "isBase64Encoded": False,
    }
    if body is not None:
        event["body"] = body if isinstance(body, str) else json.dumps(body)
    return event


@dataclass(frozen=True)
class SocketClient:
    """Calls a handler as a route of the WebSocket API would."""

    handler: Callable[[Any, Any], dict[str, Any]]
    connection: Connection

    def __call__(self, body: Any) -> Any:
        """The frame that answers `body`, or None."""
        answer = self.handler(a_socket_event(self.connection, body), None)
        assert answer["statusCode"] == 200
        return json.loads(answer["body"]) if "body" in answer else None
