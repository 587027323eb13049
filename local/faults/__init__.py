"""
Faults on purpose in a local cloud that runs, in this process or another.

    faults = Faults(url)                                  # of its admin port; `cloud.faults` in tests
    await faults.apply(Pause("cassandra", seconds=10))
    await faults.apply(Zombie("persist"))
    await faults.clear()
"""

from .client import FaultError, Faults
from .values import (
    Active,
    Connections,
    Cut,
    Delay,
    Duplicate,
    Fault,
    Freeze,
    HangUp,
    Kill,
    Pause,
    Restart,
    Resume,
    Service,
    Thaw,
    Throttle,
    Zombie,
)

__all__ = [
    "Active",
    "Connections",
    "Cut",
    "Delay",
    "Duplicate",
    "Fault",
    "FaultError",
    "Faults",
    "Freeze",
    "HangUp",
    "Kill",
    "Pause",
    "Restart",
    "Resume",
    "Service",
    "Thaw",
    "Throttle",
    "Zombie",
]
