"""What is put into a local cloud again and again while people talk, by name: every fault that there is."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle

from local.faults import (
    Connections,
    Cut,
    Delay,
    Duplicate,
    Fault,
    FaultError,
    Faults,
    Freeze,
    HangUp,
    Kill,
    Pause,
    Restart,
    Service,
    Throttle,
    Zombie,
)

NOBODY = "has no worker now"
LOOK_S = 0.2


@dataclass(frozen=True, kw_only=True)
class Cause:
    """LocalStack is never killed or restarted: it keeps no keys here, so that all would have to sign in again."""

    faults: Sequence[Fault]
    """Together."""
    holds_s: float = 0.0
    """How long they are in force each time; 0: what they do is done at once, or ends by itself."""
    rests_s: float = 3.0
    """How long it is well in between."""
    secured: bool = False
    """Needs a cloud with doors (`--secured`)."""

    async def strike(self, faults: Faults) -> bool:
        """Once: cause it, and take it back. False: there was nobody to kill or freeze just then."""
        for fault in self.faults:
            try:
                await faults.apply(fault)
            except FaultError as error:
                if NOBODY not in str(error):
                    raise
                await asyncio.sleep(LOOK_S)  # workers start with the next event
                return False
        if self.holds_s:
            await asyncio.sleep(self.holds_s)
            await faults.clear()
        await asyncio.sleep(self.rests_s)
        return True


class InTurn:
    """Several causes, one after the other, again and again: each finds what the one before has left."""

    def __init__(self, causes: Sequence[Cause]) -> None:
        self._next = cycle(causes)

    async def strike(self, faults: Faults) -> bool:
        """The next one, once."""
        return await next(self._next).strike(faults)


ENGINES = ("kafka", "cassandra", "valkey", "postgres")
REFUSED = Connections(429, share=0.3)
"""Posts that do not arrive go into queues: without any, SQS would not be asked for anything."""

CAUSES: Mapping[str, Cause] = {
    "kill-persist": Cause(faults=[Kill("persist")]),
    "kill-send": Cause(faults=[Kill("send")]),
    **{f"kill-{each}": Cause(faults=[Kill(each)], holds_s=2.0, rests_s=8.0) for each in ENGINES},
    **{f"pause-{each}": Cause(faults=[Pause(each)], holds_s=4.0) for each in ENGINES},
    "pause-localstack": Cause(faults=[Pause("localstack")], holds_s=4.0),
    **{f"restart-{each}": Cause(faults=[Restart(each)], rests_s=8.0) for each in ENGINES},
    **{f"cut-{each}": Cause(faults=[Cut(each)], rests_s=1.0, secured=True) for each in ENGINES},
    "freeze-persist": Cause(faults=[Freeze("persist")], holds_s=3.0),
    "freeze-send": Cause(faults=[Freeze("send")], holds_s=3.0),
    "zombie-persist": Cause(faults=[Zombie("persist", invocations=4, after_ms=2, seconds=3)], rests_s=4.0),
    "throttle-persist": Cause(faults=[Throttle("persist")], holds_s=3.0),
    "throttle-send": Cause(faults=[Throttle("send")], holds_s=3.0),
    "duplicate-persist": Cause(faults=[Duplicate("persist")], holds_s=5.0, rests_s=1.0),
    "duplicate-persist-concurrently": Cause(faults=[Duplicate("persist", concurrently=True)], holds_s=5.0, rests_s=1.0),
    "delay-persist": Cause(faults=[Delay("persist", ms=500)], holds_s=5.0, rests_s=1.0),
    "connections-410": Cause(faults=[Connections(410, share=0.1)], holds_s=3.0),
    "connections-429": Cause(faults=[Connections(429, share=0.5)], holds_s=3.0),
    "connections-none": Cause(faults=[Connections("none", share=0.1)], holds_s=3.0),
    "hang-up": Cause(faults=[HangUp(share=0.5)], rests_s=8.0),
    "service-sqs-throttled": Cause(faults=[REFUSED, Service("sqs", "throttled")], holds_s=3.0),
    "service-sqs-broken": Cause(faults=[REFUSED, Service("sqs", "broken")], holds_s=3.0),
    "service-sqs-none": Cause(faults=[REFUSED, Service("sqs", "none")], holds_s=3.0),
    "service-sqs-lost": Cause(faults=[REFUSED, Service("sqs", "lost")], holds_s=3.0),
    "service-xray-none": Cause(faults=[Service("xray", "none")], holds_s=4.0, rests_s=1.0),
}
