"""What members say of how far they have come: places that are there and places that are not, once or repeatedly."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from greenlet import greenlet

from natter.domain.errors import BadRequest, NotMember, RateLimited, Unavailable
from natter.domain.ids import ConversationId, UserId
from natter.domain.receipts import Receipt
from natter.usecases.receipts.note_receipt import NoteReceipt
from tests.reliability.load import CONVERSATIONS, USERS
from tests.reliability.trace import Noted, Trace

READERS = 8
MOST_READINGS = 3
MEMBER = 0.85
READ = 0.7
ATTEMPTS = 3
TOO_FAR = 2
"""Places beyond the head that are said to be read."""


@dataclass(kw_only=True)
class Readers:
    """Devices of the same members say so at the same time, in any order; members or not."""

    note: NoteReceipt
    heads: Callable[[ConversationId], int]
    """How far a conversation is stored: nobody has seen more of it."""
    members: Callable[[ConversationId], Sequence[UserId]]
    random: Random
    trace: Trace
    left: int = READERS
    busy: list[greenlet] = field(default_factory=list)

    def start(self) -> None:
        if self.left:
            self.left -= 1
            self.busy.append(greenlet(self._read))

    def advance(self, reader: greenlet) -> None:
        reader.switch()
        if reader.dead:
            self.busy.remove(reader)

    def is_quiet(self) -> bool:
        return not self.busy

    def _read(self) -> None:
        conversation = self.random.choice(CONVERSATIONS)
        members = self.members(conversation)
        user = self.random.choice(members if members and self.random.random() < MEMBER else USERS)
        for _ in range(self.random.randint(1, MOST_READINGS)):
            head = self.heads(conversation)
            seq = self.random.randint(1, head + TOO_FAR)
            is_read = self.random.random() < READ
            self._say(
                Receipt(
                    conversation_id=conversation,
                    user_id=user,
                    read_seq=seq if is_read else 0,
                    delivered_seq=0 if is_read else seq,
                ),
                head,
            )

    def _say(self, receipt: Receipt, head: int) -> None:
        for _ in range(ATTEMPTS):
            answer = self._noted(receipt)
            self.trace.append(Noted(receipt, head, answer))
            if answer != Unavailable.code:
                return

    def _noted(self, receipt: Receipt) -> str | None:
        try:
            self.note(receipt)
        except (NotMember, BadRequest, RateLimited, Unavailable) as error:
            return error.code
        return None
