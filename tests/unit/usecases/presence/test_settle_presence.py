import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any

import pytest
from greenlet import getcurrent, greenlet

from natter.domain.connections import MAX_CONNECTIONS, Connection, ConnectionChange
from natter.domain.errors import Unavailable
from natter.domain.ids import DeviceId, UserId
from natter.domain.presence import GRACE_MS, DeviceState, Look, Traces, Watcher
from natter.usecases.accounts.connect import Disconnect
from natter.usecases.presence.settle_presence import ATTEMPTS, TOLD_AT_ONCE
from natter.usecases.presence.watch import Watch
from tests.chat import Chat
from tests.memory.presence import MemoryLookQueue
from tests.messages import a_connection
from tests.presence import settling

SEEDS = 400
CRASH = 0.02
"""Of every access."""


def unhindered(port: Any) -> Any:
    return port


@dataclass
class Scene:
    """Ann, whom Bob watches; they have a group together."""

    chat: Chat = field(default_factory=Chat)
    queue: MemoryLookQueue = field(default_factory=MemoryLookQueue)
    through: Callable[[Any], Any] = unhindered

    def __post_init__(self) -> None:
        self.world, self.changes = self.chat.world, self.chat.changes.changes
        self.sockets = self.world.sockets
        self.ann, self.bob = self.chat.person("ann"), self.chat.person("bob")
        self.group = self.chat.group(self.ann, self.bob)
        self.screen = self.connect(self.bob, "screen")
        self.watcher = Watcher(user_id=self.bob, connection_id=self.screen.connection_id)
        self.watch(self.screen, self.ann)
        self.changes.clear()

    def watch(self, screen: Connection, *others: UserId, through: Callable[[Any], Any] = unhindered) -> str:
        """The state that is answered of the first, at once: one that is under way may be overtaken by what is told."""
        watch = Watch(
            acquaintances=self.world.acquaintances,
            watchers=through(self.world.watchers),
            now=self.world.presence_now,
        )
        return watch(screen, others)[0].state

    def connect(self, user: UserId, name: str) -> Connection:
        connection = a_connection(user, name)
        self.sockets.register(connection)
        self.say(connection, "online", change="opened")
        return connection

    def leave(self, connection: Connection) -> None:
        Disconnect(connections=self.sockets, traces=self.world.traces, log=self.chat.changes, now_ms=self.world.clock)(
            connection
        )

    def say(self, connection: Connection, state: DeviceState, *, change: Any = "status") -> None:
        at = self.world.clock()
        self.world.traces.say(connection.user_id, connection.device_id, state, at=at)
        self.changes.append(ConnectionChange(connection=connection, change=change, at=at))

    def settle(self) -> None:
        """The consumer gets to what has happened."""
        changes = list(self.changes)
        self.changes.clear()
        settling(self.world, self.queue, self.through).changed(changes)

    def look(self, look: Look | None = None) -> None:
        """At Ann, when the queue hands her out."""
        settling(self.world, self.queue, self.through).look(look or Look(user_id=self.ann))

    def told(self, screen: Connection | None = None) -> list[Mapping[str, Any]]:
        """Bob's screen, unless another is given."""
        name = (screen or self.screen).connection_id
        frames = [json.loads(frame) for to, frame in self.sockets.frames if to == name]
        return [item for frame in frames for item in frame["users"]]

    def states(self) -> list[str]:
        return [item["state"] for item in self.told()]


@pytest.fixture
def scene() -> Scene:
    return Scene()


