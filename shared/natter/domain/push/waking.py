"""
Whether a device is woken for a message: now, at a later look, or never, and why.

Everything is decided as of the moment of the look, since what counts is how things stand when the push is sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from natter.domain.accounts.notifications import Notifications
from natter.domain.conversations.records import Notify
from natter.domain.ids import ConversationId, DeviceId, UserId
from natter.domain.messages.events import Event

WAIT_MS = 2_000
"""From a message to the look at who is away: most who are there have been shown it by then."""

WAIT_ONLINE_MS = 30_000
"""The same for who is online on another device, and is likely to read there."""

MAX_AGE_MS = 60 * 60 * 1000
"""What is older wakes nobody."""

Reason = Literal[
    "old", "own", "gone", "not_member", "read", "connected", "blocked", "muted", "silenced", "quiet", "unregistered"
]
"""Why a device is not woken. `gone`: the message was deleted; `silenced`: by `notify`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """What decides of a message who is woken for it."""

    conversation_id: ConversationId
    seq: int
    at: int
    """Milliseconds, of the log."""
    sender_id: UserId
    mentions: frozenset[UserId] = frozenset()

    @classmethod
    def of(cls, event: Event) -> "Message":
        """Of a `message` event."""
        return cls(
            conversation_id=event.conversation_id,
            seq=event.seq,
            at=event.at,
            sender_id=event.sender_id,
            mentions=frozenset(event.payload.get("mentions", ())),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipient:
    """Somebody as they are at the moment of a look."""

    user_id: UserId
    is_member: bool
    read_seq: int
    """How far they have read, or said something themselves."""
    muted_until: int | None = None
    """Milliseconds since the epoch."""
    notify: Notify = "all"
    notifications: Notifications = field(default_factory=Notifications)
    connected: Mapping[DeviceId, bool] = field(default_factory=dict)
    """The devices that are connected; whether each is online, which is: has not said that it is away."""
    blocked: bool = False
    """It is a direct conversation, across a block."""

    @property
    def online(self) -> bool:
        return any(self.connected.values())


@dataclass(frozen=True, kw_only=True, slots=True)
class Wake:
    """The device is woken now."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Later:
    """It is looked at again at `at` (milliseconds)."""

    at: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Never:
    """It is not woken for this message."""

    reason: Reason


type Decision = Wake | Later | Never

_WAKE = Wake()


def decide(message: Message, recipient: Recipient, device: DeviceId, now: int) -> Decision:
    """
    What becomes of `message` on a registered device of `recipient`, looked at at `now` (milliseconds).

    What can only stay as it is (its age, its sender, what was read) is decided at once; all else when it is due, so
    that it is decided as it is then. `device` may be online itself and go until then.
    """
    if (reason := _for_good(message, recipient, now)) is not None:
        return Never(reason=reason)
    online_elsewhere = any(online for other, online in recipient.connected.items() if other != device)
    due = message.at + (WAIT_ONLINE_MS if online_elsewhere else WAIT_MS)
    if now < due:
        return Later(at=due)
    reason = "connected" if device in recipient.connected else _as_of_now(message, recipient, now)
    return _WAKE if reason is None else Never(reason=reason)


def _for_good(message: Message, recipient: Recipient, now: int) -> Reason | None:
    if recipient.user_id == message.sender_id:
        return "own"
    if now - message.at > MAX_AGE_MS:
        return "old"
    if recipient.read_seq >= message.seq:
        return "read"
    return None


def _as_of_now(message: Message, recipient: Recipient, now: int) -> Reason | None:
    """Why nobody of the user's devices is woken."""
    mentioned = recipient.user_id in message.mentions
    if not recipient.is_member:
        return "not_member"
    if recipient.blocked:
        return "blocked"
    if recipient.notify == "none" or (recipient.notify == "mentions" and not mentioned):
        return "silenced"
    muted = recipient.muted_until is not None and now < recipient.muted_until
    if muted and not (mentioned and recipient.notifications.mentions_pierce_mute):
        return "muted"
    quiet = recipient.notifications.quiet
    return "quiet" if quiet is not None and quiet.cover(now) else None
