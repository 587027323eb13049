"""
A page with traces: Zipkin, on loopback, for as long as somebody looks.

It is given what the local cloud has kept, once. Format: Zipkin API v2, `POST /api/v2/spans`.
"""

import asyncio
import http.client
import json
import signal
import time
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, ClassVar

from local.engines import jars
from local.engines.engine import Engine, EngineUnavailable, Site, accepts
from local.engines.java import fresh_temporary_folder, jvm
from local.engines.ports import Ports
from local.process import Command, plain_environment
from local.progress import Progress

HEAP_MB = 256
ANSWERS_WITHIN_S = 10.0
_MEMORY = "mem"
NO_DNS = "-Dcom.linecorp.armeria.useJdkDnsResolver=true"
"""Else it has a resolver of its own, with a socket that is not on loopback; and it asks for no name anyway."""


class Zipkin(Engine):
    name: ClassVar[str] = "zipkin"
    variable: ClassVar[str] = "NATTER_ZIPKIN"

    async def prepare(self) -> Command:
        (jar,) = await jars.fetch(self.name, self.site.progress)
        java = (*jvm(heap_mb=HEAP_MB, class_path=(jar,), temporary=fresh_temporary_folder(self.home)), NO_DNS)
        port = "--armeria.ports[0]"
        # All three: a list of Zipkin's settings is replaced as a whole, and without an address it listens everywhere.
        listen = (f"{port}.ip=127.0.0.1", f"{port}.port={self.port}", f"{port}.protocols[0]=http")
        environment = plain_environment() | {"STORAGE_TYPE": _MEMORY}
        return Command(name=self.name, argv=(*java, "-jar", str(jar), *listen), env=environment)

    async def ready(self) -> bool:
        if not await accepts(self.address):
            return False
        status, _ = await self._ask("GET", "/health")
        return status == HTTPStatus.OK

    def search(self, most: int, *, until_ms: int) -> str:
        """The page's address with the last traces of a day; without an end it asks for criteria first."""
        return f"http://{self.address}/zipkin/?lookback=1d&endTs={until_ms}&limit={most}"

    async def take(self, traces: Sequence[Mapping[str, Any]]) -> None:
        """
        Show these, too.

        Raises:
            EngineUnavailable: it does not take them.
        """
        found = [span for trace in traces for span in spans(trace)]
        status, answer = await self._ask("POST", "/api/v2/spans", json.dumps(found).encode())
        if status != HTTPStatus.ACCEPTED:
            raise EngineUnavailable(f"{self.name} does not take the traces: {status} {answer.decode(errors='replace')}")

    async def _ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        return await asyncio.to_thread(_asked, self.address, method, path, body)


def _asked(address: str, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
    """What it answers; status 0 is none."""
    connection = http.client.HTTPConnection(address, timeout=ANSWERS_WITHIN_S)
    try:
        connection.request(method, path, body, {"content-type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException) as error:
        return 0, str(error).encode()
    finally:
        connection.close()


def spans(trace: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Those of a trace, as `natter-local` is told of it, in the words of Zipkin; its times are microseconds."""
    return [
        {
            "traceId": trace["id"],
            "id": span["id"],
            **({"parentId": span["parent_id"]} if span["parent_id"] else {}),
            "name": span["name"],
            "timestamp": span["began_ns"] // 1000,
            "duration": max(1, (span["ended_ns"] - span["began_ns"]) // 1000),
            "localEndpoint": {"serviceName": span["service"]},
            "tags": {name: str(value) for name, value in span["attributes"].items()}
            | ({"error": "true"} if span["failed"] else {}),
        }
        for span in trace["spans"]
    ]


async def until_signalled(root: Path, traces: Sequence[Mapping[str, Any]]) -> None:
    """As `show`, until SIGINT or SIGTERM."""
    loop, this = asyncio.get_running_loop(), asyncio.current_task()
    assert this is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, this.cancel)
    await show(root, traces)


async def show(root: Path, traces: Sequence[Mapping[str, Any]]) -> None:
    """
    Until it is cancelled, or Zipkin ends by itself. Nothing is left running.

    Raises:
        JarUnavailable, ProcessFailed: it could not be had, or did not start.
        EngineUnavailable: it does not take the traces.
    """
    state = root / ".local"
    zipkin = Zipkin(Site(state=state, ports=Ports(state / "ports.json"), progress=Progress()))
    zipkin.site.run.mkdir(parents=True, exist_ok=True)
    try:
        await zipkin.start()
        await zipkin.take(traces)
        print(f"{len(traces)} traces; until Ctrl-C:", flush=True)
        print(zipkin.search(len(traces), until_ms=time.time_ns() // 1_000_000), flush=True)
        print(await zipkin.site.ends.get(), flush=True)
    except asyncio.CancelledError:
        print("stopped", flush=True)
    finally:
        await zipkin.stop()
