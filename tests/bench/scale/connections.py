"""
Very many who are connected and say nothing: what a connection costs at rest; then all of them are hung up on at once,
and come again while people talk.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import psutil
from redis.asyncio import Redis

from local.cloud import Cloud
from local.faults import HangUp
from tests.bench import processes
from tests.bench.child import Child
from tests.bench.latency import percentile
from tests.bench.warm import warmed

DEVICES_EACH = 20
"""Of a user: all that one may have."""
CIRCLE = 25
OF_ONE_PROCESS = 5_000
CONNECTING_AT_ONCE = 12
FUNCTIONS = ("users_api", "chat_api", "authorize", "connect", "disconnect", "signal", "presence", "send", "persist")
ENVIRONMENTS = 4
"""Of each: as many as the local cloud has."""
QUIET_S = 10.0
READY_WITHIN_S = 600.0
TALKS, EVERY_S = 3, 5.0
COUNTED = ("attempts", "live", "synced", "syncs", "again", "ends")
SHOWN = 0.0005
"""Of a processor."""


@dataclass(frozen=True, kw_only=True)
class Connected:
    number: int
    connect_s: float
    gateway_kb: float
    """Of each connection: what the gateway's process has grown by."""
    valkey_kb: float
    keys: float
    rest_s: float
    pings: int
    pong_ms: Sequence[float]
    idle: Mapping[str, float]
    """Of a processor, without anybody."""
    rest: Mapping[str, float]
    """The same with everybody."""


@dataclass(frozen=True, kw_only=True)
class Storm:
    well_s: Sequence[float]
    """From the cut until each was connected and knew what it had missed."""
    complete_s: float
    """Until everything was seen everywhere, or patience ended."""
    unwell: int
    """Who was not well then."""
    said: int
    tally: Counter[str]
    failures: Counter[str]
    lost: Sequence[str]
    cpu_s: Mapping[str, float]
    clients_s: float


@asynccontextmanager
async def crowd(cloud: Cloud, *, connections: int) -> AsyncIterator[Sequence[Child]]:
    """Who have signed up, in several processes."""
    await warmed(cloud, FUNCTIONS, number=ENVIRONMENTS)
    async with AsyncExitStack() as stack:
        people = [await stack.enter_async_context(each) for each in _crowd(connections)]
        for each in people:
            each.tell(dict(cloud.app.outputs))
        await _all(people)
        yield people


