"""How far the consumers of a running local cloud are behind."""

import asyncio
import time
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from local.cloud import Cloud

LOOK_S = 0.1
CALL_S = 5.0


class Reader(NamedTuple):
    """What one function has done of one partition."""

    topic: str
    partition: int
    function: str
    position: int
    lag: int

    def __str__(self) -> str:
        return f"{self.topic}-{self.partition} of {self.function}"


def lags(cloud: Cloud) -> Mapping[str, int]:
    """Of each partition that is behind, by how many records, as its reader knows: what has just come it may not."""
    return {str(each): each.lag for each in _readers(cloud) if each.lag}


async def caught_up(cloud: Cloud, *, within_s: float, of: tuple[str, ...] = ("",)) -> None:
    """
    Wait until all that is in the log is done with, and what came of it.

    Asks Kafka itself how far its topics go, until nothing was appended from one look, after which all had come to its
    end, to the next.

    `of`: how the names of the functions end that are waited for.

    Raises:
        AssertionError: somebody is still behind, or Kafka does not answer.
    """
    deadline = time.monotonic() + within_s
    admin = AdminClient({"bootstrap.servers": cloud.engines["kafka"].address})
    before: Mapping[tuple[str, int], int] | None = None
    while True:
        ends = await asyncio.to_thread(_ends, admin, {each[:2] for each in _readers(cloud, of)})
        behind = [str(each) for each in _readers(cloud, of) if not ends or each.position < ends[each[:2]]]
        if not behind and ends == before:
            return
        before = None if behind else ends
        assert time.monotonic() < deadline, f"behind after {within_s} s: {behind or 'it goes on'}"
        if behind:
            await asyncio.sleep(LOOK_S)


def _readers(cloud: Cloud, of: tuple[str, ...] = ("",)) -> Iterator[Reader]:
    for source in cloud.runtime.status()["sources"]:
        if "topic" in source and source["function"].endswith(of):
            for number, at in source["partitions"].items():
                yield Reader(source["topic"], int(number), source["function"], at["position"], at["lag"])


def _ends(admin: AdminClient, places: set[tuple[str, int]]) -> Mapping[tuple[str, int], int]:
    """Nothing, if Kafka does not answer."""
    asked = {TopicPartition(*place): OffsetSpec.latest() for place in places}  # type: ignore[no-untyped-call]
    try:
        answers = admin.list_offsets(asked, request_timeout=CALL_S)
        return {(place.topic, place.partition): int(answer.result().offset) for place, answer in answers.items()}
    except KafkaException:
        return {}
