"""What every `SliceQueue`, `FileQueue`, `LookQueue`, `ClosureQueue` and `WaveQueue` promises; SQS is moto's."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import boto3
import pytest
from botocore.config import Config

from natter.adapters.sqs.client import SQS, SqsQueue
from natter.adapters.sqs.closures import SqsClosureQueue
from natter.adapters.sqs.files import SqsFileQueue
from natter.adapters.sqs.looks import SqsLookQueue
from natter.adapters.sqs.slices import SqsSliceQueue
from natter.adapters.sqs.waves import SqsWaveQueue
from natter.domain.attachments import UnsettledFiles
from natter.domain.connections import Closure
from natter.domain.delivery import Slice
from natter.domain.errors import Unavailable
from natter.domain.ids import AttachmentId, ConnectionId, ConversationId, UserId
from natter.domain.presence import Look, Watcher
from natter.domain.push.waking import Message
from natter.domain.push.waves import WAVE_MESSAGES, WAVE_USERS, Candidates, Wave
from natter.records.attachments import load_unsettled
from natter.records.connections import load_closure
from natter.records.delivery import load_slice
from natter.records.presence import load_look
from natter.records.push import dump_wave, load_wave
from tests.deliveries import a_slice
from tests.memory.attachments import MemoryFileQueue
from tests.memory.deliveries import MemoryClosureQueue, MemorySliceQueue
from tests.memory.presence import MemoryLookQueue
from tests.memory.push import MemoryWaveQueue
from tests.messages import ANN, BOB, LOBBY, NOON, a_connection

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

pytestmark = pytest.mark.usefixtures("aws")

DELAY_S = 1
NOWHERE = "http://127.0.0.1:1"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One of the queues."""

    on_sqs: Callable[[SqsQueue], Any]
    in_memory: Callable[[], Any]
    in_it: Callable[[Any], Sequence[Any]]
    """What is in one that is in memory."""
    load: Callable[[str], Any]
    some: Callable[[int], Any]
    """Something to add; another for every number."""


def _slice(number: int) -> Slice:
    return a_slice(a_connection(ANN), a_connection(BOB), seqs=(number, 100), attempt=2)


def _files(number: int) -> UnsettledFiles:
    attachments = tuple(map(AttachmentId, (f"{number:02}", "cat")))
    return UnsettledFiles(conversation_id=LOBBY, uploader=ANN, attachments=attachments, position=(1, number))


def _look(number: int) -> Look:
    watcher = Watcher(user_id=BOB, connection_id=ConnectionId("L0SM9cOFvHcCIhw="))
    return Look(user_id=UserId(f"u{number:02}"), watchers=(watcher,), attempt=2)


def _closure(number: int) -> Closure:
    return Closure(connection=a_connection(ANN, f"c{number:02}="), signed_out=number % 2 == 0, attempt=number)


def _wave(number: int) -> Wave:
    message = Message(conversation_id=LOBBY, seq=number, at=NOON, sender_id=ANN, mentions=frozenset({BOB}))
    candidates = Candidates(messages=(message, replace(message, seq=number + 1)), users=(UserId("cid"), BOB))
    return Wave(candidates=(candidates,), badges=(ANN,), attempt=1, not_before=NOON + number)


KINDS = {
    "slices": Kind(
        on_sqs=SqsSliceQueue,
        in_memory=MemorySliceQueue,
        in_it=lambda queue: queue.take(),
        load=load_slice,
        some=_slice,
    ),
    "files": Kind(
        on_sqs=SqsFileQueue,
        in_memory=MemoryFileQueue,
        in_it=lambda queue: queue.unsettled,
        load=load_unsettled,
        some=_files,
    ),
    "looks": Kind(
        on_sqs=SqsLookQueue,
        in_memory=MemoryLookQueue,
        in_it=lambda queue: [look for look, _ in queue.waiting],
        load=load_look,
        some=_look,
    ),
    "closures": Kind(
        on_sqs=SqsClosureQueue,
        in_memory=MemoryClosureQueue,
        in_it=lambda queue: queue.take(),
        load=load_closure,
        some=_closure,
    ),
    "waves": Kind(
        on_sqs=SqsWaveQueue,
        in_memory=MemoryWaveQueue,
        in_it=lambda queue: [wave for _, wave in queue.waiting],
        load=load_wave,
        some=_wave,
    ),
}


