"""What every `FileQueue` promises; SQS is moto's."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol
from unittest.mock import Mock

import boto3
import pytest

from natter.adapters.attachments_memory import MemoryFileQueue
from natter.adapters.attachments_sqs import SqsFileQueue
from natter.adapters.sqs import SQS, SqsQueue
from natter.domain.errors import Unavailable
from natter.domain.ids import AttachmentId
from natter.ports.attachments import FileQueue, ForgottenFiles
from natter.wire.attachments import load_forgotten
from tests.messages import ANN, LOBBY

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

pytestmark = pytest.mark.usefixtures("aws")


def a_queue(connect: "Callable[[], SQSClient]", url: str) -> SqsFileQueue:
    return SqsFileQueue(SqsQueue(connect, url, name="the queue of files"))


def some(*attachments: str) -> ForgottenFiles:
    return ForgottenFiles(conversation_id=LOBBY, uploader=ANN, attachments=tuple(map(AttachmentId, attachments)))


class Readable(Protocol):
    """A queue, and what is in it."""

    @property
    def queue(self) -> FileQueue: ...

    def take(self) -> Sequence[ForgottenFiles]:
        """All that can be seen now."""


class ReadableMemory:
    def __init__(self) -> None:
        self.queue = MemoryFileQueue()

    def take(self) -> Sequence[ForgottenFiles]:
        return self.queue.forgotten


class ReadableSqs:
    def __init__(self) -> None:
        self._client = boto3.client("sqs", config=SQS)
        self.url = self._client.create_queue(QueueName="files")["QueueUrl"]
        self.queue = a_queue(lambda: self._client, self.url)

    def take(self) -> Sequence[ForgottenFiles]:
        taken: list[ForgottenFiles] = []
        while messages := self._client.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages"):
            taken += [load_forgotten(message["Body"]) for message in messages]
        return taken


@pytest.fixture
def sqs() -> ReadableSqs:
    return ReadableSqs()


@pytest.fixture(params=["memory", "sqs"])
def readable(request: pytest.FixtureRequest) -> Readable:
    return ReadableMemory() if request.param == "memory" else request.getfixturevalue("sqs")


class TestFileQueueContract:
    def test_what_was_added_is_handed_out_as_it_was(self, readable: Readable) -> None:
        """More than the queue takes at once."""
        forgotten = [some(f"{number:02}", "cat") for number in range(23)]
        readable.queue.add(forgotten)
        assert sorted(readable.take(), key=lambda each: each.attachments) == forgotten

    def test_adding_nothing_is_fine(self, readable: Readable) -> None:
        readable.queue.add([])
        assert readable.take() == []


class TestSqs:
    def test_a_queue_that_is_not_there_is_unavailable(self, sqs: ReadableSqs) -> None:
        queue = a_queue(lambda: boto3.client("sqs", config=SQS), sqs.url + "-of-nobody")
        with pytest.raises(Unavailable, match="the queue of files"):
            queue.add([some("cat")])

    def test_no_client_is_made_before_a_file_is_to_go(self) -> None:
        """Few messages show a file, and fewer of them are deleted."""
        connect = Mock()
        a_queue(connect, "http://127.0.0.1:1/1/q").add([])
        connect.assert_not_called()
