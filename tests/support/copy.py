"""A conversation as one device has it, without holes, kept by the protocol's rules for clients."""

from collections.abc import Iterable, Mapping
from typing import Any

from tests.support.view import View, agree

type Event = Mapping[str, Any]


class Copy:
    """Everything up to `position` is there; what is above it came early and waits."""

    def __init__(self, reader: str) -> None:
        self.position = 0
        self.first_seq = 1
        self.clashes: list[tuple[Event, Event]] = []
        """Two different events that were shown at one place."""
        self.live = self.fetched = 0
        """Events that came live first, and that came first with a page."""
        self._view = View(reader)

    @property
    def has_gap(self) -> bool:
        return bool(self._view.events) and max(self._view.events) > self.position

    def take_live(self, events: Iterable[Event]) -> None:
        events = list(events)
        self._compare(events)
        before = len(self._view.events)
        self._view.take_live(events)
        self.live += len(self._view.events) - before
        self._advance()

    def take_page(self, page: Mapping[str, Any]) -> None:
        """Take the events of a page or a sync that goes on where `position` ends."""
        self._compare(page["events"])
        self.first_seq = page["first_seq"]
        self.position = max(self.position, self.first_seq - 1)
        before = len(self._view.events)
        self._view.take_page(page["events"], state_seq=page["state_seq"])
        self.fetched += len(self._view.events) - before
        self._advance()

    def shown(self) -> dict[int, dict[str, Any]]:
        """What the device shows, by place."""
        return {seq: event for seq, event in self._view.shown().items() if self.first_seq <= seq <= self.position}

    def _compare(self, events: Iterable[Event]) -> None:
        for event in events:
            known = self._view.events.get(event["seq"])
            if known is not None and not agree(known, event):
                self.clashes.append((known, event))

    def _advance(self) -> None:
        while self.position + 1 in self._view.events:
            self.position += 1
