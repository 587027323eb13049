"""Put what one frame asks into the log. Repeating it is safe: the client ids decide, not the attempt (P3)."""

import logging
import random
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeGuard

from natter.domain.clock import NowMs
from natter.domain.errors import NotFound, Overloaded, Unavailable
from natter.domain.fold.conversation import client_id_key
from natter.domain.ids import AttachmentId
from natter.domain.limits import COMMANDS
from natter.domain.messages.backlog import Backlog, refused_share, retry_after_ms
from natter.domain.messages.commands import Command, EditMessage, Item, PostMessage
from natter.names import RETRY_WINDOW_MS
from natter.ports.attachments import Attachments
from natter.ports.gate import Gate
from natter.ports.messages import Backlogs, CommandLog, ContentCheck
from natter.ports.reading import Timeline
from natter.usecases.conversations.announce import Announce

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Send:
    """
    Limit, admit, check, append. Assigns no place: the fold does.

    Where more is appended than can be shown in time, a share of all frames is refused before it is in the log. So what
    is acknowledged is shown soon, and the others know that they wait.

    Who was admitted before the log was told waits until it is, or is told to try again: their frame would be refused
    there for ever, though it was acknowledged (P1).

    Raises:
        Unauthenticated: the session of the connection that it came from has ended.
        NotMember: the sender does not belong to the conversation, or there is none.
        NotFound: it shows an attachment that the sender has not uploaded to this conversation, and is no retry of a
            message that once did; names the field.
        Forbidden: the operator's check does not let it pass.
        RateLimited: the sender has sent too much of late.
        Overloaded: it would have had to wait for long; it is not in the log.
        Unavailable: not confirmed; it may be in the log all the same.
    """

    gate: Gate
    attachments: Attachments
    log: CommandLog
    backlogs: Backlogs
    announce: Announce
    timeline: Timeline
    now_ms: NowMs
    check: ContentCheck | None = None
    draw: Callable[[], float] = random.random
    """From 0 to 1."""

    def __call__(self, command: Command) -> int:
        """Returns the log's timestamp of the frame, milliseconds (P1)."""
        entered = self.gate.enter(
            command.conversation_id, command.sender_id, COMMANDS, cost=len(command.items), origin=command.origin
        )
        if entered.backlog is not None:
            self._refuse_some(entered.backlog)
        if not entered.told:
            self.announce.complete(command.conversation_id)
        if self.check is not None:
            self.check(command)
        if shown := attachments_of(command):
            self._hold(command, shown)
        if entered.backlog is not None:
            self._note(entered.backlog, len(command.items))
        return self.log.append(command)

    def _refuse_some(self, backlog: Backlog) -> None:
        now = self.now_ms()
        if self.draw() < refused_share(backlog, now):
            raise Overloaded(retry_after_ms=retry_after_ms(backlog, now, self.draw()))

    def _note(self, backlog: Backlog, items: int) -> None:
        """Those who come next have to know, before the consumer has looked again."""
        try:
            self.backlogs.add(backlog, items)
        except Unavailable as error:
            _logger.warning("nobody is told what waits in %d: %s", backlog.partition, error)

    def _hold(self, command: Command, shown: Mapping[AttachmentId, str]) -> None:
        """
        Before the append: what is in the log must never show a file that is about to be removed.

        Whether a message comes to show it is for the fold to say: nobody can download it before.
        """
        missing = self.attachments.hold(command.conversation_id, command.sender_id, shown)
        if missing and (unknown := self._not_repeated(command, missing)):
            raise NotFound(f"{shown[unknown[0]]}: no such attachment")

    def _not_repeated(self, command: Command, attachments: Collection[AttachmentId]) -> Sequence[AttachmentId]:
        """
        Those that an item shows which was not sent before. One that was has its outcome, which its sender is told
        again (P3), though the file has gone with the message, or was never shown.
        """
        keys = {
            client_id_key(command, item): AttachmentId(item.content["attachment_id"])
            for item in command.items
            if _shows(item) and item.content["attachment_id"] in attachments
        }
        since = self.now_ms() - RETRY_WINDOW_MS + _MARGIN_MS
        outcomes = self.timeline.outcomes(keys)
        return [shown for key, shown in keys.items() if not any(each.at >= since for each in outcomes[key])]


_MARGIN_MS = 60 * 60 * 1000
"""Before it is a retry no longer it ceases to be one here: the log's clock counts, and it has to get there first."""


def _shows(item: Item) -> TypeGuard[PostMessage | EditMessage]:
    return isinstance(item, PostMessage | EditMessage) and item.content["type"] == "attachment"


def attachments_of(command: Command) -> dict[AttachmentId, str]:
    """The attachments that `command` shows, each with the field of the frame that names it."""
    found: dict[AttachmentId, str] = {}
    for index, item in enumerate(command.items):
        if _shows(item):
            place = f"messages.{index}.content" if isinstance(item, PostMessage) else "content"
            found.setdefault(AttachmentId(item.content["attachment_id"]), f"{place}.attachment_id")
    return found
