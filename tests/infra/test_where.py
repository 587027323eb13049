from typing import Any

import pytest

from infra.operators.where import NotAnswered, lines, question

NOON = 1_800_000_000_000
OUTCOME = {"epoch": 1, "offset": 8812, "item": 0, "at": NOON, "seq": 41, "refusal": None}
LOCATED: dict[str, Any] = {
    "client_id": "c1",
    "sender_id": "ann",
    "outcomes": [OUTCOME],
    "event": {"seq": 41, "type": "message", "at": NOON},
    "head": {"seq": 50, "partition": 3, "offset": 9000},
    "members": 4,
    "delivered_to": 3,
    "read_by": 2,
}


def said(**changes: Any) -> list[str]:
    return list(lines(LOCATED | changes))


class TestLines:
    def test_from_the_log_to_who_has_read_it(self) -> None:
        assert said() == [
            "accepted 2027-01-15T08:00:00.000+00:00 at 3/8812, item 0: place 41",
            "stored at place 41 (message, 2027-01-15T08:00:00.000+00:00), shown",
            "delivered to 3 and read by 2 of 3 others, as far as they say",
        ]

    def test_what_was_refused(self) -> None:
        refused = OUTCOME | {"seq": None, "refusal": "not_member"}
        assert said(outcomes=[refused], event=None)[0].endswith("refused, not_member")

    def test_what_is_above_the_head_is_not_shown(self) -> None:
        assert "folded up to 40" in said(head={"seq": 40, "partition": 3, "offset": 1})[1]

    def test_what_nobody_knows(self) -> None:
        assert said(outcomes=[], event=None) == [
            "no outcome of a client id: never decided, of no frame, or longer ago than eight days",
            "no event is stored",
        ]
        assert said(head=None) == ["no such conversation: nothing of it is folded"]


class TestQuestion:
    def test_a_place_or_a_sender_and_a_client_id(self) -> None:
        assert question("lobby", ["41"]) == {"conversation_id": "lobby", "seq": 41}
        assert question("lobby", ["ann", "c1"]) == {"conversation_id": "lobby", "sender_id": "ann", "client_id": "c1"}

    @pytest.mark.parametrize("message", [["c1"], ["a", "b", "c"]])
    def test_nothing_else_names_a_message(self, message: list[str]) -> None:
        with pytest.raises(NotAnswered):
            question("lobby", message)
