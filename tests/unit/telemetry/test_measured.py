import json
import logging

import pytest

from natter.domain.messages.commands import Asked
from natter.telemetry import logger
from natter.telemetry.measured import log_decisions, record_persisted
from tests.measuring import Measured
from tests.messages import NOON, a_command, a_log, a_post, created
from tests.persisting import Stage

WORDS = "a secret"
LOG = a_log(
    [
        created(),
        a_command(a_post("m1", WORDS), asked=Asked(id="request-1", at=NOON - 30)),
        a_command(a_post("m2"), a_post("m3")),
    ],
    at=[NOON - 20, NOON - 20, NOON - 10],
)


def test_each_leg_of_the_way_is_measured_once_a_record(measured: Measured) -> None:
    """What no gateway had before has no end to end."""
    persisted = Stage().persist(LOG)
    record_persisted(persisted, NOON + 5)
    found = measured()
    assert found["LogToPlace"] == [20, 20, 10]
    assert found["PlaceToPost"] == [5]
    assert found["LogToDelivery"] == [25, 25, 15]
    assert found["EndToEnd"] == [35]
    assert found["EventsStored"] == [4]


class TestLogDecisions:
    def test_debugging_tells_what_became_of_a_frame_and_not_what_it_says(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        said: list[str] = []
        monkeypatch.setattr(logger, "debug", lambda message, extra: said.append(json.dumps({"what": message, **extra})))
        logger.setLevel(logging.DEBUG)
        log_decisions(Stage().persist(LOG))
        logger.setLevel(logging.INFO)
        assert len(said) == 4
        assert '"request_id": "request-1"' in said[1]
        assert '"seq": 2' in said[1]
        assert WORDS not in "".join(said) + capsys.readouterr().out

    def test_else_it_costs_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(logger, "debug", lambda *_, **__: pytest.fail("it is told all the same"))
        log_decisions(Stage().persist(LOG))
