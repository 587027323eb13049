from concurrent.futures import Future
from typing import Any, override

import pytest
from confluent_kafka import KafkaError, KafkaException

from natter.adapters.kafka.log_ends import PAUSE_S, KafkaLogEnds
from natter.domain.errors import Unavailable
from natter.settings import KafkaSettings


class Silent:
    """A client that is asked, and not answered."""

    asked = 0

    def list_offsets(self, partitions: dict[Any, Any], **_: Any) -> dict[Any, Future[Any]]:
        self.asked += 1
        answer = Future[Any]()
        answer.set_exception(KafkaException(KafkaError(KafkaError._TIMED_OUT)))
        return dict.fromkeys(partitions, answer)


class Ends(KafkaLogEnds):
    def __init__(self) -> None:
        super().__init__(KafkaSettings(brokers="127.0.0.1:1", auth="none"), made_s=20, clock=lambda: self.now)
        self.now, self.made, self.admin = 100.0, 0, Silent()

    @override
    def _make(self) -> Any:
        self.made += 1
        return self.admin


def test_where_nobody_answered_nobody_is_asked_for_a_while() -> None:
    """Each batch would wait for it, and whoever asks is behind."""
    ends = Ends()
    for _ in range(5):
        with pytest.raises(Unavailable):
            ends.ends([0])
    assert ends.admin.asked == 1
    ends.now += PAUSE_S
    with pytest.raises(Unavailable):
        ends.ends([0])
    assert (ends.admin.asked, ends.made) == (2, 2)
