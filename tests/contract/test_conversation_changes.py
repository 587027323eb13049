"""What every `Conversations` promises of changes: of members, of looks, of one's own settings."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest

from natter.domain.conversations.members import Member, Role
from natter.domain.conversations.records import MemberSettings
from natter.domain.conversations.roster import NO_ROSTER, Standing
from natter.domain.conversations.rules import check_removal, newcomers
from natter.domain.errors import Forbidden, LastOwner, NatterError, NotFound, Unavailable
from natter.domain.ids import ClientId, ConversationId, UserId, new_id
from natter.domain.messages.commands import AddMembers, Change, ChangeConversation, ChangeRole, Command, RemoveMember
from tests.contract.conversation_store import Store, a_direct, a_group, at_once
from tests.identity import NOON

LATER = NOON + 60_000

type Decide = Callable[[Standing], Change | None]


def adding(*users: UserId, role: Role = "member") -> Decide:
    members = tuple(Member(user_id=user, role=role) for user in users)
    return lambda _: AddMembers(client_id=ClientId(new_id()), members=members)


def removing(user: UserId) -> Decide:
    return lambda _: RemoveMember(client_id=ClientId(new_id()), user_id=user)


def giving(user: UserId, role: Role) -> Decide:
    return lambda _: ChangeRole(client_id=ClientId(new_id()), user_id=user, role=role)


def styling(**changes: str | None) -> Decide:
    return lambda _: ChangeConversation(client_id=ClientId(new_id()), changes=changes)


@pytest.fixture
def lobby(store: Store, ann: UserId, bob: UserId) -> ConversationId:
    """Ann's group with Bob, of which the log knows."""
    record, _ = store.conversations.create(a_group(ann, bob))
    store.published(record.conversation_id)
    return record.conversation_id


