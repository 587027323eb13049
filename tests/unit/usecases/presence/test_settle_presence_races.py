"""Whoever looks at the same time."""

from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any

import pytest
from greenlet import getcurrent, greenlet

from natter.domain.connections import Connection
from natter.domain.errors import Unavailable
from natter.domain.ids import DeviceId
from tests.presence import Scene, settling

SEEDS = 400
CRASH = 0.02
"""Of every access."""


class Stepped:
    """Yields to the scheduler before every access of a port."""

    def __init__(self, port: Any) -> None:
        self._port = port

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        def call(*arguments: Any, **named: Any) -> Any:
            parent = getcurrent().parent
            if parent is not None:
                parent.switch()
            return method(*arguments, **named)

        return call


class Crashed(BaseException):
    """The process is gone: nothing catches it."""


class Race:
    """Invocations that look at Ann at the same time, and Bob, who watches again now and then."""

    def __init__(self, seed: int) -> None:
        self.random, self.scene = Random(seed), Scene(through=Stepped)
        self.shown: list[str] = []
        """On Bob's screen: what he was answered and told, in order."""
        self._running: dict[greenlet, Callable[[], None]] = {}
        self._posted = 0

    def begin(self, work: Callable[[], None]) -> None:
        def run() -> None:
            while True:
                try:
                    return work()
                except Unavailable:  # users change faster than can be told
                    continue
                except Crashed:
                    return self.begin(work)  # its batch is given to another

        self._running[greenlet(run)] = work

    def changes(self) -> None:
        changes = list(self.scene.changes)
        self.scene.changes.clear()
        self.begin(lambda: settling(self.scene.world, self.scene.queue, Stepped).changed(changes))

    def watches(self) -> None:
        """Until then, he watches nobody; and nothing that was told before is on his screen."""

        def watch() -> None:
            self.shown.append(self.scene.watch(self.scene.screen, self.scene.ann, through=Stepped))

        self.scene.world.watchers.watch(self.scene.watcher, [])
        self.begin(watch)

    def looks(self) -> None:
        for look, _ in self.scene.queue.waiting:
            self.begin(partial(settling(self.scene.world, self.scene.queue, Stepped).look, look))
        self.scene.queue.waiting.clear()

    def advance(self) -> None:
        """One of them, by some accesses: now and then so many that it overtakes the others."""
        if not self._running:
            return
        invocation = self.random.choice(list(self._running))
        for _ in range(self.random.choice([1, 1, 2, 10])):
            if invocation and self.random.random() < CRASH:
                invocation.throw(Crashed)
            else:
                invocation.switch()
            self.shown += self.scene.states()[self._posted :]
            self._posted = len(self.scene.states())
            if invocation.dead:
                del self._running[invocation]
                return

    def finish(self) -> None:
        while self._running:
            self.advance()


@pytest.mark.parametrize("seed", range(SEEDS))
def test_whatever_happens_at_the_same_time_the_last_that_is_shown_is_true(seed: int) -> None:
    """Ann's connections come and go; invocations are interleaved at every access, crash and are repeated."""
    race = Race(seed)
    random, scene = race.random, race.scene
    connected: dict[DeviceId, Connection] = {}
    for _ in range(12):
        device = random.choice([DeviceId("phone"), DeviceId("desk")])
        if device not in connected:
            connected[device] = scene.connect(scene.ann, device)
        elif random.random() < 0.5:
            scene.leave(connected.pop(device))
        else:
            scene.say(connected[device], random.choice(["online", "away"]))
        scene.world.clock.advance(seconds=random.choice([0, 0, 1, 20]))
        random.choice([race.changes, race.changes, race.watches, race.looks])()
        for _ in range(random.randrange(4)):
            race.advance()
    race.changes()
    race.finish()
    scene.world.clock.advance(seconds=20)
    race.looks()
    race.finish()
    truth = scene.world.presence_now([scene.ann])[scene.ann].state
    assert race.shown[-1] == truth, f"seed {seed}"
