"""P7 under everything that can happen to an invocation; and what would break it, planted and caught."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from natter.domain.ids import DeviceId, UserId
from natter.domain.push.bursts import Claim, Claimed
from natter.domain.push.registrations import Handed, Waking
from natter.ports.push import PushMarks, PushService
from natter.usecases.push.compose_pushes import CountUnreadOf
from tests.reliability.pushes import PushParts, first_push_violation

SEEDS = range(60)
CATCHING_SEEDS = range(400)


HOW = {
    "crashes": {},
    "quiet": {"crashes": False},
    "loses": {"loses": True},
    "an outage": {"crashes": False, "out": True},
}
"""In an outage, all that is said meanwhile comes when it is over: late, and once."""


@pytest.mark.parametrize("how", HOW.values(), ids=HOW)
def test_each_device_is_woken_once_for_each_message(how: dict[str, bool]) -> None:
    wrong = {seed: found for seed in SEEDS if (found := first_push_violation(seed, PushParts(), **how)) is not None}
    assert wrong == {}


@dataclass
class MarksAfterTheCall:
    """Looks whether it was marked, and marks when the platform has answered."""

    inner: PushMarks
    won: list[tuple[Claim, int]] = field(default_factory=list)

    def claim(self, claims: Sequence[Claim], *, now: int) -> Sequence[Claimed]:
        claimed = self.inner.claim(claims, now=now)
        mine = [each for each, what in zip(claims, claimed, strict=True) if what.turn in {"single", "summary"}]
        self.inner.release(mine)
        self.won += [(each, now) for each in mine]
        return claimed

    def release(self, claims: Sequence[Claim]) -> None:
        self.inner.release(claims)


@dataclass
class ThenMarks:
    marks: MarksAfterTheCall
    inner: PushService

    def hand_over(self, wakings: Sequence[Waking], *, budget_s: float) -> Sequence[Handed]:
        handed = self.inner.hand_over(wakings, budget_s=budget_s)
        won, self.marks.won = self.marks.won, []
        for each, now in won:
            self.marks.inner.claim([each], now=now)
        return handed


@dataclass
class MarksPerEvent:
    """One mark for all devices of everybody."""

    inner: PushMarks

    def claim(self, claims: Sequence[Claim], *, now: int) -> Sequence[Claimed]:
        return self.inner.claim([_nobodys(each) for each in claims], now=now)

    def release(self, claims: Sequence[Claim]) -> None:
        self.inner.release([_nobodys(each) for each in claims])


def _nobodys(claim: Claim) -> Claim:
    return replace(claim, user_id=UserId("anybody"), device_id=DeviceId("any"))


@dataclass
class NeverReleases:
    """What was refused stays marked."""

    inner: PushMarks

    def claim(self, claims: Sequence[Claim], *, now: int) -> Sequence[Claimed]:
        return self.inner.claim(claims, now=now)

    def release(self, claims: Sequence[Claim]) -> None:
        """Nothing."""


@dataclass
class OneNameForAll:
    """All claims of a wave are made under one name: each message of a window is told that it stands for all."""

    inner: PushMarks
    named: dict[Claim, Claim] = field(default_factory=dict)

    def claim(self, claims: Sequence[Claim], *, now: int) -> Sequence[Claimed]:
        self.named |= {each: replace(each, by=claims[0].by) for each in claims}
        return self.inner.claim([self.named[each] for each in claims], now=now)

    def release(self, claims: Sequence[Claim]) -> None:
        self.inner.release([self.named[each] for each in claims])


@dataclass
class Incremented:
    """The badge is counted up with each push."""

    badges: dict[UserId, int] = field(default_factory=dict)

    def __call__(self, _count: CountUnreadOf) -> CountUnreadOf:
        def count(users: Collection[UserId]) -> Mapping[UserId, int]:
            self.badges |= {user: self.badges.get(user, 0) + 1 for user in users}
            return self.badges

        return count


def _then_marks(marks: PushMarks, service: PushService) -> PushService:
    assert isinstance(marks, MarksAfterTheCall)
    return ThenMarks(marks, service)


PLANTED = {
    "marked after the call": PushParts(marks=MarksAfterTheCall, service=_then_marks),
    "marked per event only": PushParts(marks=MarksPerEvent),
    "one name for all claims of a wave": PushParts(marks=OneNameForAll),
    "refused and never tried again": PushParts(marks=NeverReleases),
    "a badge that is counted up": PushParts(count_unread=Incremented()),
}


@pytest.mark.parametrize("bug", PLANTED)
def test_a_planted_bug_is_caught(bug: str) -> None:
    found = (first_push_violation(seed, PLANTED[bug], crashes=False) for seed in CATCHING_SEEDS)
    assert any(violation is not None for violation in found)
