"""What a push says, whatever the platform."""

import base64
import hashlib
from dataclasses import dataclass
from typing import Literal

from natter.domain.conversations.members import Kind
from natter.domain.ids import ConversationId
from natter.domain.messages.events import JsonObject

MAX_BODY = 200
"""Code points."""

MAX_BADGE = 99

FileKind = Literal["Photo", "Video", "Audio", "File"]

_KINDS: dict[str, FileKind] = {"image": "Photo", "video": "Video", "audio": "Audio"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Push:
    """What a device is woken with."""

    conversation_id: ConversationId
    seq: int
    kind: Kind
    title: str
    body: str
    badge: int
    """The user's conversations with something unread, at most `MAX_BADGE`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Badge:
    """A silent push: something was read on another device."""

    badge: int


def title(sender: str, conversation: str | None) -> str:
    """Who has said it, and where: `conversation` is the title of a group, None in a direct conversation."""
    return sender if conversation is None else f"{sender} in {conversation}"


def body(content: JsonObject, *, previews: bool, content_type: str | None = None) -> str:
    """
    What a message says, cut; of a file without a caption, of what kind it is (`content_type`, as announced).

    Nothing of a message is shown without `previews`, nor of one that the clients have sealed.
    """
    text = content.get("text")
    if not previews or content.get("type") == "sealed":
        return "Message"
    if text:
        return cut(text)
    return _KINDS.get((content_type or "").partition("/")[0].lower(), "File")


def gathered(count: int) -> str:
    """Of several messages that one push stands for."""
    return f"{count} new messages"


def cut(text: str, length: int = MAX_BODY) -> str:
    """At most `length` code points; where something is missing, the last one is an ellipsis."""
    return text if len(text) <= length else text[: length - 1] + "…"


def collapse_id(conversation: ConversationId) -> str:
    """
    The name under which a later push replaces an earlier one: one for each conversation.

    32 characters of the URL-safe base64 alphabet, which is what the Topic of RFC 8030 (5.4) may have and fits into the
    64 bytes of `apns-collapse-id`. 192 bits of a digest, so that ids that clients have chosen do not meet.
    """
    return base64.urlsafe_b64encode(hashlib.sha256(conversation.encode()).digest()[:24]).decode()
