"""What the whole stack holds in memory when people have talked and nothing happens any more."""

import asyncio
from collections.abc import Mapping

from local.cloud import Cloud
from local.process import poll
from local.runtime.pool import IDLE_S
from tests.bench import latency, processes

LIMIT_MB = 3 * 1024
TALK_S = 5.0


async def measure(cloud: Cloud) -> Mapping[str, float]:
    """MB (proportional set size) by group."""
    await latency.measure(cloud, seconds=TALK_S)
    await _at_rest(cloud)
    return processes.memory_mb(cloud)


async def _at_rest(cloud: Cloud) -> None:
    """Environments that only a burst of events has needed end after a minute."""
    kept = {function.name: max(1, function.provisioned_concurrency) for function in cloud.app.functions}

    async def rests() -> bool:
        return all(len(each["pids"]) <= kept[name] for name, each in cloud.runtime.functions.status().items())

    async with asyncio.timeout(2 * IDLE_S):
        await poll(rests)


def table(used: Mapping[str, float]) -> list[str]:
    return [
        f"memory, idle and warm (MB; at most {LIMIT_MB})",
        *(f"    {group:20}{mb:8.0f}" for group, mb in sorted(used.items(), key=lambda each: -each[1])),
        f"    {'all':20}{sum(used.values()):8.0f}",
    ]
