"""Who belongs where as PostgreSQL has decided it, which is ahead of the log."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from natter.domain.conversations.members import Role
from natter.domain.conversations.records import ConversationRecord
from natter.domain.conversations.roster import Roster
from natter.domain.ids import ClientId, ConversationId, UserId
from natter.domain.messages.commands import (
    AddMembers,
    ChangeRole,
    Command,
    CreateConversation,
    EraseMember,
    RemoveMember,
)
from tests.reliability.ports import Pause


class SteppedDecisions:
    """`Admission`, and the records of conversations as one of their members sees them."""

    def __init__(self, pause: Pause) -> None:
        self._pause = pause
        self._roles: dict[ConversationId, dict[UserId, Role]] = defaultdict(dict)
        self._decided: set[ClientId] = set()
        self._erased: dict[ConversationId, dict[UserId, int]] = defaultdict(dict)

    def decide(self, command: Command) -> None:
        """What the outbox hands over again is decided already."""
        item, roles = command.items[0], self._roles[command.conversation_id]
        if not command.decided or item.client_id in self._decided:
            return
        self._decided.add(item.client_id)
        match item:
            case CreateConversation() | AddMembers():
                roles.update({member.user_id: member.role for member in item.members})
            case RemoveMember():
                del roles[item.user_id]
            case EraseMember():
                roles.pop(item.user_id, None)
                self._erased[command.conversation_id][item.user_id] = 0
            case ChangeRole():
                roles[item.user_id] = item.role

    def members(self, conversation: ConversationId) -> Sequence[UserId]:
        """Seen from outside the run."""
        return sorted(self._roles[conversation])

    def role(self, conversation: ConversationId, user: UserId) -> Role | None:
        return self.roster(conversation).roles.get(user)

    def roster(self, conversation: ConversationId) -> Roster:
        self._pause()
        return Roster(version=len(self._decided), kind="group", roles=dict(self._roles[conversation]))

    def rosters(self, conversations: Collection[ConversationId]) -> Mapping[ConversationId, Roster]:
        return {each: self.roster(each) for each in conversations}

    def replace(self, conversation: ConversationId) -> None:
        """Nothing is remembered."""

    def seen_by(self, user: UserId, conversation: ConversationId) -> ConversationRecord | None:
        self._pause()
        role = self._roles[conversation].get(user)
        if role is None:
            return None
        return replace(record(conversation, user, role), erasing=dict(self._erased[conversation]))

    def of_user(self, user: UserId) -> Sequence[ConversationRecord]:
        self._pause()
        return [record(each, user, roles[user]) for each, roles in self._roles.items() if user in roles]


def record(conversation: ConversationId, user: UserId, role: Role) -> ConversationRecord:
    return ConversationRecord(
        conversation_id=conversation,
        kind="group",
        title=None,
        avatar=None,
        history="joined",
        created_by=user,
        created_at=0,
        member_count=1,
        role=role,
        muted_until=None,
        archived=False,
        peer=None,
        peer_name=None,
    )
