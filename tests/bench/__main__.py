"""`python -m tests.bench [NAME …]`: a local cloud of its own, measured."""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import uvloop

from local.cloud import Cloud
from local.serve import FAILURES
from tests.bench import accounts, backlog, hostile, inbox, latency, memory, rebuild, throughput

ALL = ("latency", "throughput", "together", "backlog", "memory", "inbox", "accounts", "rebuild", "hostile")
ROOT = Path(__file__).parents[2]


def machine() -> str:
    """How fast this machine runs Python just now: virtual ones differ, and from hour to hour."""
    began = time.process_time()
    total = 0
    for number in range(10_000_000):
        total += number
    return f"{os.cpu_count()} processors; ten million additions took {time.process_time() - began:.2f} s"


async def bench(which: Sequence[str], *, rounds: int, seconds: float, pairs: int, share: float) -> None:
    """Print each table as soon as it is measured."""
    _show([machine()])
    async with Cloud(ROOT) as cloud:
        if "latency" in which:
            _show(latency.table([await latency.measure(cloud, seconds=seconds) for _ in range(rounds)]))
        if "throughput" in which:
            measured = [await throughput.measure(cloud, pairs=pairs, seconds=seconds) for _ in range(rounds)]
            _show(throughput.table(measured, pairs=pairs))
        if "together" in which:
            measured = [
                await throughput.measure(cloud, pairs=pairs, seconds=seconds, together=True) for _ in range(rounds)
            ]
            _show(throughput.table(measured, pairs=pairs, together=True))
        if "backlog" in which:
            _show(backlog.table(await backlog.measure(cloud)))
        if "memory" in which:
            _show(memory.table(await memory.measure(cloud)))
        if "inbox" in which:
            _show(inbox.table(await inbox.measure(cloud)))
        if "accounts" in which:
            _show(accounts.table(await accounts.measure(cloud)))
        if "hostile" in which:
            _show(hostile.table(await hostile.measure(cloud, seconds=seconds, share=share)))
        if "rebuild" in which:  # last: `presence` is left with what it did not see
            _show(await rebuild.report(cloud, rounds=rounds))
    _show([machine()])


def _show(lines: Sequence[str]) -> None:
    print("\n".join(lines), flush=True)  # noqa: T201


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.bench", description="Measure the local cloud on this machine.")
    parser.add_argument("which", nargs="*", choices=(*ALL, "all"), default="all", help="default: all")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=15.0, help="of each round")
    parser.add_argument("--pairs", type=int, default=20, help="of the closed loop")
    parser.add_argument("--share", type=float, default=1.0, help="of the protocol's limits, what hostile users may use")
    options = parser.parse_args()
    which = ALL if "all" in options.which else options.which
    try:
        uvloop.run(
            bench(which, rounds=options.rounds, seconds=options.seconds, pairs=options.pairs, share=options.share)
        )
    except FAILURES as failure:
        print(f"tests.bench: {failure}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
