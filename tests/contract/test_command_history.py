"""What every `CommandHistory` promises. On Kafka, of a topic of its own: nobody else decides what lies in it."""

import time
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Protocol

import pytest

from natter.adapters.kafka.command_history import KafkaCommandHistory
from natter.domain.errors import Unavailable
from natter.domain.messages.commands import Command
from natter.ports.ledger import CommandHistory, Logged, Stretch
from natter.settings import KafkaSettings
from tests.memory.command_history import MemoryCommandHistory
from tests.messages import a_command, a_log, a_post
from tests.support.command_topic import CommandTopic

COMMANDS = [a_command(a_post(f"m{n}")) for n in range(5)]


class Written(Protocol):
    """Five commands in one partition, of which as many are decided as it is told."""

    history: CommandHistory

    def decide(self, end: int) -> None: ...

    def set_aside(self, offset: int) -> None: ...


class WrittenMemory:
    def __init__(self) -> None:
        self.memory = MemoryCommandHistory(a_log(COMMANDS))
        self.memory.decided = {}
        self.history: CommandHistory = self.memory

    def decide(self, end: int) -> None:
        self.memory.decided[0] = end

    def set_aside(self, offset: int) -> None:
        self.memory.letters.add((0, offset))


@pytest.fixture
def on_kafka(kafka_endpoint: str, planted: set[str]) -> Iterator[CommandTopic]:
    kafka = CommandTopic(kafka_endpoint, COMMANDS)
    planted.add(kafka.topic)
    yield kafka
    kafka.remove()


@pytest.fixture(params=["memory", pytest.param("on_kafka", marks=pytest.mark.engines)])
def written(request: pytest.FixtureRequest) -> Written:
    found: Written = WrittenMemory() if request.param == "memory" else request.getfixturevalue("on_kafka")
    return found


def read(history: CommandHistory) -> Sequence[Logged]:
    return list(chain.from_iterable(history.read(history.stretches())))


def commands(history: CommandHistory) -> Sequence[Command | None]:
    return [each.command for each in read(history)]


class TestCommandHistory:
    def test_what_is_not_decided_is_not_looked_at(self, written: Written) -> None:
        assert [stretch for stretch in written.history.stretches().values() if stretch.first < stretch.end] == []
        written.decide(2)
        assert written.history.stretches() == {0: Stretch(first=0, end=2, is_resumed=False)}
        assert commands(written.history) == COMMANDS[:2]

    def test_records_come_in_their_order_with_place_and_time(self, written: Written) -> None:
        written.decide(5)
        found = read(written.history)
        assert [(each.partition, each.offset, each.command) for each in found] == [
            (0, offset, command) for offset, command in enumerate(COMMANDS)
        ]
        assert all(each.at > 0 for each in found)

    def test_it_goes_on_where_it_was_left(self, written: Written) -> None:
        written.decide(3)
        written.history.looked_at({0: 2})
        assert commands(written.history) == [COMMANDS[2]]
        written.history.looked_at({0: 3})
        assert written.history.stretches() == {0: Stretch(first=3, end=3)}

    def test_what_was_set_aside_is_told_by_its_place(self, written: Written) -> None:
        before = time.time_ns() // 1_000_000
        assert set(written.history.set_aside(before)) == set()
        written.set_aside(3)
        assert set(written.history.set_aside(before)) == {(0, 3)}


@pytest.mark.engines
class TestKafka:
    def test_what_retention_has_dropped_unseen_is_missed(self, on_kafka: CommandTopic) -> None:
        on_kafka.decide(5)
        on_kafka.history.looked_at({0: 1})
        on_kafka.drop(3)
        assert on_kafka.history.stretches() == {0: Stretch(first=3, end=5, missed=2)}
        assert commands(on_kafka.history) == COMMANDS[3:]

    def test_a_log_that_does_not_answer_is_unavailable(self) -> None:
        nowhere = KafkaSettings(brokers="127.0.0.1:1", auth="none", append_timeout_s=1)
        with pytest.raises(Unavailable):
            KafkaCommandHistory(nowhere).stretches()