class Sqs:
    """A queue of SQS, and what can be seen in it."""

    def __init__(self, kind: Kind, name: str = "some") -> None:
        self._kind = kind
        self._client: SQSClient = boto3.client("sqs", config=SQS)
        self.url = self._client.create_queue(QueueName=name)["QueueUrl"]
        self.on_sqs = SqsQueue(lambda: self._client, self.url, name="the queue")
        self.queue = kind.on_sqs(self.on_sqs)

    def take(self) -> Sequence[Any]:
        taken: list[Any] = []
        while messages := self._client.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages"):
            taken += [self._kind.load(message["Body"]) for message in messages]
        return taken


class Memory:
    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self.queue = kind.in_memory()

    def take(self) -> Sequence[Any]:
        return self._kind.in_it(self.queue)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


@pytest.fixture
def sqs(kind: Kind) -> Sqs:
    return Sqs(kind)


@pytest.fixture(params=[Memory, Sqs])
def readable(request: pytest.FixtureRequest, kind: Kind) -> Memory | Sqs:
    made: Memory | Sqs = request.param(kind)
    return made


class TestQueueContract:
    def test_what_was_added_is_handed_out_as_it_was(self, readable: Memory | Sqs, kind: Kind) -> None:
        """More than the queue takes at once."""
        added = [kind.some(number) for number in range(23)]
        readable.queue.add(added)
        assert sorted(readable.take(), key=repr) == sorted(added, key=repr)

    def test_adding_nothing_is_fine(self, readable: Memory | Sqs) -> None:
        readable.queue.add([])
        assert list(readable.take()) == []


class TestSqs:
    def test_a_queue_that_is_not_there_is_unavailable(self, sqs: Sqs, kind: Kind) -> None:
        queue = kind.on_sqs(SqsQueue(lambda: boto3.client("sqs", config=SQS), sqs.url + "-of-nobody", name="it"))
        with pytest.raises(Unavailable, match="it"):
            queue.add([kind.some(1)])

    def test_nobody_who_answers_is_unavailable(self, kind: Kind) -> None:
        impatient = SQS.merge(Config(retries={"total_max_attempts": 1}))
        client: SQSClient = boto3.client("sqs", endpoint_url=NOWHERE, config=impatient)
        queue = kind.on_sqs(SqsQueue(lambda: client, NOWHERE + "/1/q", name="it"))
        with pytest.raises(Unavailable):
            queue.add([kind.some(1)])

    def test_no_client_is_made_before_something_is_added(self, kind: Kind) -> None:
        """Few messages show a file."""
        connect = Mock()
        kind.on_sqs(SqsQueue(connect, NOWHERE + "/1/q", name="it")).add([])
        connect.assert_not_called()


class TestWaves:
    def test_those_for_crowds_wait_in_a_queue_of_their_own_and_each_for_its_time(self) -> None:
        some, crowds = Sqs(KINDS["waves"], "some"), Sqs(KINDS["waves"], "crowds")
        queue = SqsWaveQueue(some.on_sqs, crowds.on_sqs)
        waves = [replace(_wave(number), crowd=number % 2 == 0) for number in range(24)]
        queue.add(waves, delay_s=[900 if number < 4 else 0 for number in range(24)])

        assert sorted(some.take(), key=repr) == sorted(waves[5::2], key=repr)
        assert sorted(crowds.take(), key=repr) == sorted(waves[4::2], key=repr)

    def test_the_largest_fit_into_a_call(self) -> None:
        """Ids are of 64 characters, everybody is mentioned in everything, and numbers are of some time."""
        people = tuple(UserId(f"{number:064}") for number in range(WAVE_USERS))
        message = Message(
            conversation_id=ConversationId("c" * 64),
            seq=10**9,
            at=NOON,
            sender_id=UserId("s" * 64),
            mentions=frozenset(people),
        )
        largest = Wave(candidates=(Candidates(messages=(message,) * WAVE_MESSAGES, users=people),))
        assert 10 * len(dump_wave(largest)) < 256 * 1024


class TestDelay:
    def test_what_is_delayed_is_not_seen_before(self, sqs: Sqs, kind: Kind) -> None:
        began = time.monotonic()
        sqs.queue.add([kind.some(1)], delay_s=DELAY_S)
        while not sqs.take():
            assert time.monotonic() - began < 10 * DELAY_S
        assert time.monotonic() - began >= 0.9 * DELAY_S

    def test_what_the_queue_refuses_is_unavailable(self, sqs: Sqs, kind: Kind) -> None:
        with pytest.raises(Unavailable):
            sqs.queue.add([kind.some(1)], delay_s=901)
