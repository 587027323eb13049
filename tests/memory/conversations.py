"""`Conversations` in memory, for tests of what uses them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import RLock
from typing import assert_never

from natter.domain.conversations.members import Member, Role
from natter.domain.conversations.records import ConversationRecord, MemberRecord, MemberSettings, NewConversation
from natter.domain.conversations.roster import NO_ROSTER, Roster, Standing
from natter.domain.errors import Conflict, NotFound
from natter.domain.ids import ClientId, ConversationId, UserId, new_id
from natter.domain.messages.commands import (
    AddMembers,
    Change,
    ChangeConversation,
    ChangeRole,
    Command,
    CreateConversation,
    EraseMember,
    RemoveMember,
)
from natter.ports.accounts import Blocks, Users
from natter.ports.conversations import Conversations
from tests.memory.relations import is_there

UNSETTLED = MemberSettings(muted_until=None, archived=False)


@dataclass
class KeptMember:
    role: Role
    joined_at: int
    settings: MemberSettings = UNSETTLED


@dataclass
class KeptRow:
    """A row of the outbox."""

    command: Command
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
    outbox: list[KeptRow] = field(default_factory=list)
    """Not in the log yet."""
    former: set[UserId] = field(default_factory=set)
    erasing: dict[UserId, KeptErasing] = field(default_factory=dict)

    def standing(self) -> Standing:
        joined = sorted(self.members.items(), key=lambda item: (item[1].joined_at, item[0]))
        roles = {user: member.role for user, member in joined}
        untold = frozenset(user for user, erasing in self.erasing.items() if not erasing.told)
        roster = Roster(version=self.version, kind=self.new.kind, roles=roles)
        return Standing(roster=roster, title=self.title, avatar=self.avatar, erasing=untold)

    def add(self, members: Sequence[Member], *, at: int) -> None:
        self.members |= {member.user_id: KeptMember(member.role, at) for member in members}

    def announce(self, sender: UserId, item: CreateConversation | Change, *, at: int) -> None:
        command = Command(conversation_id=self.new.conversation_id, sender_id=sender, items=(item,), decided=True)
        self.outbox.append(KeptRow(command, at))


class MemoryConversations:
    def __init__(self, users: Users, blocks: Blocks) -> None:
        self._users = users
        self._blocks = blocks
        self._kept: dict[ConversationId, Kept] = {}
        self._lock = RLock()

    def create(self, new: NewConversation) -> tuple[ConversationRecord, bool]:
        self._check_users(new.created_by, new.members)
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
                append(outbox[0].command)
                del outbox[0]

    def unpublished(self, *, before: int, limit: int) -> Sequence[ConversationId]:
        with self._lock:
            pending = {each: kept.outbox for each, kept in self._kept.items() if kept.outbox}
        waiting = {each: min(row.created_at for row in rows) for each, rows in pending.items()}
        return sorted((each for each, since in waiting.items() if since < before), key=waiting.__getitem__)[:limit]

    def change(
        self, conversation: ConversationId, by: UserId, decide: Callable[[Standing], Change | None], *, at: int
    ) -> None:
        with self._lock:
            kept = self._kept.get(conversation)
            change = decide(Standing(roster=NO_ROSTER, title=None, avatar=None) if kept is None else kept.standing())
            if kept is not None and change is not None:
                self._apply(kept, by, change, at=at)
                kept.version += 1
                kept.announce(by, change, at=at)

    def change_settings(
        self, user: UserId, conversation: ConversationId, change: Callable[[MemberSettings], MemberSettings]
    ) -> MemberSettings | None:
        with self._lock:
            member = self._members(conversation).get(user)
            if member is None:
                return None
            member.settings = change(member.settings)
            return member.settings

    def note_blocks(self, user: UserId, other: UserId) -> ConversationId | None:
        with self._lock:
            kept = self._direct(frozenset((user, other)))
            if kept is None:
                return None
            kept.block_changes += 1
            return kept.new.conversation_id

    def roles(self, conversation: ConversationId) -> Roster:
        with self._lock:
            kept = self._kept.get(conversation)
            if kept is None:
                return NO_ROSTER
            roster = kept.standing().roster
            blocked = kept.new.kind == "direct" and self._blocks.between(*_people(kept.new))
            return replace(roster, version=roster.version + kept.block_changes, blocked=blocked)

    def members(self, conversation: ConversationId, *, after: UserId | None, limit: int) -> Sequence[MemberRecord]:
        with self._lock:
            behind = [user for user in self._members(conversation) if after is None or user > after]
            return self.members_among(conversation, sorted(behind)[:limit])

    def members_among(self, conversation: ConversationId, users: Collection[UserId]) -> Sequence[MemberRecord]:
        with self._lock:
            members = self._members(conversation)
            return [self._member(user, members[user]) for user in sorted(members.keys() & set(users))]

    def seen_by(self, user: UserId, conversation: ConversationId) -> ConversationRecord | None:
        kept = self._kept.get(conversation)
        return None if kept is None or user not in kept.members else self._record(kept, user)

    def of_user(self, user: UserId) -> Sequence[ConversationRecord]:
        return [self._record(kept, user) for kept in self._kept.values() if user in kept.members]

    def share(self, user: UserId, other: UserId) -> bool:
        return any({user, other} <= kept.members.keys() for kept in self._kept.values())

    def erase(self, user: UserId, *, at: int) -> None:
        """Nobody is shown what `user` says any more."""
        with self._lock:
            for kept in self._kept.values():
                if user in kept.members or user in kept.former:
                    kept.erasing.setdefault(user, KeptErasing(at))

    def erasing(self, user: UserId) -> Mapping[ConversationId, KeptErasing]:
        return {each: kept.erasing[user] for each, kept in self._kept.items() if user in kept.erasing}

    def ever_of(self, user: UserId) -> Sequence[ConversationId]:
        """All that the user is or was in."""
        return sorted(each for each, kept in self._kept.items() if user in kept.members or user in kept.former)

    def forget_settings(self, user: UserId) -> None:
        for kept in self._kept.values():
            if user in kept.members:
                kept.members[user].settings = UNSETTLED

    def forget_former(self, user: UserId) -> None:
        for kept in self._kept.values():
            kept.erasing.pop(user, None)
            kept.former.discard(user)

    def probe(self) -> None:
        """Memory always answers."""

    def _members(self, conversation: ConversationId) -> dict[UserId, KeptMember]:
        kept = self._kept.get(conversation)
        return {} if kept is None else kept.members

    def _check_users(self, by: UserId, members: Sequence[Member]) -> None:
        users = [member.user_id for member in members]
        if any(not is_there(self._users, user) or self._blocks.between(by, user) for user in users):
            raise NotFound("there is no such user")

    def _apply(self, kept: Kept, by: UserId, change: Change, *, at: int) -> None:
        match change:
            case AddMembers(members=members):
                self._check_users(by, members)
                kept.add(members, at=at)
            case RemoveMember(user_id=user):
                if kept.members.pop(user, None) is not None:
                    kept.former.add(user)
            case ChangeRole(user_id=user, role=role):
                kept.members[user].role = role
            case ChangeConversation(changes=changes):
                kept.title, kept.avatar = changes.get("title", kept.title), changes.get("avatar", kept.avatar)
            case EraseMember(user_id=user):
                kept.erasing[user].told = True
            case _:
                assert_never(change)

    def _existing(self, new: NewConversation) -> Kept | None:
        same_id = self._kept.get(new.conversation_id)
        if same_id is not None:
            repeats = same_id.new.kind == new.kind == "group" and same_id.new.created_by == new.created_by
            if not repeats:
                raise Conflict("conversation_id: already used")
            return same_id
        if new.kind == "group":
            return None
        return self._direct(_people(new))

    def _direct(self, pair: frozenset[UserId]) -> Kept | None:
        directs = (kept for kept in self._kept.values() if kept.new.kind == "direct")
        return next((kept for kept in directs if _people(kept.new) == pair), None)

    def _keep(self, new: NewConversation) -> Kept:
        kept = Kept(new, new.title)
        kept.add(new.members, at=new.created_at)
        item = CreateConversation(client_id=ClientId(new_id()), kind=new.kind, members=new.members, title=new.title)
        kept.announce(new.created_by, item, at=new.created_at)
        self._kept[new.conversation_id] = kept
        return kept

    def _member(self, user: UserId, member: KeptMember) -> MemberRecord:
        profile = self._users.by_id(user)
        name = "" if profile is None else profile.display_name
        return MemberRecord(user_id=user, display_name=name, role=member.role, joined_at=member.joined_at)

    def _record(self, kept: Kept, user: UserId) -> ConversationRecord:
        new, member = kept.new, kept.members[user]
        peer = next((each for each in kept.members if each != user), None) if new.kind == "direct" else None
        profile = None if peer is None else self._users.by_id(peer)
        return ConversationRecord(
            conversation_id=new.conversation_id,
            kind=new.kind,
            title=kept.title,
            avatar=kept.avatar,
            history=new.history,
            created_by=new.created_by,
            created_at=new.created_at,
            member_count=len(kept.members),
            role=member.role,
            muted_until=member.settings.muted_until,
            archived=member.settings.archived,
            peer=peer,
            peer_name=None if profile is None else profile.display_name,
            peer_deleted=profile is not None and profile.erased,
            erasing={each: erasing.requested_at for each, erasing in kept.erasing.items() if not erasing.emptied},
        )


def _people(new: NewConversation) -> frozenset[UserId]:
    return frozenset(member.user_id for member in new.members)


_: type[Conversations] = MemoryConversations
