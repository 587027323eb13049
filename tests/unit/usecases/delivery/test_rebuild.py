from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any

import pytest

from natter.domain.accounts.refresh_tokens import TokenDigests
from natter.domain.accounts.users import Principal
from natter.domain.connections import Closing, Connection, ConnectionChange, Registered
from natter.domain.errors import Unauthenticated, Unavailable
from natter.domain.ids import DeviceId, SessionId, UserId, new_id
from natter.domain.presence import Traces
from natter.ports.delivery import RegistryMarks
from natter.usecases.accounts.close_connections import CloseConnections
from natter.usecases.accounts.connect import Connect, Disconnect, forget_closed
from natter.usecases.accounts.end_session import CloseEnded, EndSession
from natter.usecases.delivery.rebuild import AskForRebuild, Rebuild, Rebuilt
from natter.usecases.signals.ping import Ping
from natter.wire.json_frames import JsonFrames
from tests.identity import NOON, World, a_connection, a_session
from tests.interleaved import Invocations, Stepped
from tests.memory.connections import PARTS, MemoryConnections, MemoryRegistryMarks, part
from tests.memory.deliveries import MemoryClosureQueue
from tests.memory.gateway import MemoryGateway
from tests.memory.logs import MemoryConnectionHistory, MemoryConnectionLog, MemoryPastConnections
from tests.memory.presence import MemoryPresenceTraces

SEEDS = 300
STEPS = 60
CRASH = 0.01
"""Of every access of a rebuilding."""


class Parts:
    """What a rebuilding is made of. Planted bugs are other parts."""

    rebuild: type[Rebuild] = Rebuild
    history: type[MemoryConnectionHistory] = MemoryConnectionHistory
    connections: type[MemoryConnections] = MemoryConnections

    marks: Callable[[MemoryRegistryMarks], RegistryMarks] = staticmethod(lambda marks: marks)


@dataclass
class Scene:
    """Ann and Bob, each in a part of the registry, with sessions; what is open, what the registry has of it."""

    parts: type[Parts] = Parts
    through: Callable[[Any], Any] = lambda port: port
    renewing: Callable[[MemoryConnections], Any] = lambda registry: registry
    """What pings renew at."""
    most: int = PARTS
    """That one rebuilding takes on."""
    asked: int = 0
    """How often another was asked for."""
    world: World = field(default_factory=lambda: World(per_address=False))
    traces: MemoryPresenceTraces = field(default_factory=MemoryPresenceTraces)
    log: MemoryConnectionLog = field(default_factory=MemoryConnectionLog)
    gateway: MemoryGateway = field(default_factory=MemoryGateway)

    def __post_init__(self) -> None:
        self.registry = self.parts.connections()
        self.principals = [self.signed_in(UserId(name)) for name in ("ann", "bob", "cid", "dan")]
        through = self.through
        ports = {
            "connections": through(self.registry),
            "traces": through(self.traces),
            "log": through(self.log),
            "now_ms": self.world.clock,
        }
        self.close = CloseConnections(
            connections=through(self.registry),
            gateway=self.gateway,
            frames=JsonFrames(),
            queue=MemoryClosureQueue(),
            now_ms=self.world.clock,
        )
        self.disconnect = Disconnect(**ports)
        ports |= {"check_session": self.world.check_session, "close": self.close}
        self.connect = Connect(**ports)
        self.ping = Ping(**{**ports, "connections": through(self.renewing(self.registry))})
        self.end = EndSession(
            sessions=through(self.world.sessions),
            states=through(self.world.states),
            close=CloseEnded(connections=through(self.registry), close=self.close),
            now_ms=self.world.clock,
        )

    def signed_in(self, user: UserId, *, session: int = 0) -> Principal:
        principal = Principal(
            user_id=user, device_id=DeviceId(f"{user}-1"), session_id=SessionId(f"{user}-session-{session}")
        )
        self.world.sessions.open(a_session(principal), TokenDigests(b"family", b"turn"))
        return principal

    def rebuild(self) -> Rebuilt | None:
        return self.parts.rebuild(
            marks=self.through(self.parts.marks(self.registry.marks)),
            queue=self,
            history=self.parts.history(self.log),
            connections=self.through(self.registry),
            traces=self.through(self.traces),
            sessions=self.through(self.world.sessions),
            close=self.close,
            new_id=new_id,
            now_ms=self.world.clock,
            most=self.most,
        )()

    def ask(self) -> None:
        """The queue of rebuildings."""
        self.asked += 1

    def registered(self) -> set[Connection]:
        found = self.registry.of([principal.user_id for principal in self.principals])
        return {each for owned in found.values() for each in owned}

    def opened(self, name: str = "phone", *, by: int = 0) -> Connection:
        connection = a_connection(self.principals[by], name)
        self.connect(connection)
        return connection