class TestChanges:
    def test_watchers_are_told(self, scene: Scene) -> None:
        phone = scene.connect(scene.ann, "phone")
        scene.settle()
        scene.say(phone, "away")
        scene.settle()
        assert scene.told() == [{"user_id": scene.ann, "state": "online"}, {"user_id": scene.ann, "state": "away"}]

    def test_who_comes_back_within_the_grace_was_never_gone(self, scene: Scene) -> None:
        phone = scene.connect(scene.ann, "phone")
        scene.settle()
        scene.leave(phone)
        scene.settle()
        assert scene.states() == ["online"]
        scene.world.clock.advance(seconds=GRACE_MS / 1000 - 1)
        scene.connect(scene.ann, "phone")
        scene.settle()
        scene.world.clock.advance(seconds=1)
        scene.look()
        assert scene.states() == ["online", "online"]

    def test_when_the_grace_is_over_they_are_offline(self, scene: Scene) -> None:
        phone = scene.connect(scene.ann, "phone")
        scene.settle()
        scene.leave(phone)
        left_at = scene.world.clock()
        scene.settle()
        assert scene.queue.waiting == [(Look(user_id=scene.ann), GRACE_MS // 1000)]
        scene.world.clock.advance(seconds=GRACE_MS / 1000)
        scene.look()
        assert scene.told()[1:] == [{"user_id": scene.ann, "state": "offline", "last_seen_at": left_at}]

    def test_a_message_that_comes_before_the_grace_is_over_waits_for_the_rest(self, scene: Scene) -> None:
        """Clocks differ."""
        scene.leave(scene.connect(scene.ann, "phone"))
        scene.world.clock.advance(seconds=GRACE_MS / 1000 - 0.2)
        scene.look()
        assert (scene.queue.waiting, scene.told()) == ([(Look(user_id=scene.ann), 1)], [])

    def test_a_connection_that_the_registry_was_not_told_of_is_forgotten(self, scene: Scene) -> None:
        """It did not answer when the connection was closed."""
        phone = scene.connect(scene.ann, "phone")
        left_at = scene.world.clock()
        scene.changes.append(ConnectionChange(connection=phone, change="closed", at=left_at))
        scene.world.clock.advance(seconds=GRACE_MS / 1000)
        scene.settle()
        assert scene.told() == [{"user_id": scene.ann, "state": "offline", "last_seen_at": left_at}]

    def test_what_is_repeated_later_moves_nothing_back(self, scene: Scene) -> None:
        phone, desk = scene.connect(scene.ann, "phone"), scene.connect(scene.ann, "desk")
        scene.leave(phone)
        closed = scene.changes[-1]
        scene.world.clock.advance(seconds=5)
        scene.leave(desk)
        scene.changes.append(closed)
        scene.settle()
        traces = scene.world.traces.of([scene.ann])[scene.ann]
        assert (traces.seen_at, traces.seen_on) == (scene.world.clock(), desk.device_id)

    def test_what_was_told_and_undone_before_anybody_looked_is_told_again(self, scene: Scene) -> None:
        """Bob was answered that she is away; the consumer gets to it only when she is back."""
        phone = scene.connect(scene.ann, "phone")
        scene.settle()
        scene.say(phone, "away")
        assert scene.watch(scene.screen, scene.ann) == "away"
        scene.say(phone, "online")
        scene.settle()
        assert scene.states()[-1] == "online"


class TestWhoIsTold:
    def test_who_may_not_see_them_any_more_is_not(self, scene: Scene) -> None:
        """P8. Bob was removed, or blocked, after he had begun to watch."""
        scene.chat.leave(scene.group, scene.bob)
        scene.connect(scene.ann, "phone")
        scene.settle()
        assert scene.told() == []

    def test_only_the_connection_that_watches(self, scene: Scene) -> None:
        other = scene.connect(scene.bob, "other")
        scene.connect(scene.ann, "phone")
        scene.settle()
        assert (len(scene.told()), scene.told(other)) == (1, [])

    def test_what_is_news_at_once_is_one_frame(self, scene: Scene) -> None:
        cid = scene.chat.person("cid")
        scene.chat.join(scene.group, cid)
        scene.watch(scene.screen, scene.ann, cid)
        scene.connect(scene.ann, "phone")
        scene.connect(cid, "desk")
        scene.settle()
        assert [to for to, _ in scene.sockets.frames] == ["screen"]
        assert {item["user_id"] for item in scene.told()} == {scene.ann, cid}

    def test_more_than_a_batch_can_tell_are_left_to_the_queue(self, scene: Scene) -> None:
        people = [scene.chat.person(f"user{number}") for number in range(2 * TOLD_AT_ONCE // MAX_CONNECTIONS)]
        scene.chat.group(scene.ann, *people)
        screens = [scene.connect(user, f"{user}-{number}") for number in range(MAX_CONNECTIONS) for user in people]
        for screen in screens:
            watcher = Watcher(user_id=screen.user_id, connection_id=screen.connection_id)
            scene.world.watchers.watch(watcher, [scene.ann])
        scene.changes.clear()
        scene.connect(scene.ann, "phone")
        scene.settle()
        assert len(scene.sockets.frames) == TOLD_AT_ONCE
        assert [len(look.watchers) for look, _ in scene.queue.waiting] == [TOLD_AT_ONCE, 1]
        for look, delay_s in list(scene.queue.waiting):
            assert delay_s == 0
            scene.look(look)
        assert {to for to, _ in scene.sockets.frames} == {"screen", *(each.connection_id for each in screens)}

    def test_who_could_not_be_told_is_told_again_and_not_for_ever(self, scene: Scene) -> None:
        scene.sockets.answers = False
        scene.connect(scene.ann, "phone")
        scene.settle()
        waits: list[int] = []
        while scene.queue.waiting:
            ((look, delay_s),) = scene.queue.waiting
            assert look == Look(user_id=scene.ann, watchers=(scene.watcher,), attempt=len(waits) + 1)
            waits.append(delay_s)
            scene.queue.waiting.clear()
            scene.look(look)
        assert waits == [2, 4, 8]
        assert len(waits) == ATTEMPTS

    def test_who_has_gone_is_not(self, scene: Scene) -> None:
        scene.sockets.unregister(scene.screen)
        scene.connect(scene.ann, "phone")
        scene.settle()
        assert (scene.sockets.frames, scene.queue.waiting) == ([], [])

    def test_who_is_erased_leaves_no_traces(self, scene: Scene) -> None:
        """Their connection was closed late."""
        phone = scene.connect(scene.ann, "phone")
        scene.world.erasures.request(scene.ann, at=scene.world.clock())
        scene.leave(phone)
        scene.settle()
        scene.world.clock.advance(seconds=GRACE_MS / 1000)
        scene.look()
        assert scene.world.traces.of([scene.ann])[scene.ann] == Traces()
        assert scene.told() == []


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
