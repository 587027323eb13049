"""
Who goes first where a laptop's few processors are wanted by all: hints to the kernel about children.

On AWS nobody waits for a function that works off a queue, or that a schedule runs, and least of all for its start.
Where a system knows no such hint, all is as it was.
"""

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import IntEnum
from pathlib import Path

PR_SET_TIMERSLACK = 29
"""Of `prctl(2)`: what a thread is given by it, threads and processes that it starts have, too."""
USUAL = 0


class Step(IntEnum):
    """How far somebody stands behind all others, as `nice` counts."""

    QUEUE = 5
    """Who works off a queue only: about a third of the weight."""
    SCHEDULE = 10
    """Whom schedules run, and nobody else: about a tenth."""


@contextmanager
def napping(slack_ns: int) -> Iterator[None]:
    """Whoever is started by this thread meanwhile may be woken so much later than it asks for; 0: as usual."""
    if not slack_ns or sys.platform != "linux":
        yield
        return
    prctl = ctypes.CDLL(None).prctl
    prctl(PR_SET_TIMERSLACK, slack_ns)
    try:
        yield
    finally:
        prctl(PR_SET_TIMERSLACK, USUAL)


def step_behind(pid: int, step: Step) -> None:
    """
    Have a process, which has only just begun, and what it starts, let others go first.

    Linux weighs sessions against each other, where `sched_autogroup` is on, and niceness only within one (`sched(7)`).
    """
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, os.getpriority(os.PRIO_PROCESS, pid) + step)
    with suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text(str(int(step)))
