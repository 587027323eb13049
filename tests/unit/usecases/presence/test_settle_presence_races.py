"""Whoever looks at the same time."""

from collections.abc import Collection
from functools import partial
from random import Random

import pytest

from natter.domain.connections import Connection
from natter.domain.ids import DeviceId
from natter.domain.presence import Look, Traces
from natter.usecases.presence import settle_presence
from tests.interleaved import Invocations, Stepped
from tests.presence import Scene, settling

SEEDS = 400
CRASH = 0.02
"""Of every access."""


class Race:
    """Invocations that look at Ann at the same time, and Bob, who watches again now and then."""

    def __init__(self, seed: int) -> None:
        self.random, self.scene = Random(seed), Scene(through=Stepped)
        self.shown: list[str] = []
        """On Bob's screen: what he was answered and told, in order."""
        self._invocations = Invocations(self.random)
        self._due: list[tuple[Look, int]] = []
        self._posted = 0

    def changes(self) -> None:
        changes = list(self.scene.changes)
        self.scene.changes.clear()
        if changes:
            settle = settling(self.scene.world, self.scene.queue, Stepped)
            self._invocations.begin(partial(settle.changed, changes), crash=CRASH)

    def watches(self) -> None:
        """Until then, he watches nobody; and nothing that was told before is on his screen."""

        def watch() -> None:
            self.shown.append(self.scene.watch(self.scene.screen, self.scene.ann, through=Stepped))

        self.scene.world.watchers.watch(self.scene.watcher, [])
        self._invocations.begin(watch, crash=CRASH)

    def looks(self) -> None:
        """Those whose time has come."""
        now = self.scene.world.clock()
        for look, due_at in self._due:
            if due_at <= now:
                self._invocations.begin(
                    partial(settling(self.scene.world, self.scene.queue, Stepped).look, look), crash=CRASH
                )
        self._due = [(look, due_at) for look, due_at in self._due if due_at > now]

    def advance(self) -> None:
        self._invocations.advance(self._note)

    def finish(self) -> None:
        """Until nothing is left to be done; what the queue holds back, it hands out at last."""
        while self._invocations or self._due:
            while self._invocations:
                self.advance()
            self.scene.world.clock.advance(seconds=20)
            self.looks()

    def _note(self) -> None:
        now = self.scene.world.clock()
        self._due += [(look, now + delay_s * 1000) for look, delay_s in self.scene.queue.waiting]
        self.scene.queue.waiting.clear()
        self.shown += self.scene.states()[self._posted :]
        self._posted = len(self.scene.states())


def last_shown_and_true(seed: int) -> tuple[str, str]:
    """Ann's connections come and go; invocations are interleaved at every access, crash and are repeated."""
    race = Race(seed)
    random, scene = race.random, race.scene
    connected: dict[DeviceId, Connection] = {}
    for _ in range(12):
        device = random.choice([DeviceId("phone"), DeviceId("desk")])
        if device not in connected:
            connected[device] = scene.connect(scene.ann, device)
        elif random.random() < 0.3:
            scene.leave(connected.pop(device))
        else:
            scene.say(connected[device], random.choice(["online", "away"]))
        scene.world.clock.advance(seconds=random.choice([0, 0, 0.1, 0.4, 1, 20]))
        random.choice([race.changes, race.changes, race.watches, race.looks])()
        for _ in range(random.randrange(4)):
            race.advance()
    race.changes()
    race.finish()
    for device in (DeviceId("phone"), DeviceId("desk")):  # both come at once, each in a batch of its own
        if device not in connected:
            scene.connect(scene.ann, device)
            scene.world.clock.advance(seconds=0.1)
            race.changes()
    race.finish()
    truth = scene.world.presence_now([scene.ann])[scene.ann].state
    return race.shown[-1], truth


@pytest.mark.parametrize("seed", range(SEEDS))
def test_whatever_happens_at_the_same_time_the_last_that_is_shown_is_true(seed: int) -> None:
    shown, truth = last_shown_and_true(seed)
    assert shown == truth


def blames_each_other(connected: Collection[DeviceId], traces: Traces, changed: Collection[DeviceId], _: int) -> bool:
    """Any other device that is online counts, also one that came later."""
    return not (set(connected) - set(changed) - traces.away)


def test_a_planted_bug_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settle_presence, "may_be_news", blames_each_other)
    assert any(shown != truth for shown, truth in map(last_shown_and_true, range(SEEDS)))
