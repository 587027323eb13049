import pytest

from natter.domain.visiting import GENERATION_MS, pair
from natter.ports.visiting import Failure
from natter.usecases.operations.erase_visitors import EraseVisitors
from tests.memory.visiting import MemoryDeployment

WEEK = 7


@pytest.fixture
def deployment() -> MemoryDeployment:
    people = [person for week in (WEEK - 1, WEEK) for person in (pair("s", week).caller, pair("s", week).callee)]
    return MemoryDeployment(people={person.username: person.password for person in people})


@pytest.fixture
def now() -> list[int]:
    return [WEEK * GENERATION_MS]


@pytest.fixture
def erase(deployment: MemoryDeployment, now: list[int]) -> EraseVisitors:
    return EraseVisitors(
        open_deployment=deployment.open, secret=lambda: "s", now_ms=lambda: now[0], clock=deployment.clock
    )


class TestEraseVisitors:
    def test_those_of_last_week_are_erased_and_no_others(
        self, deployment: MemoryDeployment, erase: EraseVisitors
    ) -> None:
        assert erase() == 2
        assert set(deployment.people) == {pair("s", WEEK).caller.username, pair("s", WEEK).callee.username}

    def test_they_are_looked_for_once(self, deployment: MemoryDeployment, erase: EraseVisitors, now: list[int]) -> None:
        erase()
        deployment.calls.clear()
        assert (erase(), deployment.calls) == (0, [])
        now[0] += GENERATION_MS
        assert erase() == 2

    def test_who_is_not_erased_is_next_time(self, deployment: MemoryDeployment, erase: EraseVisitors) -> None:
        deployment.failing = {"vanish b"}
        with pytest.raises(Failure):
            erase()
        deployment.failing = set()
        assert erase() == 1

    def test_where_nobody_was_before_nobody_is_erased(self, deployment: MemoryDeployment, erase: EraseVisitors) -> None:
        deployment.people.clear()
        assert erase() == 0
        assert "vanish a" not in deployment.calls
