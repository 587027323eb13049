import asyncio

import pytest

from local.faults import Active, Delay, Freeze, Pause
from local.faults.ledger import Ledger


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


class End:
    """What undoes a fault: counts, and fails or waits if told to."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.times = 0
        self.begun = asyncio.Event()
        self.may_end = asyncio.Event()
        self.may_end.set()
        self._failure = failure

    async def __call__(self) -> None:
        self.times += 1
        self.begun.set()
        await self.may_end.wait()
        if self._failure is not None:
            raise self._failure


class TestLedger:
    async def test_fault_that_ended_is_undone_once(self, ledger: Ledger) -> None:
        end = End()
        entry = ledger.add(Pause("kafka"), end=end)
        await asyncio.gather(ledger.end(entry), ledger.end(entry))
        assert end.times == 1
        assert ledger.active() == []

    async def test_fault_ends_when_its_time_is_over(self, ledger: Ledger) -> None:
        end = End()
        entry = ledger.add(Pause("kafka", seconds=0.01), seconds=0.01, end=end)
        await asyncio.wait_for(end.begun.wait(), 5)
        assert entry.ending is not None
        await entry.ending
        assert end.times == 1
        assert ledger.active() == []

    async def test_fault_is_over_when_it_has_struck_often_enough(self, ledger: Ledger) -> None:
        entry = ledger.add(Delay("persist", ms=1, batches=2))
        ledger.strike(entry, at_most=2)
        assert ledger.active() == [Active(fault=entry.fault, hits=1)]
        ledger.strike(entry, at_most=2)
        assert list(ledger.of(Delay)) == []
        assert entry.ending is not None
        await entry.ending
        assert ledger.active() == []

    async def test_fault_about_to_end_is_shown_and_does_not_strike(self, ledger: Ledger) -> None:
        end = End()
        end.may_end.clear()
        entry = ledger.add(Pause("kafka"), end=end)
        ending = ledger.end(entry)
        await asyncio.sleep(0)
        assert [active.fault for active in ledger.active()] == [Pause("kafka")]
        assert list(ledger.of(Pause)) == []
        end.may_end.set()
        await ending

    async def test_dropped_fault_is_not_undone(self, ledger: Ledger) -> None:
        end = End()
        ledger.drop(ledger.add(Pause("kafka", seconds=60), seconds=60, end=end))
        await ledger.clear()
        assert end.times == 0

    async def test_dropped_while_it_ends_it_is_forgotten(self, ledger: Ledger) -> None:
        end = End()
        end.may_end.clear()
        entry = ledger.add(Pause("kafka"), end=end)
        clearing = asyncio.create_task(ledger.clear())
        await end.begun.wait()
        ledger.drop(entry)
        await clearing
        assert ledger.active() == []

    async def test_clear_undoes_all_even_if_one_fails(self, ledger: Ledger, caplog: pytest.LogCaptureFixture) -> None:
        ends = End(OSError("does not start")), End()
        ledger.add(Pause("kafka"), end=ends[0])
        ledger.add(Freeze("persist"), end=ends[1])
        with pytest.raises(ExceptionGroup) as raised:
            await ledger.clear()
        assert [str(error) for error in raised.value.exceptions] == ["does not start"]
        assert [end.times for end in ends] == [1, 1]
        assert ledger.active() == []
        assert "a fault could not be undone: does not start" in caplog.text

    async def test_after_close_nothing_ends_by_itself(self, ledger: Ledger) -> None:
        end = End()
        entry = ledger.add(Pause("kafka", seconds=60), seconds=60, end=end)
        await ledger.close()
        assert entry.timer is not None
        assert entry.timer.cancelled()
        assert (end.times, ledger.active()) == (0, [])

    async def test_what_remains_is_told(self, ledger: Ledger) -> None:
        ledger.add(Pause("kafka", seconds=60), seconds=60)
        (active,) = ledger.active()
        assert active.ends_in_s is not None
        assert 50 < active.ends_in_s <= 60
        await ledger.close()
