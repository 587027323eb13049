"""What every `Conversations` promises."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import pytest

from natter.adapters.postgres.client import Postgres
from natter.adapters.postgres.conversations import PostgresConversations
from natter.adapters.postgres.users import PostgresUsers
from natter.domain.conversations.members import Member
from natter.domain.conversations.roster import Roster
from natter.domain.errors import Conflict, NotFound, Unavailable
from natter.domain.ids import ClientId, ConversationId, UserId, new_id
from natter.domain.messages.commands import (
    AddMembers,
    Change,
    ChangeConversation,
    ChangeRole,
    Command,
    CreateConversation,
    RemoveMember,
)
from natter.records.messages import dump_command
from tests.contract.conversation_store import Store, a_direct, a_group, at_once
from tests.identity import NOON, a_user


class TestGroups:
    def test_its_members_see_it_each_in_their_role(self, store: Store, ann: UserId, bob: UserId) -> None:
        new = a_group(ann, bob, history="all")
        record, is_new = store.conversations.create(new)
        assert is_new
        assert record == store.conversations.seen_by(ann, new.conversation_id)
        assert (record.conversation_id, record.kind, record.title) == (new.conversation_id, "group", "Grüße 🦊")
        assert (record.history, record.created_by, record.created_at) == ("all", ann, NOON)
        assert (record.member_count, record.role, record.peer, record.peer_name) == (2, "owner", None, None)
        assert (record.avatar, record.muted_until, record.archived) == (None, None, False)
        assert store.conversations.seen_by(bob, new.conversation_id) == replace(record, role="member")

    def test_its_id_is_repeatable_for_its_creator(self, store: Store, ann: UserId, bob: UserId) -> None:
        """The first stands, whatever is asked the second time."""
        new = a_group(ann, bob)
        first, _ = store.conversations.create(new)
        again, is_new = store.elsewhere.create(replace(new, title="Other", members=new.members[:1], history="all"))
        assert (again, is_new) == (first, False)
        assert len(store.published(new.conversation_id)) == 1

    def test_its_id_is_a_conflict_for_others(self, store: Store, ann: UserId, bob: UserId) -> None:
        new = a_group(ann, bob)
        first, _ = store.conversations.create(new)
        with pytest.raises(Conflict):
            store.conversations.create(a_group(bob, ann, conversation_id=new.conversation_id))
        assert store.conversations.seen_by(ann, new.conversation_id) == first

    def test_the_id_of_a_direct_conversation_is_a_conflict(self, store: Store, ann: UserId, bob: UserId) -> None:
        direct, _ = store.conversations.create(a_direct(ann, bob))
        with pytest.raises(Conflict):
            store.conversations.create(a_group(ann, bob, conversation_id=direct.conversation_id))

    def test_the_same_people_may_have_several(self, store: Store, ann: UserId, bob: UserId) -> None:
        assert all(store.conversations.create(a_group(ann, bob))[1] for _ in range(2))
        assert len(store.conversations.of_user(bob)) == 2

    def test_of_a_user_that_is_none_nothing_is_created(self, store: Store, ann: UserId) -> None:
        new = a_group(ann, UserId(new_id()))
        with pytest.raises(NotFound):
            store.conversations.create(new)
        assert store.conversations.seen_by(ann, new.conversation_id) is None
        assert store.published(new.conversation_id) == []

    def test_of_many_at_once_one_creates_it(self, store: Store, ann: UserId, bob: UserId) -> None:
        new = a_group(ann, bob)
        outcomes = at_once(lambda: store.conversations.create(new), lambda: store.elsewhere.create(new))
        assert sorted(is_new for _, is_new in outcomes) == [False, True]
        assert len(store.published(new.conversation_id)) == 1


class TestDirect:
    def test_each_sees_the_other(self, store: Store, ann: UserId, bob: UserId) -> None:
        record, is_new = store.conversations.create(a_direct(ann, bob))
        bobs = store.conversations.seen_by(bob, record.conversation_id)
        assert is_new
        assert bobs is not None
        assert (record.peer, record.peer_name, record.role, record.title) == (bob, "Ann", "member", None)
        assert (bobs.peer, bobs.peer_name, bobs.role, bobs.member_count) == (ann, "Ann", "member", 2)

    def test_there_is_one_for_each_pair_whoever_asks(self, store: Store, ann: UserId, bob: UserId) -> None:
        first, _ = store.conversations.create(a_direct(ann, bob))
        for again, is_new in (
            store.conversations.create(a_direct(ann, bob)),
            store.elsewhere.create(a_direct(bob, ann)),
        ):
            assert (again.conversation_id, is_new) == (first.conversation_id, False)
        other, is_new = store.conversations.create(a_direct(ann, store.person()))
        assert is_new
        assert other.conversation_id != first.conversation_id

    def test_also_when_both_ask_at_once(self, store: Store) -> None:
        for _ in range(10):
            ann, bob = store.person(), store.person()
            (mine, first), (theirs, second) = at_once(
                partial(store.conversations.create, a_direct(ann, bob)),
                partial(store.elsewhere.create, a_direct(bob, ann)),
            )
            assert mine.conversation_id == theirs.conversation_id
            assert sorted((first, second)) == [False, True]
            assert len(store.published(mine.conversation_id)) == 1


class TestReading:
    def test_strangers_see_nothing(self, store: Store, ann: UserId, bob: UserId) -> None:
        """P8."""
        record, _ = store.conversations.create(a_group(ann))
        assert store.conversations.seen_by(bob, record.conversation_id) is None
        assert store.conversations.seen_by(ann, ConversationId(new_id())) is None
        assert store.conversations.of_user(bob) == []

    def test_a_user_has_all_that_they_belong_to(self, store: Store, ann: UserId, bob: UserId) -> None:
        group, _ = store.conversations.create(a_group(ann, bob))
        direct, _ = store.conversations.create(a_direct(bob, ann))
        store.conversations.create(a_group(bob))
        found = {record.conversation_id: record for record in store.conversations.of_user(ann)}
        assert found.keys() == {group.conversation_id, direct.conversation_id}
        assert found[group.conversation_id] == group
        assert found[direct.conversation_id].peer == bob

    def test_roles_have_a_version(self, store: Store, ann: UserId, bob: UserId) -> None:
        record, _ = store.conversations.create(a_group(ann, bob))
        untold = Roster(version=1, kind="group", roles={ann: "owner", bob: "member"}, untold=frozenset({ann, bob}))
        assert store.conversations.roles(record.conversation_id) == untold
        store.published(record.conversation_id)
        assert store.elsewhere.roles(record.conversation_id) == replace(untold, untold=frozenset())

    def test_of_several_at_once_those_that_exist_are_read(self, store: Store, ann: UserId, bob: UserId) -> None:
        made = [store.conversations.create(new)[0].conversation_id for new in (a_group(ann, bob), a_direct(ann, bob))]
        found = store.conversations.rosters([*made, ConversationId(new_id())])
        assert found == {each: store.conversations.roles(each) for each in made}
        assert store.conversations.rosters([]) == {}

    def test_whose_roles_the_log_was_not_told_of_is_known(self, store: Store, ann: UserId, bob: UserId) -> None:
        """Theirs alone who got them since: also when other things wait to be told, before or behind."""
        lobby, cid = store.conversations.create(a_group(ann, bob))[0].conversation_id, store.person()
        store.published(lobby)

        def change(item: Change) -> frozenset[UserId]:
            store.conversations.change(lobby, ann, lambda _: item, at=NOON)
            return store.elsewhere.roles(lobby).untold

        def client_id() -> ClientId:
            return ClientId(new_id())

        assert change(ChangeConversation(client_id=client_id(), changes={"title": "Hall"})) == frozenset()
        assert change(ChangeRole(client_id=client_id(), user_id=bob, role="admin")) == {bob}
        new = Member(user_id=cid, role="member")
        assert change(AddMembers(client_id=client_id(), members=(new,))) == {bob, cid}
        assert change(RemoveMember(client_id=client_id(), user_id=bob)) == {cid}
        told: list[Command] = []

        def tell_two(command: Command) -> None:
            if len(told) == 2:
                raise Unavailable("the log")
            told.append(command)

        with pytest.raises(Unavailable):
            store.conversations.publish(lobby, tell_two)
        assert store.elsewhere.roles(lobby).untold == {cid}
        assert store.published(lobby)
        assert store.elsewhere.roles(lobby).untold == frozenset()

    def test_of_nothing_there_are_none(self, store: Store) -> None:
        assert store.conversations.roles(ConversationId(new_id())) == Roster(version=0, kind=None, roles={})


class TestPublish:
    def test_what_was_decided_is_told_once(self, store: Store, ann: UserId, bob: UserId) -> None:
        new = a_group(ann, bob)
        store.conversations.create(new)
        (command,) = store.published(new.conversation_id)
        (item,) = command.items
        assert isinstance(item, CreateConversation)
        assert (command.conversation_id, command.sender_id, command.decided) == (new.conversation_id, ann, True)
        assert (item.kind, item.title, item.members) == ("group", "Grüße 🦊", new.members)
        assert store.published(new.conversation_id) == []

    def test_what_the_log_did_not_take_stays(self, store: Store, ann: UserId) -> None:
        """Under the same client id, so it happens once, however often it is appended (P3)."""
        new = a_group(ann)
        store.conversations.create(new)
        tried: list[Command] = []

        def refuse(command: Command) -> None:
            tried.append(command)
            raise Unavailable("the log")

        with pytest.raises(Unavailable, match="the log"):
            store.conversations.publish(new.conversation_id, refuse)
        assert store.published(new.conversation_id) == tried

    def test_there_is_nothing_to_tell_of_nothing(self, store: Store) -> None:
        assert store.published(ConversationId(new_id())) == []

    def test_of_many_at_once_one_tells_it(self, store: Store, ann: UserId) -> None:
        new = a_group(ann)
        store.conversations.create(new)
        told: list[Command] = []
        at_once(
            lambda: store.conversations.publish(new.conversation_id, told.append),
            lambda: store.elsewhere.publish(new.conversation_id, told.append),
        )
        assert len(told) == 1


@pytest.mark.engines
class TestOutbox:
    """Rows that were not told yet."""

    @pytest.fixture
    def lobby(self, postgres: Postgres) -> ConversationId:
        """Of its four decisions, the log was told none; they were committed in another order."""
        user = a_user()
        PostgresUsers(postgres).add(user, "hash")
        new = a_group(user.user_id)
        PostgresConversations(postgres).create(new)
        for version in (4, 2, 3):
            item = RemoveMember(client_id=ClientId(new_id()), user_id=UserId(f"user-{version}"))
            command = Command(conversation_id=new.conversation_id, sender_id=user.user_id, items=(item,), decided=True)
            postgres.query(
                "INSERT INTO outbox (conversation_id, version, id, payload) VALUES (%s, %s, %s, %s::jsonb)",
                (new.conversation_id, version, item.client_id, dump_command(command).decode()),
            )
        return new.conversation_id

    def test_decisions_are_told_in_the_order_of_their_versions(self, postgres: Postgres, lobby: ConversationId) -> None:
        told: list[Command] = []
        PostgresConversations(postgres).publish(lobby, told.append)
        assert removed(told) == ["user-2", "user-3", "user-4"]
        assert len(told) == 4

    def test_none_overtakes_one_that_the_log_did_not_take(self, postgres: Postgres, lobby: ConversationId) -> None:
        told: list[Command] = []

        def append(command: Command) -> None:
            if len(told) == 2:
                raise Unavailable("the log")
            told.append(command)

        with pytest.raises(Unavailable):
            PostgresConversations(postgres).publish(lobby, append)
        assert removed(told) == ["user-2"]
        told.clear()
        PostgresConversations(postgres).publish(lobby, told.append)
        assert removed(told)[-2:] == ["user-3", "user-4"]


def removed(commands: Sequence[Command]) -> list[str]:
    return [item.user_id for command in commands for item in command.items if isinstance(item, RemoveMember)]