@pytest.fixture
def scene() -> Scene:
    return Scene()


class TestRebuild:
    def test_where_nothing_is_lost_there_is_nothing_to_do(self, scene: Scene) -> None:
        scene.opened()
        assert scene.rebuild() is None

    def test_what_is_open_is_known_again_and_what_is_closed_is_not(self, scene: Scene) -> None:
        phone, desk, others = scene.opened(), scene.opened("desk"), scene.opened("other", by=1)
        scene.disconnect(desk)
        scene.registry.lose()
        assert scene.rebuild() == Rebuilt(lost=2, rebuilt=2, connections=2)
        assert scene.registered() == {phone, others}
        assert scene.registry.look_up([phone.user_id]).forgotten == frozenset()

    def test_it_is_told_to_sync_with_its_next_ping(self, scene: Scene) -> None:
        """What was delivered in between did not reach it."""
        phone = scene.opened()
        scene.registry.lose()
        scene.rebuild()
        assert scene.ping(phone).sync

    def test_who_was_not_lost_has_missed_nothing(self, scene: Scene) -> None:
        mine, others = scene.opened(), scene.opened("other", by=1)
        scene.registry.lose(part(mine.user_id))
        assert scene.rebuild() == Rebuilt(lost=1, rebuilt=1, connections=1)
        assert (scene.ping(mine).sync, scene.ping(others).sync) == (True, False)

    def test_more_than_one_takes_on_is_left_to_another_who_is_asked_for(self, scene: Scene) -> None:
        phone, others = scene.opened(), scene.opened("other", by=1)
        scene.registry.lose()
        scene.most = 1
        assert (scene.rebuild(), scene.asked) == (Rebuilt(lost=1, rebuilt=1, connections=1), 1)
        assert scene.registered() in ({phone}, {others})
        assert (scene.rebuild(), scene.asked) == (Rebuilt(lost=1, rebuilt=1, connections=1), 2)
        assert scene.registered() == {phone, others}
        assert (scene.rebuild(), scene.asked) == (None, 2)

    def test_whoever_takes_on_all_asks_nobody(self, scene: Scene) -> None:
        scene.most = PARTS + 1
        scene.registry.lose()
        assert scene.rebuild() is not None
        assert scene.asked == 0

    def test_it_is_rebuilt_though_nobody_else_can_be_asked(self, scene: Scene) -> None:
        def ask() -> None:
            raise Unavailable("the queue")

        phone = scene.opened()
        scene.registry.lose()
        scene.most, scene.ask = 1, ask  # type: ignore[method-assign]
        while scene.rebuild():
            pass
        assert phone in scene.registered()

    def test_whose_session_ended_while_they_were_unknown_is_closed(self, scene: Scene) -> None:
        """The end did not find it."""
        phone = scene.opened()
        scene.registry.lose()
        scene.end(scene.principals[0])
        assert scene.gateway.closed == []
        scene.rebuild()
        assert (scene.registered(), scene.gateway.closed) == (set(), [phone])

    def test_how_people_were_comes_back(self, scene: Scene) -> None:
        phone = scene.opened()
        scene.traces.say(phone.user_id, phone.device_id, "away", at=NOON + 1)
        scene.log.note(ConnectionChange(connection=phone, change="status", at=NOON + 1, state="away"))
        before = scene.traces.of([phone.user_id])
        scene.registry.lose()
        scene.traces.lose()
        scene.rebuild()
        assert scene.traces.of([phone.user_id]) == before

    def test_nothing_comes_back_of_how_somebody_was_who_is_signed_in_no_more(self, scene: Scene) -> None:
        """They may have been erased."""
        phone = scene.opened()
        scene.disconnect(phone)
        scene.end(scene.principals[0])
        scene.registry.lose()
        scene.traces.lose()
        scene.rebuild()
        assert scene.traces.of([phone.user_id]) == {phone.user_id: Traces()}

    def test_who_is_erased_while_it_goes_on_has_left_nothing(self, scene: Scene) -> None:
        phone = scene.opened()
        scene.registry.lose()
        scene.traces.lose()
        restore = scene.traces.restore

        def erased_before(traces: Mapping[UserId, Traces]) -> None:
            scene.end(scene.principals[0])
            scene.traces.forget(phone.user_id)
            restore(traces)

        scene.traces.restore = erased_before  # type: ignore[method-assign]
        scene.rebuild()
        assert scene.traces.of([phone.user_id]) == {phone.user_id: Traces()}

    def test_who_signs_out_of_one_device_while_it_goes_on_stays_as_they_are_on_others(self, scene: Scene) -> None:
        """Which are not of what it has read: connected earlier, or since."""
        phone = scene.opened()
        scene.signed_in(phone.user_id, session=1)
        before = scene.traces.of([phone.user_id])[phone.user_id]
        scene.registry.lose()
        scene.traces.lose()
        restore = scene.traces.restore

        def signed_out_before(traces: Mapping[UserId, Traces]) -> None:
            scene.end(scene.principals[0])
            restore(traces)

        scene.traces.restore = signed_out_before  # type: ignore[method-assign]
        scene.rebuild()
        assert scene.traces.of([phone.user_id])[phone.user_id].seen_at == before.seen_at

    def test_what_one_that_was_cut_off_has_restored_in_vain_is_forgotten(self, scene: Scene) -> None:
        """It had read the log before the connection was closed."""
        phone = scene.opened()
        scene.registry.lose()
        scene.disconnect(phone)
        scene.registry.restore([phone])
        scene.rebuild()
        assert scene.registered() == set()


