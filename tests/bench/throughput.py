"""As fast as it goes: the pairs answer each other at once. What a message costs, process by process."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psutil

from local.cloud import Cloud
from tests.bench import children, processes
from tests.bench.latency import percentile


@dataclass(frozen=True, kw_only=True)
class Throughput:
    per_second: float
    delivery_p50: float
    lost: int
    repeated: int
    reconnects: int
    cpu_ms: Mapping[str, float]
    """Processor time per message, by group of processes."""


async def measure(cloud: Cloud, *, pairs: int, seconds: float, together: bool = False) -> Throughput:
    """One round. The processor time is taken from where measuring begins to its end."""
    before: list[tuple[processes.Usage, float]] = []

    def begin(pid: int) -> None:
        before.append((processes.usage(cloud), processes.seconds(psutil.Process(pid))))

    options = [f"--pairs={pairs}", f"--seconds={seconds}", *(["--together"] if together else [])]
    load = await children.run("client", "closed", cloud.app.outputs["HttpUrl"], *options, measuring=begin)
    ((usage, client_before),) = before
    used = processes.usage(cloud).since(usage)
    arrived = len(load["delivery_ms"])
    used["load client"] = load["cpu_s"] - client_before
    return Throughput(
        per_second=arrived / (load["ended"] - load["began"]),
        delivery_p50=percentile(load["delivery_ms"], 50),
        lost=load["sent"] - arrived,
        repeated=load["repeated"],
        reconnects=load["reconnects"],
        cpu_ms={group: 1000 * seconds_used / arrived for group, seconds_used in used.items()},
    )


def table(rounds: Sequence[Throughput], *, pairs: int, together: bool = False) -> list[str]:
    def median(name: str) -> float:
        return statistics.median(float(getattr(each, name)) for each in rounds)

    cpu = processes.medians([each.cpu_ms for each in rounds])
    return [
        f"closed loop, {pairs} pairs{' in one group' if together else ''} (medians of {len(rounds)} rounds)",
        f"  {'messages/s':22}{median('per_second'):8.0f}",
        f"  {'delivery p50 (ms)':22}{median('delivery_p50'):8.1f}",
        f"  {'not arrived':22}{sum(each.lost for each in rounds):8}",
        f"  {'sent again':22}{sum(each.repeated for each in rounds):8}",
        f"  {'sockets closed':22}{sum(each.reconnects for each in rounds):8}",
        "  processor time per message (ms)",
        *processes.rows(cpu),
        f"    {'all':20}{sum(cpu.values()):8.2f}",
    ]
