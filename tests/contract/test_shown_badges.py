"""What every `ShownBadges` promises."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from natter.adapters.valkey.client import Valkey
from natter.adapters.valkey.shown_badges import ValkeyShownBadges
from natter.domain.ids import DeviceId, UserId, new_id
from natter.domain.push.badges import PACE_MS, UNKNOWN, told_at
from natter.ports.push import ShownBadges
from tests.memory.push import MemoryShownBadges
from tests.messages import NOON

PHONE, LAPTOP = DeviceId("phone"), DeviceId("laptop")


@pytest.fixture(params=["memory", pytest.param("valkey", marks=pytest.mark.engines)])
def badges(request: pytest.FixtureRequest) -> ShownBadges:
    if request.param == "memory":
        return MemoryShownBadges()
    valkey: Valkey = request.getfixturevalue("valkey")
    return ValkeyShownBadges(valkey)


@pytest.fixture
def user() -> UserId:
    return UserId(new_id())


class TestShownBadgesContract:
    def test_the_last_number_counts_and_zero_is_none(self, badges: ShownBadges, user: UserId) -> None:
        assert badges.of([user]) == {}
        badges.note({(user, PHONE): 3, (user, LAPTOP): 2})
        badges.note({(user, PHONE): 4, (user, LAPTOP): 0})
        assert badges.of([user]) == {user: {PHONE: 4}}
        badges.note({(user, PHONE): 0})
        assert badges.of([user]) == {}

    def test_who_shows_nothing_is_told_nothing(self, badges: ShownBadges, user: UserId) -> None:
        assert badges.due([user], now=NOON) == {}

    def test_who_reads_shows_a_number_of_its_own_until_something_is_read_elsewhere(
        self, badges: ShownBadges, user: UserId
    ) -> None:
        badges.note({(user, PHONE): 3, (user, LAPTOP): 2})
        for _ in range(2):
            badges.read({user: PHONE})
        assert badges.of([user]) == {user: {LAPTOP: 2}}
        badges.read({user: LAPTOP})
        assert badges.of([user]) == {user: {PHONE: UNKNOWN}}
        badges.note({(user, PHONE): 1, (user, LAPTOP): 1})
        assert badges.of([user]) == {user: {PHONE: 1, LAPTOP: 1}}

    def test_who_reads_where_nobody_knows_leaves_no_number_for_true(self, badges: ShownBadges, user: UserId) -> None:
        badges.note({(user, PHONE): 3, (user, LAPTOP): 2})
        badges.read({user: PHONE})
        badges.read({user: None})
        assert badges.of([user]) == {user: {PHONE: UNKNOWN, LAPTOP: 2}}

    def test_who_reads_on_the_only_device_that_shows_something_is_told_nothing(
        self, badges: ShownBadges, user: UserId
    ) -> None:
        badges.note({(user, PHONE): 3})
        badges.read({user: PHONE})
        assert badges.of([user]) == {}
        assert badges.due([user], now=NOON) == {}

    def test_a_device_of_which_nothing_is_known_stays_so(self, badges: ShownBadges, user: UserId) -> None:
        badges.read({user: PHONE})
        badges.read({user: LAPTOP})
        assert badges.of([user]) == {}

    def test_one_is_told_at_once_and_once_more_when_the_minute_is_over(self, badges: ShownBadges, user: UserId) -> None:
        badges.note({(user, PHONE): 3})
        assert badges.due([user], now=NOON) == {user: NOON}
        assert badges.due([user], now=NOON + 1) == {user: NOON + PACE_MS}
        assert badges.due([user], now=NOON + 2) == {}

    def test_what_is_read_after_that_is_told_another_minute_later(self, badges: ShownBadges, user: UserId) -> None:
        """Neither at once, which would be two in a minute, nor never."""
        badges.note({(user, PHONE): 3})
        badges.due([user], now=NOON)
        badges.due([user], now=NOON + PACE_MS // 2)
        assert badges.due([user], now=NOON + PACE_MS + 1) == {user: NOON + 2 * PACE_MS}

    def test_of_each_their_own(self, badges: ShownBadges, user: UserId) -> None:
        other = UserId(new_id())
        badges.note({(user, PHONE): 3, (other, PHONE): 1})
        badges.due([user], now=NOON)
        assert badges.due([user, other], now=NOON + 1) == {user: NOON + PACE_MS, other: NOON + 1}

    def test_who_is_forgotten_shows_nothing_and_was_told_nothing(self, badges: ShownBadges, user: UserId) -> None:
        badges.note({(user, PHONE): 3})
        badges.due([user], now=NOON)
        for _ in range(2):
            badges.forget(user)
        assert badges.of([user]) == {}
        badges.note({(user, PHONE): 3})
        assert badges.due([user], now=NOON + 1) == {user: NOON + 1}

    def test_nobody_is_nobody(self, badges: ShownBadges) -> None:
        assert badges.of([]) == {}
        assert badges.due([], now=NOON) == {}
        badges.note({})
        badges.read({})


@given(st.lists(st.integers(0, 2 * PACE_MS), max_size=20))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
def test_it_decides_as_the_domain_does(badges: ShownBadges, gaps: list[int]) -> None:
    user, now, last = UserId(new_id()), NOON, None
    badges.note({(user, PHONE): 1})
    for gap in gaps:
        now += gap
        expected = told_at(last, now)
        assert badges.due([user], now=now) == ({} if expected is None else {user: expected})
        last = last if expected is None else expected
