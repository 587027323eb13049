"""To which traces a message of a queue belongs."""

from typing import Any

from natter.adapters.sqs.client import SqsQueue
from natter.adapters.sqs.slices import SqsSliceQueue
from natter.adapters.sqs.waves import SqsWaveQueue
from natter.domain.delivery import Slice
from natter.domain.ids import ConversationId, UserId
from natter.domain.push.waking import Message
from natter.domain.push.waves import Candidates, Wave
from tests.messages import ANN, LOBBY, NOON

ATTIC = ConversationId("attic")


class Sent:
    """A client of SQS that remembers what each message is said to belong to."""

    def __init__(self) -> None:
        self.traces: list[str | None] = []

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's
        assert QueueUrl == "https://queue"
        for entry in Entries:
            stated = entry["MessageAttributes"].get("traceparent")
            assert stated is None or stated["DataType"] == "String"
            self.traces.append(None if stated is None else stated["StringValue"])
        return {}


def a_queue(sent: Sent, *, traced: bool = True) -> SqsQueue:
    def carry(*keys: str) -> str | None:
        return f"traces of {'+'.join(sorted(keys))}" if traced else None

    return SqsQueue(lambda: sent, "https://queue", name="a queue", carry=carry)  # type: ignore[arg-type, return-value]


def a_wave(*conversations: ConversationId) -> Wave:
    candidates = [
        Candidates(
            messages=(Message(conversation_id=each, seq=2, at=NOON, sender_id=ANN, mentions=frozenset()),),
            users=(UserId("bob"),),
        )
        for each in conversations
    ]
    return Wave(candidates=tuple(candidates), badges=())


def test_a_slice_belongs_to_those_of_its_conversation() -> None:
    sent = Sent()
    slices = [Slice(conversation_id=each, seqs=(1,), connections=(), made_at=NOON) for each in (LOBBY, ATTIC)]
    SqsSliceQueue(a_queue(sent)).add(slices)
    assert sent.traces == [f"traces of {LOBBY}", "traces of attic"]


def test_a_wave_to_those_of_all_that_it_is_about() -> None:
    sent = Sent()
    SqsWaveQueue(a_queue(sent)).add([a_wave(ATTIC), a_wave(LOBBY, ATTIC)])
    assert sent.traces == ["traces of attic", "traces of " + "+".join(sorted((LOBBY, ATTIC)))]


def test_what_is_about_nothing_that_is_known_to_all_of_now() -> None:
    sent = Sent()
    a_queue(sent).send(["{}"])
    assert sent.traces == ["traces of "]


def test_where_nothing_is_being_done_to_none() -> None:
    sent = Sent()
    a_queue(sent, traced=False).send(["{}", "{}"])
    assert sent.traces == [None, None]
