"""
What comes of more than there is room for: pairs who say half, once, twice and four times what is stored.

How much that is, they find out first, with eight messages of each under way. Users' own limits are lifted meanwhile:
it is the partitions' that are looked at.
"""

import asyncio
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.cloud import Cloud
from tests.bench.child import Child
from tests.bench.latency import percentile
from tests.bench.limits import LIFTED, limited
from tests.support.lag import caught_up

TIMES = (0.5, 1.0, 2.0, 4.0)
READY_WITHIN_S = 180.0
SAYS_WITHIN_S = 120.0
CAUGHT_UP_WITHIN_S = 120.0
WARM_S = 5.0


@dataclass(frozen=True, kw_only=True)
class Overload:
    capacity: float
    """Messages a second that were shown, of the closed loop."""
    closed: Mapping[str, Any]
    opened: Mapping[float, Mapping[str, Any]]
    """By how many times the capacity was said."""


async def measure(cloud: Cloud, *, pairs: int, seconds: float) -> Overload:
    with limited(cloud, [LIFTED]):
        async with Child("tests.bench.outboxes", cloud.app.outputs["HttpUrl"], str(pairs)) as child:
            await child.hear(within_s=READY_WITHIN_S)

            async def talked(seconds: float, rate: float | None = None) -> Any:
                child.tell({"seconds": seconds, "rate": rate})
                said = await child.hear(within_s=seconds + SAYS_WITHIN_S)
                said["talked_s"] = seconds
                await caught_up(cloud, within_s=CAUGHT_UP_WITHIN_S)
                return said

            await talked(WARM_S)
            closed = await talked(seconds)
            capacity = closed["shown"] / closed["seconds"]
            opened = {}
            for times in TIMES:
                opened[times] = await talked(seconds, times * capacity)
                await asyncio.sleep(1)  # what was left of the backlog before is of no concern to the next
            child.tell(None)
    return Overload(capacity=capacity, closed=closed, opened=opened)


def table(measured: Overload) -> list[str]:
    rounds = {"closed": measured.closed, **{f"{times:g} x": said for times, said in measured.opened.items()}}
    return [
        f"more than there is room for: {measured.capacity:.0f} messages/s are stored and shown (closed loop)",
        f"  {'':8}{'messages/s':>22}{'refused':>9}{'call to ack':>16}{'ack to screen':>16}{'call to screen':>16}",
        f"  {'':8}{'said':>11}{'shown':>11}{'frames':>9}" + 3 * f"{'p50':>8}{'p99':>8}" + f"{'lost':>8}",
        *(f"  {name:8}{_row(said)}" for name, said in rounds.items()),
        "  (milliseconds; `refused`: share of the frames; `lost`: acknowledged and not shown within a minute)",
    ]


def _row(said: Mapping[str, Any]) -> str:
    numbers = f"{said['said'] / said['talked_s']:11.0f}{said['shown'] / said['seconds']:11.0f}"
    times = [
        f"{statistics.median(said[name]):8.0f}{percentile(said[name], 99):8.0f}"
        for name in ("acked_ms", "shown_after_ack_ms", "shown_ms")
    ]
    refused, lost = said["refused"] / max(1, said["frames"]), said["acknowledged"] - said["shown"]
    return f"{numbers}{refused:9.2f}{''.join(times)}{lost:8}"
