"""
`LogEnds` on `chat.commands`.

Asked only where a partition is behind, so the client is made, and its module imported, when that is so for the first
time: that takes a tenth of a second, which no start of a function has to spare.
"""

from collections.abc import Collection, Mapping
from concurrent.futures import wait
from functools import cached_property
from typing import TYPE_CHECKING

from confluent_kafka import KafkaException, TopicPartition

from natter.adapters.kafka.client import client_config
from natter.domain.errors import Unavailable
from natter.names import COMMANDS_TOPIC
from natter.ports.messages import LogEnds
from natter.settings import KafkaSettings

if TYPE_CHECKING:
    from confluent_kafka.admin import AdminClient

CALL_S = 0.5
"""Nothing is lost if there is no answer; and a batch waits for it."""


class KafkaLogEnds:
    def __init__(self, settings: KafkaSettings, *, topic: str = COMMANDS_TOPIC) -> None:
        self._settings, self._topic = settings, topic

    def ends(self, partitions: Collection[int]) -> Mapping[int, int]:
        from confluent_kafka.admin import OffsetSpec  # type: ignore[attr-defined]  # noqa: PLC0415 - see above

        asked = {TopicPartition(self._topic, each): OffsetSpec.latest() for each in partitions}  # type: ignore[no-untyped-call]
        if not asked:
            return {}
        try:
            answers = self._admin.list_offsets(asked, request_timeout=CALL_S)
            if wait(answers.values(), timeout=2 * CALL_S).not_done:
                raise Unavailable("the log")
            return {place.partition: int(answer.result().offset) for place, answer in answers.items()}
        except KafkaException as error:
            raise Unavailable("the log") from error

    @cached_property
    def _admin(self) -> "AdminClient":
        from confluent_kafka.admin import AdminClient  # noqa: PLC0415 - see above

        return AdminClient(client_config(self._settings))


_: type[LogEnds] = KafkaLogEnds
