"""Ports to live delivery that goes on elsewhere: of what was too much for one batch, or failed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from natter.domain.ids import ConversationId
from natter.ports.sockets import Connection


@dataclass(frozen=True, kw_only=True, slots=True)
class Undelivered:
    """Stored events of one conversation that nobody has been shown live: those at places `first` to `last`."""

    conversation_id: ConversationId
    first: int
    last: int


class FanoutLog(Protocol):
    """What is left to `fanout`, in the order of each conversation. At least once, as all that is in the log."""

    def add(self, undelivered: Sequence[Undelivered]) -> None:
        """
        Add all, and return when all in-sync replicas have them.

        Raises:
            Unavailable: some may be missing; adding all of them again is safe.
        """


@dataclass(frozen=True, kw_only=True, slots=True)
class Slice:
    """Events to be shown to some connections. It names their places, not their content, which may be deleted yet."""

    conversation_id: ConversationId
    seqs: tuple[int, ...]
    """Ascending; every connection belongs to somebody who is to see them all."""
    connections: tuple[Connection, ...]
    attempt: int = 0
    """How often posting them has failed."""


class SliceQueue(Protocol):
    """Slices waiting to be posted, in no order. Each is handed out at least once."""

    def add(self, slices: Sequence[Slice], *, delay_s: int = 0) -> None:
        """
        Add all, to be handed out after `delay_s` seconds, at most 900.

        Raises:
            Unavailable: some may be missing; adding all of them again is safe.
        """