class TestAsking:
    def test_one_of_all_who_find_out_asks(self, scene: Scene) -> None:
        asked: list[str] = []

        class Queue:
            def ask(self) -> None:
                asked.append("now")

        ask = AskForRebuild(marks=scene.registry.marks, queue=Queue())
        ask()
        ask()
        assert asked == ["now"]

    def test_whoever_finds_out_goes_on_without_the_queue(self, scene: Scene) -> None:
        class Down:
            def ask(self) -> None:
                raise Unavailable("the queue")

        AskForRebuild(marks=scene.registry.marks, queue=Down())()
        assert not scene.registry.marks.may_ask()


class ClosingGateway(MemoryGateway):
    def __init__(self, closes: Callable[[Sequence[Connection]], None]) -> None:
        super().__init__()
        self._closes = closes

    def close(self, connections: Sequence[Connection]) -> Sequence[Closing]:
        self._closes(connections)
        return super().close(connections)


class Run:
    """
    Devices connect, ping and leave, sessions end, `presence` follows the log, parts of the registry are lost and
    rebuilt, all at the same time. Rebuildings crash, or others take their claims over. Whose connecting a loss has
    overtaken is left to their next ping.
    """

    def __init__(self, seed: int, parts: type[Parts]) -> None:
        self.random = Random(seed)
        self.scene = Scene(
            parts=parts,
            through=Stepped,
            gateway=ClosingGateway(self.closes),
            renewing=self.renewing,
            most=self.random.choice([1, PARTS]),
        )
        self.invocations = Invocations(self.random)
        self.crash = self.random.choice([CRASH, 0.0])
        self.open: set[Connection] = set()
        self.busy: set[Connection] = set()
        """Something is under way for them."""
        self.overtaken: set[Connection] = set()
        self.missed: set[Connection] = set()
        """They may have missed something, and have not been told to sync since."""
        self.ended: set[SessionId] = set()
        self._followed = self._opened = 0

    def step(self) -> None:
        """Something begins; what is under way goes on a little."""
        begin = self.random.choice(
            [
                *(self.connects, self.connects, self.pings, self.leaves, self.leaves, self.ends),
                *(self.follows, self.loses, self.rebuilds, self.rebuilds),
            ]
        )
        begin()
        for _ in range(self.random.randrange(6)):
            self.invocations.advance()

    def connects(self) -> None:
        self._opened += 1
        connection = a_connection(self.random.choice(self.scene.principals), f"c{self._opened}")

        def connect() -> None:
            with suppress(Unauthenticated):  # its session has ended
                self.scene.connect(connection)
                self.open.add(connection)
            self.busy.discard(connection)

        self.busy.add(connection)
        self.invocations.begin(connect)

    def pings(self) -> None:
        def ping(connection: Connection) -> None:
            self.overtaken.discard(connection)
            with suppress(Unauthenticated):  # its session has ended: it is closed
                self.scene.ping(connection)

        self._does(ping)

    def renewing(self, registry: MemoryConnections) -> Any:
        run = self

        class Renewed:
            def renew(self, connection: Connection) -> Registered:
                renewed = registry.renew(connection)
                assert renewed.is_new or connection not in run.missed, "who has missed something is not told to sync"
                run.missed.discard(connection)
                return renewed

        return Renewed()

    def leaves(self) -> None:
        def leave(connection: Connection) -> None:
            self.open.discard(connection)
            self.scene.disconnect(connection)

        self._does(leave)

    def ends(self) -> None:
        """A session; its user signs in again."""
        number = self.random.randrange(len(self.scene.principals))
        principal = self.scene.principals[number]
        self.ended.add(principal.session_id)
        self.scene.principals[number] = self.scene.signed_in(principal.user_id, session=len(self.ended))
        self.invocations.begin(lambda: self.scene.end(principal))

    def closes(self, connections: Sequence[Connection]) -> None:
        """The gateway has, and says so of each."""
        for connection in connections:
            self.open.discard(connection)
            self.invocations.begin(partial(self.scene.disconnect, connection))

    def follows(self) -> None:
        """`presence` gets to what was noted, and forgets what was closed, as `SettlePresence` does."""
        changes, self._followed = self.scene.log.changes[self._followed :], len(self.scene.log.changes)

        def follow() -> None:
            for change in changes:
                if change.change == "closed":
                    forget_closed(change, Stepped(self.scene.registry), Stepped(self.scene.traces))

        self.invocations.begin(follow)

    def loses(self) -> None:
        lost = self.random.choice([(0,), (1,), (0, 1)])
        self.missed |= {each for each in self.open if part(each.user_id) in lost}
        self.overtaken |= self.busy
        self.scene.registry.lose(*lost)

    def rebuilds(self) -> None:
        def rebuild() -> None:
            self.scene.rebuild()

        if not self.crash and self.random.random() < 0.3:
            self.scene.registry.marks.end_claims()  # as if those under way were asleep
        self.invocations.begin(rebuild, crash=self.crash, crashed=self.scene.registry.marks.end_claims)

    def finish(self) -> None:
        self._drain()
        self.follows()
        self._drain()
        while self.scene.registry.marks.claim("probe", most=PARTS):
            self.scene.registry.marks.end_claims()
            self.rebuilds()
            self._drain()

    def _drain(self) -> None:
        while self.invocations:
            self.invocations.advance()

    def _does(self, what: Callable[[Connection], None]) -> None:
        idle = [each for each in self.open - self.busy if each.session_id not in self.ended]
        if not idle:
            return
        connection = self.random.choice(sorted(idle, key=lambda each: each.connection_id))

        def act() -> None:
            what(connection)
            self.busy.discard(connection)

        self.busy.add(connection)
        self.invocations.begin(act)


