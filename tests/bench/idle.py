"""What the whole stack takes of a processor while nobody talks."""

import asyncio
from collections.abc import Mapping

from local.cloud import Cloud
from tests.bench import processes
from tests.bench.rest import rested

SETTLED_AFTER_S = 75.0
"""What engines do after their start is done by then."""
SHOWN = 0.0005
"""Of a processor."""


async def measure(cloud: Cloud, *, seconds: float) -> Mapping[str, float]:
    """Of one processor, the share that each group of processes takes."""
    await asyncio.sleep(SETTLED_AFTER_S)
    await rested(cloud)
    return await processes.taken(cloud, seconds)


def table(shares: Mapping[str, float]) -> list[str]:
    largest_first = sorted(shares.items(), key=lambda each: -each[1])
    return [
        "nobody talks (of a processor)",
        *(f"  {group:20}{share:8.3f}" for group, share in largest_first if share >= SHOWN),
        f"  {'all':20}{sum(shares.values()):8.3f}",
    ]
