from collections.abc import Sequence
from dataclasses import replace
from threading import Barrier

from natter.domain.accounts.users import PushProvider, PushTarget
from natter.domain.push.registrations import Handed, Outcome, Waking
from natter.domain.push.wording import Badge
from natter.usecases.push.by_platform import EndpointsByPlatform, ServiceByPlatform
from tests.memory.push import MemoryPushService
from tests.messages import BOB, NOON
from tests.pushing import a_registration


def a_waking(provider: PushProvider, badge: int) -> Waking:
    target = PushTarget(provider=provider, token="t")
    return Waking(registration=replace(a_registration(BOB), target=target), push=Badge(badge=badge), expires_at=NOON)


class Meeting(MemoryPushService):
    """Takes nothing before the other one was asked, too."""

    def __init__(self, barrier: Barrier, outcome: Outcome) -> None:
        super().__init__()
        self._barrier, self._outcome = barrier, outcome

    def hand_over(self, wakings: Sequence[Waking], *, budget_s: float) -> Sequence[Handed]:
        self._barrier.wait(budget_s)
        self.taken += wakings
        return [Handed(outcome=self._outcome)] * len(wakings)


def test_each_platform_is_asked_once_side_by_side_and_answers_for_its_own() -> None:
    barrier = Barrier(2)
    sns, web = Meeting(barrier, Outcome.ACCEPTED), Meeting(barrier, Outcome.DEAD)
    service = ServiceByPlatform(services={"apns": sns, "fcm": sns, "webpush": web})
    handed = service.hand_over(
        [a_waking("apns", 1), a_waking("webpush", 2), a_waking("fcm", 3), a_waking("webpush", 4)], budget_s=10
    )

    assert [each.outcome.value for each in handed] == ["accepted", "dead", "accepted", "dead"]
    assert [each.push for each in sns.taken] == [Badge(badge=1), Badge(badge=3)]
    assert [each.push for each in web.taken] == [Badge(badge=2), Badge(badge=4)]


def test_nothing_is_handed_to_nobody() -> None:
    assert list(ServiceByPlatform(services={}).hand_over([], budget_s=1)) == []


class Named:
    def __init__(self, name: str | None) -> None:
        self._name = name

    def make(self, target: PushTarget) -> str | None:
        return self._name and f"{self._name} {target.token}"


def test_each_platform_makes_its_own_endpoints() -> None:
    endpoints = EndpointsByPlatform(endpoints={"fcm": Named("arn"), "webpush": Named(None)})

    assert endpoints.make(PushTarget(provider="fcm", token="t")) == "arn t"
    assert endpoints.make(PushTarget(provider="webpush", token="t")) is None
