from collections.abc import Callable

import pytest

from functions.visit.handler import build
from natter.domain.visiting import Leg, Step
from natter.ports.visiting import Failure
from natter.telemetry import logger
from natter.usecases.operations.visit import Visited
from tests.measuring import Measured

WELL = Visited(steps=[Step(leg=Leg.SIGN_IN, ms=90), Step(leg=Leg.CONNECT, ms=30), Step(leg=Leg.CONNECT, ms=40)])
ILL = Visited(steps=[Step(leg=Leg.SIGN_IN, ms=90), Step(leg=Leg.CONNECT, ms=5000, failure="$connect: 503")])


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What the handler logs of what is wrong."""
    found: list[object] = []
    for level in ("error", "warning"):
        monkeypatch.setattr(logger, level, lambda message, extra: found.append((message, *extra.values())))
    return found


def handle(visited: Visited, erase: Callable[[], int] = lambda: 0) -> object:
    return build(lambda: visited, erase)({"source": "aws.events"}, None)


def fail() -> int:
    raise Failure("POST /v1/sessions: 503 unavailable")


class TestVisit:
    def test_that_all_is_well_is_stated(self, measured: Measured, said: list[object]) -> None:
        """Else nobody could tell it from a visit that was none."""
        assert handle(WELL) == {"legs": {"sign-in": 90, "connect": 40}, "failed": []}
        assert measured() == {"VisitTime[sign-in]": [90], "VisitTime[connect]": [30, 40], "VisitsFailed": [0]}
        assert said == []

    def test_what_failed_is_counted_and_named(self, measured: Measured, said: list[object]) -> None:
        """And has no time: what was waited for did not come."""
        assert handle(ILL) == {"legs": {"sign-in": 90, "connect": 5000}, "failed": ["connect"]}
        assert measured() == {"VisitTime[sign-in]": [90], "VisitFailures[connect]": [1], "VisitsFailed": [1]}
        assert said == [("a visitor was let down", "connect", "$connect: 503", 5000)]

    def test_last_weeks_visitors_are_erased_when_all_is_well(self) -> None:
        """Otherwise it might still be under way when the next visit is due."""
        asked: list[int] = []

        def erase() -> int:
            asked.append(1)
            return 2

        handle(ILL, erase)
        assert asked == []
        handle(WELL, erase)
        assert asked == [1]

    def test_who_is_left_of_last_week_or_does_not_leave_fails_no_visit(
        self, measured: Measured, said: list[object]
    ) -> None:
        handle(Visited(steps=WELL.steps, untidy=["DELETE /v1/sessions/current: 503"]), fail)
        assert measured()["VisitsFailed"] == [0]
        assert said == [
            ("a visitor did not leave", "DELETE /v1/sessions/current: 503"),
            ("visitors of last week are left", "POST /v1/sessions: 503 unavailable"),
        ]
