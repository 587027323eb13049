"""`Conversations` in memory, for tests of what uses them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from threading import RLock
from typing import assert_never

from natter.domain.conversations.members import Member
from natter.domain.conversations.records import ConversationRecord, MemberRecord, MemberSettings, NewConversation
from natter.domain.conversations.roster import NO_ROSTER, Roster, StaleRoster, Standing
from natter.domain.conversations.rules import MAX_CONVERSATIONS
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
from natter.ports.accounts import Users
from natter.ports.conversations import Conversations
from tests.memory.kept import UNSETTLED, Kept, KeptErasing, KeptMember
from tests.memory.relations import MemoryBlocks, MemoryContacts, is_there


class MemoryConversations:
    def __init__(self, users: Users, blocks: MemoryBlocks, contacts: MemoryContacts) -> None:
        self._users = users
        self._blocks = blocks
        self._contacts = contacts
        blocks.changed = self._note_blocks
        self._kept: dict[ConversationId, Kept] = {}
        self._lock = RLock()

    def create(self, new: NewConversation) -> tuple[ConversationRecord, bool]:
        with self._lock:
            existing = self._existing(new)
            if existing is None:
                self._check_reachable(new.created_by, new.members)
                self._check_room(new.members)
            elif new.kind == "direct":
                self._check_known(new.created_by, new.members)
            kept = existing or self._keep(new)
            record = self.seen_by(new.created_by, kept.new.conversation_id)
        if record is None:  # its creator has left it since
            raise Conflict("conversation_id: already used")
        return record, existing is None

    def is_there(self, new: NewConversation) -> bool:
        with self._lock:
            return new.conversation_id in self._kept or (
                new.kind == "direct" and self._direct(_people(new)) is not None
            )

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
                self._check(by, change)
                kept.version += 1
                self._apply(kept, change, at=at)
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

    def stale_between(self, user: UserId, other: UserId) -> StaleRoster | None:
        with self._lock:
            kept = self._direct(frozenset((user, other)))
            return None if kept is None or kept.stale_since is None else _stale(kept)

    def stale(self, *, before: int, limit: int) -> Sequence[StaleRoster]:
        with self._lock:
            since = {each: kept.stale_since for each, kept in self._kept.items() if kept.stale_since is not None}
            overdue = sorted((at, each) for each, at in since.items() if at < before)
            return [_stale(self._kept[each]) for _, each in overdue[:limit]]

    def note_replaced(self, stale: StaleRoster) -> None:
        with self._lock:
            kept = self._kept[stale.conversation_id]
            if kept.block_changes <= stale.version:
                kept.stale_since = None

    def rosters(self, conversations: Collection[ConversationId]) -> Mapping[ConversationId, Roster]:
        found = {each: self.roles(each) for each in conversations}
        return {each: roster for each, roster in found.items() if roster.kind is not None}

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

    def seen_among(
        self, user: UserId, conversations: Collection[ConversationId]
    ) -> Mapping[ConversationId, ConversationRecord]:
        found = {each: self.seen_by(user, each) for each in conversations}
        return {each: record for each, record in found.items() if record is not None}

    def begun_of(self, user: UserId) -> Mapping[ConversationId, int]:
        return {each: kept.new.created_at for each, kept in self._kept.items() if user in kept.members}

    def of_each(self, users: Collection[UserId]) -> Mapping[UserId, Collection[ConversationId]]:
        found = {user: list(self.begun_of(user)) for user in users}
        return {user: some for user, some in found.items() if some}

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

    def _check(self, by: UserId, change: Change) -> None:
        if isinstance(change, AddMembers):
            self._check_reachable(by, change.members)
            self._check_room(change.members)

    def _check_known(self, by: UserId, members: Sequence[Member]) -> None:
        users = [member.user_id for member in members]
        if any(not is_there(self._users, user) or self._blocks.between(by, user) for user in users):
            raise NotFound("there is no such user")

    def _check_reachable(self, by: UserId, members: Sequence[Member]) -> None:
        self._check_known(by, members)
        others = [self._users.by_id(member.user_id) for member in members if member.user_id != by]
        reserved = [user.user_id for user in others if user is not None and user.contactable == "contacts"]
        if not all(self._contacts.keeps(user, by) for user in reserved):
            raise NotFound("there is no such user")

    def _check_room(self, members: Sequence[Member]) -> None:
        if any(len(self.begun_of(member.user_id)) >= MAX_CONVERSATIONS for member in members):
            raise Conflict(f"nobody is in more than {MAX_CONVERSATIONS} conversations")

    def _note_blocks(self, pair: frozenset[UserId], at: int) -> None:
        with self._lock:
            kept = self._direct(pair)
            if kept is not None:
                kept.block_changes += 1
                kept.stale_since = at if kept.stale_since is None else kept.stale_since

    def _apply(self, kept: Kept, change: Change, *, at: int) -> None:
        match change:
            case AddMembers(members=members):
                kept.add(members, at=at)
            case RemoveMember(user_id=user):
                if kept.members.pop(user, None) is not None:
                    kept.former.add(user)
            case ChangeRole(user_id=user, role=role):
                kept.members[user].role, kept.members[user].version = role, kept.version
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
            notify=member.settings.notify,
            peer=peer,
            peer_name=None if profile is None else profile.display_name,
            peer_deleted=profile is not None and profile.erased,
            erasing={each: erasing.requested_at for each, erasing in kept.erasing.items() if not erasing.emptied},
        )


def _stale(kept: Kept) -> StaleRoster:
    return StaleRoster(conversation_id=kept.new.conversation_id, version=kept.block_changes)


def _people(new: NewConversation) -> frozenset[UserId]:
    return frozenset(member.user_id for member in new.members)


_: type[Conversations] = MemoryConversations
