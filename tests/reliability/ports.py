"""The in-memory ports, yielding before each access."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from random import Random
from typing import Any, Protocol

from greenlet import getcurrent

from natter.domain.connections import Closing, Connection, Registered
from natter.domain.delivery import Post, PostResult
from natter.domain.errors import Unavailable
from natter.domain.fold.writes import EventRow, Row, SentRow
from natter.domain.ids import ConversationId, UserId
from natter.domain.messages.events import Emission, Head, JsonObject
from natter.domain.receipts import Cursor, CursorKey, Receipt
from tests.memory.connections import MemoryConnections
from tests.memory.head_cache import MemoryHeadCache
from tests.memory.logs import MemoryReceiptLog
from tests.memory.tables import MemoryTables
from tests.reliability.load import POISON
from tests.reliability.trace import CursorStored, Emitted, HeadStored, Posted, Stored, Trace

Pause = Callable[[], None]


class NeverStoredError(Exception):
    """The store refuses a row, now and for ever."""


class TooOldError(RuntimeError):
    """The store refuses a write for its timestamp."""


FAIL_POST = 0.02


def is_poison(payload: JsonObject) -> bool:
    return str(payload.get("content", {}).get("text", "")).startswith(POISON)


class SteppedTables(MemoryTables):
    """Rows of one write become visible in any order, one by one."""

    def __init__(self, pause: Pause, random: Random, trace: Trace) -> None:
        super().__init__()
        self.random = random
        self._pause = pause
        self._trace = trace
        self.oldest: Callable[[], int] = lambda: 0
        """The first write timestamp that it takes, microseconds."""

    def takes(self, conversation: ConversationId, *, written_at: int) -> bool:  # noqa: ARG002
        self._pause()
        return written_at >= self.oldest()

    def undo(self, rows: Sequence[Row], head: Head) -> None:
        for written_at in (head.written_at, *(row.written_at for row in rows)):
            self._look_at(written_at)
        if any(isinstance(row, EventRow) and is_poison(row.event.payload) for row in rows):
            raise NeverStoredError  # what cannot be bound to one statement cannot be to another
        super().undo(rows, head)

    def write(self, rows: Sequence[Row]) -> None:
        super().write(self.random.sample(rows, len(rows)))

    def write_heads(self, heads: Sequence[Head]) -> None:
        super().write_heads(self.random.sample(heads, len(heads)))

    def write_cursors(self, cursors: Mapping[CursorKey, Cursor]) -> None:
        for key in self.random.sample(list(cursors), len(cursors)):
            self._pause()
            self._look_at(cursors[key].written_at)
            super().write_cursors({key: cursors[key]})
            self._note_cursor(key)

    def head_seq(self, conversation: ConversationId) -> int:
        """Where the head is now, seen from outside the run."""
        head: Head | None = MemoryTables._select(self, ("heads", conversation)).get(None)
        return 0 if head is None else head.seq

    def said(self) -> Iterable[str]:
        """What every cell holds, as text."""
        return (repr(cell.value) for cells in self._partitions.values() for cell in cells.values())

    def _write(self, row: Row) -> None:
        self._pause()
        self._look_at(row.written_at)
        if isinstance(row, EventRow) and is_poison(row.event.payload):
            raise NeverStoredError
        super()._write(row)
        if isinstance(row, EventRow):
            self._trace.append(Stored(row.event))
        if isinstance(row, SentRow):
            self._note_cursor((row.conversation_id, row.user_id))

    def _write_head(self, head: Head) -> None:
        self._pause()
        self._look_at(head.written_at)
        super()._write_head(head)
        self._trace.append(HeadStored(MemoryTables._select(self, ("heads", head.conversation_id))[None]))

    def _look_at(self, written_at: int) -> None:
        if written_at < self.oldest():
            raise TooOldError

    def _note_cursor(self, key: CursorKey) -> None:
        columns = MemoryTables._select(self, ("cursors", key))
        cursor = Cursor(**columns.get("read", {}), **columns.get("sent", {}))
        self._trace.append(CursorStored(key, cursor))

    def _select(self, partition: Any) -> dict[Any, Any]:
        self._pause()
        return super()._select(partition)


class SteppedHeadCache(MemoryHeadCache):
    def __init__(self, pause: Pause) -> None:
        super().__init__()
        self._pause = pause

    def advance(self, heads: Sequence[Head]) -> None:
        for head in heads:
            self._pause()
            super().advance([head])

    def _lease(self, conversation: ConversationId) -> object:
        with suppress(Unavailable):
            self._pause()
        return super()._lease(conversation)

    def _settle(self, head: Head, lease: object) -> None:
        with suppress(Unavailable):
            self._pause()
            super()._settle(head, lease)

    def get(self, conversations: Sequence[ConversationId]) -> Mapping[ConversationId, Head]:
        try:
            self._pause()
        except Unavailable:
            return {}
        return super().get(conversations)

    def lose(self) -> None:
        """The cache restarts empty."""
        self._heads.clear()
        self._leases.clear()


class SteppedConnections(MemoryConnections):
    def __init__(self, pause: Pause) -> None:
        super().__init__()
        self._pause = pause

    def register(self, connection: Connection) -> Registered:
        self._pause()
        return super().register(connection)

    def unregister(self, connection: Connection) -> None:
        self._pause()
        super().unregister(connection)

    def of(self, users: Iterable[UserId]) -> Mapping[UserId, Sequence[Connection]]:
        found: dict[UserId, Sequence[Connection]] = {}
        for user in sorted(users):
            self._pause()
            found.update(super().of([user]))
        return found

    def lose(self, *_parts: int) -> None:
        """The registry restarts empty, and nobody finds out: a ping mends it all the same."""
        self._users.clear()


class SteppedReceiptLog(MemoryReceiptLog):
    def __init__(self, pause: Pause, now_ms: Callable[[], int]) -> None:
        super().__init__(now_ms)
        self._pause = pause

    def append(self, receipt: Receipt) -> None:
        """May fail before, or without an answer: then it is there all the same."""
        self._pause()
        super().append(receipt)
        self._pause()


class SteppedEventLog:
    def __init__(self, pause: Pause, trace: Trace) -> None:
        self._pause = pause
        self._trace = trace

    def emit(self, emissions: Sequence[Emission]) -> None:
        for emission in emissions:
            self._pause()
            self._trace.append(Emitted(emission))


class Reachable(Protocol):
    """Who holds the other ends of the connections."""

    def is_open(self, connection: Connection) -> bool: ...

    def lose(self, connection: Connection) -> None: ...


class SteppedGateway:
    def __init__(self, clients: Reachable, step: Pause, random: Random, trace: Trace) -> None:
        self._clients = clients
        self._step = step
        self._random = random
        self._trace = trace

    def post(self, posts: Sequence[Post], *, budget_s: float) -> Sequence[PostResult]:  # noqa: ARG002 time stands still
        return [self._post(post) for post in posts]

    def close(self, connections: Sequence[Connection]) -> Sequence[Closing]:
        for connection in connections:
            self._step()
            self._clients.lose(connection)
        return [Closing.CLOSED] * len(connections)

    def _post(self, post: Post) -> PostResult:
        self._step()
        result = PostResult.DELIVERED
        if not self._clients.is_open(post.connection):
            result = PostResult.GONE
        elif self._random.random() < FAIL_POST:
            result = self._random.choice([PostResult.FAILED, PostResult.UNTRIED])
        self._trace.append(Posted(post.connection, post.frame, arrived=result is PostResult.DELIVERED, by=getcurrent()))
        return result
