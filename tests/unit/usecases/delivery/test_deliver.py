from collections.abc import Iterable, Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from natter.domain.budgets import DELIVERY_POSTS, DELIVERY_S, LOOKED_UP
from natter.domain.connections import Connection
from natter.domain.delivery import Post, PostResult, Slice, Undelivered
from natter.domain.errors import Unavailable
from natter.domain.ids import ConversationId, UserId
from natter.domain.messages.events import Event
from natter.usecases.delivery.deliver import Delivery, Reply
from natter.usecases.delivery.settle_posts import Settled
from natter.wire.json_frames import JsonFrames
from tests.deliveries import a_deliver, a_slice
from tests.memory.connections import MemoryConnections, part
from tests.memory.deliveries import MemoryFanoutLog, MemorySliceQueue
from tests.memory.gateway import MemoryGateway
from tests.messages import ANN, BOB, CID, KITCHEN, LOBBY, NOON, a_connection, an_event

FRAMES = JsonFrames()


class Silent(MemoryConnections):
    def of(self, users: Iterable[UserId]) -> Mapping[UserId, Sequence[Connection]]:  # noqa: ARG002
        raise Unavailable("the registry")


class Watched(MemoryConnections):
    """Notes how many were asked for at once."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []

    def of(self, users: Iterable[UserId]) -> Mapping[UserId, Sequence[Connection]]:
        several = list(users)
        self.asked.append(len(several))
        return super().of(several)


class DownLog(MemoryFanoutLog):
    def add(self, undelivered: Sequence[Undelivered]) -> None:
        raise Unavailable(f"the log, for {len(undelivered)}")


class Slow(MemoryGateway):
    """Every call takes `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.now, self._seconds = 0.0, seconds

    def post(self, posts: Sequence[Post], *, budget_s: float) -> Sequence[PostResult]:
        self.now += self._seconds
        return super().post(posts, budget_s=budget_s)


def a_delivery(*audience: UserId, event: Event | None = None) -> Delivery:
    shown = event or an_event(1)
    return Delivery(conversation_id=shown.conversation_id, events=(shown,), audience=frozenset(audience))


def told(connection: Connection) -> Reply:
    return Reply(connection=connection, conversation_id=LOBBY, frame=b"told")


def frame(event: Event) -> bytes:
    (only,) = FRAMES.events(event.conversation_id, [event])
    return only.frame


class Stage:
    """`Deliver` with people connected to a gateway of memory."""

    def __init__(
        self,
        *connections: Connection,
        registry: MemoryConnections | None = None,
        gateway: MemoryGateway | None = None,
        fanout: MemoryFanoutLog | None = None,
        max_posts: int = DELIVERY_POSTS,
    ) -> None:
        self.registry = registry or MemoryConnections()
        for connection in connections:
            self.registry.register(connection)
        self.gateway, self.queue, self.fanout = (
            gateway or MemoryGateway(),
            MemorySliceQueue(),
            fanout or MemoryFanoutLog(),
        )
        self.asked: list[str] = []
        self.deliver = a_deliver(
            self.registry,
            self.gateway,
            lambda: NOON,
            queue=self.queue,
            fanout=self.fanout,
            rebuild=lambda: self.asked.append("again"),
            clock=lambda: getattr(self.gateway, "now", 0.0),
            max_posts=max_posts,
        )

    def received(self, connection: Connection) -> list[bytes]:
        return self.gateway.frames.get(connection.connection_id, [])


class TestAudience:
    def test_every_connection_of_the_audience_gets_it_and_nobody_else(self) -> None:
        """P8."""
        phone, desk, bobs = a_connection(ANN, "phone"), a_connection(ANN, "desk"), a_connection(BOB)
        stage = Stage(phone, desk, bobs)
        assert stage.deliver([a_delivery(ANN, CID)], []) == Settled(delivered=2)
        assert stage.received(phone) == stage.received(desk) == [frame(an_event(1))]
        assert stage.received(bobs) == []

    def test_what_is_told_goes_to_the_connection_that_asked_alone(self) -> None:
        phone, desk = a_connection(ANN, "phone"), a_connection(ANN, "desk")
        stage = Stage(phone, desk)
        assert stage.deliver([], [told(phone)]) == Settled(delivered=1)
        assert (stage.received(phone), stage.received(desk)) == ([b"told"], [])

    def test_what_is_told_needs_no_registry(self) -> None:
        phone = a_connection(ANN)
        stage = Stage(registry=Silent())
        stage.deliver([], [told(phone)])
        assert stage.received(phone) == [b"told"]

    def test_without_the_registry_it_is_unavailable_and_nothing_is_posted(self) -> None:
        phone = a_connection(ANN)
        stage = Stage(registry=Silent())
        with pytest.raises(Unavailable):
            stage.deliver([a_delivery(ANN)], [told(phone)])
        assert stage.received(phone) == []

    def test_a_long_run_of_events_is_several_frames_in_order(self) -> None:
        anns = a_connection(ANN)
        stage = Stage(anns)
        events = tuple(an_event(seq, payload={"content": "x" * 20_000}) for seq in (1, 2, 3))
        delivery = Delivery(conversation_id=LOBBY, events=events, audience=frozenset({ANN}))
        assert stage.deliver([delivery], []) == Settled(delivered=3)
        assert stage.received(anns) == [frame(event) for event in events]

    def test_without_anything_to_show_nobody_is_asked(self) -> None:
        assert Stage(registry=Silent()).deliver([], []) == Settled()


class TestBounds:
    def test_what_is_over_the_bound_is_left_to_fanout_as_a_whole_and_small_audiences_come_first(self) -> None:
        anns, bobs, cids = a_connection(ANN), a_connection(BOB), a_connection(CID)
        stage = Stage(anns, bobs, cids, max_posts=3)
        large, small = a_delivery(ANN, BOB, CID), a_delivery(CID, event=an_event(1, conversation=KITCHEN))
        assert stage.deliver([large, small], []) == Settled(delivered=1, handed_over=1)
        assert stage.received(cids) == [frame(an_event(1, conversation=KITCHEN))]
        assert (stage.received(anns), stage.received(bobs)) == ([], [])
        assert stage.fanout.records == [Undelivered(conversation_id=LOBBY, first=1, last=1)]

    def test_posts_count_and_members_do_not(self) -> None:
        """Most members of a large group are not connected."""
        anns = a_connection(ANN)
        stage = Stage(anns, max_posts=1)
        crowd = [UserId(f"u{number}") for number in range(1000)]
        assert stage.deliver([a_delivery(ANN, *crowd)], []) == Settled(delivered=1)
        assert stage.fanout.records == []

    def test_events_of_one_conversation_stay_together(self) -> None:
        """One who has joined makes the audience larger; the conversation stays where it is."""
        anns = a_connection(ANN)
        stage = Stage(anns)
        first, second = a_delivery(ANN, BOB, CID, event=an_event(1)), a_delivery(ANN, BOB, event=an_event(2))
        other = a_delivery(ANN, BOB, event=an_event(1, conversation=KITCHEN))
        stage.deliver([first, second, other], [])
        kitchen, *lobby = stage.received(anns)
        assert (kitchen, lobby) == (frame(an_event(1, conversation=KITCHEN)), [frame(an_event(1)), frame(an_event(2))])

    def test_what_is_left_to_fanout_is_named_in_runs(self) -> None:
        stage = Stage(a_connection(ANN), max_posts=0)
        report = stage.deliver([a_delivery(ANN, event=an_event(seq)) for seq in (7, 2, 3, 8)], [])
        runs = [Undelivered(conversation_id=LOBBY, first=first, last=first + 1) for first in (2, 7)]
        assert (stage.fanout.records, report) == (runs, Settled(handed_over=4))

    def test_what_is_told_comes_last_and_takes_no_room(self) -> None:
        phone = a_connection(ANN)
        stage = Stage(phone, max_posts=1)
        report = stage.deliver([a_delivery(ANN)], [told(phone)])
        assert report == Settled(delivered=2)
        assert stage.received(phone)[1:] == [b"told"]

    def test_when_the_time_is_over_the_rest_is_left_to_fanout(self) -> None:
        """Without being looked up."""
        registry = Watched()
        crowd = [UserId(f"u{number}") for number in range(LOOKED_UP)]
        stage = Stage(a_connection(ANN), registry=registry, gateway=Slow(DELIVERY_S))
        small, large = a_delivery(ANN), a_delivery(ANN, *crowd, event=an_event(1, conversation=KITCHEN))
        assert stage.deliver([large, small], []) == Settled(delivered=1, handed_over=1)
        assert (registry.asked, stage.fanout.records[0].conversation_id) == ([1], KITCHEN)

    def test_the_people_of_small_conversations_are_looked_up_at_once_and_before_large_ones(self) -> None:
        """However long the look-up of a large group takes, they are served."""
        registry = Watched()
        crowd = [UserId(f"u{number}") for number in range(LOOKED_UP)]
        stage = Stage(registry=registry)
        small = [a_delivery(UserId(f"v{n}"), event=an_event(1, conversation=ConversationId(f"c{n}"))) for n in range(9)]
        stage.deliver([a_delivery(*crowd), *small], [])
        assert registry.asked == [9, LOOKED_UP]

    def test_what_cannot_be_left_to_fanout_is_unavailable(self) -> None:
        stage = Stage(a_connection(ANN), fanout=DownLog(), max_posts=0)
        with pytest.raises(Unavailable):
            stage.deliver([a_delivery(ANN)], [])


class TestSettling:
    def test_what_has_failed_is_queued_with_the_places_of_its_events(self) -> None:
        anns, bobs = a_connection(ANN), a_connection(BOB)
        stage = Stage(anns, bobs)
        stage.gateway.answers[anns.connection_id] = PostResult.FAILED
        deliveries = [a_delivery(ANN, BOB, event=an_event(1, conversation=each)) for each in (LOBBY, KITCHEN)]
        assert stage.deliver(deliveries, []) == Settled(delivered=2, failed=2)
        assert stage.queue.slices == [a_slice(anns, conversation=each, attempt=1) for each in (LOBBY, KITCHEN)]
        assert stage.gateway.closed == []

    def test_what_was_told_in_vain_closes_its_connection(self) -> None:
        """It stands nowhere from where it could be shown again; its client reconnects, and repeats."""
        phone = a_connection(ANN)
        stage = Stage(phone)
        stage.gateway.answers[phone.connection_id] = PostResult.FAILED
        assert stage.deliver([], [told(phone)]) == Settled(failed=1, closed=1)
        assert stage.gateway.closed == [phone]


PEOPLE = [UserId(f"u{number}") for number in range(6)]
ROOMS = [ConversationId(f"room{number}") for number in range(4)]


class TestNobodyIsForgotten:
    @given(
        audiences=st.dictionaries(
            st.tuples(st.sampled_from(ROOMS), st.integers(1, 4)), st.frozensets(st.sampled_from(PEOPLE)), max_size=10
        ),
        devices=st.fixed_dictionaries({user: st.integers(0, 3) for user in PEOPLE}),
        results=st.lists(st.sampled_from(list(PostResult)), min_size=18, max_size=18),
        max_posts=st.integers(0, 20),
        is_queue_down=st.booleans(),
    )
    def test_every_event_is_delivered_or_queued_once_or_left_to_fanout_or_its_connection_is_closed(
        self,
        audiences: Mapping[tuple[ConversationId, int], frozenset[UserId]],
        devices: Mapping[UserId, int],
        results: Sequence[PostResult],
        max_posts: int,
        *,
        is_queue_down: bool,
    ) -> None:
        connections = [a_connection(user, f"{user}-{n}") for user, count in devices.items() for n in range(count)]
        stage = Stage(*connections, max_posts=max_posts)
        stage.gateway.answers = {each.connection_id: result for each, result in zip(connections, results, strict=False)}
        if is_queue_down:
            stage.queue.add = unavailable  # type: ignore[method-assign]
        deliveries = [
            a_delivery(*people, event=an_event(seq, conversation=room)) for (room, seq), people in audiences.items()
        ]
        stage.deliver(deliveries, [])

        left = {
            (each.conversation_id, seq) for each in stage.fanout.records for seq in range(each.first, each.last + 1)
        }
        for delivery in deliveries:
            (event,) = delivery.events
            for connection in connections:
                if connection.user_id not in delivery.audience:
                    assert frame(event) not in stage.received(connection)
                    continue
                ways = (
                    (event.conversation_id, event.seq) in left,
                    stage.received(connection).count(frame(event)) == 1,
                    sum(contains(each, event, connection) for each in stage.queue.slices) == 1,
                ).count(True)
                is_lost = stage.gateway.answers[connection.connection_id] is PostResult.GONE
                assert ways == 1 or (ways == 0 and (is_lost or connection in stage.gateway.closed))


def contains(slice_: Slice, event: Event, connection: Connection) -> bool:
    is_place = slice_.conversation_id == event.conversation_id and event.seq in slice_.seqs
    return is_place and connection in slice_.connections


def unavailable(slices: Sequence[Slice], *, delay_s: int = 0) -> None:
    raise Unavailable(f"the queue, for {len(slices)} after {delay_s} s")


class TestRegistryThatHasLostData:
    def test_what_is_for_somebody_forgotten_is_left_to_fanout_as_well_and_a_rebuilding_asked_for(self) -> None:
        """Bob has connected since; of Ann nobody knows."""
        phone, bobs = a_connection(ANN, "phone"), a_connection(BOB)
        stage = Stage(phone)
        stage.registry.lose()
        stage.registry.register(bobs)
        report = stage.deliver([a_delivery(ANN, BOB)], [])
        assert (stage.received(bobs), stage.received(phone)) == ([frame(an_event(1))], [])
        assert stage.fanout.records == [Undelivered(conversation_id=LOBBY, first=1, last=1)]
        assert (report.handed_over, stage.asked) == (1, ["again"])

    def test_conversations_of_others_are_as_ever(self) -> None:
        """Of the two parts of the registry, Bob's is as it was."""
        bobs = a_connection(BOB)
        stage = Stage(bobs)
        stage.registry.lose(part(ANN))
        stage.deliver([a_delivery(BOB)], [])
        assert (stage.received(bobs), stage.fanout.records, stage.asked) == ([frame(an_event(1))], [], [])
