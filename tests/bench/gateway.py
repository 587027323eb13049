"""
Frames through the WebSocket gateway and a warm no-op function, beside a bare `websockets` echo server.

    python -m tests.bench.gateway INTERPRETER [--frames 5000] [--clients 50] [--idle 2000] [--growth 100000]

INTERPRETER is a Python with `awslambdaric`. Gateway and load client are processes of their own, as in real use;
both run on the same cores. Prints one JSON object; memory is the resident set of the whole process, without and with
idle connections. (The echo server's has everything in it that this module imports.)
"""

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import os
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil
import uvloop
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosedError

from local.gateway.server import Runtime
from local.model import Api, App, Function, Route

CODE = 'def noop(event, context):\n    return {"statusCode": 200, "body": "ok"}\n'
ARN = "arn:aws:lambda:eu-central-1:000000000000:function:noop"
FRAME = json.dumps({"action": "noop", "conversation_id": "c" * 36, "messages": [{"client_id": "m", "text": "x" * 60}]})


def _app(folder: Path, port: int) -> App:
    (folder / "app.py").write_text(CODE)
    noop = Function(
        logical_id="noop",
        name="noop",
        arn=ARN,
        handler="app.noop",
        code=folder,
        timeout_s=10,
        provisioned_concurrency=2,
    )
    route = Route(key="noop", function_arn=ARN, returns_response=True)
    api = Api(api_id="bench", kind="WEBSOCKET", stage="local", routes=(route,), port=port)
    return App(
        region="eu-central-1",
        account="000000000000",
        functions=(noop,),
        apis=(api,),
        kafka_sources=(),
        deploy_tasks=(),
        outputs={},
        not_imitated=(),
    )


def _gateway(interpreter: Path, port: int, control: Connection) -> None:
    async def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            runtime = Runtime(
                _app(root, port),
                interpreter=interpreter,
                root=root,
                kafka_bootstrap=None,
                extra_env={},
                max_environments=2,
            )
            await runtime.start()
            control.send(runtime.status()["functions"]["noop"]["pids"])
            await asyncio.to_thread(control.recv)
            await runtime.stop()

    uvloop.run(run())


def _echo(port: int, control: Connection) -> None:
    async def echo(connection: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosedError):  # of an idle client, which just goes
            async for _ in connection:
                await connection.send("ok")

    async def run() -> None:
        async with serve(echo, "127.0.0.1", port, compression=None):
            control.send([])
            await asyncio.to_thread(control.recv)

    uvloop.run(run())


async def _one(client: ClientConnection, frames: int) -> list[float]:
    times = []
    for _ in range(frames):
        began = time.perf_counter()
        await client.send(FRAME)
        await client.recv()
        times.append((time.perf_counter() - began) * 1000)
    return times


async def _load(url: str, frames: int, clients: int) -> dict[str, float]:
    sockets = [await connect(url, compression=None, proxy=None) for _ in range(clients)]
    await asyncio.gather(*(_one(client, 10) for client in sockets))
    began = time.perf_counter()
    times = [t for many in await asyncio.gather(*(_one(client, frames // clients) for client in sockets)) for t in many]
    seconds = time.perf_counter() - began
    await asyncio.gather(*(client.close() for client in sockets))
    p99 = statistics.quantiles(times, n=100)[98]
    return {
        "frames_s": round(len(times) / seconds),
        "p50_ms": round(statistics.median(times), 3),
        "p99_ms": round(p99, 3),
    }


def _cpu_ms(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return (times.user + times.system) * 1000


async def _measure(url: str, pids: dict[str, list[int]], arguments: argparse.Namespace) -> dict[str, Any]:
    server = psutil.Process(pids["server"][0])
    result: dict[str, Any] = await _idle(server, url, arguments.idle)
    result["one client"] = await _load(url, max(200, arguments.frames // 5), 1)
    before = {name: sum(map(_cpu_ms, several)) for name, several in pids.items()}
    result[f"{arguments.clients} clients"] = await _load(url, arguments.frames, arguments.clients)
    frames = arguments.frames // arguments.clients * arguments.clients + 10 * arguments.clients
    result["cpu_ms_per_frame"] = {
        name: round((sum(map(_cpu_ms, several)) - before[name]) / frames, 3) for name, several in pids.items()
    }
    result["growth_mb"] = await _growth(server, url, arguments.growth, arguments.clients)
    return result


async def _idle(server: psutil.Process, url: str, number: int) -> dict[str, float]:
    """What connections hold that say nothing. Before any load, or they would sit where it had been, at no cost."""
    await (await connect(url, compression=None, proxy=None)).close()  # brings along what all later ones share
    bare = server.memory_info().rss
    idle = [await connect(url, compression=None, proxy=None) for _ in range(number)]
    held = server.memory_info().rss
    await asyncio.gather(*(client.close() for client in idle))
    return {
        "bare_mb": round(bare / 2**20, 1),
        "idle_kb_each": round((held - bare) / number / 2**10, 1),
        "idle_mb": round((held - bare) / 2**20, 1),
        "rss_mb": round(held / 2**20, 1),
    }


async def _growth(server: psutil.Process, url: str, frames: int, clients: int) -> float:
    """What the server holds more after the second half of these frames than after the first."""
    held = []
    for _ in range(2):
        await _load(url, frames // 2, clients)
        held.append(server.memory_info().rss)
    return round((held[1] - held[0]) / 2**20, 1)


def _ratio(gateway: Mapping[str, Any], echo: Mapping[str, Any], clients: int) -> dict[str, float]:
    """How many times as much the gateway, with a function behind it, takes as an echo server."""
    many = f"{clients} clients"
    return {
        "p50, one client": round(gateway["one client"]["p50_ms"] / echo["one client"]["p50_ms"], 1),
        f"time a frame, {many}": round(echo[many]["frames_s"] / gateway[many]["frames_s"], 1),
    }


def _bench(target: Any, arguments: argparse.Namespace, *head: object) -> dict[str, Any]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=target, args=(*head, port, theirs))
    process.start()
    workers = ours.recv()
    assert process.pid is not None
    pids = {"server": [process.pid], **({"workers": workers} if workers else {}), "client": [os.getpid()]}
    try:
        return uvloop.run(_measure(f"ws://127.0.0.1:{port}/local", pids, arguments))
    finally:
        ours.send("stop")
        process.join(10)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("interpreter", type=Path)
    parser.add_argument("--frames", type=int, default=5000)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--idle", type=int, default=2000)
    parser.add_argument("--growth", type=int, default=100_000, help="frames after which memory is compared")
    arguments = parser.parse_args()
    gateway = _bench(_gateway, arguments, arguments.interpreter.absolute())
    echo = _bench(_echo, arguments)
    result = {
        "gateway": gateway,
        "bare echo server": echo,
        "ratio": _ratio(gateway, echo, arguments.clients),
        "cpus": os.cpu_count(),
        "load_average": os.getloadavg()[0],
    }
    json.dump(result, sys.stdout, indent=2)
    print()  # noqa: T201


if __name__ == "__main__":
    main()
