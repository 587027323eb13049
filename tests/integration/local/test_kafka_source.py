"""The Kafka event source on a Kafka of its own."""

import asyncio
import json
from typing import Any

import pytest
from confluent_kafka import Consumer

from local.engines import Engines

from .conftest import until
from .kafka_stage import Stage, lag

pytestmark = pytest.mark.engines
WINDOW_S = 2.0
"""Long enough for a busy machine to append meanwhile what is to be in the same batch."""


class TestKafkaPoller:
    async def test_partitions_are_read_in_order_from_the_beginning(self, stage: Stage) -> None:
        first, second = [f"a{n}" for n in range(50)], [f"b{n}" for n in range(50)]
        stage.produce(first)
        stage.produce(second, partition=1)
        runtime = stage.runtime()
        await runtime.start()
        try:
            await until(lambda: len(stage.taken(0)) + len(stage.taken(1)) >= 100)
            await until(lambda: lag(runtime) == 0)
        finally:
            await runtime.stop()
        assert stage.taken(0) == first
        assert stage.taken(1) == second

    async def test_next_start_goes_on_where_the_last_one_ended(self, stage: Stage) -> None:
        stage.produce(["a", "b"])
        for expected in (2, 3):
            runtime = stage.runtime()
            await runtime.start()
            try:
                await until(lambda expected=expected: len(stage.taken()) >= expected)  # type: ignore[misc]
                await until(lambda: lag(runtime) == 0)  # noqa: B023
            finally:
                await runtime.stop()
            if expected == 2:
                stage.produce(["c"])
        assert stage.taken() == ["a", "b", "c"]

    async def test_how_far_it_is_behind_is_known_before_anything_was_read(self, stage: Stage) -> None:
        """Else who waits until nothing is left goes on before anything was done."""
        stage.produce(["a", "b"])
        runtime = stage.runtime(window_s=WINDOW_S)
        await runtime.start()
        try:
            partitions = runtime.status()["sources"][0]["partitions"]
            assert [(each["position"], each["lag"]) for each in partitions.values()] == [(0, 2), (0, 0)]
        finally:
            await runtime.stop()

    async def test_latest_takes_only_what_is_new(self, stage: Stage) -> None:
        stage.produce(["old"])
        runtime = stage.runtime(starting_position="LATEST")
        await runtime.start()
        try:
            stage.produce(["new"])
            await until(lambda: bool(stage.taken()))
        finally:
            await runtime.stop()
        assert stage.taken() == ["new"]

    async def test_partial_failure_gives_back_the_rest_in_order(self, stage: Stage) -> None:
        values = ["a", "once-b", "c", "once-d", "e"]
        stage.produce(values)
        runtime = stage.runtime("take_part", report_item_failures=True)
        await runtime.start()
        try:
            await until(lambda: len(stage.taken()) >= 5)
        finally:
            await runtime.stop()
        assert stage.taken() == values

    async def test_poison_goes_to_the_destination_and_the_lane_moves_on(self, stage: Stage) -> None:
        dead = f"{stage.topic}-dead"
        stage.create(dead, partitions=1)
        stage.produce(["a", "poison", "b"])
        runtime = stage.runtime(bisect_on_error=True, retry_attempts=1, on_failure=f"kafka://{dead}")
        await runtime.start()
        try:
            await until(lambda: "b" in stage.taken()[-1:] and lag(runtime) == 0)
            assert runtime.status()["sources"][0]["discarded"] == 1
        finally:
            await runtime.stop()
        message = await asyncio.to_thread(_first, stage.bootstrap, dead)
        assert message.value() == b"poison"
        assert message.key() == b"k"
        metadata = json.loads(dict(message.headers())["lambda-failure"])
        assert metadata["condition"] == "RetryAttemptsExhausted"
        assert metadata["offset"] == 1

    async def test_window_collects_a_batch(self, stage: Stage) -> None:
        runtime = stage.runtime(window_s=WINDOW_S)
        await runtime.start()
        try:
            for n in range(3):
                stage.produce([str(n)])
            await until(lambda: len(stage.taken()) == 3)
            await until(lambda: lag(runtime) == 0)
            assert runtime.status()["sources"][0]["batches"] == 1
        finally:
            await runtime.stop()

    async def test_partitions_share_an_invocation(self, stage: Stage) -> None:
        runtime = stage.runtime(window_s=WINDOW_S)
        await runtime.start()
        try:
            stage.produce(["a"])
            stage.produce(["b"], partition=1)
            await until(lambda: (stage.taken(0), stage.taken(1)) == (["a"], ["b"]))
            assert [note["together"] for note in stage.notes("values")] == [2, 2]
            await until(lambda: lag(runtime) == 0)
        finally:
            await runtime.stop()

    async def test_what_failed_comes_again_alone_and_holds_up_no_other_partition(self, stage: Stage) -> None:
        runtime = stage.runtime(window_s=0.5)
        await runtime.start()
        try:
            stage.produce(["poison"])
            stage.produce(["b"], partition=1)
            await until(lambda: len(stage.taken(0)) >= 3)
            stage.produce(["c"], partition=1)
            await until(lambda: stage.taken(1)[-1:] == ["c"])
            partitions = runtime.status()["sources"][0]["partitions"]
            assert partitions["0"] == {"position": 0, "lag": 1}
        finally:
            await runtime.stop()
        attempts = [note["together"] for note in stage.notes("values") if note["values"] == ["poison"]]
        assert set(attempts[1:]) == {1}

    async def test_restart_of_kafka_is_survived(self, stage: Stage, engines: Engines) -> None:
        runtime = stage.runtime()
        await runtime.start()
        try:
            stage.produce(["before"])
            await until(lambda: stage.taken() == ["before"])
            await engines.kafka.kill()
            await engines.kafka.start()
            stage.produce(["after"])
            await until(lambda: "after" in stage.taken(), within_s=30)
        finally:
            await runtime.stop()
        assert sorted(set(stage.taken())) == ["after", "before"]


def _first(bootstrap: str, topic: str) -> Any:
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "test", "auto.offset.reset": "earliest"})
    try:
        consumer.subscribe([topic])
        message = consumer.poll(20)
        assert message is not None
        assert message.error() is None
        return message
    finally:
        consumer.close()
