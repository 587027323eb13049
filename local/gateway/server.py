"""`Runtime`: the functions, APIs, event sources and schedules of an app, in one process."""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from local.destinations import Senders
from local.distributions.server import DistributionServer
from local.doors import Doors, Gate
from local.engines import Engine
from local.faults.client import PATH as FAULTS
from local.faults.control import Control
from local.faults.engines import Restore
from local.faults.values import HangUp
from local.metrics import page
from local.metrics.depths import Depths
from local.metrics.lag import Lag
from local.metrics.meter import Meter
from local.metrics.publisher import Publisher
from local.model import App
from local.runtime import invoke_api
from local.runtime.functions import Lambda, UnknownFunctionError
from local.runtime.http1 import Exchange, HttpServer
from local.runtime.invoke_api import InvokeApi
from local.runtime.worker import Result
from local.sources import sns
from local.sources.kafka import KafkaPoller
from local.sources.schedules import Schedules, UnknownScheduleError
from local.sources.sqs import SqsPoller
from local.traces import door as traces
from local.traces.door import TraceDoor

from . import management
from .http_api import HttpApi
from .limits import WebSocketLimits
from .websocket_api import WebSocketApi

_JSON = (b"content-type", b"application/json")
_HTML = (b"content-type", b"text/html; charset=utf-8")
DASHBOARDS = "/dashboards"
TRACES = "/traces"


async def _nothing(engine: str) -> None:
    """Restores nothing: the engines keep what they have, or there are none."""


