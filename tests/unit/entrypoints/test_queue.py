import logging

import pytest

from natter.domain.errors import Unavailable
from natter.entrypoints.queue import queue_consumer
from tests.streams import a_queue_event


class TestQueueConsumer:
    def test_each_message_is_consumed(self) -> None:
        seen: list[str] = []
        assert queue_consumer(seen.append)(a_queue_event("a", "b"), None) == {"batchItemFailures": []}
        assert seen == ["a", "b"]

    @pytest.mark.parametrize("error", [Unavailable("the store"), KeyError("secret words")])
    def test_one_that_fails_is_given_back_and_no_other(
        self, error: Exception, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(logging.getLogger("natter"), "propagate", True)
        seen: list[str] = []

        def consume(body: str) -> None:
            if body == "b":
                raise error
            seen.append(body)

        answer = queue_consumer(consume)(a_queue_event("a", "b", "c"), None)
        assert answer == {"batchItemFailures": [{"itemIdentifier": "message-1"}]}
        assert seen == ["a", "c"]
        assert "message-1" in caplog.text
        assert "secret words" not in caplog.text
