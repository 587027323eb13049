"""What `MemoryConversations` keeps of a conversation."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from natter.domain.conversations.members import Member, Role
from natter.domain.conversations.records import MemberSettings, NewConversation
from natter.domain.conversations.roster import Roster, Standing
from natter.domain.ids import UserId
from natter.domain.messages.commands import Change, Command, CreateConversation

UNSETTLED = MemberSettings(muted_until=None, archived=False, notify="all")


@dataclass
class KeptMember:
    role: Role
    joined_at: int
    version: int
    """Of the conversation, by the change that gave them their role."""
    settings: MemberSettings = UNSETTLED


@dataclass
class KeptRow:
    """A row of the outbox."""

    command: Command
    version: int
    created_at: int


@dataclass
class KeptErasing:
    """Somebody who was here, and is to be erased."""

    requested_at: int
    told: bool = False
    emptied_to: int = 0
    emptied: bool = False


@dataclass
class Kept:
    """A conversation as it began, and what became of it."""

    new: NewConversation
    title: str | None
    avatar: str | None = None
    members: dict[UserId, KeptMember] = field(default_factory=dict)
    version: int = 1
    block_changes: int = 0
    stale_since: int | None = None
    """When blocks changed so that the roster has to be replaced; None: it was."""
    outbox: list[KeptRow] = field(default_factory=list)
    """Not in the log yet."""
    former: set[UserId] = field(default_factory=set)
    erasing: dict[UserId, KeptErasing] = field(default_factory=dict)

    def standing(self) -> Standing:
        joined = sorted(self.members.items(), key=lambda item: (item[1].joined_at, item[0]))
        roles = {user: member.role for user, member in joined}
        untold = frozenset(user for user, erasing in self.erasing.items() if not erasing.told)
        waiting = self.outbox[0].version if self.outbox else None
        roster = Roster(
            version=self.version,
            kind=self.new.kind,
            roles=roles,
            untold=frozenset(user for user, member in joined if waiting is not None and member.version >= waiting),
        )
        return Standing(roster=roster, title=self.title, avatar=self.avatar, erasing=untold)

    def add(self, members: Sequence[Member], *, at: int) -> None:
        self.members |= {member.user_id: KeptMember(member.role, at, self.version) for member in members}

    def announce(self, sender: UserId, item: CreateConversation | Change, *, at: int) -> None:
        command = Command(conversation_id=self.new.conversation_id, sender_id=sender, items=(item,), decided=True)
        self.outbox.append(KeptRow(command, self.version, at))
