"""What every `Erasures` promises, and what the other stores show of somebody who is erased."""

from dataclasses import replace

import pytest

from natter.domain.accounts.identities import Identity
from natter.domain.accounts.notifications import Notifications
from natter.domain.accounts.users import DELETED_NAME, ProfileChange, PushTarget
from natter.domain.conversations.members import Member
from natter.domain.conversations.records import MemberSettings
from natter.domain.errors import BadCredentials, NotFound, UsernameTaken
from natter.domain.ids import ClientId, UserId, new_id
from natter.domain.messages.commands import AddMembers, ChangeRole
from natter.domain.operations import Report
from natter.domain.privacy.requests import Emptying, Erasure
from tests.contract.conversation_store import a_direct, a_group, at_once
from tests.contract.erasure_stores import Stores, in_memory, in_postgres
from tests.identity import NOON, a_user

SILENCED = MemberSettings(muted_until=NOON, archived=True, notify="none")
BACK_AGAIN = ProfileChange(display_name="Back again")


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.engines)])
def stores(request: pytest.FixtureRequest) -> Stores:
    return in_memory() if request.param == "memory" else in_postgres(request.getfixturevalue("postgres"))


@pytest.fixture
def ann(stores: Stores) -> UserId:
    return stores.person()


@pytest.fixture
def bob(stores: Stores) -> UserId:
    return stores.person()


def asked_for(stores: Stores, user: UserId) -> list[Erasure]:
    return [each for each in stores.erasures.unfinished(limit=1000) if each.user_id == user]


class TestRequest:
    def test_is_noted_once(self, stores: Stores, ann: UserId) -> None:
        assert not stores.erasures.requested(ann)
        stores.erasures.request(ann, at=NOON)
        stores.erasures.request(ann, at=NOON + 1)
        assert stores.erasures.requested(ann)
        assert asked_for(stores, ann) == [Erasure(user_id=ann, requested_at=NOON)]

    def test_the_longest_waiting_come_first(self, stores: Stores, ann: UserId, bob: UserId) -> None:
        stores.erasures.request(ann, at=2)
        stores.erasures.request(bob, at=1)
        assert [each.user_id for each in stores.erasures.unfinished(limit=2)] == [bob, ann]
        for user in (ann, bob):
            assert stores.erasures.finish(user, at=NOON)

    def test_leaves_the_id_and_the_name_that_nobody_gets_again(self, stores: Stores, ann: UserId) -> None:
        before = stores.users.by_id(ann)
        assert before is not None
        stores.users.change_profile(ann, ProfileChange(contactable="contacts"))
        stores.erasures.request(ann, at=NOON)
        assert stores.users.by_id(ann) == replace(before, display_name=DELETED_NAME, avatar=None, erased=True)
        with pytest.raises(UsernameTaken):
            stores.users.add(a_user(before.username), "hash")
        assert stores.users.change_profile(ann, BACK_AGAIN) is None

    def test_nobody_signs_in_any_more(self, stores: Stores, ann: UserId) -> None:
        user = stores.users.by_id(ann)
        assert user is not None
        stores.erasures.request(ann, at=NOON)
        assert stores.users.credentials(user.username) is None
        with pytest.raises(BadCredentials):
            stores.signed_in(ann)

    def test_who_comes_by_a_provider_is_somebody_new(self, stores: Stores) -> None:
        ann, again = a_user(), a_user()
        identity = Identity(issuer="https://login.example", subject=new_id())
        stores.identities.add(identity, ann)
        stores.erasures.request(ann.user_id, at=NOON)
        assert stores.identities.find(identity) is None
        assert stores.identities.add(identity, again) == again.user_id

    def test_others_do_not_find_them(self, stores: Stores, ann: UserId, bob: UserId) -> None:
        user = stores.users.by_id(ann)
        assert user is not None
        assert stores.contacts.add(bob, ann, at=NOON)
        stores.erasures.request(ann, at=NOON)
        assert stores.profiles.by_id(ann, seen_by=bob) is None
        assert stores.profiles.by_name(user.username, seen_by=bob) is None
        assert stores.contacts.of(bob, after=None, limit=10) == []
        assert not stores.contacts.add(bob, ann, at=NOON)
        assert not stores.blocks.add(bob, ann, at=NOON)
        with pytest.raises(NotFound):
            stores.conversations.create(a_direct(bob, ann))
        lobby = stores.conversations.create(a_group(bob))[0].conversation_id
        item = AddMembers(client_id=ClientId(new_id()), members=(Member(user_id=ann, role="member"),))
        with pytest.raises(NotFound):
            stores.change(lobby, bob, item)


