import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest
from greenlet import getcurrent, greenlet

from natter.adapters.presence_memory import MemoryGraceQueue
from natter.domain.errors import Unavailable
from natter.domain.ids import DeviceId, UserId
from natter.domain.presence import GRACE_MS, DeviceState, PresenceState
from natter.ports.presence import Watcher
from natter.ports.sockets import Connection
from natter.usecases.settle_presence import SettlePresence
from natter.wire.signals import JsonSignalFrames
from tests.chat import Chat
from tests.identity import FakeSockets
from tests.messages import a_connection

SEEDS = 400


def unhindered[Port](port: Port) -> Port:
    return port


@dataclass
class Scene:
    """Ann, whom Bob watches; they have a group together."""

    chat: Chat = field(default_factory=Chat)
    grace: MemoryGraceQueue = field(default_factory=MemoryGraceQueue)
    through: Callable[[Any], Any] = unhindered

    def __post_init__(self) -> None:
        self.world = self.chat.world
        self.sockets: FakeSockets = self.world.sockets
        self.ann, self.bob = self.chat.person("ann"), self.chat.person("bob")
        self.group = self.chat.group(self.ann, self.bob)
        self.screen = self.connect(self.bob, "screen")
        self.watch(self.bob, self.ann)

    def watch(self, user: UserId, *others: UserId) -> None:
        (connection,) = [each for each in self.sockets.open if each.user_id == user]
        self.world.watchers.watch(Watcher(user_id=user, connection_id=connection.connection_id), others)

    def connect(self, user: UserId, name: str) -> Connection:
        connection = a_connection(user, name)
        self.sockets.register(connection)
        self.say(connection, "online")
        return connection

    def leave(self, connection: Connection) -> None:
        self.world.traces.see(connection.user_id, connection.device_id, at=self.world.clock())
        self.sockets.unregister(connection)

    def say(self, connection: Connection, state: DeviceState) -> None:
        self.world.traces.say(connection.user_id, connection.device_id, state, at=self.world.clock())

    def settle(self, *users: UserId) -> None:
        through, tell = self.through, self.chat.tell
        settle = SettlePresence(
            now=type(self.world.presence_now)(
                connections=through(self.sockets), traces=through(self.world.traces), now_ms=self.world.clock
            ),
            traces=through(self.world.traces),
            acquaintances=self.world.acquaintances,
            watchers=through(self.world.watchers),
            grace=self.grace,
            frames=JsonSignalFrames(),
            tell=type(tell)(connections=self.sockets, gateway=through(self.sockets), now_ms=self.world.clock),
        )
        settle(users or [self.ann])

    def seen(self, connection: Connection | None = None) -> list[Mapping[str, Any]]:
        """What a screen was told, Bob's unless another is given."""
        screen = self.screen if connection is None else connection
        frames = [json.loads(frame) for to, frame in self.sockets.frames if to == screen.connection_id]
        return [item for frame in frames for item in frame["users"]]

    def states(self) -> list[str]:
        return [item["state"] for item in self.seen()]


@pytest.fixture
def scene() -> Scene:
    return Scene()


