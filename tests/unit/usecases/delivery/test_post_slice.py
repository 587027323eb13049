import json
from collections.abc import Collection, Mapping
from typing import Any

import pytest

from natter.domain.connections import Connection
from natter.domain.delivery import PostResult
from natter.domain.errors import Unavailable
from natter.domain.fold.writes import EmptiedRow, EventRow, Place
from natter.domain.messages.events import Event
from natter.usecases.delivery.post_slice import PostSlice
from natter.usecases.delivery.settle_posts import RETRIES, SLICE_AGE_MS, Settled, SettlePosts
from natter.wire.json_frames import JsonFrames
from tests.deliveries import a_slice
from tests.memory.connections import MemoryConnections
from tests.memory.deliveries import MemoryClosureQueue, MemorySliceQueue
from tests.memory.gateway import MemoryGateway
from tests.memory.tables import MemoryTables
from tests.messages import ANN, BOB, LOBBY, NOON, a_connection, an_event, text


class Tables(MemoryTables):
    answers = True

    def events_at(self, places: Collection[Place]) -> Mapping[Place, Event]:
        if not self.answers:
            raise Unavailable("the store")
        return super().events_at(places)


class Stage:
    def __init__(self, *events: Event) -> None:
        self.tables, self.gateway, self.queue = Tables(), MemoryGateway(), MemorySliceQueue()
        self.now = NOON
        self.tables.write([EventRow(event=event, written_at=event.seq) for event in events])
        self.post = PostSlice(
            timeline=self.tables,
            gateway=self.gateway,
            frames=JsonFrames(),
            settle=SettlePosts(
                connections=MemoryConnections(),
                gateway=self.gateway,
                queue=self.queue,
                closures=MemoryClosureQueue(),
                now_ms=lambda: self.now,
                delay_s=lambda attempt: attempt,
            ),
        )

    def received(self, connection: Connection) -> list[dict[str, Any]]:
        return [json.loads(frame) for frame in self.gateway.frames.get(connection.connection_id, [])]

    def seqs(self, connection: Connection) -> list[list[int]]:
        """The places of the events of each frame."""
        return [[event["seq"] for event in frame["events"]] for frame in self.received(connection)]


@pytest.fixture
def anns() -> Connection:
    return a_connection(ANN)


@pytest.fixture
def bobs() -> Connection:
    return a_connection(BOB)


class TestPostSlice:
    def test_its_events_are_shown_to_its_connections(self, anns: Connection, bobs: Connection) -> None:
        stage = Stage(*(an_event(seq) for seq in (1, 2, 3)))
        assert stage.post(a_slice(anns, bobs, seqs=(2, 3))) == Settled(delivered=2)
        assert stage.seqs(anns) == stage.seqs(bobs) == [[2, 3]]
        assert stage.received(anns)[0]["events"][0]["content"] == {"type": "text", "text": "message 2"}

    def test_a_frame_holds_no_hole(self, anns: Connection) -> None:
        stage = Stage(*(an_event(seq) for seq in range(1, 8)))
        stage.post(a_slice(anns, seqs=(1, 2, 4, 7)))
        assert stage.seqs(anns) == [[1, 2], [4], [7]]

    def test_what_was_deleted_meanwhile_is_not_shown_any_more(self, anns: Connection) -> None:
        stage = Stage(an_event(1))
        stage.tables.write([EmptiedRow(conversation_id=LOBBY, seq=1, left={"deleted_at": NOON}, written_at=9)])
        stage.post(a_slice(anns))
        (event,) = stage.received(anns)[0]["events"]
        assert (event.get("content"), event["deleted_at"]) == (None, NOON)

    def test_what_is_not_stored_is_not_shown(self, anns: Connection) -> None:
        """P5."""
        stage = Stage(an_event(1))
        assert stage.post(a_slice(anns, seqs=(1, 2))) == Settled(delivered=1)
        assert stage.seqs(anns) == [[1]]

    def test_what_fails_comes_again_later_and_only_where_it_failed(self, anns: Connection, bobs: Connection) -> None:
        stage = Stage(an_event(1))
        stage.gateway.answers[anns.connection_id] = PostResult.FAILED
        assert stage.post(a_slice(anns, bobs, attempt=1)) == Settled(delivered=1, failed=1)
        assert stage.queue.slices == [a_slice(anns, attempt=2)]
        assert stage.queue.delays_s == [2]

    def test_who_is_throttled_for_a_while_gets_it_and_who_is_for_ever_is_closed(
        self, anns: Connection, bobs: Connection
    ) -> None:
        stage = Stage(an_event(1))
        stage.gateway.answers |= {each.connection_id: PostResult.FAILED for each in (anns, bobs)}
        stage.queue.add([a_slice(anns, bobs)])
        for attempt in range(RETRIES + 1):
            for slice_ in stage.queue.take():
                assert slice_.attempt == attempt
                stage.post(slice_)
            del stage.gateway.answers[anns.connection_id]
            stage.gateway.answers.setdefault(anns.connection_id, PostResult.DELIVERED)
        assert (stage.seqs(anns), stage.gateway.closed, stage.queue.slices) == ([[1]], [bobs], [])

    def test_of_several_frames_only_those_come_again_that_did_not_arrive(self, anns: Connection) -> None:
        """It began with the first frame again each time, and never got beyond what there was time for."""
        long = {"content": text("x" * 20_000)}
        stage = Stage(*(an_event(seq, payload=long) for seq in (1, 2, 3)))
        stage.gateway.script[anns.connection_id] = [PostResult.DELIVERED, PostResult.FAILED, PostResult.UNTRIED]
        assert stage.post(a_slice(anns, seqs=(1, 2, 3))) == Settled(delivered=1, failed=1, untried=1)
        assert stage.queue.slices == [a_slice(anns, seqs=(2, 3), attempt=1)]

    def test_what_there_is_never_time_for_is_given_up(self, anns: Connection) -> None:
        stage = Stage(an_event(1))
        stage.gateway.answers[anns.connection_id] = PostResult.UNTRIED
        stage.queue.add([a_slice(anns)])
        tries = 0
        while slices := stage.queue.take():
            tries += len(slices)
            stage.post(slices[0])
            stage.now += SLICE_AGE_MS // 4
        assert (tries, stage.gateway.closed) == (6, [anns])

    @pytest.mark.parametrize(("age_ms", "closed"), [(SLICE_AGE_MS, False), (SLICE_AGE_MS + 1, True)])
    def test_who_has_waited_too_long_is_made_to_sync_whether_the_store_answers_or_not(
        self, anns: Connection, age_ms: int, *, closed: bool
    ) -> None:
        """A slice that was given back again and again ended among the dead letters, and nobody told its clients."""
        stage = Stage(an_event(1))
        stage.now += age_ms
        stage.tables.answers = not closed
        assert stage.post(a_slice(anns)) == (Settled(untried=1, closed=1) if closed else Settled(delivered=1))
        assert stage.gateway.closed == ([anns] if closed else [])
