from collections.abc import Sequence

import pytest

from natter.domain.errors import Unavailable
from natter.domain.messages.events import Head
from natter.usecases.messages.give_up import ATTEMPTS, PATIENCE_MS, GiveUp
from natter.usecases.messages.persist import NotStored
from tests.memory.tables import MemoryTables
from tests.messages import NOON, a_command, a_log, a_post

FIRST, SECOND = a_log([a_command(a_post("x")), a_command(a_post("y"))])


class Tables(MemoryTables):
    failure: Exception | None = None

    def write_heads(self, heads: Sequence[Head]) -> None:
        if self.failure is not None:
            raise self.failure
        super().write_heads(heads)


class Stage:
    def __init__(self) -> None:
        self.now, self.tables = NOON, Tables()
        self.give_up = GiveUp(timeline=self.tables, store=self.tables, now_ms=lambda: self.now)

    def attempts(self, count: int, error: Unavailable | None = None) -> list[bool]:
        """Evenly over `PATIENCE_MS` and a little more."""
        answers = []
        for _ in range(count):
            answers.append(self.give_up(FIRST, error or NotStored("the store")))
            self.now += PATIENCE_MS // (ATTEMPTS - 1) + 1
        return answers


@pytest.fixture
def stage() -> Stage:
    return Stage()


class TestGiveUp:
    def test_a_record_is_given_up_after_enough_attempts_in_enough_time(self, stage: Stage) -> None:
        assert stage.attempts(ATTEMPTS) == [False] * (ATTEMPTS - 1) + [True]

    def test_not_while_the_store_takes_nothing_for_its_conversation_either(self, stage: Stage) -> None:
        """P1, P9: then it is the store."""
        stage.tables.failure = Unavailable("the store")
        assert not any(stage.attempts(10 * ATTEMPTS))

    def test_a_store_that_finds_the_head_too_old_answers(self, stage: Stage) -> None:
        stage.tables.failure = LookupError("a timestamp is at most 2 days old")
        assert stage.attempts(ATTEMPTS)[-1]

    def test_not_for_the_fault_of_another_dependency(self, stage: Stage) -> None:
        assert not any(stage.attempts(10 * ATTEMPTS, Unavailable("cache")))

    def test_not_in_a_hurry(self, stage: Stage) -> None:
        assert not any(stage.give_up(FIRST, NotStored("the store")) for _ in range(10 * ATTEMPTS))

    def test_another_record_begins_anew(self, stage: Stage) -> None:
        stage.attempts(ATTEMPTS - 1)
        assert not stage.give_up(SECOND, NotStored("the store"))
        assert not stage.give_up(FIRST, NotStored("the store"))
