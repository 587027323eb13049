"""`Conversations` in memory, for tests of what uses them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import RLock

from natter.domain.commands import Command, CreateConversation
from natter.domain.conversations import Role
from natter.domain.errors import Conflict, NotFound
from natter.domain.ids import ClientId, ConversationId, UserId, new_id
from natter.ports.conversations import ConversationRecord, Conversations, NewConversation, Roster
from natter.ports.identity import Users


@dataclass
class Kept:
    """A conversation as it began, and what became of it."""

    new: NewConversation
    roles: dict[UserId, Role]
    version: int = 1
    outbox: list[Command] = field(default_factory=list)
    """Not in the log yet."""


class MemoryConversations:
    def __init__(self, users: Users) -> None:
        self._users = users
        self._kept: dict[ConversationId, Kept] = {}
        self._lock = RLock()

    def create(self, new: NewConversation) -> tuple[ConversationRecord, bool]:
        if any(self._users.by_id(member.user_id) is None for member in new.members):
            raise NotFound("members: no such user")
        with self._lock:
            existing = self._existing(new)
            kept = existing or self._keep(new)
            record = self.seen_by(new.created_by, kept.new.conversation_id)
        if record is None:  # its creator has left it since
            raise Conflict("conversation_id: already used")
        return record, existing is None

    def publish(self, conversation: ConversationId, append: Callable[[Command], object]) -> None:
        with self._lock:
            outbox = self._kept[conversation].outbox if conversation in self._kept else []
            while outbox:
                append(outbox[0])
                del outbox[0]

    def roles(self, conversation: ConversationId) -> Roster:
        with self._lock:
            kept = self._kept.get(conversation)
            return Roster(version=0, roles={}) if kept is None else Roster(version=kept.version, roles=dict(kept.roles))

    def seen_by(self, user: UserId, conversation: ConversationId) -> ConversationRecord | None:
        kept = self._kept.get(conversation)
        return None if kept is None or user not in kept.roles else self._record(kept, user)

    def of_user(self, user: UserId) -> Sequence[ConversationRecord]:
        return [self._record(kept, user) for kept in self._kept.values() if user in kept.roles]

    def probe(self) -> None:
        """Memory always answers."""

    def decide(self, conversation: ConversationId, user: UserId, role: Role | None) -> None:
        """The database decides that `user` has `role` from now on, or is gone; the log is for the caller to tell."""
        with self._lock:
            kept = self._kept[conversation]
            kept.version += 1
            if role is None:
                del kept.roles[user]
            else:
                kept.roles[user] = role

    def _existing(self, new: NewConversation) -> Kept | None:
        same_id = self._kept.get(new.conversation_id)
        if same_id is not None:
            repeats = same_id.new.kind == new.kind == "group" and same_id.new.created_by == new.created_by
            if not repeats:
                raise Conflict("conversation_id: already used")
            return same_id
        if new.kind == "group":
            return None
        pair = _people(new)
        directs = (kept for kept in self._kept.values() if kept.new.kind == "direct")
        return next((kept for kept in directs if _people(kept.new) == pair), None)

    def _keep(self, new: NewConversation) -> Kept:
        item = CreateConversation(client_id=ClientId(new_id()), kind=new.kind, members=new.members, title=new.title)
        command = Command(conversation_id=new.conversation_id, sender_id=new.created_by, items=(item,), decided=True)
        kept = Kept(new, {member.user_id: member.role for member in new.members}, outbox=[command])
        self._kept[new.conversation_id] = kept
        return kept

    def _record(self, kept: Kept, user: UserId) -> ConversationRecord:
        new = kept.new
        peer = next((each for each in kept.roles if each != user), None) if new.kind == "direct" else None
        profile = None if peer is None else self._users.by_id(peer)
        return ConversationRecord(
            conversation_id=new.conversation_id,
            kind=new.kind,
            title=new.title,
            avatar=None,
            history=new.history,
            created_by=new.created_by,
            created_at=new.created_at,
            member_count=len(kept.roles),
            role=kept.roles[user],
            muted_until=None,
            archived=False,
            peer=peer,
            peer_name=None if profile is None else profile.display_name,
        )


def _people(new: NewConversation) -> frozenset[UserId]:
    return frozenset(member.user_id for member in new.members)


_: type[Conversations] = MemoryConversations
