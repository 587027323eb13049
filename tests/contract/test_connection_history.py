"""What every `ConnectionHistory` promises."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from natter.adapters.kafka.client import RecordProducer
from natter.adapters.kafka.history import KafkaConnectionHistory
from natter.adapters.kafka.logs import KafkaConnectionLog
from natter.domain.connections import Connection, ConnectionChange
from natter.domain.errors import Unavailable
from natter.domain.ids import UserId, new_id
from natter.ports.presence import ConnectionHistory, ConnectionLog, PastConnections
from natter.settings import KafkaSettings
from tests.memory.logs import MemoryConnectionHistory, MemoryConnectionLog
from tests.messages import a_connection

MINUTE_MS = 60_000


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass
class Noted:
    log: ConnectionLog
    history: ConnectionHistory
    connections: set[Connection] = field(default_factory=set)

    def changes(self, connection: Connection, *changes: str) -> list[ConnectionChange]:
        """Noted in this order."""
        made = [
            ConnectionChange(
                connection=connection,
                change="opened" if change == "opened" else "closed" if change == "closed" else "status",
                at=now_ms(),
                state="away" if change == "away" else None,
            )
            for change in changes
        ]
        for each in made:
            assert self.log.note(each)
        self.connections.add(connection)
        return made


@pytest.fixture(params=["memory", pytest.param("kafka", marks=pytest.mark.engines)])
def noted(request: pytest.FixtureRequest) -> Iterator[Noted]:
    if request.param == "memory":
        log = MemoryConnectionLog()
        yield Noted(log, MemoryConnectionHistory(log))
        return
    settings = KafkaSettings(brokers=request.getfixturevalue("kafka_endpoint"), auth="none", append_timeout_s=10)
    kafka = Noted(KafkaConnectionLog(RecordProducer(settings), timeout_s=10), KafkaConnectionHistory(settings))
    yield kafka
    for connection in kafka.connections:  # nobody is to look for them
        kafka.changes(connection, "closed")


def somebody() -> UserId:
    return UserId(new_id())


def everybody(_user: UserId) -> bool:
    return True


def of_one(parts: list[list[ConnectionChange]], user: UserId) -> list[list[ConnectionChange]]:
    """In the parts that have something of `user`, what they have."""
    found = [[each for each in part if each.connection.user_id == user] for part in parts]
    return [each for each in found if each]


def all_parts(past: PastConnections) -> list[list[ConnectionChange]]:
    return [list(part) for part in past.parts()]


class TestConnectionHistoryContract:
    def test_everything_of_a_user_is_in_one_part_in_its_order(self, noted: Noted) -> None:
        people = [somebody() for _ in range(20)]
        said = {
            user: noted.changes(a_connection(user, f"{user}-1"), "opened", "away")
            + noted.changes(a_connection(user, f"{user}-2"), "opened", "closed")
            for user in people
        }
        parts = all_parts(noted.history.since(now_ms() - MINUTE_MS, everybody))
        assert {user: of_one(parts, user) for user in people} == {user: [changes] for user, changes in said.items()}

    def test_the_rest_is_what_came_after(self, noted: Noted) -> None:
        before, after = somebody(), somebody()
        noted.changes(a_connection(before), "opened")
        past = noted.history.since(now_ms() - MINUTE_MS, everybody)
        parts = all_parts(past)
        closed, opened = (
            noted.changes(a_connection(before), "closed"),
            noted.changes(a_connection(after), "opened"),
        )
        rest = [list(part) for part in past.rest()]
        assert (of_one(parts, after), of_one(rest, after)) == ([], [opened])
        assert of_one(rest, before) == [closed]

    def test_who_is_not_covered_is_left_out(self, noted: Noted) -> None:
        one, other = somebody(), somebody()
        past = noted.history.since(now_ms() - MINUTE_MS, lambda user: user == one)
        said = [noted.changes(a_connection(user), "opened") for user in (one, other)]
        parts = all_parts(past)
        assert (of_one(parts, one), of_one(parts, other)) == ([said[0]], [])
        for user in (one, other):
            noted.changes(a_connection(user), "away")
        rest = [list(part) for part in past.rest()]
        assert [len(each) for each in of_one(rest, one)] == [1]
        assert of_one(rest, other) == []

    def test_what_is_older_is_left_out(self, noted: Noted) -> None:
        user = somebody()
        noted.changes(a_connection(user), "opened")
        assert of_one(all_parts(noted.history.since(now_ms() + MINUTE_MS, everybody)), user) == []


@pytest.mark.engines
class TestKafka:
    def test_without_brokers_it_is_given_up(self) -> None:
        history = KafkaConnectionHistory(KafkaSettings(brokers="127.0.0.1:9", auth="none"))
        with pytest.raises(Unavailable):
            list(history.since(0, everybody).parts())
