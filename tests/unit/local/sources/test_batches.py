import json
from dataclasses import replace

import pytest

from local.model import KafkaSource
from local.sources.batches import MAX_EVENT, Lane, Record, first_failed


def source(**settings: object) -> KafkaSource:
    fields: dict[str, object] = {
        "uuid": "u",
        "function_arn": "arn:aws:lambda:eu-central-1:000000000000:function:f",
        "topic": "chat",
        "group_id": "g",
        "cluster_arn": "arn:aws:kafka:eu-central-1:000000000000:cluster/c/1",
        "batch_size": 4,
        **settings,
    }
    return KafkaSource(**fields)  # type: ignore[arg-type]


def record(offset: int, *, value: bytes = b"v", timestamp_ms: int = 1000) -> Record:
    return Record("chat", 3, offset, timestamp_ms, "CREATE_TIME", b"k", value)


def lane(count: int, **settings: object) -> Lane:
    lane = Lane(source(**settings), position=10)
    for offset in range(10, 10 + count):
        lane.add(record(offset))
    return lane


def offsets(lane: Lane) -> list[int]:
    batch = lane.next_batch()
    return [record.offset for record in batch.records] if batch else []


class TestLane:
    def test_batches_hold_up_to_the_batch_size(self) -> None:
        line = lane(6)
        assert offsets(line) == [10, 11, 12, 13]
        line.finish(4)
        assert offsets(line) == [14, 15]
        line.finish(2)
        assert offsets(line) == []
        assert line.position == 16

    def test_batches_hold_up_to_an_event_s_bytes(self) -> None:
        line = Lane(source(), position=0)
        for offset in range(3):
            line.add(record(offset, value=b"x" * (MAX_EVENT * 3 // 4 // 2 - 1000)))
        assert offsets(line) == [0, 1]

    def test_a_record_over_the_limit_still_comes_alone(self) -> None:
        line = Lane(source(), position=0)
        line.add(record(0, value=b"x" * MAX_EVENT))
        line.add(record(1))
        assert offsets(line) == [0]

    def test_failed_batch_comes_again_before_all_else(self) -> None:
        line = lane(6)
        offsets(line)
        outcome = line.finish(0)
        assert outcome.retry
        assert offsets(line) == [10, 11, 12, 13]
        assert line.position == 10

    def test_what_does_not_fit_into_the_invocation_waits(self) -> None:
        line = lane(4)
        batch = line.next_batch(records=2)
        assert batch is not None
        assert [each.offset for each in batch.records] == [10, 11]
        line.finish(2)
        batch = line.next_batch(size=record(12).event_size)
        assert batch is not None
        assert [each.offset for each in batch.records] == [12]

    def test_partial_failure_moves_up_to_the_first_failed_record(self) -> None:
        line = lane(6)
        offsets(line)
        assert line.finish(2).retry
        assert line.position == 12
        assert offsets(line) == [12, 13]

    def test_retries_end_with_giving_up(self) -> None:
        line = lane(6, retry_attempts=2)
        for _ in range(2):
            offsets(line)
            assert line.finish(0).retry
        offsets(line)
        outcome = line.finish(0)
        assert [record.offset for record in outcome.discarded] == [10, 11, 12, 13]
        line.passed(outcome.discarded)
        assert line.position == 14
        assert offsets(line) == [14, 15]

    def test_without_end_means_ten_with_a_destination(self) -> None:
        line = lane(1, on_failure="kafka://dead")
        attempts = 0
        while not (offsets(line) and line.finish(0).discarded):
            attempts += 1
        assert attempts == 10

    def test_bisecting_finds_the_record_at_fault_and_keeps_order(self) -> None:
        line = lane(4, bisect_on_error=True, retry_attempts=0)
        done: list[int] = []
        given_up: list[int] = []
        while (batch := line.next_batch()) is not None:
            numbers = [record.offset for record in batch.records]
            bad = 12 in numbers
            outcome = line.finish(0 if bad else len(numbers))
            if not bad:
                done += numbers
            if outcome.discarded:
                given_up += [record.offset for record in outcome.discarded]
                line.passed(outcome.discarded)
        assert done == [10, 11, 13]
        assert given_up == [12]
        assert line.position == 14

    def test_records_over_the_age_are_taken_out(self) -> None:
        line = Lane(source(max_record_age_s=60), position=0)
        line.add(record(0, timestamp_ms=0))
        line.add(record(1, timestamp_ms=90_000))
        assert [record.offset for record in line.expired(100_000)] == [0]
        assert offsets(line) == [1]

    def test_a_batch_that_waits_for_its_retry_ages_too(self) -> None:
        line = Lane(source(max_record_age_s=60), position=0)
        line.add(record(0, timestamp_ms=0))
        line.add(record(1, timestamp_ms=50_000))
        assert offsets(line) == [0, 1]
        line.finish(0)
        assert [record.offset for record in line.expired(100_000)] == [0]
        assert offsets(line) == [1]


def failures(*identifiers: object) -> bytes:
    return json.dumps({"batchItemFailures": [{"itemIdentifier": identifier} for identifier in identifiers]}).encode()


class TestFirstFailed:
    records = tuple(record(offset) for offset in (10, 11, 12))

    @pytest.mark.parametrize(
        "answer", [b"", b"null", b"{}", b'{"batchItemFailures":[]}', b'{"batchItemFailures":null}']
    )
    def test_nothing_reported_is_success(self, answer: bytes) -> None:
        assert first_failed([self.records], answer, partial=True) == [3]

    def test_lowest_offset_counts(self) -> None:
        answer = failures({"partition": "chat-3", "offset": 12}, {"partition": "chat-3", "offset": 11})
        assert first_failed([self.records], answer, partial=True) == [1]

    @pytest.mark.parametrize(
        "identifier",
        [
            None,
            "",
            "12",
            {"offset": 12},
            {"partition": "chat-3"},
            {"partition": "chat-4", "offset": 12},
            {"partition": 3},
        ],
    )
    def test_bad_identifier_fails_the_batch(self, identifier: object) -> None:
        assert first_failed([self.records], failures(identifier), partial=True) == [0]

    @pytest.mark.parametrize("answer", [b"not json", b'"text"', b'{"batchItemFailures":[1]}'])
    def test_unreadable_answer_fails_the_batch(self, answer: bytes) -> None:
        assert first_failed([self.records], answer, partial=True) == [0]

    def test_answer_is_not_read_unless_the_source_reports(self) -> None:
        answer = failures({"partition": "chat-3", "offset": 11})
        assert first_failed([self.records], answer, partial=False) == [3]

    def test_of_several_partitions_each_has_its_own(self) -> None:
        others = tuple(replace(each, partition=4) for each in self.records)
        answer = failures({"partition": "chat-4", "offset": 11})
        assert first_failed([self.records, others], answer, partial=True) == [3, 1]
        assert first_failed([self.records, others], failures({"partition": "chat-5"}), partial=True) == [0, 0]
