"""Put what one frame asks into the log. Repeating it is safe: the client ids decide, not the attempt (P3)."""

from collections.abc import Mapping
from dataclasses import dataclass

from natter.domain.errors import NotFound
from natter.domain.ids import AttachmentId
from natter.domain.limits import COMMANDS
from natter.domain.messages.commands import Command, EditMessage, PostMessage
from natter.ports.attachments import Attachments
from natter.ports.gate import Gate
from natter.ports.messages import CommandLog, ContentCheck
from natter.usecases.conversations.announce import Announce


@dataclass(frozen=True, kw_only=True)
class Send:
    """
    Limit, admit, check, append. Assigns no place: the fold does.

    Who was admitted before the log was told waits until it is, or is told to try again: their frame would be refused
    there for ever, though it was acknowledged (P1).

    Raises:
        Unauthenticated: the session of the connection that it came from has ended.
        NotMember: the sender does not belong to the conversation, or there is none.
        NotFound: it shows an attachment that the sender has not uploaded to this conversation; names the field.
        Forbidden: the operator's check does not let it pass.
        RateLimited: the sender has sent too much of late.
        Unavailable: not confirmed; it may be in the log all the same.
    """

    gate: Gate
    attachments: Attachments
    log: CommandLog
    announce: Announce
    check: ContentCheck | None = None

    def __call__(self, command: Command) -> int:
        """Returns the log's timestamp of the frame, milliseconds (P1)."""
        is_told = self.gate.enter(
            command.conversation_id, command.sender_id, COMMANDS, cost=len(command.items), origin=command.origin
        )
        if not is_told:
            self.announce.complete(command.conversation_id)
        if self.check is not None:
            self.check(command)
        if shown := attachments_of(command):
            self._hold(command, shown)
        return self.log.append(command)

    def _hold(self, command: Command, shown: Mapping[AttachmentId, str]) -> None:
        """
        Before the append: what is in the log must never show a file that is about to be removed.

        Whether a message comes to show it is for the fold to say: nobody can download it before.
        """
        missing = self.attachments.hold(command.conversation_id, command.sender_id, shown)
        if missing:
            raise NotFound(f"{shown[next(iter(missing))]}: no such attachment")


def attachments_of(command: Command) -> dict[AttachmentId, str]:
    """The attachments that `command` shows, each with the field of the frame that names it."""
    found: dict[AttachmentId, str] = {}
    for index, item in enumerate(command.items):
        if isinstance(item, PostMessage | EditMessage) and item.content["type"] == "attachment":
            place = f"messages.{index}.content" if isinstance(item, PostMessage) else "content"
            found.setdefault(AttachmentId(item.content["attachment_id"]), f"{place}.attachment_id")
    return found
