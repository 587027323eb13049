from collections.abc import Iterator

import pytest

from functions.rebuild.handler import build
from natter.domain.errors import Unavailable
from natter.usecases.delivery.rebuild import Rebuilt
from tests.measuring import Measured
from tests.streams import Context

MESSAGE = {"Records": [{"messageId": "m1", "body": "{}"}]}
SCHEDULED = {"source": "aws.events"}


class Runs:
    def __init__(self, *answers: Rebuilt | None) -> None:
        self._answers: Iterator[Rebuilt | None] = iter(answers)
        self.count = 0

    def __call__(self) -> Rebuilt | None:
        self.count += 1
        return next(self._answers)


class TestRebuild:
    def test_it_is_run_by_the_schedule_by_the_queue_and_by_a_deployment(self) -> None:
        runs = Runs(None, None, None)
        handler = build(runs)
        assert handler(SCHEDULED, Context()) is None
        assert handler(MESSAGE, Context()) == {"batchItemFailures": []}
        assert handler({}, Context()) is None
        assert runs.count == 3

    def test_what_was_lost_is_counted(self, measured: Measured) -> None:
        build(Runs(Rebuilt(lost=128, rebuilt=127, connections=7)))(SCHEDULED, Context())
        assert measured() == {"RegistryPartsLost": [128], "ConnectionsRestored": [7]}

    def test_when_it_fails_the_message_is_given_back_and_the_schedule_says_so(self) -> None:
        def fails() -> Rebuilt | None:
            raise Unavailable("the log")

        assert build(fails)(MESSAGE, Context()) == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
        with pytest.raises(Unavailable):
            build(fails)(SCHEDULED, Context())
