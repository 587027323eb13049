"""The checker of storms finds what it is for."""

from typing import Any

from tests.support.history import Sent, violations

ANN, BEN = "ann", "ben"
LANES = [
    [Sent(sender_id=ANN, client_id="1", words="a"), Sent(sender_id=ANN, client_id="2", words="b")],
    [Sent(sender_id=BEN, client_id="1", words="c")],
]


def a_message(seq: int, sender: str, client_id: str, words: str) -> dict[str, Any]:
    content = {"type": "text", "text": words}
    return {"seq": seq, "type": "message", "sender_id": sender, "client_id": client_id, "content": content}


def a_history() -> list[dict[str, Any]]:
    created = {"seq": 1, "type": "conversation_created", "sender_id": ANN}
    return [created, a_message(2, ANN, "1", "a"), a_message(3, BEN, "1", "c"), a_message(4, ANN, "2", "b")]


def found(history: list[dict[str, Any]], seen: dict[int, dict[str, Any]] | None = None) -> str:
    everything = {event["seq"]: event for event in history}
    return "\n".join(violations(lanes=LANES, history=history, seen={"reader": everything if seen is None else seen}))


class TestViolations:
    def test_nothing_is_wrong_with_a_good_run(self) -> None:
        assert found(a_history()) == ""

    def test_hole_is_found(self) -> None:
        history = a_history()
        history[3]["seq"] = 5
        assert "history is not 1 to 4" in found(history)

    def test_lost_message_is_found(self) -> None:
        assert "lost: Sent(sender_id='ann', client_id='2'" in found(a_history()[:3])

    def test_doubled_message_is_found(self) -> None:
        assert "2 times: ('ben', '1')" in found([*a_history(), a_message(5, BEN, "1", "c")])

    def test_changed_message_is_found(self) -> None:
        history = a_history()
        history[2]["content"]["text"] = "z"
        assert "changed" in found(history)

    def test_message_that_nobody_sent_is_found(self) -> None:
        assert "never sent: ('ben', '9')" in found([*a_history(), a_message(5, BEN, "9", "?")])

    def test_wrong_order_is_found(self) -> None:
        history = a_history()
        history[1], history[3] = a_message(2, ANN, "2", "b"), a_message(4, ANN, "1", "a")
        assert "out of order" in found(history)

    def test_reader_who_missed_something_is_found(self) -> None:
        history = a_history()
        assert "reader did not see 3" in found(history, {event["seq"]: event for event in history if event["seq"] != 3})

    def test_reader_who_saw_too_much_is_found(self) -> None:
        history = a_history()
        seen = {event["seq"]: event for event in history} | {5: a_message(5, BEN, "2", "x")}
        assert "reader saw 5, which is not there" in found(history, seen)

    def test_reader_who_saw_another_order_is_found(self) -> None:
        history = a_history()
        seen = {event["seq"]: event for event in history} | {3: history[1], 2: history[2]}
        assert "reader saw" in found(history, seen)
