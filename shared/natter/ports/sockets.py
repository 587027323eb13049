"""Ports to connected clients."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from natter.domain.conversations import Event
from natter.domain.ids import ConnectionId, ConversationId, DeviceId, SessionId, UserId


@dataclass(frozen=True, kw_only=True, slots=True)
class Connection:
    user_id: UserId
    device_id: DeviceId
    session_id: SessionId
    connection_id: ConnectionId
    endpoint: str
    """Management endpoint of the API that owns it."""
    connected_at: int
    """Milliseconds, as the gateway states it in every event of the connection."""


class Connections(Protocol):
    """
    The registry of who is connected. Not the only copy of anything: a connection that pings is registered again.

    All methods raise `Unavailable` when the registry does not answer in time.
    """

    def register(self, connection: Connection) -> bool:
        """Add it, or renew it; True if it was not there. It is found by every `of` that begins afterwards."""

    def unregister(self, connection: Connection) -> None:
        """Remove it. Not being there is fine."""

    def of(self, users: Iterable[UserId]) -> Mapping[UserId, Sequence[Connection]]:
        """The connections of each of `users`; users without any are missing."""


class PostResult(Enum):
    DELIVERED = "delivered"
    GONE = "gone"
    """The gateway knows no such connection (any more, or not yet)."""
    FAILED = "failed"
    """Refused or not answered in time; it may have arrived."""
    UNTRIED = "untried"
    """There was no time left to begin with it; it has not arrived."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Post:
    connection: Connection
    frame: bytes


class Frames(Protocol):
    """How frames look on the wire."""

    def events(self, conversation: ConversationId, events: Sequence[Event]) -> Sequence[bytes]:
        """`events`, contiguous, in as many frames as it takes to stay under the frame limit."""

    def refusal(self, conversation: ConversationId, code: str, client_ids: Sequence[str]) -> bytes:
        """What a sender is told when the fold refused its items."""


class Gateway(Protocol):
    """Sends frames to connections that other invocations hold open."""

    def post(self, posts: Sequence[Post], *, budget_s: float) -> Sequence[PostResult]:
        """
        Send all, concurrently across connections and in the order given within one; one result each.

        What has no answer after `budget_s` is FAILED, what was not sent until then UNTRIED. Raises nothing of the
        gateway's.
        """

    def close(self, connections: Sequence[Connection]) -> Sequence[bool]:
        """Close them within two seconds, so that their clients reconnect and sync; False where it is not confirmed."""
