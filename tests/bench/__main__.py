"""`python -m tests.bench [NAME …]`: a local cloud of its own, measured."""

import argparse
import os
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
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
    overload,
    push,
    rebuild,
    throughput,
    told,
)

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, kw_only=True)
class Options:
    rounds: int
    seconds: float
    pairs: int
    share: float


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


async def of_overload(cloud: Cloud, options: Options) -> Sequence[str]:
    return overload.table(await overload.measure(cloud, pairs=options.pairs, seconds=options.seconds))


async def of_idle(cloud: Cloud, options: Options) -> Sequence[str]:
    return idle.table(await idle.measure(cloud, seconds=options.seconds))


async def of_push(cloud: Cloud, options: Options) -> Sequence[str]:
    return push.table(await push.measure(cloud, seconds=options.seconds, rounds=options.rounds))


async def of_rebuild(cloud: Cloud, options: Options) -> Sequence[str]:
    return await rebuild.report(cloud, rounds=options.rounds)


REPORTS: Mapping[str, Report] = {
    "idle": of_idle,
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


async def bench(which: Sequence[str], options: Options, *, secured: bool) -> None:
    """Print each table as soon as it is measured."""
    _show([machine(), f"functions reach the engines {'through doors, as on AWS' if secured else 'directly'}"])
    async with Cloud(ROOT, secured=secured) as cloud:
        for name, report in REPORTS.items():
            if name in which:
                _show(await report(cloud, options))
    _show([machine()])


def _show(lines: Sequence[str]) -> None:
    print("\n".join(lines), flush=True)  # noqa: T201


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.bench", description="Measure the local cloud on this machine.")
    parser.add_argument("which", nargs="*", choices=(*REPORTS, "all"), default="all", help="default: all")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=15.0, help="of each round")
    parser.add_argument("--pairs", type=int, default=20, help="of the closed loop")
    parser.add_argument("--share", type=float, default=1.0, help="of the protocol's limits, what hostile users may use")
    parser.add_argument("--secured", action="store_true", help="with TLS, signatures and grants before the engines")
    asked = parser.parse_args()
    which = list(REPORTS) if "all" in asked.which else asked.which
    options = Options(rounds=asked.rounds, seconds=asked.seconds, pairs=asked.pairs, share=asked.share)
    try:
        uvloop.run(bench(which, options, secured=asked.secured))
    except FAILURES as failure:
        print(f"tests.bench: {failure}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
