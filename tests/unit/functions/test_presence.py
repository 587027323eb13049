from typing import Any

from functions.presence.handler import build
from natter.domain.connections import ConnectionChange
from natter.domain.presence import GRACE_MS, Look
from natter.names import CONNECTIONS_TOPIC
from natter.records.presence import CONNECTION_SCHEMA, dump_connection, dump_look
from tests.chat import Chat
from tests.memory.logs import MemoryDeadLetters
from tests.memory.presence import MemoryLookQueue
from tests.messages import NOON, a_connection
from tests.presence import settling
from tests.streams import Context, a_batch, a_raw_record


class Consumer:
    """`presence`, for Ann, whose connection was closed just now."""

    def __init__(self) -> None:
        self.queue, self.dead, chat = MemoryLookQueue(), MemoryDeadLetters(), Chat()
        self.ann = chat.person("ann")
        self.handler = build(settling(chat.world, self.queue), self.dead)

    def __call__(self, event: dict[str, Any]) -> Any:
        return self.handler(event, Context())["batchItemFailures"]

    def closed(self, *, offset: int = 0) -> dict[str, Any]:
        value = dump_connection(ConnectionChange(connection=a_connection(self.ann), change="closed", at=NOON))
        return a_raw_record(value, offset=offset, schema=CONNECTION_SCHEMA, topic=CONNECTIONS_TOPIC)

    @property
    def graces(self) -> list[tuple[Look, int]]:
        return [(Look(user_id=self.ann), GRACE_MS // 1000)]


class TestPresence:
    def test_who_is_in_a_batch_is_looked_at(self) -> None:
        consumer = Consumer()
        assert consumer(a_batch(consumer.closed())) == []
        assert consumer.queue.waiting == consumer.graces

    def test_who_is_in_the_queue_is_looked_at(self) -> None:
        """Again, if their grace is not over yet."""
        consumer = Consumer()
        consumer(a_batch(consumer.closed()))
        consumer.queue.waiting.clear()
        assert consumer({"Records": [{"messageId": "m1", "body": dump_look(Look(user_id=consumer.ann))}]}) == []
        assert consumer.queue.waiting == consumer.graces

    def test_what_can_never_be_read_is_set_aside_and_the_lane_moves_on(self) -> None:
        consumer = Consumer()
        poison = a_raw_record(b"{", offset=0, schema=CONNECTION_SCHEMA, topic=CONNECTIONS_TOPIC)
        assert consumer(a_batch(poison, consumer.closed(offset=1))) == []
        assert consumer.queue.waiting == consumer.graces
        assert [letter.value for letter in consumer.dead.letters] == [b"{"]

    def test_a_message_of_nobody_is_given_back_and_ends_among_the_dead_letters(self) -> None:
        consumer = Consumer()
        assert consumer({"Records": [{"messageId": "m1", "body": "{}"}]}) == [{"itemIdentifier": "m1"}]
