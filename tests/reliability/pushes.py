"""
Pushing under overlapping invocations, crashes, redelivery, refusals and a cache that forgets, and what must come of it.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any

from natter.domain.ids import DeviceId
from natter.domain.messages.events import Emission
from natter.domain.push.registrations import Handed, Outcome, Waking
from natter.domain.push.wording import Push
from natter.ports.push import PushMarks, PushService
from natter.usecases.push.compose_pushes import CountUnreadOf
from tests.interleaved import Invocations, Stepped
from tests.memory.push import MemoryPushMarks, MemoryPushService
from tests.messages import BOB, CID
from tests.pushing import PushStage, a_registration

MESSAGES = 12
SOON_MS = 4_000
"""At most so much lies between two messages."""


@dataclass(frozen=True, kw_only=True)
class PushParts:
    """What the simulation runs, in which bugs can be planted."""

    marks: Callable[[PushMarks], PushMarks] = lambda marks: marks
    service: Callable[[PushMarks, PushService], PushService] = lambda _marks, service: service
    count_unread: Callable[[CountUnreadOf], CountUnreadOf] = lambda count: count


class MoodyService(MemoryPushService):
    """Answers each time as it likes, or refuses while it is `out`; once it is `sound`, everything is taken."""

    def __init__(self, random: Random, *, out: bool = False) -> None:
        super().__init__()
        self._random = random
        self._out = out
        self.sound = False
        self.unanswered: list[Waking] = []

    def _answer(self, waking: Waking) -> Handed:
        assert isinstance(waking.push, Push)
        moods = [Outcome.REFUSED] if self._out else [Outcome.ACCEPTED] * 3 + [Outcome.REFUSED, Outcome.UNKNOWN]
        answer = Handed(outcome=Outcome.ACCEPTED if self.sound else self._random.choice(moods))
        self.asked.append(waking)
        if answer.outcome is Outcome.UNKNOWN:
            self.unanswered.append(waking)
        if answer.outcome is Outcome.ACCEPTED:
            self.taken.append(waking)
        return answer


class PushWorld:
    """Ann says something to Bob, who has two devices, and to Cid, all of whom are away."""

    def __init__(
        self, seed: int, parts: PushParts, *, crashes: bool = True, loses: bool = False, out: bool = False
    ) -> None:
        self._random = Random(seed)
        self.invocations = Invocations(self._random)
        self.stage = stage = PushStage(BOB, CID)
        stage.registrations.all.append(a_registration(BOB, "tablet"))
        self.service = MoodyService(self._random, out=out)
        self.cache = MemoryPushMarks()
        marks = parts.marks(self.cache)
        stepped: Any = Stepped
        stage.service = stepped(parts.service(marks, self.service))
        stage.marks = stepped(marks)
        stage.reachables = stepped(stage.reachables)
        stage.count_unread = parts.count_unread(stage.count_unread)
        self._crash = 0.03 if crashes else 0.0
        self._loses = loses
        self.died = 0
        self.forgot = 0

    def run(self) -> None:
        emissions: list[Emission] = []
        while len(emissions) < MESSAGES:
            together = [
                self._said(len(emissions) + number)
                for number in range(min(self._random.choice([1, 1, 2, 5]), MESSAGES - len(emissions)))
            ]
            emissions += together
            self._begin(partial(self.stage.schedule, together))
            self._some_steps()
            if self._random.random() < 0.2:
                again = self._random.sample(emissions, k=min(3, len(emissions)))
                self._begin(partial(self.stage.schedule, again))
            if self._loses and self._random.random() < 0.1:
                self.cache.lose()
                self.forgot += 1
        self.service.sound = True
        while self.invocations or self.stage.queue.waiting:
            self._some_steps()
            self.stage.now += 1_000

    def _said(self, number: int) -> Emission:
        self.stage.now += self._random.randrange(SOON_MS)
        return self.stage.say(f"message {number}")

    def _some_steps(self) -> None:
        for _ in range(self._random.randrange(12)):
            self._hand_out()
            self.invocations.advance()

    def _hand_out(self) -> None:
        """A wave that is due; now and then it is handed out twice."""
        waiting = self.stage.queue.waiting
        if waiting and self._random.random() < 0.5:
            delay_s, wave = min(waiting, key=lambda each: each[0])
            waiting.remove((delay_s, wave))
            self.stage.now += delay_s * 100
            for _ in range(self._random.choice([1, 1, 2])):
                self._begin(lambda: self.stage.wake(wave))

    def _begin(self, work: Callable[[], Any]) -> None:
        def crashed() -> None:
            self.died += 1
            self._begin(work)

        self.invocations.begin(work, crash=self._crash, crashed=crashed)


def push_violations(world: PushWorld) -> Iterator[str]:
    """What of the promise was broken."""
    pushes = _pushes([*world.service.taken, *world.service.unanswered])
    handed = Counter((device, push.seq) for device, push in pushes)
    if not world.forgot:
        yield from (
            f"{device} was woken {count} times for {seq}" for (device, seq), count in handed.items() if count > 1
        )
        yield from _summed_up_twice(world, pushes)
    yield from (f"{device} shows {push.badge}" for device, push in pushes if push.badge != 1)
    if not world.died and not world.forgot:
        yield from _missed(world, set(handed))


def _pushes(wakings: Sequence[Waking]) -> Sequence[tuple[DeviceId, Push]]:
    return [(each.registration.device_id, each.push) for each in wakings if isinstance(each.push, Push)]


def _summed_up_twice(world: PushWorld, pushes: Sequence[tuple[DeviceId, Push]]) -> Iterator[str]:
    """One push stands for all of a window beyond the first three, on each device."""
    windows = Counter((device, world.cache.window_of(device, push.seq)) for device, push in pushes if _is_summary(push))
    yield from (
        f"{device} was told {count} times of the window that began at {began}"
        for (device, began), count in windows.items()
        if count > 1
    )


def _is_summary(push: Push) -> bool:
    return push.body.endswith("new messages")


def _missed(world: PushWorld, handed: set[tuple[DeviceId, int]]) -> Iterator[str]:
    """Nothing was in the way, so each device learns of everything: alone, or by a later push that counts it."""
    devices = [each.device_id for each in world.stage.registrations.all]
    for device in devices:
        last = max((seq for other, seq in handed if other == device), default=0)
        told = _told(world, device)
        if told != MESSAGES and not _unanswered(world, device):
            yield f"{device} was told of {told} messages, the last of them {last}"


def _told(world: PushWorld, device: str) -> int:
    """Messages alone, and what the pushes that stand for several add to those of their windows."""
    pushes = [push for other, push in _pushes(world.service.taken) if other == device]
    summaries = [int(each.body.split()[0]) for each in pushes if _is_summary(each)]
    return len(pushes) - len(summaries) + sum(count - 3 for count in summaries)


def _unanswered(world: PushWorld, device: str) -> Sequence[int]:
    return [push.seq for other, push in _pushes(world.service.unanswered) if other == device]


def first_push_violation(seed: int, parts: PushParts, **how: bool) -> str | None:
    world = PushWorld(seed, parts, **how)
    world.run()
    return next(push_violations(world), None)
