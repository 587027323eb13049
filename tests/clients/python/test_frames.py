"""What comes from outside and is not what it should be ends nothing."""

import copy
import json
from typing import Any

import pytest

from natter_client.frames import readable, readable_answer

EVENT = {"seq": 2, "type": "message", "at": 1, "sender_id": "ben", "content": {"type": "text", "text": "x"}}
GOOD: list[dict[str, Any]] = [
    {"type": "ack", "id": "o1", "conversation_id": "c", "accepted": [{"client_id": "a", "at": 1}]},
    {"type": "events", "conversation_id": "c", "events": [EVENT]},
    {"type": "receipt", "conversation_id": "c", "receipts": [{"user_id": "ben", "read_seq": 2}]},
    {"type": "typing", "conversation_id": "c", "user_id": "ben", "state": "started"},
    {"type": "presence", "users": [{"user_id": "ben", "state": "online"}]},
    {"type": "settings", "conversation_id": "c", "archived": True, "notify": "all"},
    {"type": "error", "code": "gone", "client_ids": ["a"]},
]


class TestFrames:
    @pytest.mark.parametrize("frame", [*GOOD, {"type": "newer", "more": 1}, {"message": "Internal server error"}])
    def test_those_of_the_protocol_are_left_as_they_are(self, frame: dict[str, Any]) -> None:
        assert readable(frame) == frame

    @pytest.mark.parametrize("frame", GOOD)
    def test_without_a_field_or_with_another_kind_of_value_it_is_none(self, frame: dict[str, Any]) -> None:
        for name in frame:
            broken = copy.deepcopy(frame)
            broken[name] = {"a": 1}
            assert readable(broken) is None, name
            del broken[name]
            optional = name in {"type", "id", "client_ids", "archived", "notify"}
            assert optional or readable(broken) is None, name

    def test_an_event_is_looked_at_by_its_type(self) -> None:
        for event in ({**EVENT, "seq": "2"}, {**EVENT, "type": "edit"}, {**EVENT, "content": {"text": 1}}):
            assert readable({"type": "events", "conversation_id": "c", "events": [event]}) is None

    def test_null_is_nothing(self) -> None:
        frame = {"type": "error", "code": "unavailable", "retry_after_ms": None, "conversation_id": None}
        assert readable(frame) == {"type": "error", "code": "unavailable"}

    @pytest.mark.parametrize("frame", [[], "x", None, 1, {"type": []}])
    def test_what_is_no_object_is_none(self, frame: Any) -> None:
        assert readable(json.loads(json.dumps(frame))) is None


class TestAnswers:
    def test_what_was_asked_for(self) -> None:
        seqs = {"first_seq": 1, "head_seq": 2, "state_seq": 2}
        entry = {"conversation_id": "c", "events": [EVENT], "limited": False, **seqs, "read_seq": 1, "unread": 1}
        assert readable_answer("ticket", {"url": "wss://x"}) == {"url": "wss://x"}
        given = {"conversations": [{**entry, "muted_until": None}, {"conversation_id": "d", "removed": True}]}
        assert readable_answer("sync", {**given, "next_cursor": None}) == {
            "conversations": [entry, {"conversation_id": "d", "removed": True}]
        }
        page = {"events": [EVENT], "has_more": False, **seqs}
        assert readable_answer("page", page) == page

    @pytest.mark.parametrize("kind", ["ticket", "sync", "page", "tokens"])
    def test_anything_else_is_none(self, kind: str) -> None:
        answers: list[Any] = [None, [], {}, {"url": 1}, {"conversations": [{"conversation_id": "c"}]}]
        for answer in answers:
            assert readable_answer(kind, answer) is None
