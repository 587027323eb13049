from typing import Any

import pytest

from natter.domain.errors import BadRequest
from natter.wire.base import parse
from natter.wire.operations import ReportBody

BODY = {"conversation_id": "lobby", "seq": 3, "reason": "spam"}


class TestReportBody:
    @pytest.mark.parametrize("reason", ["x", "x" * 1000, "two\nlines", "\N{CAT FACE}" * 1000])
    def test_a_reason(self, reason: str) -> None:
        assert parse(ReportBody, BODY | {"reason": reason}).reason == reason

    @pytest.mark.parametrize(
        "changes",
        [
            {"reason": ""},
            {"reason": " "},
            {"reason": "x" * 1001},
            {"reason": "\0"},
            {"seq": 0},
            {"seq": "3"},
            {"conversation_id": "a b"},
        ],
        ids=str,
    )
    def test_what_is_wrong_is_named(self, changes: dict[str, Any]) -> None:
        with pytest.raises(BadRequest, match=rf"^{next(iter(changes))}: "):
            parse(ReportBody, BODY | changes)
