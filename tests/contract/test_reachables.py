"""What `Reachables` says of members, as other ports have left them in PostgreSQL."""

from dataclasses import replace
from datetime import time

import pytest

from natter.adapters.postgres.client import Postgres
from natter.adapters.postgres.notifications import PostgresNotificationSettings
from natter.adapters.postgres.reachables import PostgresReachables
from natter.domain.accounts.notifications import Notifications, QuietHours
from natter.domain.accounts.time_zones import time_zone
from natter.domain.ids import ConversationId, UserId, new_id
from natter.domain.push.waking import Reachable
from tests.contract.conversation_store import Store, a_direct, a_group
from tests.identity import NOON

pytestmark = pytest.mark.engines
QUIET = QuietHours(begins=time(22), ends=time(7), time_zone=time_zone("Europe/Zurich"))


@pytest.fixture
def reachables(postgres: Postgres) -> PostgresReachables:
    return PostgresReachables(postgres)


@pytest.mark.parametrize("store", ["postgres"], indirect=True)
class TestReachables:
    def test_who_has_said_nothing_has_the_defaults(
        self, store: Store, reachables: PostgresReachables, ann: UserId, bob: UserId
    ) -> None:
        lobby = store.conversations.create(a_group(ann, bob))[0].conversation_id
        wishes = Reachable(kind="group", title="Grüße 🦊", joined_at=NOON)
        assert reachables.of([(lobby, ann), (lobby, bob)]) == {(lobby, ann): wishes, (lobby, bob): wishes}

    def test_what_they_have_set_is_there(
        self, store: Store, reachables: PostgresReachables, postgres: Postgres, ann: UserId, bob: UserId
    ) -> None:
        lobby = store.conversations.create(a_group(ann, bob))[0].conversation_id
        store.conversations.change_settings(
            bob, lobby, lambda settings: replace(settings, muted_until=NOON, notify="mentions")
        )
        quiet = Notifications(previews=False, mentions_pierce_mute=False, quiet=QUIET)
        PostgresNotificationSettings(postgres).change(bob, lambda _: quiet)
        found = reachables.of([(lobby, bob)])[lobby, bob]
        assert (found.muted_until, found.notify, found.notifications) == (NOON, "mentions", quiet)

    def test_who_is_no_member_is_missing(
        self, store: Store, reachables: PostgresReachables, ann: UserId, bob: UserId
    ) -> None:
        lobby = store.conversations.create(a_group(ann))[0].conversation_id
        assert reachables.of([(lobby, bob), (ConversationId(new_id()), ann)]) == {}
        assert reachables.of([]) == {}

    @pytest.mark.parametrize("mine", [True, False])
    def test_a_direct_conversation_may_be_across_a_block_and_a_group_never(
        self, store: Store, reachables: PostgresReachables, ann: UserId, bob: UserId, mine: bool
    ) -> None:
        direct = store.conversations.create(a_direct(ann, bob))[0].conversation_id
        group = store.conversations.create(a_group(ann, bob))[0].conversation_id
        assert not reachables.of([(direct, bob)])[direct, bob].blocked
        store.blocks.add(*((ann, bob) if mine else (bob, ann)), at=NOON)
        found = reachables.of([(direct, ann), (direct, bob), (group, bob)])
        assert {key: each.blocked for key, each in found.items()} == {
            (direct, ann): True,
            (direct, bob): True,
            (group, bob): False,
        }

    def test_people_have_names_until_they_are_erased(
        self, reachables: PostgresReachables, postgres: Postgres, ann: UserId, bob: UserId
    ) -> None:
        assert reachables.names([ann, bob, UserId(new_id())]).keys() == {ann, bob}
        postgres.query("UPDATE users SET erased_at = 1 WHERE user_id = %s RETURNING user_id", (bob,))
        assert reachables.names([ann, bob]).keys() == {ann}
        assert reachables.names([]) == {}
