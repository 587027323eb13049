import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random
from typing import Any

import pytest

from natter.domain.connections import Connection, ConnectionChange, Found
from natter.domain.delivery import Post, PostResult
from natter.domain.ids import DeviceId, UserId
from natter.domain.presence import GRACE_MS, DeviceState, Look, Traces, Watcher
from natter.usecases.accounts.connect import Disconnect
from natter.usecases.presence import settle_presence
from natter.usecases.presence.settle_presence import ATTEMPTS, PACE_S, REBUILT_S, TOLD_AT_ONCE
from natter.usecases.presence.tell_watchers import ROUNDS
from natter.usecases.presence.watch import Watch
from tests.chat import Chat
from tests.identity import FakeSockets
from tests.interleaved import Invocations, Stepped
from tests.memory.presence import MemoryLookQueue
from tests.messages import a_connection
from tests.presence import settling

SEEDS = 400
CRASH = 0.02
"""Of every access."""


class Lost(FakeSockets):
    """They know nothing of one user, and know that they do not."""

    def __init__(self, known: FakeSockets, lost: UserId) -> None:
        super().__init__(open=known.open, frames=known.frames)
        self._lost = lost

    def look_up(self, users: Iterable[UserId]) -> Found:
        ordered = list(users)
        found = {user: owned for user, owned in self.of(ordered).items() if user != self._lost}
        return Found(connections=found, forgotten=frozenset({self._lost}.intersection(ordered)))


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
            limits=self.world.limits,
            acquaintances=self.world.acquaintances,
            watchers=through(self.world.watchers),
            now=self.world.presence_now,
        )
        return watch(screen, others)[0].state

    def connect(self, user: UserId, name: str) -> Connection:
        connection = replace(a_connection(user, name), device_id=DeviceId(name))
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
        self.changes.append(ConnectionChange(connection=connection, change=change, at=at, state=state))

    def settle(self) -> None:
        """The consumer gets to what has happened."""
        changes = list(self.changes)
        self.changes.clear()
        settling(self.world, self.queue, self.through).changed(changes)

    def look(self, look: Look | None = None) -> None:
        """At Ann, when the queue hands her out."""
        settling(self.world, self.queue, self.through).look(look or Look(user_id=self.ann))

    def hand_out(self) -> None:
        """What the queue has."""
        waiting = [look for look, _ in self.queue.waiting]
        self.queue.waiting.clear()
        for look in waiting:
            self.look(look)

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
        scene.world.clock.advance(seconds=1)
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


class TestPace:
    def test_what_shows_nobody_otherwise_is_not_told(self, scene: Scene) -> None:
        """A device that is online all along: whatever another one says, their user is."""
        scene.connect(scene.ann, "desk")
        scene.settle()
        for state in ("opened", "away", "online", "away"):
            scene.world.clock.advance(seconds=1)
            if state == "opened":
                phone = scene.connect(scene.ann, "phone")
            else:
                scene.say(phone, "away" if state == "away" else "online")
            scene.settle()
        scene.world.clock.advance(seconds=1)
        scene.leave(phone)
        scene.settle()
        assert (scene.states(), scene.queue.waiting) == (["online"], [])

    def test_of_two_that_were_looked_at_only_when_both_were_there_one_is_told(self, scene: Scene) -> None:
        """Each of them is online because of the other, but one of them was first."""
        scene.connect(scene.ann, "desk")
        (first,) = scene.changes
        scene.world.clock.advance(seconds=1)
        scene.connect(scene.ann, "phone")
        second = scene.changes[-1]
        for change in (second, first):
            settling(scene.world, scene.queue).changed([change])
        assert scene.states() == ["online"]

    def test_who_changes_fast_is_told_of_once_a_second_and_last_how_they_are(self, scene: Scene) -> None:
        phone = scene.connect(scene.ann, "phone")
        states: list[DeviceState] = ["away", "online"]
        seconds = 5
        for number in range(10 * seconds):
            scene.say(phone, states[number % 2])
            scene.settle()
            scene.world.clock.advance(seconds=0.1)
            if number % 10 == 9:
                scene.hand_out()
        scene.world.clock.advance(seconds=1)
        scene.hand_out()
        assert len(scene.states()) <= seconds + 2
        assert scene.states()[-1] == "online"
        assert scene.queue.waiting == []

    def test_who_changes_faster_than_can_be_told_is_looked_at_later_and_holds_up_nobody(self, scene: Scene) -> None:
        phone = scene.connect(scene.ann, "phone")
        sockets, states = scene.sockets, iter(["away", "online"] * ROUNDS)
        post = sockets.post

        def change_and_post(posts: Sequence[Post], *, budget_s: float) -> Sequence[PostResult]:
            state: DeviceState = "away" if next(states) == "away" else "online"
            scene.world.traces.say(phone.user_id, phone.device_id, state, at=scene.world.clock())
            return post(posts, budget_s=budget_s)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sockets, "post", change_and_post)
            scene.settle()
        assert len(scene.states()) == ROUNDS
        assert scene.queue.waiting == [(Look(user_id=scene.ann, changed=True), PACE_S)]
        scene.world.clock.advance(seconds=PACE_S)
        scene.hand_out()
        assert scene.states()[-1] == scene.world.presence_now([scene.ann])[scene.ann].state

    def test_of_whom_the_registry_has_lost_connections_nothing_is_told_until_it_knows(self, scene: Scene) -> None:
        """A shard was lost, and those who watch are in another."""
        desk = scene.connect(scene.ann, "desk")
        scene.settle()
        known = scene.sockets
        lost = Lost(known, scene.ann)
        scene.sockets = scene.world.sockets = lost
        scene.world.clock.advance(seconds=1)
        scene.say(desk, "away")
        scene.settle()
        assert scene.states() == ["online"]
        assert scene.queue.waiting == [(Look(user_id=scene.ann, changed=True), REBUILT_S)]
        scene.sockets = scene.world.sockets = known
        scene.world.clock.advance(seconds=REBUILT_S)
        scene.hand_out()
        assert scene.states() == ["online", "away"]


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
        screens = [scene.connect(scene.bob, f"screen{number}") for number in range(2 * TOLD_AT_ONCE)]
        for screen in screens:
            scene.world.watchers.watch(Watcher(user_id=scene.bob, connection_id=screen.connection_id), [scene.ann])
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
