"""The stack's processes, in groups: what they use of the processor and of memory."""

import asyncio
import contextlib
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import psutil

from local.cloud import Cloud

ENGINES = ("kafka", "cassandra", "valkey", "postgres", "localstack", "webpush")
MB = 1024 * 1024
SHOWN_MS = 0.005


@dataclass(frozen=True)
class Usage:
    """Processor time of every process so far, in seconds, by group and pid."""

    seconds: Mapping[str, Mapping[int, float]]

    def since(self, before: "Usage") -> dict[str, float]:
        """Seconds used by each group since `before`; a process that began meanwhile counts from its start."""
        return {
            group: sum(used - before.seconds.get(group, {}).get(pid, 0.0) for pid, used in processes.items())
            for group, processes in self.seconds.items()
        }


def groups(cloud: Cloud) -> Iterator[tuple[str, psutil.Process]]:
    """
    Every process of the stack with the name of its group. The gateway is this process: it runs the event sources, the
    WebSocket and HTTP APIs and the Runtime API.
    """
    this = psutil.Process()
    yield "gateway", this
    listed = {this.pid}
    for name, function in cloud.runtime.functions.status().items():
        for pid in function["pids"]:
            listed.add(pid)
            with contextlib.suppress(psutil.NoSuchProcess):
                yield name.rpartition("-")[2], psutil.Process(pid)
    for name in ENGINES:
        engine = psutil.Process(cloud.engines[name].process.pid)
        for process in (engine, *engine.children(recursive=True)):
            listed.add(process.pid)
            yield name, process
    for process in this.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # one that has ended just now
            if process.pid not in listed and "tests.bench" not in " ".join(process.cmdline()):
                yield "other", process


def usage(cloud: Cloud) -> Usage:
    used: dict[str, dict[int, float]] = defaultdict(dict)
    for group, process in groups(cloud):
        with contextlib.suppress(psutil.NoSuchProcess):  # an environment that has ended just now
            used[group][process.pid] = seconds(process)
    return Usage(used)


async def taken(cloud: Cloud, seconds: float) -> dict[str, float]:
    """Of a processor, what each group takes in that time."""
    began, before = time.monotonic(), usage(cloud)
    await asyncio.sleep(seconds)
    took = usage(cloud).since(before)
    return {group: used / (time.monotonic() - began) for group, used in took.items()}


def medians(rounds: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Of each group, over rounds in which it may not have been there."""
    groups = {group for each in rounds for group in each}
    return {group: statistics.median(each.get(group, 0.0) for each in rounds) for group in groups}


def rows(cpu_ms: Mapping[str, float]) -> list[str]:
    """Of a table: milliseconds of a message, the most first."""
    largest_first = sorted(cpu_ms.items(), key=lambda each: -each[1])
    return [f"    {group:20}{used:8.2f}" for group, used in largest_first if used >= SHOWN_MS]


def seconds(process: psutil.Process) -> float:
    """Processor time of one process so far."""
    times = process.cpu_times()
    return float(times.user + times.system)


def memory_mb(cloud: Cloud) -> dict[str, float]:
    """Proportional set size of each group: shared pages are counted once over all who share them (Linux)."""
    memory: dict[str, float] = defaultdict(float)
    for group, process in groups(cloud):
        memory[group] += process.memory_full_info().pss / MB
    return dict(memory)
