"""`FanoutLog` on `chat.fanout`: the key is the conversation, so its records stay in one partition."""

from collections.abc import Sequence

from natter.adapters.kafka.client import NewRecord, RecordProducer
from natter.domain.delivery import Undelivered
from natter.names import FANOUT_TOPIC
from natter.ports.delivery import FanoutLog
from natter.records.delivery import FANOUT_SCHEMA, dump_undelivered


class KafkaFanoutLog:
    def __init__(self, producer: RecordProducer) -> None:
        self._producer = producer

    def add(self, undelivered: Sequence[Undelivered]) -> None:
        if not undelivered:
            return
        self._producer.append(
            [
                NewRecord(
                    topic=FANOUT_TOPIC, key=each.conversation_id, value=dump_undelivered(each), schema=FANOUT_SCHEMA
                )
                for each in undelivered
            ]
        )


_: type[FanoutLog] = KafkaFanoutLog
