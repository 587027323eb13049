"""What the connection that asked is told."""

import pytest

from natter.domain.messages.commands import Item
from tests.messages import (
    ANN,
    BOB,
    LOBBY,
    MALLORY,
    NOON,
    a_command,
    a_connection,
    a_delete,
    a_log,
    a_post,
    a_reaction,
    an_edit,
    created,
    text,
)
from tests.persisting import Stage


class TestTold:
    def test_a_refusal_is_told_to_the_connection_that_asked_alone(self) -> None:
        phone, desk = a_connection(MALLORY, "phone"), a_connection(MALLORY, "desk")
        stage = Stage(phone, desk)
        stage.persist(a_log([created(), a_command(a_post("x"), sender=MALLORY, origin=phone)]))
        (error,) = stage.received(phone)
        assert (error["type"], error["code"], error["conversation_id"], error["client_ids"]) == (
            "error",
            "not_member",
            LOBBY,
            ["x"],
        )
        assert stage.received(desk) == []
        assert [event.seq for event in stage.stored()] == [1]

    def test_a_retry_is_shown_what_came_of_it_first_and_nobody_else_is(self) -> None:
        """P3."""
        phone, desk, bobs = a_connection(ANN, "phone"), a_connection(ANN, "desk"), a_connection(BOB)
        stage = Stage(phone, desk, bobs)
        post = a_command(a_post("x"), origin=phone)
        records = a_log([created(), post, post, a_command(a_post("x", "other words"), origin=phone)])
        stage.persist(records[:2])
        stage.persist(records[2:])
        assert (stage.seen(phone), stage.seen(desk), stage.seen(bobs)) == ([1, 2, 2, 2], [1, 2], [1, 2])
        words = [event["content"]["text"] for frame in stage.received(phone) for event in frame["events"][-1:]]
        assert words == ["hello"] * 3
        assert len(stage.stored()) == 2

    def test_a_retry_of_a_deleted_message_is_shown_as_it_is_now(self) -> None:
        phone = a_connection(ANN)
        stage = Stage(phone)
        post = a_command(a_post("x"), origin=phone)
        records = a_log([created(), post, a_command(a_delete("y", 2)), post], at=[NOON, NOON, NOON + 7, NOON + 9])
        stage.persist(records[:3])
        stage.persist(records[3:])
        (again,) = stage.received(phone)[-1]["events"]
        assert "content" not in again
        assert (again["seq"], again["at"], again["deleted_at"]) == (2, NOON, NOON + 7)

    @pytest.mark.parametrize("cut", [4, 5])
    def test_a_retry_of_an_edited_message_is_shown_as_it_is_now(self, cut: int) -> None:
        """Whether the edit is of an earlier batch or of the same."""
        phone = a_connection(ANN)
        stage = Stage(phone)
        post = a_command(a_post("x", "first"), origin=phone)
        edit, reaction = a_command(an_edit("y", 2, "better")), a_command(a_reaction("z", 2), sender=BOB)
        records = a_log([created(), post, edit, reaction, edit, post], at=[NOON, NOON, NOON + 7, NOON + 8, NOON, NOON])
        stage.persist(records[:cut])
        stage.persist(records[cut:])
        (again,) = next(each["events"] for each in reversed(stage.received(phone)) if len(each["events"]) == 1)
        assert again == {
            "seq": 2,
            "type": "message",
            "at": NOON,
            "sender_id": ANN,
            "client_id": "x",
            "content": text("better"),
            "edited_at": NOON + 7,
            "reactions": [{"reaction": "👍", "count": 1, "mine": False, "user_ids": [BOB]}],
        }

    @pytest.mark.parametrize("item", [an_edit("x", 2), a_delete("x", 2), a_reaction("x", 2)])
    def test_a_retry_of_an_amendment_is_shown_its_event(self, item: Item) -> None:
        phone = a_connection(ANN)
        stage = Stage(phone)
        amendment = a_command(item, origin=phone)
        records = a_log([created(), a_command(a_post("m")), amendment, amendment])
        stage.persist(records[:3])
        stage.persist(records[3:])
        assert stage.seen(phone) == [1, 2, 3, 3]
        assert stage.received(phone)[-1]["events"] == stage.received(phone)[0]["events"][2:]

    def test_the_outbox_is_told_nothing(self) -> None:
        stage = Stage(a_connection(ANN))
        records = a_log([created(), created()])
        stage.persist(records[:1])
        shown = len(stage.received(a_connection(ANN)))
        stage.persist(records[1:])
        assert len(stage.received(a_connection(ANN))) == shown
