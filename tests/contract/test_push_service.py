"""What every `PushService` promises."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from natter.domain.push.registrations import Handed, Outcome
from natter.domain.push.wording import Badge
from tests.contract.push_platforms import Platform, Trouble, a_push, a_waking, sns_platform, web_push_platform

PLATFORMS: dict[str, Callable[[], AbstractContextManager[Platform]]] = {
    "webpush": web_push_platform,
    "sns": sns_platform,
}


@pytest.fixture(params=PLATFORMS)
def platform(request: pytest.FixtureRequest) -> Iterator[Platform]:
    with PLATFORMS[request.param]() as running:
        yield running


class TestHandingOver:
    def test_reaches_each_device_with_its_own(self, platform: Platform) -> None:
        devices = [platform.device() for _ in range(30)]
        wakings = [a_waking(device, a_push(seq=n + 1)) for n, device in enumerate(devices)]

        handed = platform.service.hand_over(wakings, budget_s=10)

        assert [each.outcome for each in handed] == [Outcome.ACCEPTED] * 30
        for n, device in enumerate(devices):
            (got,) = platform.got(device)
            assert str(n + 1) == str(got["data"]["seq"])

    def test_of_nothing_is_nothing(self, platform: Platform) -> None:
        assert list(platform.service.hand_over([], budget_s=1)) == []

    def test_a_device_may_be_woken_again(self, platform: Platform) -> None:
        device = platform.device()
        for _ in range(3):
            (handed,) = platform.service.hand_over([a_waking(device)], budget_s=5)
            assert handed.outcome is Outcome.ACCEPTED
        assert len(platform.got(device)) == 3

    def test_a_badge_is_handed_over_without_words(self, platform: Platform) -> None:
        device = platform.device()
        (handed,) = platform.service.hand_over([a_waking(device, Badge(badge=2))], budget_s=5)
        assert handed.outcome is Outcome.ACCEPTED
        (got,) = platform.got(device)
        assert "title" not in str(got)

    def test_the_longest_push_is_taken(self, platform: Platform) -> None:
        widest = "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 4000
        device = platform.device()
        (handed,) = platform.service.hand_over([a_waking(device, a_push(title=widest, body=widest))], budget_s=5)
        assert handed.outcome is Outcome.ACCEPTED
        assert len(platform.got(device)) == 1


class TestTrouble:
    @pytest.mark.parametrize(
        ("kind", "outcome"),
        [
            ("dead", Outcome.DEAD),
            ("throttled", Outcome.REFUSED),
            ("broken", Outcome.REFUSED),
            ("too_large", Outcome.INVALID),
        ],
    )
    def test_of_one_device_is_no_other_ones(self, platform: Platform, kind: Trouble, outcome: Outcome) -> None:
        """And is tried once."""
        before, troubled, after = (platform.device() for _ in range(3))
        platform.trouble(troubled, kind)

        handed = platform.service.hand_over([a_waking(each) for each in (before, troubled, after)], budget_s=5)

        assert [each.outcome for each in handed] == [Outcome.ACCEPTED, outcome, Outcome.ACCEPTED]
        assert platform.got(troubled) == []
        assert len(platform.got(before)) == len(platform.got(after)) == 1


class TestTheBudget:
    def test_what_has_no_answer_in_it_is_unknown(self, platform: Platform) -> None:
        platform.hang()
        began = time.monotonic()
        handed = platform.service.hand_over([a_waking(platform.device()) for _ in range(3)], budget_s=2)
        assert handed == [Handed(outcome=Outcome.UNKNOWN)] * 3
        assert time.monotonic() - began < 8

    def test_what_was_not_begun_in_it_is_refused_and_not_handed_over(self, platform: Platform) -> None:
        """The first ones hold up all that can be under way; those behind them are not sent later either."""
        devices = [platform.device() for _ in range(100)]
        platform.hang()
        handed = platform.service.hand_over([a_waking(each) for each in devices], budget_s=2)
        refused = [device for device, each in zip(devices, handed, strict=True) if each.outcome is Outcome.REFUSED]
        unknown = [each for each in handed if each.outcome is Outcome.UNKNOWN]
        assert len(refused) + len(unknown) == 100
        assert len(refused) > 0
        assert len(unknown) > 0
        assert all(platform.got(device) == [] for device in refused)

    def test_none_at_all_hands_nothing_over(self, platform: Platform) -> None:
        device = platform.device()
        (handed,) = platform.service.hand_over([a_waking(device)], budget_s=0)
        assert handed.outcome is Outcome.REFUSED
        assert platform.got(device) == []
