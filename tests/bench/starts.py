"""What a start of an environment takes of a processor until its first event: the interpreter, imports, what is made."""

import statistics
from collections.abc import Mapping, Sequence

import psutil

from local.cloud import Cloud
from tests.bench import processes

FUNCTIONS = ("send", "persist", "signal", "connect", "authorize", "users_api", "chat_api")
"""Somebody waits for these."""


async def measure(cloud: Cloud, *, rounds: int) -> Mapping[str, Sequence[float]]:
    """Milliseconds of each start, one after the other, by function."""
    return {name: [await _start(cloud, name) for _ in range(rounds)] for name in FUNCTIONS}


async def _start(cloud: Cloud, name: str) -> float:
    pool = cloud.runtime.functions.find(name)
    worker = pool.start_worker()
    await worker.initialised
    took_ms = 1000 * processes.seconds(psutil.Process(worker.sandbox.pid))
    pool.redefine(pool.function)  # which ends those that wait for an event
    return took_ms


def table(starts: Mapping[str, Sequence[float]]) -> list[str]:
    return [
        "processor time of a start (ms)",
        f"  {'':20}{'least':>8}{'median':>8}",
        *(f"  {name:20}{min(took):8.0f}{statistics.median(took):8.0f}" for name, took in starts.items()),
    ]
