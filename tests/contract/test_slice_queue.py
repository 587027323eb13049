"""What every `SliceQueue` promises; SQS is moto's."""

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

import boto3
import pytest
from botocore.config import Config

from natter.adapters.deliveries_memory import MemorySliceQueue
from natter.adapters.deliveries_sqs import SqsSliceQueue
from natter.adapters.sqs import SQS, SqsQueue
from natter.domain.errors import Unavailable
from natter.ports.deliveries import Slice, SliceQueue
from natter.wire.deliveries import load_slice
from tests.deliveries import a_slice
from tests.messages import ANN, BOB, a_connection

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

pytestmark = pytest.mark.usefixtures("aws")

DELAY_S = 1


def a_queue(connect: "Callable[[], SQSClient]", url: str) -> SqsSliceQueue:
    return SqsSliceQueue(SqsQueue(connect, url, name="the queue of slices"))


class Readable(Protocol):
    """A queue, and what is in it."""

    @property
    def queue(self) -> SliceQueue: ...

    def take(self) -> Sequence[Slice]:
        """All that can be seen now."""


class ReadableMemory:
    def __init__(self) -> None:
        self.queue = MemorySliceQueue()

    def take(self) -> Sequence[Slice]:
        return self.queue.take()


class ReadableSqs:
    def __init__(self) -> None:
        self._client = boto3.client("sqs", config=SQS)
        self.url = self._client.create_queue(QueueName="slices")["QueueUrl"]
        self.queue = a_queue(lambda: self._client, self.url)

    def take(self) -> Sequence[Slice]:
        taken: list[Slice] = []
        while messages := self._client.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages"):
            taken += [load_slice(message["Body"]) for message in messages]
        return taken


@pytest.fixture
def sqs() -> ReadableSqs:
    return ReadableSqs()


@pytest.fixture(params=["memory", "sqs"])
def readable(request: pytest.FixtureRequest) -> Readable:
    return ReadableMemory() if request.param == "memory" else request.getfixturevalue("sqs")


class TestSliceQueueContract:
    def test_what_was_added_is_handed_out_as_it_was(self, readable: Readable) -> None:
        """More than the queue takes at once."""
        slices = [a_slice(a_connection(ANN), a_connection(BOB), seqs=(number, 100), attempt=2) for number in range(23)]
        readable.queue.add(slices)
        assert sorted(readable.take(), key=lambda each: each.seqs) == slices

    def test_adding_nothing_is_fine(self, readable: Readable) -> None:
        readable.queue.add([], delay_s=5)
        assert readable.take() == []


class TestSqs:
    def test_what_is_delayed_is_not_seen_before(self, sqs: ReadableSqs) -> None:
        began = time.monotonic()
        sqs.queue.add([a_slice(a_connection(ANN))], delay_s=DELAY_S)
        while not sqs.take():
            assert time.monotonic() - began < 10 * DELAY_S
        assert time.monotonic() - began >= 0.9 * DELAY_S

    def test_a_queue_that_is_not_there_is_unavailable(self, sqs: ReadableSqs) -> None:
        client: SQSClient = boto3.client("sqs", config=SQS)
        queue = a_queue(lambda: client, sqs.url + "-of-nobody")
        with pytest.raises(Unavailable):
            queue.add([a_slice(a_connection(ANN))])

    def test_nobody_who_answers_is_unavailable(self) -> None:
        impatient = SQS.merge(Config(retries={"total_max_attempts": 1}))
        nowhere = "http://127.0.0.1:1"
        queue = a_queue(lambda: boto3.client("sqs", endpoint_url=nowhere, config=impatient), nowhere + "/1/q")
        with pytest.raises(Unavailable):
            queue.add([a_slice(a_connection(ANN))])

    def test_what_the_queue_refuses_is_unavailable(self, sqs: ReadableSqs) -> None:
        with pytest.raises(Unavailable):
            sqs.queue.add([a_slice(a_connection(ANN))], delay_s=901)
