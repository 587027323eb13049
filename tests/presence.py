"""What tests of presence share: what looks at people, made of memory."""

from collections.abc import Callable
from typing import Any

from natter.usecases.presence.read_presence import PresenceNow
from natter.usecases.presence.settle_presence import SettlePresence
from natter.usecases.presence.tell_watchers import TellWatchers
from natter.wire.json_frames import JsonFrames
from tests.identity import World
from tests.memory.presence import MemoryLookQueue


def settling(world: World, queue: MemoryLookQueue, through: Callable[[Any], Any] = lambda port: port) -> SettlePresence:
    """Over ports that are reached `through` something."""
    sockets, traces = through(world.sockets), through(world.traces)
    now = PresenceNow(connections=sockets, traces=traces, now_ms=world.clock)
    return SettlePresence(
        now=now,
        traces=traces,
        connections=sockets,
        watchers=through(world.watchers),
        acquaintances=world.acquaintances,
        tell=TellWatchers(
            now=now,
            acquaintances=world.acquaintances,
            connections=sockets,
            gateway=sockets,
            frames=JsonFrames(),
            now_ms=world.clock,
        ),
        queue=queue,
        pace=through(world.pace),
        now_ms=world.clock,
    )
