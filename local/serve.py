"""The local cloud in the foreground."""

import asyncio
import signal
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import uvloop

from local.assembly import Unresolvable
from local.background import Instance
from local.cloud import Cloud, DeployFailed
from local.engines import AlreadyClaimed, Engines, EngineUnavailable, ProcessFailed
from local.engines.jars import JarUnavailable
from local.progress import Progress
from local.provision import ProvisionFailed
from local.runtime.functions import UnknownFunctionError
from local.runtime.reload import Reloader
from local.synthesis import SynthesisFailed

FAILURES = (
    AlreadyClaimed,
    DeployFailed,
    EngineUnavailable,
    JarUnavailable,
    ProcessFailed,
    ProvisionFailed,
    SynthesisFailed,
    UnknownFunctionError,
    Unresolvable,
)


def serve(root: Path, *, demo: bool, debug: Sequence[str] | None = None, secured: bool = False) -> int:
    """Runs the cloud of `root` until SIGINT or SIGTERM. A failure to start is one message; its value is the status."""
    try:
        return uvloop.run(_serve(root, demo=demo, debug=debug, secured=secured))
    except FAILURES as failure:
        print(f"natter-local: {failure}", file=sys.stderr)
        return 1


async def _serve(root: Path, *, demo: bool, debug: Sequence[str] | None, secured: bool) -> int:
    """Until SIGINT or SIGTERM, which also end a start that is under way. Nothing is left running."""
    loop, this = asyncio.get_running_loop(), asyncio.current_task()
    assert this is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, this.cancel)
    began = time.monotonic()
    cloud = Cloud(root, Progress(), debug=debug, secured=secured)
    try:
        async with cloud:
            instance = Instance.announce(root, admin_port=cloud.runtime.admin_port)
            watches = [loop.create_task(each) for each in (tell_ends(cloud.engines), _reloader(cloud).run())]
            try:
                print(f"ready in {time.monotonic() - began:.1f} s", flush=True)
                if demo and cloud.project.demo:
                    await _demonstrate(cloud)
                for key, value in cloud.app.outputs.items():
                    print(f"{key:14}{value}", flush=True)
                for url in cloud.dashboards:
                    print(f"{'Dashboard':14}{url}", flush=True)
                await asyncio.Event().wait()
            finally:
                for watch in watches:
                    watch.cancel()
                instance.withdraw()
    except asyncio.CancelledError:
        print("stopped", flush=True)
    return 0


async def tell_ends(engines: Engines) -> None:
    """A line on standard error for each engine that ends though nobody asked it to, until cancelled."""
    while True:
        print(f"natter-local: {await engines.ended()}", file=sys.stderr, flush=True)


def _reloader(cloud: Cloud) -> Reloader:
    return Reloader(cloud.runtime.functions, built=cloud.project.output, say=partial(print, flush=True))


async def _demonstrate(cloud: Cloud) -> None:
    process = await asyncio.create_subprocess_exec(*cloud.project.demo, cwd=cloud.root)
    try:
        status = await process.wait()
    except asyncio.CancelledError:
        if process.returncode is None:
            process.terminate()
        await process.wait()
        raise
    if status != 0:
        print(f"the demo ended with status {status}", file=sys.stderr)