class TestChange:
    def test_is_decided_on_how_things_stand(self, store: Store, lobby: ConversationId, ann: UserId) -> None:
        seen: list[Standing] = []
        store.conversations.change(lobby, ann, seen.append, at=LATER)
        assert seen == [Standing(roster=store.conversations.roles(lobby), title="Grüße 🦊", avatar=None)]
        assert store.published(lobby) == []
        assert store.conversations.roles(lobby).version == 1

    def test_of_nothing_is_decided_on_nothing(self, store: Store, ann: UserId) -> None:
        seen: list[Standing] = []
        store.conversations.change(ConversationId(new_id()), ann, seen.append, at=LATER)
        assert seen == [Standing(roster=NO_ROSTER, title=None, avatar=None)]

    def test_that_is_refused_changes_nothing(self, store: Store, lobby: ConversationId, ann: UserId) -> None:
        def refuse(_: Standing) -> Change:
            raise Forbidden("no")

        with pytest.raises(Forbidden):
            store.conversations.change(lobby, ann, refuse, at=LATER)
        assert store.published(lobby) == []

    def test_adds_members(self, store: Store, lobby: ConversationId, ann: UserId, bob: UserId) -> None:
        cid, dan = store.person(), store.person()
        store.conversations.change(lobby, ann, adding(cid, dan), at=LATER)
        roster = store.conversations.roles(lobby)
        assert (roster.version, roster.roles) == (2, {ann: "owner", bob: "member", cid: "member", dan: "member"})
        (cids,) = store.conversations.members_among(lobby, [cid])
        assert (cids.role, cids.joined_at, cids.display_name) == ("member", LATER, "Ann")
        record = store.conversations.seen_by(cid, lobby)
        assert record is not None
        assert (record.member_count, record.muted_until, record.archived) == (4, None, False)

    def test_of_which_one_is_no_user_adds_nobody(self, store: Store, lobby: ConversationId, ann: UserId) -> None:
        cid = store.person()
        with pytest.raises(NotFound):
            store.conversations.change(lobby, ann, adding(cid, UserId(new_id())), at=LATER)
        assert store.conversations.seen_by(cid, lobby) is None
        assert store.conversations.roles(lobby).version == 1
        assert store.published(lobby) == []

    def test_removes_a_member(self, store: Store, lobby: ConversationId, ann: UserId, bob: UserId) -> None:
        store.conversations.change(lobby, ann, removing(bob), at=LATER)
        assert store.conversations.roles(lobby).roles == {ann: "owner"}
        assert store.conversations.seen_by(bob, lobby) is None
        assert store.conversations.of_user(bob) == []

    def test_gives_a_role(self, store: Store, lobby: ConversationId, ann: UserId, bob: UserId) -> None:
        store.conversations.change(lobby, ann, giving(bob, "admin"), at=LATER)
        assert store.conversations.roles(lobby).roles == {ann: "owner", bob: "admin"}
        (bobs,) = store.conversations.members_among(lobby, [bob])
        assert (bobs.role, bobs.joined_at) == ("admin", NOON)

    def test_gives_a_title_and_an_avatar_and_clears_it(self, store: Store, lobby: ConversationId, ann: UserId) -> None:
        looks = []
        for changes in ({"title": "Küche"}, {"avatar": "https://a.example/1"}, {"avatar": None}):
            store.conversations.change(lobby, ann, styling(**changes), at=LATER)
            record = store.conversations.seen_by(ann, lobby)
            assert record is not None
            looks.append((record.title, record.avatar))
        assert looks == [("Küche", None), ("Küche", "https://a.example/1"), ("Küche", None)]

    def test_is_told_in_order_with_who_asked(
        self, store: Store, lobby: ConversationId, ann: UserId, bob: UserId
    ) -> None:
        cid = store.person()
        changes = [adding(cid), giving(bob, "owner"), styling(avatar=None, title="Küche"), removing(ann)]
        items: list[Change] = []

        def kept(decide: Decide) -> Decide:
            def decided(standing: Standing) -> Change | None:
                change = decide(standing)
                assert change is not None
                items.append(change)
                return change

            return decided

        for number, decide in enumerate(changes):
            store.conversations.change(lobby, (ann, bob)[number % 2], kept(decide), at=LATER)
        told = store.published(lobby)
        assert [command.items for command in told] == [(item,) for item in items]
        assert [command.sender_id for command in told] == [ann, bob, ann, bob]
        assert all(command.decided for command in told)
        assert store.published(lobby) == []

    def test_that_the_log_did_not_take_is_told_before_those_behind_it(
        self, store: Store, lobby: ConversationId, ann: UserId, bob: UserId
    ) -> None:
        """Killed between commit and append: it is there exactly once, in its order."""
        store.conversations.change(lobby, ann, giving(bob, "admin"), at=LATER)

        def refuse(_: Command) -> None:
            raise Unavailable("the log")

        with pytest.raises(Unavailable):
            store.conversations.publish(lobby, refuse)
        store.elsewhere.change(lobby, ann, removing(bob), at=LATER)
        assert [command.items[0].type for command in store.published(lobby)] == ["role_changed", "member_removed"]

    def test_coming_back_begins_anew(self, store: Store, lobby: ConversationId, ann: UserId, bob: UserId) -> None:
        store.conversations.change_settings(bob, lobby, lambda settings: replace(settings, archived=True))
        store.conversations.change(lobby, ann, removing(bob), at=LATER)
        store.conversations.change(lobby, ann, adding(bob), at=LATER + 1)
        record = store.conversations.seen_by(bob, lobby)
        assert record is not None
        assert not record.archived
        assert store.conversations.members_among(lobby, [bob])[0].joined_at == LATER + 1


