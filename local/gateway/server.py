"""`Runtime`: the functions, APIs and event sources of an app, in one process."""

import asyncio
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.model import App
from local.runtime import invoke_api
from local.runtime.functions import Lambda
from local.runtime.http1 import Exchange, HttpServer
from local.runtime.invoke_api import InvokeApi
from local.runtime.worker import Result
from local.sources.kafka import KafkaPoller

from .http_api import HttpApi
from .limits import WebSocketLimits
from .websocket_api import WebSocketApi

_JSON = (b"content-type", b"application/json")


class Runtime:
    """
    Runs `app` until stopped: `start` once, `status` at any time, `stop` once.

    `interpreter` is that of the workers' virtual environment; logs go to `root/.local/logs`; `extra_env` is set in
    every worker. `admin_port` (0: a free one, then in the attribute) serves `GET /status`, `POST /invoke/FUNCTION` and
    Lambda's `Invoke` API.
    """

    def __init__(
        self,
        app: App,
        *,
        interpreter: Path,
        root: Path,
        kafka_bootstrap: str | None,
        extra_env: Mapping[str, str],
        admin_port: int = 0,
        max_environments: int = 4,
        limits: WebSocketLimits | None = None,
    ) -> None:
        self.app = app
        self.functions = Lambda(
            app.functions,
            interpreter=interpreter,
            log_dir=root / ".local" / "logs",
            extra_env=extra_env,
            max_environments=max_environments,
        )
        self.apis: list[WebSocketApi | HttpApi] = [
            WebSocketApi(api, self.functions, limits or WebSocketLimits())
            if api.kind == "WEBSOCKET"
            else HttpApi(api, self.functions)
            for api in app.apis
        ]
        self.sources: list[KafkaPoller] = []
        self.admin_port = admin_port
        self._kafka_bootstrap = kafka_bootstrap
        self._invoke_api = InvokeApi(self.functions)
        self._admin = HttpServer(self._answer_admin)
        self._started = time.time()

    async def start(self) -> None:
        """
        Start workers, then serve the APIs, then consume.

        Raises:
            OSError: a port is taken.
            TimeoutError: an event source's topic could not be read.
            ValueError: the app asks for something that is not imitated.
        """
        sources = [source for source in self.app.kafka_sources if source.enabled]
        if sources and self._kafka_bootstrap is None:
            raise ValueError("the app has Kafka event sources, but there is no Kafka")
        await self.functions.start()
        for api in self.apis:
            await api.start()
        await self._admin.start(self.admin_port)
        self.admin_port = self._admin.port
        self.sources = [KafkaPoller(source, self.functions, self._kafka_bootstrap or "") for source in sources]
        await asyncio.gather(*(source.start() for source in self.sources))

    async def stop(self) -> None:
        """Stop in reverse: sources, sockets (closed with 1001), workers. Also after a `start` that failed."""
        await asyncio.gather(*(source.stop() for source in self.sources))
        await asyncio.gather(*(api.stop() for api in self.apis))
        self._admin.close()
        await self.functions.stop()

    async def invoke(self, function: str, payload: bytes) -> Result:
        """Run a function directly; raises what `Lambda.invoke` raises."""
        return await self.functions.invoke(function, payload)

    def status(self) -> dict[str, Any]:
        """A JSON-serialisable snapshot."""
        return {
            "uptime_s": round(time.time() - self._started, 1),
            "functions": self.functions.status(),
            "apis": {api.api.api_id: {"kind": api.api.kind, **api.status()} for api in self.apis},
            "sources": [source.status() for source in self.sources],
            "not_imitated": [list(resource) for resource in self.app.not_imitated],
        }

    def _answer_admin(self, exchange: Exchange) -> None:
        function = invoke_api.function_of(exchange)
        if function is None and exchange.method == "POST" and exchange.path.startswith("/invoke/"):
            function = exchange.path.removeprefix("/invoke/")
        if function is not None:
            self._invoke_api.answer(exchange, function)
        elif exchange.method == "GET" and exchange.path == "/status":
            exchange.respond(200, json.dumps(self.status()).encode(), (_JSON,))
        else:
            exchange.respond(404, b'{"message":"Not Found"}', (_JSON,))
