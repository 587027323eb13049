"""
`python -m tests.bench.billed`: what AWS would bill for one message, one connection, one receipt …, counted.

The local cloud runs as on AWS (`--secured`): its doors see each request. What is counted is written into
`infra/capacity/measured.json`, from which `natter-capacity` and docs/capacity.md reckon.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import redis
import uvloop

from infra.capacity.lists import lists
from infra.capacity.measured import FILE, Measured
from local.cloud import Cloud
from local.serve import FAILURES
from tests.bench.acts import ACTS, Act, Stage
from tests.bench.counting import Counted, count
from tests.bench.warm import warmed

ROOT = Path(__file__).parents[2]
COMMAND = "python -m tests.bench.billed"
FUNCTIONS = (
    *("users_api", "chat_api", "authorize", "connect", "disconnect", "send", "signal"),
    *("persist", "receipts", "presence", "push", "wake", "relay", "reconcile", "erase", "rebuild"),
)
EVERY_MINUTE = ("relay", "reconcile", "erase", "rebuild")
FIRST = 3
"""Of each act, before it is counted: caches fill, statements are prepared."""
LOOK_S = 0.25
QUIET_WITHIN_S = 90.0
CONNECTIONS = 30


async def measure(cloud: Cloud) -> Measured:
    await warmed(cloud, FUNCTIONS, number=1)
    await cloud.runtime.schedules.stop()  # each runs when it is told, so that it is known whose requests are counted
    async with AsyncExitStack() as stack:
        stage = await Stage.built(cloud, stack, away=FIRST + ACTS["away message"].times)
        for name in EVERY_MINUTE:
            await _run(cloud, name)
        await stage.direct_message()  # the ledger has something to look at, as it has in every minute
        await _quiet(cloud, 1.0)
        rest = {name: dict(await _scheduled(cloud, name)) for name in EVERY_MINUTE}
        acts = {}
        for name, act in ACTS.items():
            stage.seq = 0
            acts[name] = await _counted(stage, act, rest["reconcile"])
            print(f"{name}: {json.dumps(acts[name])}", file=sys.stderr, flush=True)  # noqa: T201
        connection_bytes = await _memory(stage)
    return Measured(
        date=datetime.now(UTC).date().isoformat(),
        command=COMMAND,
        about={name: f"{act.about}; {act.times} times" for name, act in ACTS.items()},
        acts=acts,
        minute={name: _rounded(amount) for name, amount in _sum(rest).items()},
        connection_bytes=connection_bytes,
    )


async def _counted(stage: Stage, act: Act, ledger: Mapping[str, float]) -> dict[str, float]:
    """For one time. The ledger looks at messages afterwards; what it asks for in any case is that of a minute."""
    for _ in range(FIRST):
        await act.does(stage)
    await _quiet(stage.cloud, act.quiet_s)
    await _run(stage.cloud, "reconcile")
    before, seen = count(stage.cloud), Counter(stage.client())
    for _ in range(act.times):
        await act.does(stage)
    await _quiet(stage.cloud, act.quiet_s)
    if act.in_ledger:
        await _run(stage.cloud, "reconcile")
    found = count(stage.cloud).since(before, stage.cloud)
    client = Counter(stage.client())
    client.subtract(seen)
    found.update(client)
    if act.in_ledger:
        found.subtract(Counter(ledger))
    return {name: each for name, amount in sorted(found.items()) if (each := _rounded(amount / act.times)) > 0}


async def _scheduled(cloud: Cloud, name: str) -> Counter[str]:
    """One run of it when there is nothing to do."""
    before = count(cloud)
    await _run(cloud, name)
    return count(cloud).since(before, cloud)


async def _run(cloud: Cloud, name: str) -> None:
    cloud.runtime.schedules.trigger(f"natter-local-{name}")
    await _quiet(cloud, 1.0)


async def _quiet(cloud: Cloud, for_s: float) -> None:
    """Until nothing is under way and nothing has been for so long."""
    end, since, last = time.monotonic() + QUIET_WITHIN_S, time.monotonic(), -1
    while time.monotonic() - since < for_s:
        await asyncio.sleep(LOOK_S)
        functions = cloud.runtime.functions.status().values()
        invoked = sum(each["invocations"] for each in functions)
        behind = sum(source.status().get("lag", 0) for source in cloud.runtime.sources)
        if invoked != last or behind or any(each["busy"] for each in functions):
            last, since = invoked, time.monotonic()
        assert time.monotonic() < end, "it does not come to rest"


async def _memory(stage: Stage) -> float:
    """Bytes in Valkey for one more connection of somebody new."""
    people = [await stage.api.sign_up("connected") for _ in range(CONNECTIONS)]
    before = await asyncio.to_thread(_used, stage.cloud)
    stage.sockets += [await person.connect() for person in people]
    return _rounded((await asyncio.to_thread(_used, stage.cloud) - before) / CONNECTIONS)


def _used(cloud: Cloud) -> float:
    host, _, port = cloud.engines["valkey"].address.rpartition(":")
    with redis.Redis(host=host, port=int(port), socket_timeout=5) as valkey:
        return float(valkey.info("memory")["used_memory_dataset"])


def _sum(several: Mapping[str, Mapping[str, float]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for each in several.values():
        total.update(each)
    return total


def _rounded(amount: float) -> float:
    return float(f"{amount:.4g}")


async def run() -> None:
    async with Cloud(ROOT, secured=True) as cloud:
        measured = await measure(cloud)
    FILE.write_text(json.dumps(measured.to_json(), indent=1) + "\n")
    print(lists(measured), end="")  # noqa: T201


def main() -> int:
    try:
        uvloop.run(run())
    except FAILURES as failure:
        print(f"tests.bench.billed: {failure}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


__all__ = ["Counted", "main", "measure"]

if __name__ == "__main__":
    sys.exit(main())
