"""
As fast as it goes, as clients are told: one frame of a conversation under way, what piles up goes into the next, up to
20 messages. What a message costs then, beside `throughput`, where each is a frame of its own.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psutil

from local.cloud import Cloud
from tests.bench import processes
from tests.bench.child import Child
from tests.bench.latency import percentile
from tests.bench.limits import LIFTED, limited
from tests.bench.overload import READY_WITHIN_S, SAYS_WITHIN_S

WARM_S = 5.0


@dataclass(frozen=True, kw_only=True)
class Told:
    per_second: float
    per_frame: float
    """Messages."""
    acked_p50: float
    shown_p50: float
    refused: int
    """Frames."""
    lost: int
    """Acknowledged, and not shown within a minute."""
    cpu_ms: Mapping[str, float]
    """Processor time per message, by group of processes."""


async def measure(cloud: Cloud, *, pairs: int, seconds: float, rounds: int) -> Sequence[Told]:
    """Each talker has eight messages under way; users' own limits are lifted."""
    with limited(cloud, [LIFTED]):
        async with Child("tests.bench.outboxes", cloud.app.outputs["HttpUrl"], str(pairs)) as child:
            await child.hear(within_s=READY_WITHIN_S)
            await _talked(cloud, child, WARM_S)
            measured = [await _talked(cloud, child, seconds) for _ in range(rounds)]
            child.tell(None)
    return measured


async def _talked(cloud: Cloud, child: Child, seconds: float) -> Told:
    usage, talker = processes.usage(cloud), psutil.Process(child.pid)
    before = processes.seconds(talker)
    child.tell({"seconds": seconds})
    said = await child.hear(within_s=seconds + SAYS_WITHIN_S)
    used = processes.usage(cloud).since(usage)
    used["load client"] = processes.seconds(talker) - before
    shown = max(1, said["shown"])
    return Told(
        per_second=said["shown"] / max(said["seconds"], seconds),
        per_frame=said["acknowledged"] / max(1, said["frames"] - said["refused"] - said["refused_otherwise"]),
        acked_p50=percentile(said["acked_ms"], 50),
        shown_p50=percentile(said["shown_ms"], 50),
        refused=said["refused"] + said["refused_otherwise"],
        lost=said["acknowledged"] - said["shown"],
        cpu_ms={group: 1000 * seconds_used / shown for group, seconds_used in used.items()},
    )


def table(rounds: Sequence[Told], *, pairs: int) -> list[str]:
    def median(name: str) -> float:
        return statistics.median(float(getattr(each, name)) for each in rounds)

    cpu = processes.medians([each.cpu_ms for each in rounds])
    return [
        f"as clients are told, {pairs} pairs (medians of {len(rounds)} rounds)",
        f"  {'messages/s':22}{median('per_second'):8.0f}",
        f"  {'messages a frame':22}{median('per_frame'):8.1f}",
        f"  {'call to ack p50 (ms)':22}{median('acked_p50'):8.1f}",
        f"  {'to screen p50 (ms)':22}{median('shown_p50'):8.1f}",
        f"  {'frames refused':22}{sum(each.refused for each in rounds):8}",
        f"  {'not shown':22}{sum(each.lost for each in rounds):8}",
        f"  {'ms of processor time':22}{sum(cpu.values()):8.2f}  a message",
        *processes.rows(cpu),
    ]