class TestForgetting:
    def test_what_was_theirs_is_gone(self, stores: Stores, ann: UserId, bob: UserId) -> None:
        principal = stores.signed_in(ann)
        push = PushTarget(provider="fcm", token=new_id())
        assert stores.devices.register_push(ann, principal.device_id, push, endpoint=None, at=NOON)
        cid = stores.person()
        stores.notifications.change(ann, lambda settings: replace(settings, previews=False))
        stores.contacts.add(ann, bob, at=NOON)
        stores.blocks.add(ann, cid, at=NOON)
        stores.blocks.add(bob, cid, at=NOON)
        lobby = stores.conversations.create(a_direct(ann, bob))[0].conversation_id
        stores.conversations.change_settings(ann, lobby, lambda _: SILENCED)
        for reporter in (ann, bob):
            stores.reports.add(
                Report(conversation_id=lobby, seq=1, reporter=reporter, sender=bob, reason=f"of {reporter}", at=NOON)
            )
        stores.erasures.request(ann, at=NOON)
        for _ in range(2):
            stores.erasures.forget(ann)
            assert stores.contacts.of(ann, after=None, limit=10) == []
            assert stores.notifications.of([ann]) == {ann: Notifications()}
            record = stores.conversations.seen_by(ann, lobby)
            assert record is not None
            assert (record.muted_until, record.archived, record.notify) == (None, False, "all")
            assert stores.devices.of(ann, after=None, limit=10) == []
            assert stores.sessions.of_user(ann, after=None, limit=10, at=NOON) == []
            assert not stores.sessions.is_live(principal.session_id, at=NOON)
            assert stores.blocks.across([(ann, cid), (bob, cid)]) == {(bob, cid)}
            assert sorted(stores.reasons(lobby)) == ["(deleted)", f"of {bob}"]


class TestEmptying:
    def test_of_all_that_they_are_or_were_in(self, stores: Stores, ann: UserId, bob: UserId) -> None:
        direct = stores.conversations.create(a_direct(ann, bob))[0].conversation_id
        group, left = (stores.conversations.create(a_group(bob, ann))[0].conversation_id for _ in range(2))
        stores.conversations.create(a_group(bob))
        stores.leave(ann, left)
        stores.erasures.request(ann, at=NOON)
        expected = [Emptying(conversation_id=each, told=False, emptied_to=0) for each in sorted((direct, group, left))]
        assert stores.erasures.emptyings(ann) == expected

    def test_of_one_that_comes_later(self, stores: Stores, ann: UserId, bob: UserId) -> None:
        """A request was under way. Told by `leave`, not by `create`: that finds nobody any more."""
        lobby = stores.conversations.create(a_group(bob, ann))[0].conversation_id
        stores.erasures.request(ann, at=NOON)
        assert not stores.erasures.finish(ann, at=NOON)
        stores.leave(ann, lobby)
        assert [each.conversation_id for each in stores.erasures.emptyings(ann)] == [lobby]

    def test_is_told_once(self, stores: Stores, ann: UserId, bob: UserId) -> None:
        lobby = stores.conversations.create(a_direct(ann, bob))[0].conversation_id
        stores.conversations.publish(lobby, lambda _: None)
        stores.erasures.request(ann, at=NOON)
        assert stores.change(lobby, bob, None).erasing == {ann}
        stores.erase(ann, lobby)
        assert stores.change(lobby, bob, None).erasing == frozenset()
        assert [each.told for each in stores.erasures.emptyings(ann)] == [True]
        told: list[object] = []
        stores.conversations.publish(lobby, lambda command: told.append(command.items[0]))
        assert [getattr(item, "type", None) for item in told] == ["member_erased"]

    def test_readers_know_of_it_until_it_is_done(self, stores: Stores, ann: UserId, bob: UserId) -> None:
        lobby = stores.conversations.create(a_direct(ann, bob))[0].conversation_id
        stores.erasures.request(ann, at=NOON)

        def erasing() -> tuple[object, ...]:
            (record,) = stores.conversations.of_user(bob)
            assert record == stores.conversations.seen_by(bob, lobby)
            return record.peer, record.peer_name, record.peer_deleted, record.erasing

        assert erasing() == (ann, DELETED_NAME, True, {ann: NOON})
        stores.erasures.note_emptied(ann, lobby, to=1000, done=False)
        stores.erasures.note_emptied(ann, lobby, to=500, done=False)
        assert stores.erasures.emptyings(ann) == [Emptying(conversation_id=lobby, told=False, emptied_to=1000)]
        assert not stores.erasures.finish(ann, at=NOON)
        stores.erasures.note_emptied(ann, lobby, to=1001, done=True)
        assert stores.erasures.emptyings(ann) == []
        assert erasing() == (ann, DELETED_NAME, True, {})

    def test_is_finished_once(self, stores: Stores, ann: UserId, bob: UserId) -> None:
        lobby = stores.conversations.create(a_direct(ann, bob))[0].conversation_id
        stores.erasures.request(ann, at=NOON)
        stores.erasures.note_emptied(ann, lobby, to=1, done=True)
        assert at_once(*[lambda: stores.erasures.finish(ann, at=NOON)] * 2) == [True, True]
        stores.erasures.request(ann, at=NOON + 1)
        assert asked_for(stores, ann) == []
        assert stores.erasures.emptyings(ann) == []
        assert stores.change(lobby, bob, None).erasing == frozenset()
        assert stores.erasures.requested(ann)


class TestSuccession:
    def test_members_stand_in_the_order_of_their_joining(self, stores: Stores, ann: UserId) -> None:
        """By it a group passes to the next one."""
        others = [stores.person() for _ in range(3)]
        lobby = stores.conversations.create(a_group(ann))[0].conversation_id
        for index, user in enumerate(reversed(others)):
            members = (Member(user_id=user, role="member"),)
            stores.change(lobby, ann, AddMembers(client_id=ClientId(new_id()), members=members), at=NOON + index + 1)
        stores.change(lobby, ann, ChangeRole(client_id=ClientId(new_id()), user_id=others[0], role="admin"))
        assert list(stores.change(lobby, ann, None).roster.roles) == [ann, *reversed(others)]
