"""How it is found out that a push has arrived."""

import json
from collections.abc import Iterator
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from natter.adapters.outside.sinks import QueueSink
from natter.domain.push.subscriptions import PushHost, Subscription
from natter.ports.visiting import Failure
from tests.memory.visiting import Clock

URL = "https://sink.execute-api.eu-central-1.amazonaws.com"


class Queue:
    """SQS as far as the sink asks it; each answer takes as long as may be waited."""

    def __init__(self, clock: Clock, answers: list[list[str] | Exception]) -> None:
        self.clock, self.answers = clock, answers
        self.deleted: list[str] = []
        self.waited: list[int] = []

    def receive_message(self, *, WaitTimeSeconds: int, **_: Any) -> dict[str, Any]:  # noqa: N803 - as boto3 has it
        self.waited.append(WaitTimeSeconds)
        answer = self.answers.pop(0) if self.answers else []
        if isinstance(answer, Exception):
            raise answer
        if not answer:
            self.clock.now += WaitTimeSeconds or 0.5
        return {"Messages": [{"Body": body, "ReceiptHandle": f"of {body}"} for body in answer]} if answer else {}

    def delete_message(self, *, ReceiptHandle: str, **_: Any) -> None:  # noqa: N803
        self.deleted.append(ReceiptHandle)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def sink(queue: Queue) -> QueueSink:
    names: Iterator[str] = iter(["first", "second"])
    return QueueSink(
        lambda: cast("Any", queue), url=URL, queue_url="queue", new_id=lambda: next(names), clock=queue.clock
    )


class TestQueueSink:
    def test_subscribes_as_browsers_do(self, clock: Clock) -> None:
        """With an endpoint that is good for one push, and keys that can be encrypted for."""
        made = sink(Queue(clock, []))
        first, second = (Subscription.of(made.subscribe("key", deadline=0).token) for _ in range(2))
        assert (first.path, second.path) == ("/first", "/second")
        first.host_among([PushHost.of(URL.removeprefix("https://"))])

    def test_what_was_for_others_is_passed_over_and_gone(self, clock: Clock) -> None:
        queue = Queue(clock, [["last week's", "played"], [], ["first"]])
        sink(queue).subscribe("key", deadline=0).arrive(deadline=clock.now + 15)
        assert queue.deleted == ["of last week's", "of played", "of first"]

    def test_what_does_not_arrive_is_waited_for_no_longer_than_said(self, clock: Clock) -> None:
        queue, ends_at = Queue(clock, [["another"]]), clock.now + 15
        with pytest.raises(Failure, match="the push: no time is left for it"):
            sink(queue).subscribe("key", deadline=0).arrive(deadline=ends_at)
        assert ends_at <= clock.now <= ends_at + 1
        assert max(queue.waited) <= 10

    def test_a_queue_that_cannot_be_asked_is_named(self, clock: Clock) -> None:
        refused = ClientError({"Error": {"Code": "AccessDenied"}}, "ReceiveMessage")
        with pytest.raises(Failure, match="the sink's queue: ClientError"):
            sink(Queue(clock, [refused])).subscribe("key", deadline=0).arrive(deadline=clock.now + 15)

    def test_nobody_is_told_a_secret(self, clock: Clock) -> None:
        """Of two subscriptions the secret that is shared with the sender is another."""
        made = sink(Queue(clock, []))
        first, second = (json.loads(made.subscribe("key", deadline=0).token)["keys"]["auth"] for _ in range(2))
        assert first != second