class Runtime:
    """
    Runs `app` until stopped: `start` once, `status` at any time, `stop` once.

    `interpreter` is that of the workers' virtual environment; logs go to `root/.local/logs`; `extra_env` is set in
    every worker. `engines` are those that faults may hit; after a fresh start of one, `restore` gets its name.
    Functions reach them through `doors`, if there are any; else some of LocalStack's services through a gate on
    `gate_port`, if they are told of it (`Gate.environment`). Their traces are taken on `traces_port`.
    `admin_port` (0: a free one, then in the attribute) serves `GET /status`, `POST /invoke/FUNCTION`,
    `POST /trigger/SCHEDULE`, `/faults`, `/dashboards`, `/traces` and Lambda's `Invoke` API. Functions of `debug` are
    debugged, see `Lambda`.
    """

    def __init__(
        self,
        app: App,
        *,
        interpreter: Path,
        root: Path,
        kafka_bootstrap: str | None,
        localstack_url: str | None = None,
        engines: Mapping[str, Engine] | None = None,
        restore: Restore = _nothing,
        extra_env: Mapping[str, str],
        admin_port: int = 0,
        max_environments: int = 4,
        limits: WebSocketLimits | None = None,
        debug: Sequence[str] | None = None,
        doors: Doors | None = None,
        gate_port: int | None = None,
        traces_port: int | None = None,
    ) -> None:
        self.app = app
        self.meter = Meter()
        self.functions = Lambda(
            app.functions,
            interpreter=interpreter,
            log_dir=root / ".local" / "logs",
            extra_env=extra_env,
            max_environments=max_environments,
            meter=self.meter,
            debug=debug,
            credentials=None if doors is None else doors.credentials,
            steps=app.steps,
        )
        self._doors = doors
        self.faults = Control(
            *(self.functions, engines or {}, restore, {} if doors is None else doors.of_engines),
            hang_up=self._hang_up,
        )
        self.apis: list[WebSocketApi | HttpApi] = [
            WebSocketApi(
                *(api, self.functions, limits or WebSocketLimits(), self.faults.posts, self.meter),
                refuse=management.anybody if doors is None else doors.refuse,
            )
            if api.kind == "WEBSOCKET"
            else HttpApi(api, self.functions, self.meter)
            for api in app.apis
        ]
        self.distributions = [DistributionServer(each, s3=localstack_url or "") for each in app.distributions]
        self.sources: list[KafkaPoller | SqsPoller] = []
        self.schedules = Schedules(app.schedules, self.functions)
        self.admin_port = admin_port
        self._kafka_bootstrap = kafka_bootstrap
        self._localstack_url = localstack_url
        self.metrics: Publisher | None = None
        if localstack_url is not None:
            self.functions.send_records_to(Senders(self.functions, localstack_url, app.region))
            lag = Lag(self.meter, lambda: self.sources)
            self.depths = Depths(self.meter, url=localstack_url, region=app.region)
            samplers = [lag.sample, self.depths.sample]
            self.metrics = Publisher(self.meter, url=localstack_url, region=app.region, samplers=samplers)
        self._invoke_api = InvokeApi(self.functions)
        self._notifications = sns.Notifications(self.functions)
        self._admin = HttpServer(self._answer_admin)
        self._gate: Gate | None = None
        if doors is not None:
            doors.fail(self.faults.calls)
        elif gate_port is not None and localstack_url is not None:
            self._gate = Gate(gate_port, behind=localstack_url, faults=self.faults.calls)
        self.traces: TraceDoor | None = None
        if traces_port is not None:
            refuse = traces.anybody if doors is None else doors.refuse_call
            self.traces = TraceDoor(traces_port, self.faults.calls, refuse)
        self._started = time.time()

    async def start(self) -> None:
        """
        Start workers, then serve the APIs, then consume.

        Raises:
            OSError: a port is taken.
            TimeoutError: an event source's topic or queue could not be read.
            ValueError: the app asks for something that is not imitated.
            UnknownFunctionError: a function that is to be debugged.
        """
        if self._gate is not None:
            await self._gate.start()
        if self.traces is not None:
            await self.traces.start()
        await self.functions.start()
        for server in (*self.apis, *self.distributions):
            await server.start()
        await self._admin.start(self.admin_port)
        self.admin_port = self._admin.port
        self.sources = self._sources()
        await asyncio.gather(*(source.start() for source in self.sources))
        self.schedules.start()
        if self.metrics is not None:
            self.metrics.start()

    async def stop(self) -> None:
        """Stop in reverse: sources, sockets (closed with 1001), workers. Also after a `start` that failed."""
        await self.faults.close()
        await self.schedules.stop()
        if self.metrics is not None:
            await self.metrics.stop()
        await asyncio.gather(*(source.stop() for source in self.sources))
        await asyncio.gather(*(server.stop() for server in (*self.distributions, *self.apis)))
        self._admin.close()
        await self.functions.stop()
        if self._gate is not None:
            await self._gate.stop()
        if self.traces is not None:
            await self.traces.stop()

    async def invoke(self, function: str, payload: bytes) -> Result:
        """Run a function directly; raises what `Lambda.invoke` raises."""
        return await self.functions.invoke(function, payload)

    def status(self) -> dict[str, Any]:
        """A JSON-serialisable snapshot."""
        return {
            "uptime_s": round(time.time() - self._started, 1),
            **self.faults.status(),
            **({} if self._doors is None else self._doors.status()),
            "functions": self.functions.status(),
            "apis": {api.api.api_id: {"kind": api.api.kind, **api.status()} for api in self.apis},
            "distributions": {each.distribution.distribution_id: each.status() for each in self.distributions},
            "sources": [source.status() for source in self.sources],
            "schedules": self.schedules.status(),
            "metrics": self.metrics.status() if self.metrics is not None else None,
            "not_imitated": [list(resource) for resource in self.app.not_imitated],
        }

    def _hang_up(self, fault: HangUp) -> None:
        for api in self.apis:
            if isinstance(api, WebSocketApi):
                api.hang_up(fault)

    def _sources(self) -> list[KafkaPoller | SqsPoller]:
        kafka = [source for source in self.app.kafka_sources if source.enabled]
        sqs = [source for source in self.app.sqs_sources if source.enabled]
        if kafka and self._kafka_bootstrap is None:
            raise ValueError("the app has Kafka event sources, but there is no Kafka")
        if sqs and self._localstack_url is None:
            raise ValueError("the app has SQS event sources, but there is no LocalStack")
        return [
            *(KafkaPoller(source, self.faults.deliveries, self._kafka_bootstrap or "") for source in kafka),
            *(SqsPoller(source, self.faults.deliveries, self._localstack_url or "") for source in sqs),
        ]

    def _answer_admin(self, exchange: Exchange) -> None:
        function = invoke_api.function_of(exchange)
        if function is None and exchange.method == "POST" and exchange.path.startswith("/invoke/"):
            function = self._meant(exchange.path.removeprefix("/invoke/"))
        if function is not None:
            self._invoke_api.answer(exchange, function)
        elif exchange.method == "POST" and exchange.path.startswith("/trigger/"):
            self._trigger(exchange, exchange.path.removeprefix("/trigger/"))
        elif exchange.method == "POST" and exchange.path.startswith(sns.PREFIX):
            self._notifications.answer(exchange)
        elif exchange.method == "GET" and exchange.path.startswith(DASHBOARDS):
            self._show(exchange, exchange.path.removeprefix(DASHBOARDS).strip("/"))
        elif exchange.method == "GET" and exchange.path == TRACES and self.traces is not None:
            asked = dict(parse_qsl(exchange.query))
            found = self.traces.kept.last(int(asked.get("most", 1)), asked.get("about", ""))
            exchange.respond(200, json.dumps(found).encode(), (_JSON,))
        elif exchange.path == FAULTS:
            self.faults.answer(exchange)
        elif exchange.method == "GET" and exchange.path == "/status":
            exchange.respond(200, json.dumps(self.status()).encode(), (_JSON,))
        else:
            exchange.respond(404, b'{"message":"Not Found"}', (_JSON,))

    def _show(self, exchange: Exchange, name: str) -> None:
        charts = None if self.metrics is None else self.metrics.charts
        if charts is not None and not name:
            exchange.respond(200, page.index(charts).encode(), (_HTML,))
        elif charts is not None and self.metrics is not None and name in charts.dashboards:
            states = self.metrics.status()["alarms"]
            exchange.respond(200, page.page(charts.dashboards[name], charts, states).encode(), (_HTML,))
        else:
            exchange.respond(404, b'{"message":"Not Found"}', (_JSON,))

    def _meant(self, name: str) -> str:
        """The full name of the function that a person means by `name`; `name` itself if that is not clear."""
        try:
            return self.functions.find(name).function.name
        except UnknownFunctionError:
            return name

    def _trigger(self, exchange: Exchange, name: str) -> None:
        try:
            self.schedules.trigger(name)
        except UnknownScheduleError:
            exchange.respond(404, b'{"message":"Not Found"}', (_JSON,))
        else:
            exchange.respond(202)
