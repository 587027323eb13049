"""
`LogEnds` on `chat.commands`.

Asked only where a partition is behind, so the client is made when that is so for the first time, beside what goes on:
with IAM, librdkafka takes a second for it, which neither a start of the function nor a batch has to spare.
"""

import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from confluent_kafka import KafkaException, TopicPartition

from natter.adapters.kafka.client import client_config
from natter.domain.errors import Unavailable
from natter.names import COMMANDS_TOPIC
from natter.ports.messages import LogEnds
from natter.settings import KafkaSettings

if TYPE_CHECKING:
    from confluent_kafka.admin import AdminClient

CALL_S, MADE_S = 0.3, 0.1
"""How long an answer, and the client, are waited for. Nothing is lost without; and a batch waits."""

PAUSE_S = 3.0
"""Without a question after one that was not answered: who asks is behind, and each batch would wait for it again."""


class KafkaLogEnds:
    def __init__(
        self,
        settings: KafkaSettings,
        *,
        call_s: float = CALL_S,
        made_s: float = MADE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings, self._call_s, self._made_s, self._clock = settings, call_s, made_s, clock
        self._made: Future[AdminClient] | None = None
        self._paused_until = 0.0

    def ends(self, partitions: Collection[int]) -> Mapping[int, int]:
        from confluent_kafka.admin import OffsetSpec  # type: ignore[attr-defined]  # noqa: PLC0415 - as the client

        asked = {TopicPartition(COMMANDS_TOPIC, each): OffsetSpec.latest() for each in partitions}  # type: ignore[no-untyped-call]
        if not asked:
            return {}
        if self._clock() < self._paused_until:
            raise Unavailable("the log")
        try:
            answers = self._admin().list_offsets(asked, request_timeout=self._call_s)
            return {place.partition: int(answer.result(2 * self._call_s).offset) for place, answer in answers.items()}
        except (KafkaException, TimeoutError) as error:
            self._made = None  # its token may have expired, or its connections have died while it was frozen
            self._paused_until = self._clock() + PAUSE_S
            raise Unavailable("the log") from error

    def _admin(self) -> "AdminClient":
        if self._made is None:
            maker = ThreadPoolExecutor(max_workers=1)
            self._made = maker.submit(self._make)
            maker.shutdown(wait=False)
        try:
            return self._made.result(self._made_s)
        except TimeoutError as error:  # it is made all the same, for a batch to come
            raise Unavailable("the log") from error

    def _make(self) -> "AdminClient":
        from confluent_kafka.admin import AdminClient  # noqa: PLC0415 - see above

        return AdminClient(client_config(self._settings))


_: type[LogEnds] = KafkaLogEnds
