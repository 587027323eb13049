"""
The push service itself: `python -m local.push_service.server PORT CERTIFICATE`.

Browsers, or whoever plays them, and application servers come to the same address:

* `POST /subscriptions` `{"key"}`, the application server's public key, as `PushManager.subscribe` takes it → 201
  `{"endpoint", "messages"}`: the URL for the application server, and the one at which the browser finds what came.
* `POST` to the endpoint: a push. It is refused if anything about it is not as the RFCs want it.
* `GET` of the messages, `?after=N&wait=SECONDS` → all that came after the first N, as soon as there are any, in order:
  `{"number", "at", "headers", "body"}`. The body is in base64, as it was sent: only the browser can decrypt it.
* `DELETE` of the messages: the browser has unsubscribed. Pushes are answered with 410 from then on.

Nothing is kept when it ends.
"""

import asyncio
import base64
import secrets
import ssl
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from local.push_service.rules import Refusal, check_headers, check_signature

KEPT = 200
"""Messages of one subscription; older ones are forgotten."""
LONGEST_WAIT_S = 20.0


@dataclass
class Subscription:
    key: str
    messages: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=KEPT))
    number: int = 0
    """Of the last message."""
    gone: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, headers: dict[str, str], body: bytes) -> None:
        self.number += 1
        message = {"number": self.number, "at": int(time.time() * 1000), "headers": headers}
        self.messages.append(message | {"body": base64.b64encode(body).decode()})
        self.news.set()
        self.news = asyncio.Event()

    async def after(self, number: int, *, wait_s: float) -> list[dict[str, Any]]:
        if self.number <= number:
            try:
                await asyncio.wait_for(self.news.wait(), wait_s)
            except TimeoutError:
                return []
        return [message for message in self.messages if message["number"] > number]


class PushService:
    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._subscriptions: dict[str, Subscription] = {}

    def application(self) -> web.Application:
        application = web.Application()
        application.add_routes(
            [
                web.post("/subscriptions", self.subscribe),
                web.get("/subscriptions/{id}", self.messages),
                web.delete("/subscriptions/{id}", self.unsubscribe),
                web.post("/push/{id}", self.push),
            ]
        )
        return application

    async def subscribe(self, request: web.Request) -> web.Response:
        asked = await request.json()
        name = secrets.token_urlsafe(32)
        self._subscriptions[name] = Subscription(asked["key"])
        urls = {"endpoint": f"{self._origin}/push/{name}", "messages": f"{self._origin}/subscriptions/{name}"}
        return web.json_response(urls, status=201)

    async def messages(self, request: web.Request) -> web.Response:
        after, wait_s = int(request.query.get("after", "0")), float(request.query.get("wait", "0"))
        found = await self._asked(request).after(after, wait_s=min(wait_s, LONGEST_WAIT_S))
        return web.json_response(found)

    async def unsubscribe(self, request: web.Request) -> web.Response:
        self._asked(request).gone = True
        return web.Response(status=204)

    async def push(self, request: web.Request) -> web.Response:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        subscription = self._asked(request)
        if subscription.gone:
            raise web.HTTPGone
        try:
            check_signature(headers.get("authorization", ""), key=subscription.key, origin=self._origin)
            check_headers(headers, body)
        except Refusal as refusal:
            print(f"{refusal.status}: {refusal}", flush=True)
            return web.json_response({"reason": str(refusal)}, status=refusal.status)
        subscription.take(headers, body)
        location = f"{self._origin}/messages/{request.match_info['id']}/{subscription.number}"
        return web.Response(status=201, headers={"Location": location, "TTL": headers["ttl"]})

    def _asked(self, request: web.Request) -> Subscription:
        try:
            return self._subscriptions[request.match_info["id"]]
        except KeyError:
            raise web.HTTPNotFound from None


def main() -> None:
    port, certificate = int(sys.argv[1]), Path(sys.argv[2])
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    service = PushService(f"https://127.0.0.1:{port}")
    web.run_app(service.application(), host="127.0.0.1", port=port, ssl_context=tls, access_log=None, print=None)


if __name__ == "__main__":
    main()
