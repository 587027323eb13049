"""docs/slo.md is made of the values that the alarms are made of."""

import pytest

from infra.operations.levels import BURNS, CONNECT, DAY_S, HOUR_S, LEVELS, MINUTE_S, SEND, budget
from tests.docs.test_documents import ROOT
from tests.documents import levels


def test_the_document_says_what_the_values_are() -> None:
    """Otherwise: `make docs`."""
    assert (ROOT / "docs" / "slo.md").read_text() == levels.document()


def test_availability_is_what_was_asked_for() -> None:
    """99.95 % in 30 days are some 22 minutes."""
    for level in (CONNECT, SEND):
        assert 30 * DAY_S * budget(level) / MINUTE_S == pytest.approx(21.6)


def test_names_are_those_of_one_level_each() -> None:
    """Ids of metrics begin with them: none may begin like another."""
    names = [level.name for level in LEVELS]
    assert [a for a in names for b in names if a != b and a.startswith(b)] == []


def test_burn_rates_spend_what_the_workbook_says() -> None:
    """2 % of the budget in an hour, 5 % in six hours, 10 % in three days; short windows are a twelfth of the long."""
    fast, slow, leak = BURNS
    spent = [
        burn.rate * burn.windows[0].period_s * burn.windows[0].periods / (30 * DAY_S) for burn in (fast, slow, leak)
    ]
    assert spent == pytest.approx([0.02, 0.05, 0.1])
    for burn in (fast, slow):
        long, short = burn.windows
        assert long.period_s == 12 * short.period_s
    assert fast.windows[0].period_s == HOUR_S
