"""What a client tells its user, and what it shows, as values that do not change."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from natter_client.store import SKIPPED


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    reaction: str
    count: int
    mine: bool
    user_ids: tuple[str, ...]
    """The first 20 of those who have set it."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that a message shows; `Client.save_attachment` brings it."""

    conversation_id: str
    attachment_id: str


@dataclass(frozen=True, slots=True)
class FileDetails:
    """What a file is, by who has sent it."""

    name: str
    """One line, but no path: it may be anything."""
    content_type: str
    size: int
    """Bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message as it is now."""

    conversation_id: str
    seq: int
    """Its place in the conversation."""
    sender_id: str
    at: int
    """Milliseconds since the epoch, by the log."""
    client_id: str | None = None
    text: str = ""
    """Of a text, or the caption of a file; empty if it was deleted or is sealed."""
    content: Mapping[str, Any] = field(default_factory=dict)
    reply_to: int | None = None
    mentions: tuple[str, ...] = ()
    edited_at: int | None = None
    deleted_at: int | None = None
    reactions: tuple[Reaction, ...] = ()

    @property
    def attachment(self) -> Attachment | None:
        """The file that it shows, which `text` is the caption of."""
        attachment_id = self.content.get("attachment_id") if self.content.get("type") == "attachment" else None
        return Attachment(self.conversation_id, attachment_id) if isinstance(attachment_id, str) else None

    @classmethod
    def of(cls, conversation_id: str, event: Mapping[str, Any]) -> Self:
        content = event.get("content") or {}
        return cls(
            conversation_id=conversation_id,
            seq=event["seq"],
            sender_id=event["sender_id"],
            at=event["at"],
            client_id=event.get("client_id"),
            text=content.get("text", ""),
            content=content,
            reply_to=event.get("reply_to"),
            mentions=tuple(event.get("mentions", ())),
            edited_at=event.get("edited_at"),
            deleted_at=event.get("deleted_at"),
            reactions=tuple(
                Reaction(
                    **{name: each[name] for name in ("reaction", "count", "mine")}, user_ids=tuple(each["user_ids"])
                )
                for each in event.get("reactions", ())
            ),
        )


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """There is a new message, in the order of its conversation; one's own, too."""

    message: Message


@dataclass(frozen=True, slots=True)
class MessageChanged:
    """A message looks different: edited, deleted, reacted to."""

    message: Message


@dataclass(frozen=True, slots=True)
class ReactionChanged:
    """Somebody has set a reaction, or taken it back."""

    conversation_id: str
    seq: int
    """Of the message."""
    user_id: str
    reaction: str
    removed: bool
    event_seq: int
    """Of this change itself."""


@dataclass(frozen=True, slots=True)
class LogEvent:
    """Anything else that is in the log: members, titles, edits and deletions, and types that are newer than this."""

    conversation_id: str
    type: str
    fields: Mapping[str, Any]
    """As in the protocol."""


@dataclass(frozen=True, slots=True)
class HistorySkipped:
    """
    So much was missed that what is held begins anew, and what came between is not told; what is before `from_seq`
    can be paged (`load_older`).
    """

    conversation_id: str
    from_seq: int


@dataclass(frozen=True, slots=True)
class ConversationLeft:
    """It may not be read any more: removed from it, or left on another device."""

    conversation_id: str


@dataclass(frozen=True, slots=True)
class OutboxChanged:
    """What became of something written here: `acked`, `refused`, `failed`; placed ones are events of the log."""

    conversation_id: str
    client_id: str
    state: str
    error: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class CursorMoved:
    """How far somebody has read, and been delivered to."""

    conversation_id: str
    user_id: str
    read_seq: int
    delivered_seq: int


@dataclass(frozen=True, slots=True)
class UnreadChanged:
    conversation_id: str
    unread: int


@dataclass(frozen=True, slots=True)
class TypingChanged:
    conversation_id: str
    user_ids: tuple[str, ...]
    """All who type now, in the order in which they began."""


@dataclass(frozen=True, slots=True)
class PresenceChanged:
    """How those are whom one watches: `online`, `away` or `offline`."""

    users: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SettingsChanged:
    conversation_id: str
    archived: bool
    notify: str
    muted_until: int | None


@dataclass(frozen=True, slots=True)
class StateChanged:
    """`idle`, `connecting`, `open`, `waiting` (for `retry_at`, by this machine's clock) or `signed_out`."""

    state: str
    retry_at: int | None = None


@dataclass(frozen=True, slots=True)
class Synced:
    """Everything that was missed is there."""


type ClientEvent = (
    MessageReceived
    | MessageChanged
    | ReactionChanged
    | LogEvent
    | HistorySkipped
    | ConversationLeft
    | OutboxChanged
    | CursorMoved
    | UnreadChanged
    | TypingChanged
    | PresenceChanged
    | SettingsChanged
    | StateChanged
    | Synced
)


def logged(conversation_id: str, event: Mapping[str, Any], *, is_new: bool) -> ClientEvent | None:
    """What to tell of an event of the log that is new, or looks different, or of a place where some were skipped."""
    if event["type"] == SKIPPED:
        return HistorySkipped(conversation_id, event["from_seq"])
    if event["type"] == "message":
        message = Message.of(conversation_id, event)
        return MessageReceived(message) if is_new else MessageChanged(message)
    if not is_new:
        return None
    if event["type"] == "reaction":
        removed = bool(event.get("removed"))
        of = event["target_seq"], event["sender_id"], event["reaction"]
        return ReactionChanged(conversation_id, *of, removed, event["seq"])
    return LogEvent(conversation_id, event["type"], event)


def noticed(name: str, fields: Mapping[str, Any]) -> ClientEvent | None:  # noqa: PLR0911 - an effect each
    """What to tell of an effect of the core."""
    conversation = fields.get("conversation_id", "")
    match name:
        case "state":
            return StateChanged(fields["state"], fields.get("retry_at"))
        case "synced":
            return Synced()
        case "outbox":
            return OutboxChanged(conversation, fields["client_id"], fields["state"], fields.get("error"))
        case "seen":
            return CursorMoved(conversation, fields["user_id"], fields["read_seq"], fields["delivered_seq"])
        case "unread":
            return UnreadChanged(conversation, fields["unread"])
        case "typing":
            return TypingChanged(conversation, tuple(fields["user_ids"]))
        case "presence":
            return PresenceChanged({user["user_id"]: user["state"] for user in fields["users"]})
        case "settings":
            archived, notify = bool(fields.get("archived")), fields.get("notify", "all")
            return SettingsChanged(conversation, archived, notify, fields.get("muted_until"))
        case "left":
            return ConversationLeft(conversation)
    return None
