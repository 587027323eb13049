"""`python -m tests.bench [NAME …]`: a local cloud of its own, measured."""

import argparse
import os
import sys
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path

import uvloop

from local.cloud import Cloud
from local.serve import FAILURES
from tests.bench import (
    absence,
    accounts,
    backlog,
    hostile,
    idle,
    inbox,
    latency,
    memory,
    observed,
    overload,
    push,
    rebuild,
    starts,
    throughput,
    told,
)
from tests.bench.scale import behind, connections, conversations, groups, history

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, kw_only=True)
class Options:
    rounds: int
    seconds: float
    pairs: int
    share: float
    connections: int
    connecting: float
    patience: float
    behind: int
    members: int
    history: int
    conversations: int


type Report = Callable[[Cloud, Options], Awaitable[Sequence[str]]]


def once[Measured](measure: Callable[[Cloud], Awaitable[Measured]], table: Callable[[Measured], list[str]]) -> Report:
    """A report on what is measured a single time, with its own numbers."""

    async def report(cloud: Cloud, _: Options) -> Sequence[str]:
        return table(await measure(cloud))

    return report


async def of_latency(cloud: Cloud, options: Options) -> Sequence[str]:
    return latency.table([await latency.measure(cloud, seconds=options.seconds) for _ in range(options.rounds)])


async def of_throughput(cloud: Cloud, options: Options, *, together: bool) -> Sequence[str]:
    measured = [
        await throughput.measure(cloud, pairs=options.pairs, seconds=options.seconds, together=together)
        for _ in range(options.rounds)
    ]
    return throughput.table(measured, pairs=options.pairs, together=together)


async def of_told(cloud: Cloud, options: Options) -> Sequence[str]:
    measured = await told.measure(cloud, pairs=options.pairs, seconds=options.seconds, rounds=options.rounds)
    return told.table(measured, pairs=options.pairs)


async def of_hostile(cloud: Cloud, options: Options) -> Sequence[str]:
    return hostile.table(await hostile.measure(cloud, seconds=options.seconds, share=options.share))


async def of_observed(cloud: Cloud, options: Options) -> Sequence[str]:
    return observed.table(await observed.measure(cloud, seconds=options.seconds, rounds=options.rounds))


async def of_overload(cloud: Cloud, options: Options) -> Sequence[str]:
    return overload.table(await overload.measure(cloud, pairs=options.pairs, seconds=options.seconds))


async def of_idle(cloud: Cloud, options: Options) -> Sequence[str]:
    return idle.table(await idle.measure(cloud, seconds=options.seconds))


async def of_starts(cloud: Cloud, options: Options) -> Sequence[str]:
    return starts.table(await starts.measure(cloud, rounds=options.rounds))


async def of_push(cloud: Cloud, options: Options) -> Sequence[str]:
    return push.table(await push.measure(cloud, seconds=options.seconds, rounds=options.rounds))


async def of_rebuild(cloud: Cloud, options: Options) -> Sequence[str]:
    return await rebuild.report(cloud, rounds=options.rounds)


async def of_connections(cloud: Cloud, options: Options) -> Sequence[str]:
    async with connections.crowd(cloud, connections=options.connections) as crowd:
        rest = await connections.connected(cloud, crowd, seconds=options.seconds, within_s=options.connecting)
        _show(connections.table_of_rest(rest))
        return connections.table_of_storm(await connections.storm(cloud, crowd, patience_s=options.patience))


async def of_behind(cloud: Cloud, options: Options) -> Sequence[str]:
    return behind.table(await behind.measure(cloud, devices=options.behind))


async def of_groups(cloud: Cloud, options: Options) -> Sequence[str]:
    return groups.table(await groups.measure(cloud, members=options.members, seconds=options.seconds))


async def of_history(cloud: Cloud, options: Options) -> Sequence[str]:
    return history.table(await history.measure(cloud, events=options.history))


