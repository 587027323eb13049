"""Put what one frame asks into the log. Repeating it is safe: the client ids decide, not the attempt (P3)."""

from dataclasses import dataclass

from natter.domain.commands import Command, PostMessage
from natter.domain.errors import NotFound, NotMember
from natter.domain.limits import COMMANDS
from natter.ports.conversations import Admission
from natter.ports.limits import RateLimits
from natter.ports.log import CommandLog


@dataclass(frozen=True, kw_only=True)
class Send:
    """
    Admit, limit, append. Assigns no place: the fold does.

    Raises:
        NotMember: the sender does not belong to the conversation, or there is none.
        NotFound: it shows an attachment; nothing can be uploaded yet, so there is none.
        RateLimited: the sender has sent too much of late.
        Unavailable: not confirmed; it may be in the log all the same.
    """

    admission: Admission
    limits: RateLimits
    log: CommandLog

    def __call__(self, command: Command) -> int:
        """Returns the log's timestamp of the frame, milliseconds (P1)."""
        self.limits.take(COMMANDS, command.sender_id, len(command.items))
        if self.admission.role(command.conversation_id, command.sender_id) is None:
            raise NotMember
        if any(isinstance(item, PostMessage) and item.content["type"] == "attachment" for item in command.items):
            raise NotFound("content: no such attachment")
        return self.log.append(command)
