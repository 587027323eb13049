import json
from typing import Any

import pytest

from natter.domain.connections import Connection
from natter.domain.delivery import PostResult
from natter.domain.fold.writes import EmptiedRow, EventRow
from natter.domain.messages.events import Event
from natter.usecases.delivery.post_slice import PostSlice
from natter.usecases.delivery.settle_posts import RETRIES, Settled, SettlePosts
from natter.wire.json_frames import JsonFrames
from tests.deliveries import a_slice
from tests.memory.connections import MemoryConnections
from tests.memory.deliveries import MemorySliceQueue
from tests.memory.gateway import MemoryGateway
from tests.memory.tables import MemoryTables
from tests.messages import ANN, BOB, LOBBY, NOON, a_connection, an_event


class Stage:
    def __init__(self, *events: Event) -> None:
        self.tables, self.gateway, self.queue = MemoryTables(), MemoryGateway(), MemorySliceQueue()
        self.tables.write([EventRow(event=event, written_at=event.seq) for event in events])
        self.post = PostSlice(
            timeline=self.tables,
            gateway=self.gateway,
            frames=JsonFrames(),
            settle=SettlePosts(
                connections=MemoryConnections(),
                gateway=self.gateway,
                queue=self.queue,
                now_ms=lambda: NOON,
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
