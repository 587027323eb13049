"""A conversation as the database decides it, for what stands before the database."""

from collections.abc import Callable, Collection, Mapping

from natter.domain.conversations.members import Member
from natter.domain.conversations.records import NewConversation
from natter.domain.conversations.roster import NO_ROSTER, Roster
from natter.domain.errors import Unavailable
from natter.domain.ids import ConversationId, new_id
from tests.decisions import Decisions
from tests.identity import NOON, a_user
from tests.memory.relations import MemoryBlocks, MemoryContacts
from tests.memory.users import MemoryUsers


class Decided(Decisions):
    """
    A conversation of Ann alone, and one of hers with Bob; counts how often it was asked for members, may not answer.
    """

    def __init__(self) -> None:
        users = MemoryUsers()
        self.blocks = MemoryBlocks(users)
        super().__init__(users, self.blocks, MemoryContacts(users, self.blocks))
        ann, bob = a_user(), a_user()
        users.add(ann, "hash")
        users.add(bob, "hash")
        self.ann, self.bob = ann.user_id, bob.user_id
        self.lobby, self.direct = ConversationId(new_id()), ConversationId(new_id())
        self.asked = 0
        self.answers = True
        self.meanwhile: Callable[[], None] = lambda: None
        """Happens after the database has read the members and before the answer arrives."""
        self.create(
            NewConversation(
                conversation_id=self.lobby,
                kind="group",
                title="Lobby",
                history="joined",
                created_by=self.ann,
                created_at=NOON,
                members=(Member(user_id=self.ann, role="owner"),),
            )
        )
        self.create(
            NewConversation(
                conversation_id=self.direct,
                kind="direct",
                title=None,
                history="joined",
                created_by=self.ann,
                created_at=NOON,
                members=tuple(Member(user_id=user, role="member") for user in (self.ann, self.bob)),
            )
        )

    def block(self) -> None:
        """Bob blocks Ann."""
        self.blocks.add(self.bob, self.ann, at=NOON)

    def unblock(self) -> None:
        self.blocks.remove(self.bob, self.ann, at=NOON)

    def roles(self, conversation: ConversationId) -> Roster:
        return self.rosters([conversation]).get(conversation, NO_ROSTER)

    def rosters(self, conversations: Collection[ConversationId]) -> Mapping[ConversationId, Roster]:
        self.asked += 1
        if not self.answers:
            raise Unavailable("the database")
        found = {each: super(Decided, self).roles(each) for each in conversations}
        self.meanwhile()
        return {each: roster for each, roster in found.items() if roster.kind is not None}