def simulate(seed: int, parts: type[Parts] = Parts) -> None:
    """
    Raises:
        AssertionError: the registry is not what it should be, once everything has come to rest.
    """
    run = Run(seed, parts)
    for _ in range(STEPS):
        run.step()
    run.finish()
    registered = run.scene.registered()
    live = {each for each in run.open if each.session_id not in run.ended}
    assert registered >= live - run.overtaken, "who is connected is not known"
    assert registered <= live, "who is not connected is known"
    for connection in run.missed & live:
        assert run.scene.registry.renew(connection).is_new, "who has missed something would not be told to sync"


@pytest.mark.parametrize("seed", range(SEEDS))
def test_whatever_happens_at_the_same_time_who_is_connected_is_known_and_nobody_else(seed: int) -> None:
    simulate(seed)


class Endless(MemoryPastConnections):
    def rest(self) -> Iterator[Sequence[ConnectionChange]]:
        return iter(())


class WithoutRest(MemoryConnectionHistory):
    def since(self, at: int, covers: Callable[[UserId], bool]) -> MemoryPastConnections:
        return Endless(self._log, at, covers, self._parts)


class ResurrectsTheClosed(Parts):
    history = WithoutRest


@dataclass
class MarksFirst:
    inner: MemoryRegistryMarks

    def claim(self, generation: str, *, most: int) -> frozenset[int]:
        claimed = self.inner.claim(generation, most=most)
        self.inner.complete(generation)
        return claimed

    def part_of(self, user: UserId) -> int:
        return self.inner.part_of(user)

    def hold(self, generation: str) -> None:
        self.inner.hold(generation)

    def complete(self, generation: str) -> int:
        return self.inner.complete(generation)

    def may_ask(self) -> bool:
        return self.inner.may_ask()