def _crowd(connections: int) -> list[Child]:
    """As many processes as it takes, and two at least: one does not use two processors."""
    users = -(-connections // DEVICES_EACH)
    parts = max(2, -(-connections // OF_ONE_PROCESS))
    shares = [users // parts + (part < users % parts) for part in range(parts)]
    return [
        Child("tests.bench.scale.people", str(share), str(DEVICES_EACH), str(CIRCLE), "1") for share in shares if share
    ]


async def connected(cloud: Cloud, crowd: Sequence[Child], *, seconds: float, within_s: float) -> Connected:
    """As many as come within that time, and then `seconds` of rest."""
    await asyncio.sleep(QUIET_S)
    idle = await processes.taken(cloud, QUIET_S)
    rss, before = _rss(), await _valkey(cloud)
    took = await _all(crowd, {"do": "connect", "at_once": CONNECTING_AT_ONCE, "within_s": within_s})
    number = sum(each["devices"] for each in took)
    held, after = _rss(), await _valkey(cloud)
    await _all(crowd, {"do": "count"})
    earlier = await _all(crowd, {"do": "count"})
    rest = await processes.taken(cloud, seconds)
    counted = await _all(crowd, {"do": "count"})
    assert not any(each["unwell"] for each in counted), "not all are connected"
    return Connected(
        number=number,
        connect_s=max(each["seconds"] for each in took),
        gateway_kb=(held - rss) / number / 1024,
        valkey_kb=(after["memory"] - before["memory"]) / number / 1024,
        keys=(after["keys"] - before["keys"]) / number,
        rest_s=seconds,
        pings=sum(each["pings"] for each in counted) - sum(each["pings"] for each in earlier),
        pong_ms=[ms for each in counted for ms in each["pong_ms"]],
        idle=idle,
        rest=rest,
    )


async def storm(cloud: Cloud, crowd: Sequence[Child], *, patience_s: float) -> Storm:
    """All of them are hung up on at once."""
    before, earlier = processes.usage(cloud), await _all(crowd, {"do": "count"})
    for each in crowd:
        each.tell({"do": "talk", "times": TALKS, "every_s": EVERY_S})
    cut_at = time.monotonic()
    await cloud.faults.apply(HangUp())
    said = sum(each["said"] for each in await _all(crowd))
    well = await _all(crowd, {"do": "well", "within_s": patience_s})
    cpu_s = processes.usage(cloud).since(before)
    counted = await _all(crowd, {"do": "count"})
    tally: Counter[str] = Counter()
    failures: Counter[str] = Counter()
    for now, then in zip(counted, earlier, strict=True):
        failures.update(now["failures"])
        failures.subtract(then["failures"])
        tally.update({name: now[name] - then[name] for name in COUNTED})
    return Storm(
        well_s=[at - cut_at for each in well for at in each["well_at"]],
        complete_s=max(each["at"] for each in well) - cut_at,
        unwell=sum(each["unwell"] for each in well),
        said=said,
        tally=tally,
        failures=failures,
        lost=[wrong for each in await _all(crowd, {"do": "lost"}) for wrong in each],
        cpu_s=cpu_s,
        clients_s=sum(now["cpu_s"] - then["cpu_s"] for now, then in zip(counted, earlier, strict=True)),
    )


async def _all(crowd: Sequence[Child], asked: Mapping[str, Any] | None = None) -> list[Any]:
    """What each says next, to what it is asked or was asked before."""
    for each in crowd:
        if asked is not None:
            each.tell(dict(asked))
    return [await each.hear(within_s=READY_WITHIN_S) for each in crowd]


def _rss() -> int:
    """Of the gateway, which is this process."""
    return int(psutil.Process().memory_info().rss)


async def _valkey(cloud: Cloud) -> dict[str, int]:
    async with Redis.from_url(f"redis://{cloud.engines['valkey'].address}") as valkey:
        return {"memory": (await valkey.info("memory"))["used_memory"], "keys": await valkey.dbsize()}


def table_of_rest(connected: Connected) -> list[str]:
    rate = connected.pings / connected.rest_s
    groups = sorted(connected.rest, key=lambda group: -connected.rest[group])
    more = {group: connected.rest[group] - connected.idle.get(group, 0.0) for group in groups}
    return [
        f"{connected.number:,} connections at rest, connected in {connected.connect_s:.0f} s",
        (
            f"  memory of each (KB): gateway {connected.gateway_kb:.2f}, Valkey {connected.valkey_kb:.2f}"
            f" ({connected.keys:.3f} keys)"
        ),
        f"  pings/s in {connected.rest_s:.0f} s: {rate:.1f}; pong p50, p99 (ms): "
        + (f"{percentile(connected.pong_ms, 50):.1f}, {percentile(connected.pong_ms, 99):.1f}" if rate else "-"),
        f"  {'of a processor':22}{'nobody':>10}{'all':>10}{'ms a ping':>12}",
        *(
            f"    {group:20}{connected.idle.get(group, 0.0):10.3f}{connected.rest[group]:10.3f}"
            f"{1000 * more[group] / rate if rate else 0.0:12.2f}"
            for group in groups
            if connected.rest[group] >= SHOWN
        ),
        (
            f"    {'all':20}{sum(connected.idle.values()):10.3f}{sum(connected.rest.values()):10.3f}"
            f"{1000 * sum(more.values()) / rate if rate else 0.0:12.2f}"
        ),
    ]


def table_of_storm(storm: Storm) -> list[str]:
    number = len(storm.well_s) + storm.unwell
    each_ms, clients_ms = 1000 * sum(storm.cpu_s.values()) / number, 1000 * storm.clients_s / number
    return [
        f"all hung up on at once, {storm.said} messages said meanwhile",
        f"  well again, p50, p99, last (s): {_spread(storm.well_s)}",
        (
            f"  everything seen everywhere after (s): {storm.complete_s:.1f}; not well by then: {storm.unwell:,};"
            f" lost: {len(storm.lost)}"
        ),
        f"  attempts {storm.tally['attempts']:,}; failed: "
        + (", ".join(f"{name} {times:,}" for name, times in storm.failures.most_common() if times) or "none"),
        (
            f"  events first seen live {storm.tally['live']:,}, by sync {storm.tally['synced']:,}, again"
            f" {storm.tally['again']:,}; syncs {storm.tally['syncs']:,}; sockets that ended {storm.tally['ends']:,}"
        ),
        f"  processor time of each connection (ms), together {each_ms:.1f}, clients beside {clients_ms:.1f}",
        *(
            f"    {group:20}{1000 * used / number:10.2f}"
            for group, used in sorted(storm.cpu_s.items(), key=lambda each: -each[1])
            if used / number >= SHOWN / 10
        ),
        *(f"    {wrong}" for wrong in storm.lost[:5]),
    ]


def _spread(values: Sequence[float]) -> str:
    return f"{percentile(values, 50):.1f}, {percentile(values, 99):.1f}, {max(values):.1f}"