async def of_conversations(cloud: Cloud, options: Options) -> Sequence[str]:
    return conversations.table(*await conversations.measure(cloud, conversations=options.conversations))


SCALE: Mapping[str, Report] = {
    "connections": of_connections,
    "behind": of_behind,
    "groups": of_groups,
    "history": of_history,
    "conversations": of_conversations,
}
"""How far it goes: not of `all`, they take long."""

REPORTS: Mapping[str, Report] = {
    "idle": of_idle,
    "starts": of_starts,
    "latency": of_latency,
    "throughput": partial(of_throughput, together=False),
    "told": of_told,
    "together": partial(of_throughput, together=True),
    "backlog": once(backlog.measure, backlog.table),
    "memory": once(memory.measure, memory.table),
    "inbox": once(inbox.measure, inbox.table),
    "accounts": once(accounts.measure, accounts.table),
    "push": of_push,
    "hostile": of_hostile,
    "overload": of_overload,
    "observed": of_observed,
    "absence": once(absence.measure, absence.table),  # empties the log
    "rebuild": of_rebuild,  # last: `presence` is left with what it did not see
}


def machine() -> str:
    """How fast this machine runs Python just now: virtual ones differ, and from hour to hour."""
    began = time.process_time()
    total = 0
    for number in range(10_000_000):
        total += number
    return f"{os.cpu_count()} processors; ten million additions took {time.process_time() - began:.2f} s"


async def bench(which: Sequence[str], options: Options, *, secured: bool) -> bool:
    """Print each table as soon as it is measured, whether another one failed or not. Whether all were."""
    _show([machine(), f"functions reach the engines {'through doors, as on AWS' if secured else 'directly'}"])
    failed = []
    async with Cloud(ROOT, secured=secured) as cloud:
        for name, report in {**REPORTS, **SCALE}.items():
            if name in which:
                try:
                    _show(await report(cloud, options))
                except Exception:  # noqa: BLE001 - whatever it is, it is shown
                    failed.append(name)
                    traceback.print_exc()
    _show([machine(), *(f"{name} was not measured" for name in failed)])
    return not failed


def _show(lines: Sequence[str]) -> None:
    print("\n".join(lines), flush=True)  # noqa: T201


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.bench", description="Measure the local cloud on this machine.")
    parser.add_argument(
        "which", nargs="*", choices=(*REPORTS, "all", *SCALE, "scale"), default="all", help="default: all"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=15.0, help="of each round")
    parser.add_argument("--pairs", type=int, default=20, help="of the closed loop")
    parser.add_argument("--share", type=float, default=1.0, help="of the protocol's limits, what hostile users may use")
    parser.add_argument("--connections", type=int, default=500, help="idle, then hung up on (scale)")
    parser.add_argument("--connecting", type=float, default=600.0, help="seconds: who is not connected then, stays out")
    parser.add_argument("--patience", type=float, default=600.0, help="seconds for all to be well again (scale)")
    parser.add_argument("--behind", type=int, default=500, help="devices with 50 conversations each (scale)")
    parser.add_argument("--members", type=int, default=1000, help="of the largest group (scale)")
    parser.add_argument("--history", type=int, default=10_000, help="events of one conversation (scale)")
    parser.add_argument("--conversations", type=int, default=10_000, help="of the stage (scale)")
    parser.add_argument("--secured", action="store_true", help="with TLS, signatures and grants before the engines")
    asked = parser.parse_args()
    several = {"all": REPORTS, "scale": SCALE}
    named = [asked.which] if isinstance(asked.which, str) else asked.which
    which = [name for each in named for name in several.get(each, [each])]
    options = Options(**{field.name: getattr(asked, field.name) for field in fields(Options)})
    try:
        measured = uvloop.run(bench(which, options, secured=asked.secured))
    except FAILURES as failure:
        print(f"tests.bench: {failure}", file=sys.stderr)  # noqa: T201
        return 1
    return 0 if measured else 1


if __name__ == "__main__":
    sys.exit(main())