class MarksWrittenFirst(Parts):
    marks = MarksFirst


class WithoutGeneration(MarksFirst):
    """Completes whatever is lost."""

    def claim(self, generation: str, *, most: int) -> frozenset[int]:
        return self.inner.claim(generation, most=most)

    def complete(self, generation: str) -> int:
        self.inner.end_claims()
        self.inner.claim(generation, most=PARTS)
        return self.inner.complete(generation)


class GenerationNotCompared(Parts):
    marks = WithoutGeneration


class Unmarked(MemoryConnections):
    def restore(self, connections: Sequence[Connection]) -> int:
        restored = super().restore(connections)
        self._restored.clear()
        return restored


class TellsNobodyToSync(Parts):
    connections = Unmarked


class AsksOnce(Rebuild):
    """Which sessions are live, before it restores; not once more."""

    def _restore(self, connections: Sequence[Connection]) -> int:
        live = self._live(connections)
        return self.connections.restore([each for each in connections if each.session_id in live])


class AsksForSessionsOnce(Parts):
    rebuild = AsksOnce


class Overwrites(MemoryConnections):
    """What is restored takes the place of what has registered since."""

    def restore(self, connections: Sequence[Connection]) -> int:
        for each in connections:
            MemoryConnections.register(self, each)
        return len(connections)


class OverwritesTheLater(Parts):
    connections = Overwrites


@pytest.mark.parametrize(
    ("parts", "first"),
    [
        *((ResurrectsTheClosed, 0), (MarksWrittenFirst, 0), (GenerationNotCompared, 0)),
        *((TellsNobodyToSync, 0), (AsksForSessionsOnce, 872), (OverwritesTheLater, 0)),
    ],
)
def test_a_planted_bug_is_found(parts: type[Parts], first: int) -> None:
    """By one of many seeds, of which `first` is tried first: where few find it, it would take long."""

    def is_found(seed: int) -> bool:
        try:
            simulate(seed, parts)
        except AssertionError:
            return True
        return False

    assert any(map(is_found, range(first, first + 10 * SEEDS)))
