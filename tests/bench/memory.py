"""What the whole stack holds in memory when people have talked and nothing happens any more."""

from collections.abc import Mapping

from local.cloud import Cloud
from tests.bench import latency, processes
from tests.bench.rest import rested

LIMIT_MB = 3 * 1024
TALK_S = 5.0


async def measure(cloud: Cloud) -> Mapping[str, float]:
    """MB (proportional set size) by group."""
    await latency.measure(cloud, seconds=TALK_S)
    await rested(cloud)
    return processes.memory_mb(cloud)


def table(used: Mapping[str, float]) -> list[str]:
    return [
        f"memory, idle and warm (MB; at most {LIMIT_MB})",
        *(f"    {group:20}{mb:8.0f}" for group, mb in sorted(used.items(), key=lambda each: -each[1])),
        f"    {'all':20}{sum(used.values()):8.0f}",
    ]
