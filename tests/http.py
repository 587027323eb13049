"""Events of the HTTP API as API Gateway sends them (payload format 2.0), and their answers."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.messages import NOON

HOST = "api.natter.example"


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    text: str
    cookies: tuple[str, ...] = ()

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def code(self) -> str:
        """Of an error, which is a problem document."""
        assert self.headers["Content-Type"] == "application/problem+json"
        problem = self.json
        assert problem["status"] == self.status
        assert {"type", "title", "detail"} <= problem.keys()
        return str(problem["code"])


class LambdaContext:
    aws_request_id = "request-1"


@dataclass(frozen=True)
class HttpClient:
    """Calls a handler as the HTTP API would."""

    handler: Callable[[Any, Any], Any]
    token: str | None = None
    address: str = "192.0.2.1"

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        **fields: Any,
    ) -> Reply:
        """`body` is text as it is, anything else as JSON; `headers` are more of them; `fields` replace the event's."""
        sent = {"content-type": "application/json", "host": HOST, **(headers or {})}
        if self.token is not None:
            sent["authorization"] = f"Bearer {self.token}"
        event: dict[str, Any] = {
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": path,
            "rawQueryString": "",
            "headers": sent,
            "requestContext": {
                "http": {"method": method, "path": path, "sourceIp": self.address},
                "stage": "$default",
                "requestId": "request-1=",
                "timeEpoch": NOON,
            },
            "isBase64Encoded": False,
        }
        if query is not None:
            event["queryStringParameters"] = dict(query)
        if body is not None:
            event["body"] = body if isinstance(body, str) else json.dumps(body)
        answer = self.handler(event | fields, LambdaContext())
        cookies = tuple(answer.get("cookies", ()))
        return Reply(answer["statusCode"], answer.get("headers", {}), answer.get("body") or "", cookies)
