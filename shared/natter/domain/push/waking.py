"""
Whether a device is woken for a message: now, at a later look, or never, and why.

Everything is decided as of the moment of the look, since what counts is how things stand when the push is sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from natter.domain.accounts.notifications import Notifications
from natter.domain.conversations.members import Kind
from natter.domain.conversations.records import Notify
from natter.domain.ids import ConversationId, DeviceId, UserId
from natter.domain.messages.events import Event

WAIT_MS = 2_000
"""From a message to the look at who is away: most who are there have been shown it by then."""

WAIT_ONLINE_MS = 30_000
"""The same for who is online on another device, and is likely to read there."""

CLOCKS_MS = 1_000
"""What the clock of who adds members and that of the log may differ by, and more."""

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
class Reachable:
    """How a member wants to be woken for what is said in a conversation, and what they see it called."""

    kind: Kind
    title: str | None = None
    """Of a group."""
    muted_until: int | None = None
    """Milliseconds since the epoch."""
    notify: Notify = "all"
    notifications: Notifications = field(default_factory=Notifications)
    joined_at: int = 0
    """Milliseconds; of who has left and is back, when they came back."""
    blocked: bool = False
    """It is a direct conversation, across a block."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipient:
    """Somebody as they are at the moment of a look."""

    user_id: UserId
    reachable: Reachable | None
    """None: they are no member (any more)."""
    read_seq: int = 0
    """How far they have read, or said something themselves."""
    connected: Mapping[DeviceId, bool] = field(default_factory=dict)
    """The devices that are connected; whether each is online, which is: has not said that it is away."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wake:
    """The device is woken now."""

    wishes: Reachable


@dataclass(frozen=True, kw_only=True, slots=True)
class Later:
    """It is looked at again at `at` (milliseconds)."""

    at: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Never:
    """It is not woken for this message."""

    reason: Reason


type Decision = Wake | Later | Never


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
    if device in recipient.connected:
        return Never(reason="connected")
    if recipient.reachable is None or recipient.reachable.joined_at > message.at + CLOCKS_MS:
        return Never(reason="not_member")
    reason = _as_of_now(message, recipient.user_id, recipient.reachable, now)
    return Wake(wishes=recipient.reachable) if reason is None else Never(reason=reason)


def _for_good(message: Message, recipient: Recipient, now: int) -> Reason | None:
    if recipient.user_id == message.sender_id:
        return "own"
    if now - message.at > MAX_AGE_MS:
        return "old"
    if recipient.read_seq >= message.seq:
        return "read"
    return None


def _as_of_now(message: Message, user: UserId, wishes: Reachable, now: int) -> Reason | None:
    """Why none of the user's devices is woken."""
    mentioned = user in message.mentions
    if wishes.blocked:
        return "blocked"
    if wishes.notify == "none" or (wishes.notify == "mentions" and not mentioned):
        return "silenced"
    muted = wishes.muted_until is not None and now < wishes.muted_until
    if muted and not (mentioned and wishes.notifications.mentions_pierce_mute):
        return "muted"
    quiet = wishes.notifications.quiet
    return "quiet" if quiet is not None and quiet.cover(now) else None