class TestSettlePresence:
    def test_a_watcher_is_told_what_is_news_and_nothing_twice(self, scene: Scene) -> None:
        phone = scene.connect(scene.ann, "phone")
        scene.settle()
        scene.settle()
        scene.say(phone, "away")
        scene.settle()
        scene.settle()
        assert scene.seen() == [
            {"user_id": scene.ann, "state": "online"},
            {"user_id": scene.ann, "state": "away"},
        ]

    def test_who_comes_back_within_the_grace_was_never_gone(self, scene: Scene) -> None:
        phone = scene.connect(scene.ann, "phone")
        scene.settle()
        scene.leave(phone)
        scene.settle()
        scene.world.clock.advance(seconds=GRACE_MS / 1000 - 1)
        scene.connect(scene.ann, "phone")
        scene.settle()
        scene.world.clock.advance(seconds=1)
        scene.settle()
        assert scene.states() == ["online"]

    def test_when_the_grace_is_over_they_are_offline(self, scene: Scene) -> None:
        phone = scene.connect(scene.ann, "phone")
        scene.settle()
        scene.leave(phone)
        left_at = scene.world.clock()
        scene.settle()
        assert scene.grace.waiting == [(scene.ann, GRACE_MS // 1000)]
        scene.world.clock.advance(seconds=GRACE_MS / 1000)
        scene.settle()
        assert scene.seen()[1:] == [{"user_id": scene.ann, "state": "offline", "last_seen_at": left_at}]

    def test_a_message_that_comes_before_the_grace_is_over_waits_for_the_rest(self, scene: Scene) -> None:
        """Clocks differ."""
        scene.leave(scene.connect(scene.ann, "phone"))
        scene.world.clock.advance(seconds=GRACE_MS / 1000 - 0.2)
        scene.settle()
        assert scene.grace.waiting == [(scene.ann, 1)]

    def test_nobody_else_waits(self, scene: Scene) -> None:
        scene.connect(scene.ann, "phone")
        scene.settle(scene.ann, scene.bob)
        assert scene.grace.waiting == []

    def test_who_may_not_see_them_any_more_is_not_told(self, scene: Scene) -> None:
        """P8. Bob was removed, or blocked, after he had begun to watch."""
        scene.chat.leave(scene.group, scene.bob)
        scene.connect(scene.ann, "phone")
        scene.settle()
        assert scene.seen() == []

    def test_only_the_connection_that_watches_is_told(self, scene: Scene) -> None:
        other = scene.connect(scene.bob, "other")
        scene.connect(scene.ann, "phone")
        scene.settle()
        assert (len(scene.seen()), scene.seen(other)) == (1, [])

    def test_what_is_news_at_once_is_one_frame(self, scene: Scene) -> None:
        cid = scene.chat.person("cid")
        scene.chat.join(scene.group, cid)
        scene.watch(scene.bob, scene.ann, cid)
        scene.connect(scene.ann, "phone")
        scene.connect(cid, "desk")
        scene.settle(scene.ann, cid)
        assert [to for to, _ in scene.sockets.frames] == ["screen"]
        assert {item["user_id"] for item in scene.seen()} == {scene.ann, cid}

    def test_who_was_interrupted_before_telling_is_made_up_for(self, scene: Scene) -> None:
        scene.connect(scene.ann, "phone")
        scene.through = ForgetfulTraces
        with pytest.raises(Unavailable):
            scene.settle()
        scene.through = unhindered
        scene.settle()
        assert scene.states()[-1] == "online"

    def test_what_was_told_and_not_noted_is_put_right(self, scene: Scene) -> None:
        """Watchers have been told that she is away, and she is back before anybody looks again."""
        phone = scene.connect(scene.ann, "phone")
        scene.settle()
        scene.say(phone, "away")
        scene.through = ForgetfulTraces
        with pytest.raises(Unavailable):
            scene.settle()
        scene.say(phone, "online")
        scene.through = unhindered
        scene.settle()
        assert scene.states() == ["online", "away", "online"]


class ForgetfulTraces:
    """Cannot note what was told."""

    def __init__(self, port: Any) -> None:
        self._port = port

    def __getattr__(self, name: str) -> Any:
        return getattr(self._port, name)

    def note_told(self, states: Mapping[UserId, PresenceState | None]) -> None:
        if any(states.values()):
            raise Unavailable("cache")
        self._port.note_told(states)


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


@pytest.mark.parametrize("seed", range(SEEDS))
def test_whatever_is_settled_at_the_same_time_the_last_that_is_told_is_true(seed: int) -> None:
    """Ann's connections come and go while up to three invocations look at her, interleaved at every access."""
    random, scene = Random(seed), Scene(through=Stepped)
    running: list[greenlet] = []
    devices = [DeviceId(each) for each in ("phone", "desk")]
    connected: dict[DeviceId, Connection] = {}
    for _ in range(8):
        device = random.choice(devices)
        if device not in connected:
            connected[device] = scene.connect(scene.ann, device)
        elif random.random() < 0.5:
            scene.leave(connected.pop(device))
        else:
            scene.say(connected[device], random.choice(["online", "away"]))
        scene.world.clock.advance(seconds=random.choice([0, 0, 1, 20]))
        running.append(greenlet(_settles(scene)))
        for _ in range(random.randrange(12)):
            _advance(running, random)
    scene.world.clock.advance(seconds=20)
    running.append(greenlet(_settles(scene)))  # of the grace queue
    while running:
        _advance(running, random)
    truth = scene.world.presence_now([scene.ann])[scene.ann].state
    assert scene.states()[-1] == truth, f"seed {seed}"


def _settles(scene: Scene) -> Callable[[], None]:
    def run() -> None:
        while True:
            try:
                return scene.settle()
            except Unavailable:  # more news than could be told: the batch is given again
                continue

    return run


def _advance(running: list[greenlet], random: Random) -> None:
    if running:
        settling = random.choice(running)
        settling.switch()
        if settling.dead:
            running.remove(settling)
