"""What tests of `Persist` share: the use case over ports of memory that may fail."""

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from natter.domain.attachments import UnsettledFiles
from natter.domain.connections import Connection
from natter.domain.ids import AttachmentId, UserId
from natter.domain.messages.events import Emission, Event
from natter.usecases.messages.persist import Persist
from natter.wire.json_frames import JsonFrames
from tests.deliveries import a_deliver
from tests.memory.attachments import MemoryFileQueue
from tests.memory.deliveries import MemoryFanoutLog
from tests.memory.gateway import MemoryGateway
from tests.messages import (
    LOBBY,
    NOON,
)
from tests.reliability.ports import SteppedConnections, SteppedEventLog, SteppedHeadCache, SteppedTables
from tests.reliability.trace import Emitted, Trace

CAT, DOG = map(AttachmentId, ("cat", "dog"))


class WatchedFileQueue(MemoryFileQueue):
    def __init__(self, access: Callable[[], None]) -> None:
        super().__init__()
        self._access = access

    def add(self, unsettled: Sequence[UnsettledFiles], *, delay_s: int = 0) -> None:
        self._access()
        super().add(unsettled, delay_s=delay_s)


class Stage:
    """`Persist` over ports of memory; `before_access` may fail any access to any of them."""

    def __init__(self, *connections: Connection) -> None:
        self.now = NOON
        self.accesses = 0
        self.before_access: Callable[[], None] = lambda: None
        self.trace: Trace = []
        self.tables = SteppedTables(self._access, Random(0), self.trace)
        self.heads = SteppedHeadCache(self._access)
        self.registry = SteppedConnections(self._access)
        self.gateway = MemoryGateway()
        self.fanout, self.files = MemoryFanoutLog(), WatchedFileQueue(self._access)
        for connection in connections:
            self.registry.register(connection)
        self.persist = self.environment()

    def environment(self) -> Persist:
        """A new execution environment: it knows nothing."""
        frames = JsonFrames()
        deliver = a_deliver(self.registry, self.gateway, lambda: self.now, fanout=self.fanout)
        return Persist(
            timeline=self.tables,
            store=self.tables,
            heads=self.heads,
            files=self.files,
            deliver=deliver,
            frames=frames,
            events=SteppedEventLog(self._access, self.trace),
            now_ms=lambda: self.now,
        )

    def stored(self) -> list[Event]:
        return list(self.tables.events(LOBBY, 1, 100, newest_first=False))

    def emitted(self) -> list[Emission]:
        return [seen.emission for seen in self.trace if isinstance(seen, Emitted)]

    def received(self, connection: Connection) -> list[dict[str, Any]]:
        return [json.loads(frame) for frame in self.gateway.frames.get(connection.connection_id, [])]

    def seen(self, connection: Connection) -> list[int]:
        """The places of the events that a connection received, in order."""
        return [event["seq"] for frame in self.received(connection) for event in frame.get("events", [])]

    def told(self) -> list[tuple[UserId, set[AttachmentId], int]]:
        """The files that the queue was told of: who has uploaded them, and up to which offset it has to be folded."""
        return [(each.uploader, set(each.attachments), each.position[1]) for each in self.files.unsettled]

    def _access(self) -> None:
        self.accesses += 1
        self.before_access()
