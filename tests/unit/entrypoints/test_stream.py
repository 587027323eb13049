import logging
from collections.abc import Callable

import pytest

from natter.domain.errors import Unavailable
from natter.entrypoints.stream import Lane, StreamRecord, stream_consumer
from natter.names import COMMANDS_TOPIC
from tests.messages import NOON
from tests.streams import a_batch, a_failure, a_raw_record

BATCH = a_batch(
    a_raw_record(b"a", offset=7, partition=0),
    a_raw_record(b"b", offset=3, partition=1),
    a_raw_record(b"c", offset=8, partition=0),
)


def consumed(event: object) -> list[Lane]:
    lanes: list[Lane] = []
    handler = stream_consumer(lanes.append)
    assert handler(event, None) == {"batchItemFailures": []}  # type: ignore[arg-type]
    return lanes


def failing(partition: int, error: Exception) -> Callable[[Lane], None]:
    def consume(lane: Lane) -> None:
        if lane[0].partition == partition:
            raise error

    return consume


class TestLanes:
    def test_a_lane_is_a_partition_in_its_order(self) -> None:
        assert [[record.value for record in lane] for lane in consumed(BATCH)] == [[b"a", b"c"], [b"b"]]

    def test_a_record_as_it_lies_in_the_log(self) -> None:
        (lane,) = consumed(a_batch(a_raw_record(b"v\xff", key=b"k\xff", offset=7, partition=2, schema=b"s/\xff\x80")))
        assert list(lane) == [
            StreamRecord(
                topic=COMMANDS_TOPIC,
                partition=2,
                offset=7,
                at=NOON,
                key=b"k\xff",
                value=b"v\xff",
                schema=b"s/\xff\x80",
            )
        ]

    @pytest.mark.parametrize("absent", [{"key": None, "value": None, "headers": None}, {"headers": []}])
    def test_what_a_record_lacks_is_empty(self, absent: dict[str, object]) -> None:
        raw = a_raw_record(b"", key=b"", schema=None) | absent
        ((record,),) = consumed(a_batch(raw))
        assert (record.key, record.value, record.schema) == (b"", b"", None)

    def test_a_record_without_a_key_at_all(self) -> None:
        raw = a_raw_record(b"v")
        del raw["key"], raw["headers"]
        ((record,),) = consumed(a_batch(raw))
        assert (record.key, record.schema) == (b"", None)

    def test_an_empty_lane_is_not_consumed(self) -> None:
        assert consumed({"records": {f"{COMMANDS_TOPIC}-0": []}}) == []


class TestGivenBack:
    def test_an_outage_gives_back_every_record_of_the_lane_and_no_other(self, caplog: pytest.LogCaptureFixture) -> None:
        """P9. Whether the service retries what is named or all from the first on, order is kept."""
        answer = stream_consumer(failing(0, Unavailable("the store")))(BATCH, None)
        assert answer == {"batchItemFailures": [a_failure(7), a_failure(8)]}
        (record,) = caplog.records
        assert record.levelno == logging.WARNING
        assert record.getMessage() == f"{COMMANDS_TOPIC}-0 is given back: the store did not answer in time"

    def test_a_bug_gives_the_lane_back_too_and_is_logged_without_its_text(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        answer = stream_consumer(failing(1, ValueError("of a secret")))(BATCH, None)
        assert answer == {"batchItemFailures": [a_failure(3, partition=1)]}
        (record,) = caplog.records
        assert record.levelno == logging.ERROR
        assert "ValueError" in record.getMessage()
        assert "secret" not in caplog.text

    def test_the_other_lanes_go_on(self) -> None:
        """P9."""
        seen: list[int] = []

        def consume(lane: Lane) -> None:
            seen.append(lane[0].partition)
            raise Unavailable("the store")

        answer = stream_consumer(consume)(BATCH, None)
        assert seen == [0, 1]
        assert answer == {"batchItemFailures": [a_failure(7), a_failure(8), a_failure(3, partition=1)]}
