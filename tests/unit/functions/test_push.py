from typing import Any

from functions.push.handler import build
from natter.domain.push.waking import WAIT_MS
from natter.names import EVENTS_TOPIC
from natter.records.messages import EVENTS_SCHEMA, dump_emission
from tests.memory.logs import MemoryDeadLetters
from tests.messages import BOB
from tests.pushing import PushStage
from tests.streams import Context, a_batch, a_raw_record


class Consumer:
    """`push` for the lobby, in which Bob is."""

    def __init__(self) -> None:
        self.stage, self.dead = PushStage(BOB), MemoryDeadLetters()
        self.handler = build(self.stage.schedule, self.dead)

    def __call__(self, *records: dict[str, Any]) -> Any:
        return self.handler(a_batch(*records), Context())["batchItemFailures"]

    def a_record(self, *, offset: int = 0) -> dict[str, Any]:
        value = dump_emission(self.stage.say())
        return a_raw_record(value, offset=offset, schema=EVENTS_SCHEMA, at=self.stage.now, topic=EVENTS_TOPIC)


class TestPush:
    def test_what_was_said_has_people_looked_at(self) -> None:
        consumer = Consumer()
        assert consumer(consumer.a_record(), consumer.a_record(offset=1)) == []
        ((delay_s, wave),) = consumer.stage.queue.waiting
        assert delay_s == WAIT_MS // 1000
        assert [([one.seq for one in each.messages], each.users) for each in wave.candidates] == [([2, 3], (BOB,))]

    def test_what_cannot_be_read_is_set_aside_and_the_others_go_on(self) -> None:
        consumer = Consumer()
        poison = a_raw_record(b"{", offset=0, schema=EVENTS_SCHEMA, topic=EVENTS_TOPIC)
        assert consumer(poison, consumer.a_record(offset=1)) == []
        assert len(consumer.stage.queue.waiting) == 1
        assert len(consumer.dead.letters) == 1
