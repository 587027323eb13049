import json
import logging

import pytest

from functions.reconcile.handler import build
from natter.usecases.operations.locate import Locate
from natter.usecases.operations.reconcile import Lost, Reconciled
from tests.measuring import Measured
from tests.messages import LOBBY, a_command, a_log, a_post, created
from tests.persisting import Stage

SCHEDULED = {"source": "aws.events"}
WORDS = "a secret"


def handle(event: object, reconciled: Reconciled) -> object:
    stage = Stage()
    stage.persist(a_log([created(), a_command(a_post("m1", WORDS))]))
    return build(lambda: reconciled, Locate(timeline=stage.tables))(event, None)


class TestReconcile:
    def test_that_nothing_is_lost_is_stated_every_time(self, measured: Measured) -> None:
        """Else nobody could tell it from a ledger that does not run."""
        reconciled = Reconciled(items=0, lost=(), missed=0, age_ms=0)
        assert handle(SCHEDULED, reconciled) == {"items": 0, "unaccounted": 0}
        assert measured() == {"Unaccounted": [0], "Reconciled": [0], "LedgerAge": [0]}

    def test_what_is_lost_is_counted(self, measured: Measured) -> None:
        lost = (Lost(partition=0, offset=1, item=0),)
        handle(SCHEDULED, Reconciled(items=7, lost=lost, missed=2, age_ms=1500))
        assert measured() == {"Unaccounted": [3], "Reconciled": [7], "LedgerAge": [1.5]}

    @pytest.mark.parametrize("message", [{"seq": 2}, {"sender_id": "ann", "client_id": "m1"}], ids=str)
    def test_operators_are_told_where_a_message_is_and_not_what_it_says(
        self, message: dict[str, object], caplog: pytest.LogCaptureFixture, measured: Measured
    ) -> None:
        caplog.set_level(logging.DEBUG)
        asked = {"where": {"conversation_id": LOBBY, **message}}
        told = json.dumps(handle(asked, Reconciled(items=0, lost=(), missed=0, age_ms=0)))
        assert '"seq": 2' in told
        assert WORDS not in told + caplog.text
        assert measured() == {}
