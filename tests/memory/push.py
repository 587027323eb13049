"""The ports of pushing, in memory."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet

from natter.domain.ids import ConversationId, DeviceId, UserId
from natter.domain.push.badges import UNKNOWN, Readers, told_at
from natter.domain.push.bursts import Claim, Claimed, Woken, claim, release
from natter.domain.push.registrations import Handed, Outcome, Registration, Waking
from natter.domain.push.waking import Reachable
from natter.domain.push.waves import Wave
from natter.ports.push import PushMarks, PushRegistrations, PushService, Reachables, ShownBadges, WaveQueue


class MemoryPushMarks:
    def __init__(self) -> None:
        self._woken: defaultdict[tuple[ConversationId, UserId, DeviceId], Woken] = defaultdict(Woken)

    def claim(self, claims: Sequence[Claim], *, now: int) -> Sequence[Claimed]:
        results = []
        for each in claims:
            key = each.conversation_id, each.user_id, each.device_id
            self._woken[key], claimed = claim(self._woken[key], seq=each.seq, at=each.at, by=each.by, now=now)
            results.append(claimed)
        return results

    def release(self, claims: Sequence[Claim]) -> None:
        for each in claims:
            key = each.conversation_id, each.user_id, each.device_id
            self._woken[key] = release(self._woken[key], seq=each.seq, by=each.by)

    def window_of(self, device: DeviceId, seq: int) -> int | None:
        """When the window began with whose push the device is told of the message; None: it is told on its own."""
        found = (woken.messages.get(seq) for (_, _, other), woken in self._woken.items() if other == device)
        return next((known for known in found if isinstance(known, int)), None)

    def lose(self) -> None:
        """The cache restarts empty."""
        self._woken.clear()


class MemoryShownBadges:
    def __init__(self) -> None:
        self._shown: defaultdict[UserId, dict[DeviceId, int | None]] = defaultdict(dict)
        """None: a number of its own."""
        self._told: dict[UserId, int] = {}

    def note(self, shown: Mapping[tuple[UserId, DeviceId], int]) -> None:
        for (user, device), badge in shown.items():
            self._shown[user].pop(device, None)
            if badge:
                self._shown[user][device] = badge

    def read(self, readers: Readers) -> None:
        for user, reading in readers.items():
            for device, badge in self._shown[user].items():
                if device == reading:
                    self._shown[user][device] = None
                elif badge is None:
                    self._shown[user][device] = UNKNOWN

    def of(self, users: Collection[UserId]) -> Mapping[UserId, Mapping[DeviceId, int]]:
        found = {
            user: {device: badge for device, badge in self._shown[user].items() if badge is not None} for user in users
        }
        return {user: shown for user, shown in found.items() if shown}

    def due(self, users: Collection[UserId], *, now: int) -> Mapping[UserId, int]:
        times = {user: told_at(self._told.get(user), now) for user in self.of(users)}
        due = {user: at for user, at in times.items() if at is not None}
        self._told |= due
        return due

    def forget(self, user: UserId) -> None:
        self._shown.pop(user, None)
        self._told.pop(user, None)


class MemoryWaveQueue:
    def __init__(self) -> None:
        self.waiting: list[tuple[int, Wave]] = []
        """With the seconds after which each is handed out."""

    def add(self, waves: Sequence[Wave], *, delay_s: int | Sequence[int] = 0) -> None:
        delays_s = [delay_s] * len(waves) if isinstance(delay_s, int) else delay_s
        self.waiting += zip(delays_s, waves, strict=True)


class MemoryPushService:
    """Takes everything, unless `answers` says otherwise for a device; `taken` is what was handed over."""

    def __init__(self) -> None:
        self.answers: dict[DeviceId, Handed] = {}
        self.taken: list[Waking] = []
        self.asked: list[Waking] = []
        self.budgets: list[float] = []

    def hand_over(self, wakings: Sequence[Waking], *, budget_s: float) -> Sequence[Handed]:
        self.budgets.append(budget_s)
        return [self._answer(each) for each in wakings]

    def _answer(self, waking: Waking) -> Handed:
        self.asked.append(waking)
        answer = self.answers.get(waking.registration.device_id, Handed(outcome=Outcome.ACCEPTED))
        if answer.outcome in {Outcome.ACCEPTED, Outcome.UNKNOWN}:
            self.taken.append(waking)
        return answer


class MemoryPushRegistrations:
    def __init__(self, *registrations: Registration) -> None:
        self.all = list(registrations)

    def of(self, users: Collection[UserId]) -> Mapping[UserId, Sequence[Registration]]:
        found: dict[UserId, list[Registration]] = {}
        for each in self.all:
            if each.user_id in users:
                found.setdefault(each.user_id, []).append(each)
        return found

    def among(self, users: Collection[UserId]) -> AbstractSet[UserId]:
        return self.of(users).keys()

    def forget(self, registrations: Collection[Registration]) -> None:
        self.all = [each for each in self.all if each not in registrations]


class MemoryReachables:
    """`members` may be changed by tests; who has no name is gone."""

    def __init__(self, members: dict[tuple[ConversationId, UserId], Reachable], named: dict[UserId, str]) -> None:
        self.members, self.named = members, named

    def of(
        self, members: Collection[tuple[ConversationId, UserId]]
    ) -> Mapping[tuple[ConversationId, UserId], Reachable]:
        return {each: self.members[each] for each in members if each in self.members}

    def names(self, users: Collection[UserId]) -> Mapping[UserId, str]:
        return {user: self.named[user] for user in users if user in self.named}


_marks: type[PushMarks] = MemoryPushMarks
_queue: type[WaveQueue] = MemoryWaveQueue
_badges: type[ShownBadges] = MemoryShownBadges
_service: type[PushService] = MemoryPushService
_registrations: type[PushRegistrations] = MemoryPushRegistrations
_reachables: type[Reachables] = MemoryReachables