class TestRaces:
    """Twenty times each: whoever comes second sees what the first one did."""

    def test_two_owners_leave_at_once(self, store: Store) -> None:
        for _ in range(20):
            ann, bob = store.person(), store.person()
            new = a_group(ann)
            store.conversations.create(new)
            store.conversations.change(new.conversation_id, ann, adding(bob, role="owner"), at=LATER)
            left = at_once(
                lambda: leave(store, new.conversation_id, ann),  # noqa: B023 - called within the loop
                lambda: leave(replace(store, conversations=store.elsewhere), new.conversation_id, bob),  # noqa: B023
            )
            assert set(left) == {None, LastOwner}
            assert list(store.conversations.roles(new.conversation_id).roles.values()) == ["owner"]

    def test_one_is_added_and_removed_at_once(self, store: Store, ann: UserId) -> None:
        for _ in range(20):
            cid = store.person()
            new = a_group(ann)
            store.conversations.create(new)
            at_once(
                lambda: invite(store, new.conversation_id, ann, cid),  # noqa: B023
                lambda: kick(replace(store, conversations=store.elsewhere), new.conversation_id, ann, cid),  # noqa: B023
            )
            told = [command.items[0].type for command in store.published(new.conversation_id)]
            there = cid in store.conversations.roles(new.conversation_id).roles
            assert told[1:] == (["member_added"] if there else ["member_added", "member_removed"])

    def test_two_add_the_same_at_once(self, store: Store, ann: UserId) -> None:
        for _ in range(20):
            cid = store.person()
            new = a_group(ann)
            store.conversations.create(new)
            at_once(
                lambda: invite(store, new.conversation_id, ann, cid),  # noqa: B023
                lambda: invite(replace(store, conversations=store.elsewhere), new.conversation_id, ann, cid),  # noqa: B023
            )
            assert len(store.published(new.conversation_id)) == 2

    def test_versions_have_no_gap_and_are_told_once(self, store: Store, ann: UserId) -> None:
        new = a_group(ann)
        store.conversations.create(new)
        titles = [f"title {number}" for number in range(20)]
        told: list[Command] = []

        def rename(conversations: Store, mine: list[str]) -> None:
            for title in mine:
                conversations.conversations.change(new.conversation_id, ann, styling(title=title), at=LATER)
                conversations.conversations.publish(new.conversation_id, told.append)

        at_once(
            lambda: rename(store, titles[:10]),
            lambda: rename(replace(store, conversations=store.elsewhere), titles[10:]),
        )
        renamed = [
            item.changes["title"] for command in told for item in command.items if isinstance(item, ChangeConversation)
        ]
        assert sorted(renamed) == sorted(titles)
        assert all(
            renamed.index(earlier) < renamed.index(later)
            for mine in (titles[:10], titles[10:])
            for earlier, later in pairwise(mine)
        )
        roster, record = store.conversations.roles(new.conversation_id), store.conversations.of_user(ann)[0]
        assert (roster.version, record.title) == (21, renamed[-1])


class TestUnpublished:
    """Other suites leave rows behind in the same database: what is asked is whether ours are among them."""

    def test_what_waits_is_found_until_it_is_told(self, store: Store, lobby: ConversationId, ann: UserId) -> None:
        store.conversations.change(lobby, ann, styling(title="Küche"), at=LATER)
        assert lobby not in store.conversations.unpublished(before=LATER, limit=10_000)
        assert lobby in store.conversations.unpublished(before=LATER + 1, limit=10_000)
        store.published(lobby)
        assert lobby not in store.conversations.unpublished(before=LATER + 1, limit=10_000)

    def test_a_new_conversation_waits_too(self, store: Store, ann: UserId) -> None:
        record, _ = store.conversations.create(a_group(ann))
        assert record.conversation_id in store.conversations.unpublished(before=NOON + 1, limit=10_000)

    def test_the_longest_waiting_come_first_each_once(self, store: Store, ann: UserId) -> None:
        ids = [ConversationId(new_id()) for _ in range(3)]
        for each, at in zip(ids, (30, 10, 20), strict=True):
            store.conversations.create(a_group(ann, conversation_id=each, created_at=at))
            store.conversations.change(each, ann, styling(title="Küche"), at=5 if at == 20 else 40)
        try:
            assert store.conversations.unpublished(before=100, limit=10) == [ids[2], ids[1], ids[0]]
            assert store.conversations.unpublished(before=100, limit=2) == [ids[2], ids[1]]
        finally:
            for each in ids:
                store.published(each)


