import json
from dataclasses import replace

import pytest

from natter.domain.delivery import Undelivered
from natter.domain.ids import DeviceId, SessionId, UserId
from natter.records.base import BadRecordError
from natter.records.delivery import FANOUT_SCHEMA, dump_slice, dump_undelivered, load_slice, load_undelivered
from natter.usecases.delivery.settle_posts import SLICE_CONNECTIONS
from tests.deliveries import a_deliver, a_slice
from tests.memory.connections import MemoryConnections
from tests.memory.gateway import MemoryGateway
from tests.messages import ANN, BOB, LOBBY, NOON, a_connection

SQS_LIMIT_BYTES = 256 * 1024
BATCH = 10


class TestUndelivered:
    def test_comes_back_as_it_was(self) -> None:
        undelivered = Undelivered(conversation_id=LOBBY, first=3, last=9)
        assert json.loads(dump_undelivered(undelivered)) == {"conversation_id": LOBBY, "first": 3, "last": 9}
        assert load_undelivered(dump_undelivered(undelivered), FANOUT_SCHEMA) == undelivered

    @pytest.mark.parametrize(
        ("value", "schema"),
        [(b"{", FANOUT_SCHEMA), (b'{"first": 1}', FANOUT_SCHEMA), (b"{}", b"fanout/2"), (b"{}", None)],
    )
    def test_anything_else_is_a_bad_record(self, value: bytes, schema: bytes | None) -> None:
        with pytest.raises(BadRecordError):
            load_undelivered(value, schema)


class TestSlice:
    def test_comes_back_as_it_was(self) -> None:
        elsewhere = replace(a_connection(BOB), endpoint="https://other.example")
        slice_ = a_slice(
            a_connection(ANN, "phone"), a_connection(ANN, "desk"), elsewhere, seqs=(3, 4, 9), made_at=7, attempt=2
        )
        assert load_slice(dump_slice(slice_)) == slice_

    def test_as_many_as_are_queued_at_once_fit_into_a_call(self) -> None:
        """With ids of the server's length."""
        uuid = "01a20eae-cd2b-7772-95d8-aecb93708117"
        connections = [
            replace(a_connection(UserId(uuid), uuid), device_id=DeviceId(uuid), session_id=SessionId(uuid))
            for _ in range(SLICE_CONNECTIONS)
        ]
        assert BATCH * len(dump_slice(a_slice(*connections, seqs=tuple(range(10**9, 10**9 + 50))))) < SQS_LIMIT_BYTES

    @pytest.mark.parametrize("body", ["{", "{}", dump_slice(a_slice()).replace("slice/2", "slice/3")])
    def test_anything_else_is_a_bad_record(self, body: str) -> None:
        with pytest.raises(BadRecordError):
            load_slice(body)

    def test_one_of_the_version_before_is_over(self) -> None:
        """It was queued before a deployment; its connections are made to sync."""
        slice_ = a_slice(a_connection(ANN), a_connection(BOB), seqs=(3, 4), made_at=NOON, attempt=1)
        fields = json.loads(dump_slice(slice_)) | {"schema": "slice/1"}
        del fields["made_at"]
        before = load_slice(json.dumps(fields))
        assert before == replace(slice_, made_at=0)
        assert a_deliver(MemoryConnections(), MemoryGateway(), lambda: NOON).settle.is_over(before)
