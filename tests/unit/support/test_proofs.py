"""What `python -m tests.bench.faults` says of a run: well, or what is wrong with it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import pytest

from local.faults import Fault, Faults, Resume, Thaw
from local.faults.values import KINDS
from tests.bench.causes import CAUSES, InTurn
from tests.bench.faults import Proof
from tests.bench.insistent import Outcome, outcome
from tests.support.findings import Run
from tests.unit.support.test_findings import HISTORY, a_run

WELL = Outcome(
    sent=3, acknowledged=3, repeated={"unavailable": 1}, refused=0, once=3, shown=6, fetched=0, wrong=0, findings=()
)
PROOF = Proof(strikes=2, seconds=1.0, behind_s=0.1, outcome=WELL, looked_at=4, unaccounted=0, set_aside=0)


def told(run: Run) -> Outcome:
    return outcome(run, sent=3, acknowledged=3, repeated={}, copies=[])


class TestOutcome:
    def test_of_a_run_that_went_well(self) -> None:
        found = told(a_run())
        assert (found.once, found.wrong) == (3, 0)

    def test_names_what_is_lost(self) -> None:
        found = told(replace(a_run(), histories={"p": HISTORY[:-1]}))
        assert found.once == 2
        assert any(each.startswith("lost: ") for each in found.findings)

    def test_names_what_is_doubled(self) -> None:
        again = {**HISTORY[-1], "seq": 7}
        found = told(replace(a_run(), histories={"p": [*HISTORY, again]}))
        assert found.once == 2
        assert any(each.startswith("2 times: ") for each in found.findings)


class TestProof:
    def test_is_well(self) -> None:
        assert not PROOF.is_wrong

    @pytest.mark.parametrize(
        "damage",
        [
            {"unaccounted": 1},
            {"set_aside": 1},
            {"looked_at": 2},
            {"outcome": replace(WELL, once=2)},
            {"outcome": replace(WELL, wrong=1)},
            {"outcome": replace(WELL, refused=1)},
        ],
        ids=str,
    )
    def test_is_not(self, damage: Mapping[str, Any]) -> None:
        assert replace(PROOF, **damage).is_wrong


def test_every_fault_is_caused() -> None:
    """But those that end others."""
    caused = {type(fault) for cause in CAUSES.values() for fault in cause.faults}
    assert caused == {*KINDS} - {Resume, Thaw}


async def test_causes_in_turn_are_caused_one_after_the_other() -> None:
    caused: list[str] = []

    class Noting:
        async def apply(self, fault: Fault) -> None:
            caused.append(str(fault))

    names = ("duplicate-persist", "delay-persist")
    in_turn = InTurn([replace(CAUSES[name], holds_s=0.0, rests_s=0.0) for name in names])
    for _ in range(3):
        await in_turn.strike(cast("Faults", Noting()))
    (first,), (second,) = (CAUSES[name].faults for name in names)
    assert caused == [str(first), str(second), str(first)]
