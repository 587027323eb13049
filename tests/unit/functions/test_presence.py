from typing import Any

from functions.presence.handler import build
from natter.adapters.logs_memory import MemoryDeadLetters
from natter.adapters.presence_memory import MemoryGraceQueue
from natter.domain.ids import UserId
from natter.names import CONNECTIONS_TOPIC
from natter.ports.log import ConnectionChange
from natter.usecases.settle_presence import SettlePresence
from natter.wire.presence import dump_grace
from natter.wire.records import CONNECTION_SCHEMA, dump_connection
from natter.wire.signals import JsonSignalFrames
from tests.chat import Chat
from tests.messages import NOON, a_connection
from tests.streams import Context, a_batch, a_raw_record


class Consumer:
    """`presence`, for Ann, who has a connection."""

    def __init__(self) -> None:
        chat = Chat()
        self.world, self.dead, self.ann = chat.world, MemoryDeadLetters(), chat.person("ann")
        self.phone = a_connection(self.ann)
        self.world.sockets.register(self.phone)
        settle = SettlePresence(
            now=self.world.presence_now,
            traces=self.world.traces,
            acquaintances=self.world.acquaintances,
            watchers=self.world.watchers,
            grace=MemoryGraceQueue(),
            frames=JsonSignalFrames(),
            tell=chat.tell,
        )
        self.handler = build(settle, self.dead)

    def told(self) -> str | None:
        return self.world.traces.of([self.ann])[self.ann].told

    def __call__(self, event: dict[str, Any]) -> Any:
        return self.handler(event, Context())["batchItemFailures"]

    def opened(self, *, offset: int = 0) -> dict[str, Any]:
        value = dump_connection(ConnectionChange.of(self.phone, "opened", at=NOON))
        return a_raw_record(value, offset=offset, schema=CONNECTION_SCHEMA, topic=CONNECTIONS_TOPIC)


def a_message(user: UserId) -> dict[str, Any]:
    return {"messageId": "m1", "body": dump_grace(user)}


class TestPresence:
    def test_who_is_in_a_batch_is_looked_at(self) -> None:
        consumer = Consumer()
        assert consumer(a_batch(consumer.opened())) == []
        assert consumer.told() == "online"

    def test_whose_grace_is_over_is_looked_at(self) -> None:
        consumer = Consumer()
        assert consumer({"Records": [a_message(consumer.ann)]}) == []
        assert consumer.told() == "online"

    def test_what_can_never_be_read_is_set_aside_and_the_lane_moves_on(self) -> None:
        consumer = Consumer()
        poison = a_raw_record(b"{", offset=0, schema=CONNECTION_SCHEMA, topic=CONNECTIONS_TOPIC)
        assert consumer(a_batch(poison, consumer.opened(offset=1))) == []
        assert consumer.told() == "online"
        assert [letter.value for letter in consumer.dead.letters] == [b"{"]

    def test_a_message_of_nobody_is_given_back_and_ends_among_the_dead_letters(self) -> None:
        consumer = Consumer()
        assert consumer({"Records": [{"messageId": "m1", "body": "{}"}]}) == [{"itemIdentifier": "m1"}]
