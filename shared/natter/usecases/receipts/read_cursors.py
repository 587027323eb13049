"""How far the members of a small conversation have come."""

from collections.abc import Sequence
from dataclasses import dataclass

from natter.domain.conversations.members import Standing
from natter.domain.errors import Forbidden, NotMember
from natter.domain.ids import ConversationId, UserId
from natter.domain.messages.events import Head
from natter.domain.receipts import MAX_READERS_SHOWN, Cursor, Progress, reached
from natter.ports.accounts import Blocks
from natter.ports.conversations import Admission
from natter.ports.reading import Timeline
from natter.usecases.reading.view_conversations import ReadHeads


@dataclass(frozen=True, kw_only=True)
class ReadCursors:
    """
    The members' effective cursors, for one of them: of all but those across a block from the reader, either way.

    Raises:
        NotMember: the reader does not belong to the conversation, or there is none.
        Forbidden: it has more members than may see each other read.
        Unavailable: a store did not answer in time.
    """

    admission: Admission
    blocks: Blocks
    heads: ReadHeads
    timeline: Timeline

    def __call__(self, reader: UserId, conversation: ConversationId) -> Sequence[Progress]:
        users = list(self.admission.roster(conversation).roles)
        if reader not in users:
            raise NotMember
        if len(users) > MAX_READERS_SHOWN:
            raise Forbidden(f"only conversations of up to {MAX_READERS_SHOWN} members show who has read")
        hidden = self.blocks.across([(reader, user) for user in users if user != reader])
        users = [user for user in users if (reader, user) not in hidden]
        head = self.heads([conversation]).get(conversation, Head(conversation_id=conversation))
        standings = self.timeline.standings({(conversation, user): head.seq for user in users})
        cursors = self.timeline.cursors((conversation, user) for user in users)
        return [
            reached(
                user,
                cursors.get((conversation, user), Cursor()),
                at_least=_joined(standings.get((conversation, user))),
            )
            for user in users
        ]


def _joined(standing: Standing | None) -> int:
    return 1 if standing is None or standing.membership is None else standing.membership.joined_seq
