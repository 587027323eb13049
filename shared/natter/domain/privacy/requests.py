"""What people ask for of their own data: that it is erased, or handed out."""

from collections.abc import Iterable
from dataclasses import dataclass

from natter.domain.accounts.notifications import Notifications
from natter.domain.accounts.users import KnownDevice, Session, User
from natter.domain.conversations.records import ConversationRecord
from natter.domain.ids import ConversationId, UserId
from natter.domain.messages.events import Event
from natter.names import EXPORT_TIMEOUT_S


@dataclass(frozen=True, kw_only=True, slots=True)
class Erasure:
    user_id: UserId
    requested_at: int
    """Milliseconds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Emptying:
    """A conversation in which what somebody has said is still to be emptied."""

    conversation_id: ConversationId
    told: bool
    """The conversation has been told, or `relay` will."""
    emptied_to: int
    """Up to which place that is done; 0: not begun."""


RUN_MS = (EXPORT_TIMEOUT_S + 60) * 1000
"""After that, one that is not done has died."""


KEPT_MS = 24 * 3600 * 1000
"""How long an archive is there; only then another can be asked for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Export:
    export_id: str
    done: bool
    new: bool
    """It is to be started by who has asked."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnData:
    """All that is known of somebody, for themselves. What may be much is read while it is written."""

    user: User
    notifications: Notifications
    devices: Iterable[KnownDevice]
    sessions: Iterable[Session]
    contacts: Iterable[User]
    blocks: Iterable[User]
    conversations: Iterable[ConversationRecord]
    """As they are a member of them now."""
    said: Iterable[tuple[ConversationId, Iterable[Event]]]
    """The events whose sender they are, of each conversation that they are or were in."""
