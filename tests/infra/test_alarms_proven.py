"""Each alarm is made to ring on the local cloud, or it is written down why it cannot: none is forgotten."""

import ast
from collections.abc import Callable

import pytest

from tests.alarms.table import ROWS
from tests.infra.metrics_used import ALARM, COMPOSITE
from tests.infra.templates import ROOT, Templates

STAGES = ("dev", "prod", "varied")


@pytest.fixture
def names(stages: Callable[[str], Templates]) -> set[str]:
    """Of all alarms that there are."""
    return {
        alarm["AlarmName"].removeprefix(f"natter-{name}-")
        for name in STAGES
        for alarm in (*stages(name).properties(ALARM), *stages(name).properties(COMPOSITE))
    }


def test_every_alarm_has_a_row_and_no_other_is_told_of(names: set[str]) -> None:
    assert {name for name in names if not any(row.is_of(name) for row in ROWS)} == set()
    assert [row.alarms for row in ROWS if not any(row.is_of(name) for name in names)] == []


def test_what_can_ring_is_not_among_what_cannot(names: set[str]) -> None:
    for name in names:
        kinds = {row.fault is None for row in ROWS if row.is_of(name)}
        assert len(kinds) == 1, name


def test_every_fault_is_a_test_and_every_test_a_fault() -> None:
    found = {
        node.name.removeprefix("test_")
        for file in (ROOT / "tests" / "alarms").glob("test_*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.AsyncFunctionDef) and node.name.startswith("test_")
    }
    assert found == {row.fault for row in ROWS if row.fault is not None}
