from collections.abc import Iterable, Mapping, Sequence

import pytest

from natter.adapters.connections_memory import MemoryConnections
from natter.adapters.gateway_memory import MemoryGateway
from natter.domain.conversations import Event
from natter.domain.errors import Unavailable
from natter.domain.ids import ConversationId, UserId
from natter.ports.sockets import Connection, PostResult
from natter.usecases.deliver import UPGRADE_MS, Deliver, Delivery, Report, Told
from natter.wire.frames import JsonFrames
from tests.messages import ANN, BOB, CID, KITCHEN, LOBBY, NOON, a_connection, an_event, an_origin

FRAMES = JsonFrames()
NOW = NOON + 3_600_000


class Silent(MemoryConnections):
    def of(self, users: Iterable[UserId]) -> Mapping[UserId, Sequence[Connection]]:  # noqa: ARG002
        raise Unavailable("the registry")


def a_delivery(*audience: UserId, event: Event | None = None) -> Delivery:
    shown = event or an_event(1)
    return Delivery(conversation_id=shown.conversation_id, events=(shown,), audience=frozenset(audience))


def frame(event: Event) -> bytes:
    (only,) = FRAMES.events(event.conversation_id, [event])
    return only


class Stage:
    """`Deliver` with people connected to a gateway of memory."""

    def __init__(
        self, *connections: Connection, registry: MemoryConnections | None = None, max_posts: int = 200
    ) -> None:
        self.registry = registry or MemoryConnections()
        for connection in connections:
            self.registry.register(connection)
        self.gateway = MemoryGateway()
        self.deliver = Deliver(
            connections=self.registry, gateway=self.gateway, frames=FRAMES, now_ms=lambda: NOW, max_posts=max_posts
        )

    def received(self, connection: Connection) -> list[bytes]:
        return self.gateway.frames.get(connection.connection_id, [])

    def registered(self, user: UserId) -> list[Connection]:
        return list(self.registry.of([user]).get(user, []))


class TestAudience:
    def test_every_connection_of_the_audience_gets_it_and_nobody_else(self) -> None:
        """P8."""
        phone, desk, bobs = a_connection(ANN, "phone"), a_connection(ANN, "desk"), a_connection(BOB)
        stage = Stage(phone, desk, bobs)
        assert stage.deliver([a_delivery(ANN, CID)], []) == Report(delivered=2)
        assert stage.received(phone) == stage.received(desk) == [frame(an_event(1))]
        assert stage.received(bobs) == []

    def test_what_is_told_goes_to_the_connection_that_asked_alone(self) -> None:
        phone, desk = a_connection(ANN, "phone"), a_connection(ANN, "desk")
        stage = Stage(phone, desk)
        told = Told(origin=an_origin(phone), user_id=ANN, frame=b"told")
        assert stage.deliver([], [told]) == Report(delivered=1)
        assert (stage.received(phone), stage.received(desk)) == ([b"told"], [])

    def test_what_is_told_needs_no_registry(self) -> None:
        phone = a_connection(ANN)
        stage = Stage(registry=Silent())
        stage.deliver([], [Told(origin=an_origin(phone), user_id=ANN, frame=b"told")])
        assert stage.received(phone) == [b"told"]

    def test_without_the_registry_it_is_unavailable_and_nothing_is_posted(self) -> None:
        stage = Stage(registry=Silent())
        told = Told(origin=an_origin(a_connection(ANN)), user_id=ANN, frame=b"told")
        with pytest.raises(Unavailable):
            stage.deliver([a_delivery(ANN)], [told])
        assert stage.gateway.frames == {}


class TestBounds:
    def test_small_audiences_come_first(self) -> None:
        """What is over the bound belongs to the large ones."""
        anns, bobs, cids = a_connection(ANN), a_connection(BOB), a_connection(CID)
        stage = Stage(anns, bobs, cids, max_posts=2)
        large, small = a_delivery(ANN, BOB, CID), a_delivery(CID, event=an_event(1, conversation=KITCHEN))
        assert stage.deliver([large, small], []) == Report(delivered=2, deferred=2)
        assert stage.received(cids) == [frame(an_event(1, conversation=KITCHEN))]
        assert stage.received(anns) == [frame(an_event(1))]

    def test_events_of_one_conversation_keep_their_order(self) -> None:
        """One who has joined makes the audience larger; the conversation stays where it is."""
        anns = a_connection(ANN)
        stage = Stage(anns)
        first, second = a_delivery(ANN, BOB, CID, event=an_event(1)), a_delivery(ANN, BOB, event=an_event(2))
        other = a_delivery(ANN, BOB, event=an_event(1, conversation=KITCHEN))
        stage.deliver([first, second, other], [])
        kitchen, *lobby = stage.received(anns)
        assert (kitchen, lobby) == (frame(an_event(1, conversation=KITCHEN)), [frame(an_event(1)), frame(an_event(2))])

    def test_what_is_told_comes_before_everything_else(self) -> None:
        phone = a_connection(ANN)
        stage = Stage(phone, max_posts=1)
        report = stage.deliver([a_delivery(ANN)], [Told(origin=an_origin(phone), user_id=ANN, frame=b"told")])
        assert (report, stage.received(phone)) == (Report(delivered=1, deferred=1), [b"told"])

    def test_a_long_run_of_events_is_several_frames_in_order(self) -> None:
        anns = a_connection(ANN)
        stage = Stage(anns)
        events = tuple(an_event(seq, payload={"content": "x" * 20_000}) for seq in (1, 2, 3))
        delivery = Delivery(conversation_id=LOBBY, events=events, audience=frozenset({ANN}))
        assert stage.deliver([delivery], []) == Report(delivered=3)
        assert stage.received(anns) == [frame(event) for event in events]


class TestGone:
    @pytest.mark.parametrize(("age_ms", "stays"), [(0, True), (UPGRADE_MS, True), (UPGRADE_MS + 1, False)])
    def test_only_a_registration_older_than_an_upgrade_takes_is_pruned(self, age_ms: int, *, stays: bool) -> None:
        """The gateway answers GONE before the upgrade has completed; the sync that follows covers it."""
        connection = a_connection(ANN, connected_at=NOW - age_ms)
        stage = Stage(connection)
        stage.gateway.answers[connection.connection_id] = PostResult.GONE
        assert stage.deliver([a_delivery(ANN)], []) == Report(gone=1)
        assert stage.registered(ANN) == ([connection] if stays else [])

    def test_it_is_not_closed(self) -> None:
        connection = a_connection(ANN)
        stage = Stage(connection)
        stage.gateway.answers[connection.connection_id] = PostResult.GONE
        stage.deliver([a_delivery(ANN)], [])
        assert stage.gateway.closed == []


class TestFailed:
    def test_a_connection_that_may_have_missed_something_is_closed_once_so_that_it_syncs(self) -> None:
        anns, bobs = a_connection(ANN), a_connection(BOB)
        stage = Stage(anns, bobs)
        stage.gateway.answers[anns.connection_id] = PostResult.FAILED
        deliveries: list[ConversationId] = [LOBBY, KITCHEN]
        report = stage.deliver([a_delivery(ANN, BOB, event=an_event(1, conversation=each)) for each in deliveries], [])
        assert report == Report(delivered=2, failed=2)
        assert stage.gateway.closed == [anns]
        assert stage.registered(ANN) == [anns]


class TestNothing:
    def test_without_anything_to_show_nobody_is_asked(self) -> None:
        assert Stage(registry=Silent()).deliver([], []) == Report()
