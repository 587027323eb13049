import json
from collections.abc import Collection, Mapping

from functions.post_slice.handler import build
from natter.domain.errors import Unavailable
from natter.domain.fold.writes import EventRow, Place
from natter.domain.messages.events import Event
from natter.records.delivery import dump_slice
from natter.usecases.delivery.post_slice import PostSlice
from natter.usecases.delivery.settle_posts import SettlePosts
from natter.wire.json_frames import JsonFrames
from tests.deliveries import a_slice
from tests.memory.connections import MemoryConnections
from tests.memory.deliveries import MemoryClosureQueue, MemorySliceQueue
from tests.memory.gateway import MemoryGateway
from tests.memory.tables import MemoryTables
from tests.messages import ANN, NOON, a_connection, an_event
from tests.streams import a_queue_event

PHONE = a_connection(ANN)


class Tables(MemoryTables):
    """Does not answer for what stands at 13."""

    def events_at(self, places: Collection[Place]) -> Mapping[Place, Event]:
        if any(seq == 13 for _, seq in places):
            raise Unavailable("the store")
        return super().events_at(places)


class TestPostSlice:
    def test_slices_are_posted_and_what_is_none_or_cannot_be_read_now_is_given_back(self) -> None:
        tables, gateway = Tables(), MemoryGateway()
        tables.write([EventRow(event=an_event(seq), written_at=seq) for seq in (1, 2, 13)])
        settle = SettlePosts(
            connections=MemoryConnections(),
            gateway=gateway,
            queue=MemorySliceQueue(),
            closures=MemoryClosureQueue(),
            now_ms=lambda: NOON,
        )
        handler = build(PostSlice(timeline=tables, gateway=gateway, frames=JsonFrames(), settle=settle))
        slices = [a_slice(PHONE), a_slice(PHONE, seqs=(13,)), a_slice(PHONE, seqs=(2,), attempt=1)]
        answer = handler(a_queue_event(*map(dump_slice, slices), "{"), None)
        assert answer == {"batchItemFailures": [{"itemIdentifier": "message-1"}, {"itemIdentifier": "message-3"}]}
        shown = [json.loads(frame)["events"][0]["seq"] for frame in gateway.frames[PHONE.connection_id]]
        assert shown == [1, 2]