class TestMembers:
    def test_are_listed_in_the_order_of_their_ids(
        self, store: Store, lobby: ConversationId, ann: UserId, bob: UserId
    ) -> None:
        everybody = store.conversations.members(lobby, after=None, limit=10)
        assert [(each.user_id, each.role) for each in everybody] == sorted([(ann, "owner"), (bob, "member")])
        assert {(each.display_name, each.joined_at) for each in everybody} == {("Ann", NOON)}

    def test_page_by_page(self, store: Store, lobby: ConversationId, ann: UserId) -> None:
        store.conversations.change(lobby, ann, adding(*(store.person() for _ in range(3))), at=LATER)
        everybody = store.conversations.members(lobby, after=None, limit=10)
        first = store.conversations.members(lobby, after=None, limit=2)
        rest = store.conversations.members(lobby, after=first[-1].user_id, limit=3)
        assert [*first, *rest] == list(everybody)
        assert store.conversations.members(lobby, after=rest[-1].user_id, limit=3) == []

    def test_those_among_others(self, store: Store, lobby: ConversationId, ann: UserId, bob: UserId) -> None:
        found = store.conversations.members_among(lobby, [bob, store.person(), bob, ann])
        assert [each.user_id for each in found] == sorted([ann, bob])
        assert store.conversations.members_among(lobby, []) == []

    def test_of_nothing_there_are_none(self, store: Store, ann: UserId) -> None:
        nowhere = ConversationId(new_id())
        assert store.conversations.members(nowhere, after=None, limit=10) == []
        assert store.conversations.members_among(nowhere, [ann]) == []


class TestSettings:
    def test_are_a_members_own(self, store: Store, lobby: ConversationId, ann: UserId, bob: UserId) -> None:
        muted = MemberSettings(muted_until=LATER, archived=True, notify="none")
        assert store.conversations.change_settings(ann, lobby, lambda _: muted) == muted
        mine, theirs = store.conversations.seen_by(ann, lobby), store.elsewhere.seen_by(bob, lobby)
        assert mine is not None
        assert theirs is not None
        assert (mine.muted_until, mine.archived, mine.notify) == (LATER, True, "none")
        assert (theirs.muted_until, theirs.archived, theirs.notify) == (None, False, "all")
        assert store.published(lobby) == []

    def test_are_changed_from_what_they_are(self, store: Store, lobby: ConversationId, ann: UserId) -> None:
        store.conversations.change_settings(ann, lobby, lambda settings: replace(settings, muted_until=LATER))
        changed = store.conversations.change_settings(ann, lobby, lambda settings: replace(settings, archived=True))
        assert changed == MemberSettings(muted_until=LATER, archived=True)
        changed = store.conversations.change_settings(ann, lobby, lambda settings: replace(settings, notify="mentions"))
        assert changed == MemberSettings(muted_until=LATER, archived=True, notify="mentions")

    def test_also_of_a_direct_conversation(self, store: Store, ann: UserId, bob: UserId) -> None:
        record, _ = store.conversations.create(a_direct(ann, bob))
        archived = MemberSettings(muted_until=None, archived=True)
        assert store.conversations.change_settings(bob, record.conversation_id, lambda _: archived) == archived

    def test_strangers_have_none(self, store: Store, lobby: ConversationId) -> None:
        """P8."""
        for conversation in (lobby, ConversationId(new_id())):
            assert store.conversations.change_settings(store.person(), conversation, lambda same: same) is None


def leave(store: Store, conversation: ConversationId, user: UserId) -> type[NatterError] | None:
    """What stood in the way."""

    def decide(standing: Standing) -> Change:
        check_removal(standing.roster.kind, standing.roster.roles, user, user)
        return RemoveMember(client_id=ClientId(new_id()), user_id=user)

    try:
        store.conversations.change(conversation, user, decide, at=LATER)
    except NatterError as error:
        return type(error)
    return None


def invite(store: Store, conversation: ConversationId, by: UserId, user: UserId) -> None:
    def decide(standing: Standing) -> Change | None:
        new = newcomers(standing.roster.kind, standing.roster.roles, by, [user])
        return AddMembers(client_id=ClientId(new_id()), members=new) if new else None

    store.conversations.change(conversation, by, decide, at=LATER)


def kick(store: Store, conversation: ConversationId, by: UserId, user: UserId) -> None:
    def decide(standing: Standing) -> Change | None:
        return removing(user)(standing) if user in standing.roster.roles else None

    store.conversations.change(conversation, by, decide, at=LATER)
