"""One message to a group whose members are all connected, and a talker in the largest, beside pairs who talk."""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from local.cloud import Cloud
from tests.bench import processes
from tests.bench.child import Child
from tests.bench.latency import percentile
from tests.bench.warm import warmed

SIZES = (10, 30, 100, 300, 1000)
TIMES = 10
TALK_EVERY_S = 0.2
CHANGES = 6
READY_WITHIN_S = 600.0
ENVIRONMENTS = 4
FUNCTIONS = (
    "users_api",
    "chat_api",
    "authorize",
    "connect",
    "send",
    "signal",
    "persist",
    "fanout",
    "post_slice",
    "presence",
)
SAYS_WITHIN_S = 180.0


@dataclass(frozen=True, kw_only=True)
class Groups:
    said: Mapping[int, Sequence[Mapping[str, float]]]
    """By members: seconds from the call to the `ack`, the first and the last screen."""
    cpu_ms: Mapping[int, float]
    """Processor time of a message."""
    watched: Mapping[int, Sequence[Mapping[str, float]]]
    """By watchers: seconds from the call until the first and the last were told."""
    watch_ms: Mapping[int, float]
    alone: Mapping[str, float]
    one: Mapping[str, float]
    """The pairs, while a message is said to the largest group now and then."""
    many: Mapping[str, float]
    talk: Mapping[str, float]
    """While somebody says five a second there; what came of these."""


async def measure(cloud: Cloud, *, members: int, seconds: float) -> Groups:
    url = cloud.app.outputs["HttpUrl"]
    sizes = [size for size in SIZES if size < members] + [members]
    said, cpu_ms, watched, watch_ms = {}, {}, {}, {}
    await warmed(cloud, FUNCTIONS, number=ENVIRONMENTS)
    async with AsyncExitStack() as stack:
        crowd = await stack.enter_async_context(Child("tests.bench.scale.members", str(members)))

        async def asked(**what: object) -> Any:
            crowd.tell(what)
            return await crowd.hear(within_s=READY_WITHIN_S)

        async def talked(beside: Mapping[str, object] | None = None) -> tuple[Any, Any]:
            pairs.tell({"seconds": seconds})
            if beside is not None:
                crowd.tell(beside)
            found = await pairs.hear(within_s=seconds + SAYS_WITHIN_S)
            return found, None if beside is None else await crowd.hear(within_s=seconds + SAYS_WITHIN_S)

        crowd.tell(dict(cloud.app.outputs))
        await crowd.hear(within_s=READY_WITHIN_S)
        pairs = await stack.enter_async_context(Child("tests.bench.pairs", url))
        await pairs.hear(within_s=READY_WITHIN_S)
        for size in sizes:
            group = await asked(do="group", size=size)
            before = processes.usage(cloud)
            said[size] = await asked(do="say", group=group, size=size, times=TIMES)
            cpu_ms[size] = 1000 * sum(processes.usage(cloud).since(before).values()) / TIMES
        for size in sizes:
            watch_ms[size - 1] = await asked(do="watch", number=size - 1)
            watched[size - 1] = await asked(do="change", number=size - 1, times=CHANGES)
        alone, _ = await talked()
        one, _ = await talked({"do": "say", "group": group, "size": members, "times": TIMES})
        many, talk = await talked(
            {"do": "talk", "group": group, "size": members, "every_s": TALK_EVERY_S, "seconds": seconds}
        )
        return Groups(
            said=said,
            cpu_ms=cpu_ms,
            watched=watched,
            watch_ms=watch_ms,
            alone=alone,
            one=one,
            many=many,
            talk=talk,
        )


def table(groups: Groups) -> list[str]:
    largest = max(groups.said)
    return [
        f"a message to a group, all connected (medians of {TIMES}; ms from the call)",
        f"  {'members':>10}{'ack':>8}{'first':>8}{'last':>8}{'posts/s':>10}{'cpu':>8}{'cpu each':>10}",
        *(
            f"  {size:10,}{_ms(found, 'ack')}{_ms(found, 'first')}{_ms(found, 'last')}"
            f"{size / _median(found, 'last'):10.0f}{groups.cpu_ms[size]:8.0f}{groups.cpu_ms[size] / size:10.2f}"
            for size, found in groups.said.items()
        ),
        f"somebody goes away, or comes back (medians of {CHANGES}; ms from the call)",
        f"  {'watchers':>10}{'watch':>8}{'first':>8}{'last':>8}",
        *(
            f"  {number:10,}{groups.watch_ms[number]:8.0f}{_ms(found, 'first')}{_ms(found, 'last')}"
            for number, found in groups.watched.items()
        ),
        f"twenty pairs beside a group of {largest:,} (ms from the call to the other's screen)",
        f"  {'':34}{'sent':>8}{'shown':>8}{'p50':>8}{'p99':>8}{'max':>8}",
        *(
            f"  {name:34}" + "".join(f"{found[each]:8.0f}" for each in ("sent", "shown", "p50", "p99", "max"))
            for name, found in (
                ("alone", groups.alone),
                (f"{TIMES} messages, one after the other", groups.one),
                ("five messages a second", groups.many),
            )
        ),
        (
            f"  of these five a second: {groups.talk['said']:.0f} said in {groups.talk['seconds']:.1f} s, all of it"
            f" everywhere {groups.talk['complete']:.1f} s later; {groups.talk['live']:,.0f} live events in"
            f" {groups.talk['frames']:,.0f} frames, {groups.talk['posts_s']:.0f} frames/s"
        ),
    ]


def _median(found: Sequence[Mapping[str, float]], name: str) -> float:
    return percentile([each[name] for each in found], 50)


def _ms(found: Sequence[Mapping[str, float]], name: str) -> str:
    return f"{1000 * _median(found, name):8.0f}"
