"""What every `ShownBadges` promises."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from natter.adapters.valkey.client import Valkey
from natter.adapters.valkey.shown_badges import ValkeyShownBadges
from natter.domain.ids import DeviceId, UserId, new_id
from natter.domain.push.wording import BADGE_PACE_MS
from natter.ports.push import ShownBadges
from tests.memory.push import MemoryShownBadges

PHONE, LAPTOP = DeviceId("phone"), DeviceId("laptop")


@dataclass
class Shown:
    badges: ShownBadges
    end_minutes: Callable[[UserId], None]


@pytest.fixture(params=["memory", pytest.param("valkey", marks=pytest.mark.engines)])
def shown(request: pytest.FixtureRequest) -> Shown:
    if request.param == "memory":
        memory = MemoryShownBadges()
        return Shown(memory, lambda _user: memory.end_minutes())
    valkey: Valkey = request.getfixturevalue("valkey")

    def end_minutes(user: UserId) -> None:
        with valkey.client() as client:
            assert client.delete(f"badge-told:{user}") + client.delete(f"badge-due:{user}")

    return Shown(ValkeyShownBadges(valkey), end_minutes)


@pytest.fixture
def user() -> UserId:
    return UserId(new_id())


class TestShownBadgesContract:
    def test_the_last_number_counts_and_zero_is_none(self, shown: Shown, user: UserId) -> None:
        assert shown.badges.of([user]) == {}
        shown.badges.note({(user, PHONE): 3, (user, LAPTOP): 2})
        shown.badges.note({(user, PHONE): 4, (user, LAPTOP): 0})
        assert shown.badges.of([user]) == {user: {PHONE: 4}}
        shown.badges.note({(user, PHONE): 0})
        assert shown.badges.of([user]) == {}

    def test_who_shows_nothing_is_told_nothing(self, shown: Shown, user: UserId) -> None:
        assert shown.badges.due([user]) == {}

    def test_one_is_told_at_once_and_once_more_when_the_minute_is_over(self, shown: Shown, user: UserId) -> None:
        shown.badges.note({(user, PHONE): 3})
        assert shown.badges.due([user]) == {user: 0}
        assert 0 < shown.badges.due([user])[user] <= BADGE_PACE_MS
        assert shown.badges.due([user]) == {}

    def test_and_the_same_in_the_next(self, shown: Shown, user: UserId) -> None:
        shown.badges.note({(user, PHONE): 3})
        assert shown.badges.due([user]) == {user: 0}
        shown.end_minutes(user)
        assert shown.badges.due([user]) == {user: 0}

    def test_nobody_is_nobody(self, shown: Shown) -> None:
        assert shown.badges.of([]) == {}
        assert shown.badges.due([]) == {}
        shown.badges.note({})
