"""A window on one conversation in the store: as much of it as is looked at, however long it is."""

from collections.abc import Callable, Mapping
from datetime import tzinfo
from typing import Any

from natter_client.store import Store
from natter_terminal.book import Book
from natter_terminal.rows import Talk

PAGE = 60
MOST = 480
"""Events in a window; what scrolls out at one end is read again when one comes back."""
BEGINNING = "this is the beginning"
LOADING = "asking for what was before…"
NOT_HERE = "what was before is not on this device, and there is no connection"


class Reader:
    def __init__(
        self, store: Store, book: Book, me: str, conversation_id: str, *, zone: tzinfo, now: Callable[[], int]
    ) -> None:
        self._store, self._book, self._me = store, book, me
        self._zone, self._now = zone, now
        self.conversation_id = conversation_id
        cursors = store.cursors(conversation_id)
        self.new_after: int | None = int(cursors.get("read_seq", 0)) if cursors.get("unread") else None
        self._high: int | None = None
        self._low = max(self._position() - PAGE + 1, 1)
        if self.new_after is not None:  # what is new begins on the screen, if it is not too much
            self._low = max(min(self._low, self.new_after - PAGE // 4), self._position() - MOST + 1, 1)

    def _position(self) -> int:
        bounds = self._store.bounds(self.conversation_id)
        return 0 if bounds is None else bounds[3]

    @property
    def is_at_end(self) -> bool:
        """Whether the window reaches to the newest, and goes with it."""
        return self._high is None

    @property
    def lacks_older(self) -> bool:
        """Whether there is more in the conversation above the window, and the store does not hold it."""
        bounds = self._store.bounds(self.conversation_id)
        return bounds is not None and self._low <= bounds[2] and bounds[2] > bounds[0]

    def older(self) -> bool:
        """Reach further up; whether there was something."""
        bounds = self._store.bounds(self.conversation_id)
        if bounds is None or self._low <= bounds[2]:
            return False
        self._low = max(self._low - PAGE, bounds[2])
        high = bounds[3] if self._high is None else self._high
        if high - self._low >= MOST:
            self._high = self._low + MOST - 1
        return True

    def newer(self) -> bool:
        """Reach further down; whether there was something."""
        if self._high is None:
            return False
        self._high += PAGE
        if self._high >= self._position():
            self._high = None
        self._low = max(self._low, (self._high or self._position()) - MOST + 1)
        return True

    def to_end(self) -> None:
        """The newest."""
        self._high = None
        self._low = max(self._low, self._position() - PAGE + 1)

    def around(self, seq: int) -> bool:
        """A place in the middle of the window; whether the store holds it."""
        if self._store.event(self.conversation_id, seq) is None:
            return False
        position = self._position()
        self._low = max(seq - PAGE, 1)
        self._high = seq + PAGE if seq + PAGE < position else None
        return True

    def talk(self, *, is_online: bool = False) -> Talk:
        bounds = self._store.bounds(self.conversation_id) or (1, 0, 1, 0)
        high = bounds[3] if self._high is None else min(self._high, bounds[3])
        self._low = max(self._low, high - MOST + 1)
        limit = max(high - self._low + 1, 0)
        events = self._store.events(self.conversation_id, before=high + 1, limit=limit) if limit else []
        known = self._book.conversation(self.conversation_id)
        return Talk(
            me=self._me,
            events=events,
            unsent=self.unsent() if self._high is None else (),
            others=self._store.cursors(self.conversation_id).get("others", {}),
            name_of=self._book.name_of,
            event_at=lambda seq: self._store.event(self.conversation_id, seq),
            file_of=self._book.file,
            is_direct=known is None or known.kind == "direct",
            new_after=self.new_after,
            edge=self._edge(bounds, is_online=is_online),
            zone=self._zone,
            now=self._now(),
        )

    def unsent(self) -> list[Mapping[str, Any]]:
        return [entry for _, entry in self._store.entries() if entry["conversation_id"] == self.conversation_id]

    def _edge(self, bounds: tuple[int, int, int, int], *, is_online: bool) -> str:
        if self._low > bounds[2]:
            return ""
        if bounds[2] <= bounds[0]:
            return BEGINNING
        return LOADING if is_online else NOT_HERE
