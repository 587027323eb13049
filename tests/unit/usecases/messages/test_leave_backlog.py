from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import override

import pytest

from natter.domain.errors import Unavailable
from natter.domain.messages.backlog import PROMPT_MS, Backlog
from natter.domain.messages.commands import Record
from natter.names import EPOCH
from natter.usecases.messages.leave_backlog import LeaveBacklog
from tests.memory.backlogs import MemoryBacklogs, MemoryLogEnds
from tests.messages import NOON, a_command, a_post


@dataclass
class Asked(MemoryLogEnds):
    """Each partition has fifty records; counts how often it was asked."""

    asked: list[Collection[int]] = field(default_factory=list)
    answers: bool = True

    @override
    def ends(self, partitions: Collection[int]) -> Mapping[int, int]:
        self.asked.append(partitions)
        if not self.answers:
            raise Unavailable("the log")
        return dict.fromkeys(partitions, 50)


class DownBacklogs(MemoryBacklogs):
    @override
    def leave(self, backlogs: Collection[Backlog]) -> None:
        raise Unavailable(f"the cache, given {len(backlogs)}")


class WrongBacklogs(MemoryBacklogs):
    @override
    def leave(self, backlogs: Collection[Backlog]) -> None:
        raise LookupError(f"a key of another type, for {len(backlogs)}")


def a_record(partition: int, offset: int, *, age_ms: int) -> Record:
    return Record(command=a_command(a_post("m1")), epoch=EPOCH, partition=partition, offset=offset, at=NOON - age_ms)


@pytest.fixture
def backlogs() -> MemoryBacklogs:
    return MemoryBacklogs(lambda: NOON)


@pytest.fixture
def leave(backlogs: MemoryBacklogs) -> LeaveBacklog:
    return LeaveBacklog(ends=Asked(), backlogs=backlogs, now_ms=lambda: NOON)


class TestLeaveBacklog:
    def test_of_what_is_late_it_says_what_waits_behind_it(self, leave: LeaveBacklog, backlogs: MemoryBacklogs) -> None:
        """And of no other partition of the batch."""
        late = [a_record(1, offset, age_ms=PROMPT_MS + 300 - offset) for offset in range(10)]
        leave([*late, a_record(2, 7, age_ms=20)], NOON - 100)
        assert backlogs.get([1, 2]) == {
            1: Backlog(partition=1, at=NOON, next_offset=10, items=40, granted=0, item_ms=5.0)
        }

    def test_it_goes_on_from_what_was_left(self, leave: LeaveBacklog, backlogs: MemoryBacklogs) -> None:
        leave([a_record(1, 8, age_ms=300), a_record(1, 9, age_ms=300)], NOON - 100)
        backlogs.add(backlogs.get([1])[1], 500)
        leave([a_record(1, 10, age_ms=300), a_record(1, 11, age_ms=300)], NOON - 100)
        assert backlogs.get([1])[1].items == 540 - 2

    def test_what_is_young_costs_nothing(self, leave: LeaveBacklog, backlogs: MemoryBacklogs) -> None:
        """Though its batch has waited: what was stored last tells."""
        ends = Asked()
        leave = replace(leave, ends=ends)
        leave([a_record(1, 7, age_ms=500), a_record(1, 8, age_ms=PROMPT_MS - 1)], NOON - 100)
        leave([], NOON)
        assert (ends.asked, backlogs.get([1])) == ([], {})

    @pytest.mark.parametrize("down", ["log", "cache", "neither"])
    def test_what_cannot_be_said_is_not(
        self, leave: LeaveBacklog, backlogs: MemoryBacklogs, down: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        """P9: the batch is stored and shown. Whatever came out of here would be the fault of its records."""
        broken = {
            "log": replace(leave, ends=Asked(answers=False)),
            "cache": replace(leave, backlogs=DownBacklogs(lambda: NOON)),
            "neither": replace(leave, backlogs=WrongBacklogs(lambda: NOON)),
        }[down]
        broken([a_record(1, 7, age_ms=500), a_record(1, 8, age_ms=500)], NOON - 100)
        assert backlogs.get([1]) == {}
        assert "nobody is told what waits in [1]" in caplog.text
