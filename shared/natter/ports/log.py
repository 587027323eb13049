"""Ports to the log (Kafka)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from natter.domain.commands import Command
from natter.domain.conversations import Event
from natter.domain.ids import ConversationId
from natter.ports.sockets import Connection


class CommandLog(Protocol):
    """
    The commands of every conversation; their order here is their order for ever (P2).

    Order: of two appends to one conversation, the one that returned before the other began comes first (P4).
    Delivery: at least once. A command may appear twice; its client ids tell (P3).
    Sharing: safe across threads; one instance lives as long as its execution environment.
    """

    def append(self, command: Command) -> int:
        """
        Add `command` as one record, so it is in the log as a whole or not at all.

        Returns the log's timestamp, milliseconds, once all in-sync replicas have it (P1).

        Raises:
            Unavailable: not confirmed in bounded time. It may be in the log all the same; repeating is safe.
            TooLarge: it exceeds a record; it was not added.
        """


@dataclass(frozen=True, kw_only=True, slots=True)
class Emission:
    """Events of one conversation, contiguous, for those who act on what happened (push)."""

    conversation_id: ConversationId
    events: tuple[Event, ...]
    members_seq: int
    """Place of the last event, up to these, that changed who belongs to the conversation."""


class EventLog(Protocol):
    """What was sequenced. At least once: a replay emits again what it emitted before."""

    def emit(self, emissions: Sequence[Emission]) -> None:
        """
        Add all, and return when all in-sync replicas have them.

        Raises:
            Unavailable: some may be missing; emitting all of them again is safe.
        """


@dataclass(frozen=True, kw_only=True, slots=True)
class ConnectionChange:
    """A connection of a user was opened or closed, or its device has said how it is."""

    connection: Connection
    change: Literal["opened", "closed", "status"]
    at: int


class ConnectionLog(Protocol):
    """What happens to connections, for presence. Best effort: nobody's connection depends on it."""

    def note(self, change: ConnectionChange) -> bool:
        """Add `change` within about a second; False if it could not be confirmed."""


class DeadLetters(Protocol):
    """Records that can never be processed, for operators to inspect."""

    def add(self, topic: str, key: bytes, value: bytes, error: str) -> None:
        """
        Keep a record of `topic` as it is, with why it could not be processed.

        Raises:
            Unavailable: it may not be kept; adding it again is safe.
        """
