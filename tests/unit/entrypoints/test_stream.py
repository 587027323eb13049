import logging
from collections.abc import Callable, Sequence

import pytest

from natter.domain.errors import Unavailable
from natter.entrypoints.isolation import PartitionHaltedError
from natter.entrypoints.record import Batch, StreamRecord
from natter.entrypoints.stream import ALONE_MS, stream_consumer
from natter.names import COMMANDS_TOPIC
from tests.memory.logs import MemoryDeadLetters
from tests.messages import NOON
from tests.streams import Context, a_batch, a_failure, a_raw_record

SECRET = "Tonight at nine"
BATCH = a_batch(
    a_raw_record(b"a", offset=7, partition=0),
    a_raw_record(b"b", offset=3, partition=1),
    a_raw_record(b"c", offset=8, partition=0),
)


def consumed(event: object) -> list[Batch]:
    batches: list[Batch] = []
    handler = stream_consumer(batches.append, MemoryDeadLetters())
    assert handler(event, Context()) == {"batchItemFailures": []}  # type: ignore[arg-type]
    return batches


def failing(partition: int, error: Exception) -> Callable[[Batch], None]:
    def consume(batch: Batch) -> None:
        if any(record.partition == partition for record in batch):
            raise error

    return consume


class TestBatches:
    def test_a_batch_is_of_all_partitions_each_in_its_order(self) -> None:
        assert [[record.value for record in batch] for batch in consumed(BATCH)] == [[b"a", b"c", b"b"]]

    def test_a_record_as_it_lies_in_the_log(self) -> None:
        (batch,) = consumed(a_batch(a_raw_record(b"v\xff", key=b"k\xff", offset=7, partition=2, schema=b"s/\xff\x80")))
        assert list(batch) == [
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

    def test_an_empty_batch_is_not_consumed(self) -> None:
        assert consumed({"records": {f"{COMMANDS_TOPIC}-0": []}}) == []


class TestGivenBack:
    def test_an_outage_gives_back_every_record_of_the_partition_and_no_other(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        """P9. Whether the service retries what is named or all from the first on, order is kept."""
        answer = stream_consumer(failing(0, Unavailable("the store")), MemoryDeadLetters())(BATCH, Context())
        assert answer == {"batchItemFailures": [a_failure(7), a_failure(8)]}
        (record,) = caplog.records
        assert record.levelno == logging.WARNING
        assert record.getMessage() == f"{COMMANDS_TOPIC}-0 is given back: the store did not answer in time"

    def test_a_partition_that_is_halted_is_given_back_and_logged_without_its_text(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        dead = MemoryDeadLetters()
        answer = stream_consumer(failing(1, PartitionHaltedError(SECRET)), dead)(BATCH, Context())
        assert answer == {"batchItemFailures": [a_failure(3, partition=1)]}
        (record,) = caplog.records
        assert record.levelno == logging.ERROR
        assert "PartitionHaltedError" in record.getMessage()
        assert SECRET not in caplog.text
        assert dead.letters == []

    def test_a_partition_that_fails_is_in_the_way_of_no_other(self) -> None:
        """P9."""
        seen: list[list[int]] = []

        def consume(batch: Batch) -> None:
            seen.append([record.partition for record in batch])
            failing(0, Unavailable("the store"))(batch)

        answer = stream_consumer(consume, MemoryDeadLetters())(BATCH, Context())
        assert seen == [[0, 0, 1], [0, 0], [1]]
        assert answer == {"batchItemFailures": [a_failure(7), a_failure(8)]}

    def test_what_there_is_no_time_to_try_alone_is_given_back(self) -> None:
        """Else the function is stopped in the midst of it."""
        seen: list[Batch] = []

        def consume(batch: Batch) -> None:
            seen.append(batch)
            raise Unavailable("the store")

        answer = stream_consumer(consume, MemoryDeadLetters())(BATCH, Context(left_ms=ALONE_MS))
        assert len(seen) == 1
        assert answer == {"batchItemFailures": [a_failure(7), a_failure(8), a_failure(3, partition=1)]}


class TestSetAside:
    def test_a_record_at_fault_is_found_and_set_aside_and_the_others_go_on(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Given back, it would stand in the way of its partition for ever."""
        done: list[bytes] = []

        def consume(batch: Batch) -> None:
            if any(record.value == b"c" for record in batch):
                raise ValueError(SECRET)
            done.extend(record.value for record in batch)

        dead = MemoryDeadLetters()
        assert stream_consumer(consume, dead)(BATCH, Context()) == {"batchItemFailures": []}
        assert sorted(done) == [b"a", b"b"]
        assert [(letter.value, letter.error) for letter in dead.letters] == [(b"c", "ValueError")]
        assert SECRET not in caplog.text

    def test_it_has_never_happened_once_it_is_kept(self) -> None:
        """Those behind it in its partition may have been tried with it."""
        happened: list[object] = []

        class Letters(MemoryDeadLetters):
            def add(self, topic: str, place: tuple[int, int], key: bytes, value: bytes, error: str) -> None:
                happened.append("set aside")
                super().add(topic, place, key, value, error)

        def void(record: StreamRecord, followers: Sequence[StreamRecord]) -> None:
            happened.append((record.offset, [each.offset for each in followers]))

        def consume(batch: Batch) -> None:
            if any(record.value == b"a" for record in batch):
                raise ValueError

        assert stream_consumer(consume, Letters(), void=void)(BATCH, Context()) == {"batchItemFailures": []}
        assert happened == ["set aside", (7, [8])]
