"""Five hundred devices come at once, each with fifty conversations in which something was said meanwhile."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from local.cloud import Cloud
from tests.bench import processes
from tests.bench.child import Child
from tests.bench.latency import percentile
from tests.support.lag import caught_up

CIRCLE, CONVERSATIONS, TIMES = 50, 50, 2
READY_WITHIN_S = 600.0
CAUGHT_UP_WITHIN_S = 120.0
COUNTED = ("attempts", "live", "synced", "syncs")


@dataclass(frozen=True, kw_only=True)
class Behind:
    devices: int
    well_s: Sequence[float]
    complete_s: float
    tally: Mapping[str, int]
    lost: int
    cpu_s: Mapping[str, float]


async def measure(cloud: Cloud, *, devices: int) -> Behind:
    """One device a user; one of each circle stays, and says something in every conversation."""
    async with Child("tests.bench.scale.people", str(devices), "1", str(CIRCLE), str(CONVERSATIONS)) as people:

        async def asked(**what: object) -> dict[str, object]:
            people.tell(what)
            return dict(await people.hear(within_s=READY_WITHIN_S))

        people.tell(dict(cloud.app.outputs))
        await people.hear(within_s=READY_WITHIN_S)
        await asked(do="connect", at_once=CIRCLE // 4, within_s=READY_WITHIN_S)
        await asked(do="part")
        await asked(do="talk", times=TIMES, every_s=0.0)
        await caught_up(cloud, within_s=CAUGHT_UP_WITHIN_S)
        before, used = await asked(do="count"), processes.usage(cloud)
        people.tell({"do": "return"})
        came = await people.hear(within_s=READY_WITHIN_S)
        cpu_s, after = processes.usage(cloud).since(used), await asked(do="count")
        people.tell({"do": "lost"})
        lost = await people.hear(within_s=READY_WITHIN_S)
        assert not came["unwell"], "not all came back"
        others = [at for number, at in enumerate(came["well_at"]) if number % CIRCLE]
        return Behind(
            devices=len(others),
            well_s=[at - came["began"] for at in others],
            complete_s=came["at"] - came["began"],
            tally={name: int(str(after[name])) - int(str(before[name])) for name in COUNTED},
            lost=len(lost),
            cpu_s=cpu_s,
        )


def table(behind: Behind) -> list[str]:
    together = 1000 * sum(behind.cpu_s.values()) / behind.devices
    top = sorted(behind.cpu_s.items(), key=lambda each: -each[1])[:6]
    return [
        f"{behind.devices} come at once, each {CONVERSATIONS} conversations and {CONVERSATIONS * TIMES} events behind",
        (
            f"  well, p50, p99, last (s): {percentile(behind.well_s, 50):.1f}, {percentile(behind.well_s, 99):.1f},"
            f" {max(behind.well_s):.1f}; lost: {behind.lost}"
        ),
        "  " + ", ".join(f"{name} {count:,}" for name, count in behind.tally.items()),
        f"  processor time of each (ms): {together:.1f}; "
        + ", ".join(f"{name} {1000 * used / behind.devices:.1f}" for name, used in top),
    ]
