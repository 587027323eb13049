"""What every `Backlogs` promises."""

import random

import pytest
from redis import Redis

from natter.adapters.valkey.backlogs import ValkeyBacklogs
from natter.adapters.valkey.client import Valkey
from natter.bootstrap.clients import now_ms
from natter.domain.errors import Unavailable
from natter.domain.messages.backlog import VALID_MS
from natter.ports.messages import Backlogs
from natter.settings import ValkeySettings
from tests.backlogs import a_backlog
from tests.memory.backlogs import MemoryBacklogs


class Clock:
    """That of the machine, moved on by what is said."""

    ahead_ms = 0

    def __call__(self) -> int:
        return now_ms() + self.ahead_ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["memory", pytest.param("valkey", marks=pytest.mark.engines)])
def backlogs(request: pytest.FixtureRequest, clock: Clock) -> Backlogs:
    if request.param == "memory":
        return MemoryBacklogs(clock)
    return ValkeyBacklogs(request.getfixturevalue("valkey"))


@pytest.fixture
def number() -> int:
    """Of a partition, with the next, that no other test has to do with."""
    return random.randrange(10**6, 10**9)


class TestBacklogsContract:
    def test_what_is_left_is_found(self, backlogs: Backlogs, number: int) -> None:
        first, second = a_backlog(partition=number, granted=7, item_ms=0.25), a_backlog(partition=number + 1)
        backlogs.leave([first, second])
        assert backlogs.get([number, number + 1, number + 2]) == {number: first, number + 1: second}
        assert backlogs.get([]) == {}
        backlogs.leave([])

    def test_what_is_added_counts_until_something_is_left_again(self, backlogs: Backlogs, number: int) -> None:
        first = a_backlog(partition=number)
        backlogs.leave([first])
        for items in (3, 4):
            backlogs.add(first, items)
        assert backlogs.get([number])[number].added == 7
        backlogs.leave([again := a_backlog(partition=number, items=5)])
        assert backlogs.get([number]) == {number: again}

    def test_adding_to_what_is_forgotten_is_nothing(self, backlogs: Backlogs, number: int) -> None:
        """It was known a moment ago."""
        backlogs.add(a_backlog(partition=number), 3)
        assert backlogs.get([number]) == {}


class TestForgotten:
    def test_in_memory(self, clock: Clock) -> None:
        backlogs = MemoryBacklogs(clock)
        backlogs.leave([a_backlog(at=clock())])
        clock.ahead_ms = VALID_MS - 500
        assert backlogs.get([3])
        clock.ahead_ms = VALID_MS
        assert backlogs.get([3]) == {}

    @pytest.mark.engines
    def test_in_valkey(self, valkey_settings: ValkeySettings, valkey: Valkey, number: int) -> None:
        """Whether something is left or added: an outage of the consumer is no reason to refuse anybody for long."""
        host, _, port = valkey_settings.endpoint.rpartition(":")
        backlogs = ValkeyBacklogs(valkey)
        with Redis(host=host, port=int(port), decode_responses=True) as client:
            for known in (a_backlog(partition=number), a_backlog(partition=number + 1)):
                backlogs.leave([known])
            backlogs.add(known, 1)
            backlogs.add(a_backlog(partition=number + 2), 1)
            for each in range(number, number + 3):
                assert 0 < client.pttl(f"backlog:1:{each}") <= VALID_MS

    def test_an_outage_is_told(self) -> None:
        nowhere = ValkeyBacklogs(Valkey(ValkeySettings(endpoint="127.0.0.1:1", auth="none"), lambda: None))
        for ask in (
            lambda: nowhere.get([1]),
            lambda: nowhere.leave([a_backlog()]),
            lambda: nowhere.add(a_backlog(), 1),
        ):
            with pytest.raises(Unavailable):
                ask()
