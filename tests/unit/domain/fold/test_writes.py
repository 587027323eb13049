import pytest

from natter.domain.conversations.members import Membership
from natter.domain.fold.targets import Target
from natter.domain.fold.writes import AmendedRow, ClientIdRow, EmptiedRow, EventRow, SentRow, StateRow
from natter.domain.messages.commands import Item
from natter.domain.messages.states import MessageState, Reaction
from tests.folds import a_conversation, folded, rows_of_the_last
from tests.messages import (
    ANN,
    BOB,
    CID,
    MALLORY,
    NOON,
    a_command,
    a_delete,
    a_log,
    a_post,
    a_reaction,
    added,
    an_edit,
    conversation_changed,
    created,
    role_changed,
    text,
)


class TestMembers:
    def test_a_changed_role_keeps_the_place_of_joining(self) -> None:
        conversation = a_conversation()
        commands = [
            created(),
            a_command(a_post("x")),
            added(CID, client_id="row-1"),
            role_changed(CID, "admin", client_id="row-2"),
        ]
        for record in a_log(commands):
            conversation.fold(record)
        assert conversation.members[CID] == Membership(role="admin", joined_seq=3, joined_messages=1)
        assert conversation.head.members_seq == 4

    def test_adding_a_member_again_keeps_the_place_of_joining(self) -> None:
        conversation = a_conversation()
        for record in a_log([created(), a_command(a_post("x")), added(BOB, client_id="row-1")]):
            conversation.fold(record)
        assert conversation.members[BOB] == Membership(role="member", joined_seq=1, joined_messages=0)

    def test_a_conversations_changes_are_shown_as_they_were_decided(self) -> None:
        *_, changed = folded(created(), conversation_changed(client_id="row-1", title=None, avatar="https://a.example"))
        assert changed.event is not None
        assert (changed.event.type, changed.event.client_id) == ("conversation_changed", None)
        assert changed.event.payload == {"title": None, "avatar": "https://a.example"}
        assert changed.members_seq == 1


class TestEdits:
    def test_the_preview_shows_the_last_message_as_it_was_edited_last(self) -> None:
        conversation = a_conversation()
        commands = [
            created(),
            a_command(a_post("w"), a_post("x", reply_to=2)),
            a_command(an_edit("y", 3, "second")),
            a_command(an_edit("z", 3, "third")),
        ]
        for record in a_log(commands, at=[NOON, NOON, NOON + 5, NOON + 9]):
            conversation.fold(record)
        preview = conversation.head.preview
        assert preview is not None
        assert (preview.seq, preview.at) == (3, NOON)
        assert preview.payload == {"content": text("third"), "reply_to": 2, "edited_at": NOON + 9}

    @pytest.mark.parametrize("item", [an_edit("z", 2), a_delete("z", 2), a_reaction("z", 2), a_reaction("z", 3)])
    def test_what_does_not_concern_the_last_message_leaves_the_preview_alone(self, item: Item) -> None:
        conversation = a_conversation()
        commands = [created(), a_command(a_post("x"), a_post("y", "still here")), a_command(item)]
        for record in a_log(commands):
            conversation.fold(record)
        assert conversation.head.preview is not None
        assert conversation.head.preview.payload == {"content": text("still here")}

    @pytest.mark.parametrize(
        ("item", "state"),
        [
            (an_edit("y", 2), MessageState(seq=3, edits=(3,), edited_at=NOON)),
            (a_reaction("y", 2), MessageState(seq=3, reactions=(Reaction(reaction="👍", count=1, users=(ANN,)),))),
        ],
    )
    def test_the_message_has_another_state_from_then_on_and_nothing_is_emptied(
        self, item: Item, state: MessageState
    ) -> None:
        _, event, *rest = rows_of_the_last(created(), a_command(a_post("x")), a_command(item))
        assert isinstance(event, EventRow)
        (now, amended) = rest
        assert isinstance(now, StateRow)
        assert isinstance(amended, AmendedRow)
        assert (now.target_seq, now.state) == (2, state)
        assert (amended.seq, amended.by) == (2, 3)


class TestDeletion:
    def test_earlier_edits_are_emptied_too(self) -> None:
        """Those that were stored before, and those of the same batch."""
        conversation = a_conversation()
        records = a_log(
            [
                created(),
                a_command(a_post("x"), a_post("y")),
                a_command(an_edit("e1", 2)),
                a_command(an_edit("e2", 3)),
                a_command(an_edit("e3", 2)),
                a_command(a_delete("d", 2)),
            ]
        )
        for record in records[:4]:
            conversation.fold(record)
        conversation.forget()
        conversation.targets[2] = Target(type="message", sender_id=ANN, state=MessageState(seq=4, edits=(4,)))
        conversation.fold(records[4])
        rows = conversation.fold(records[5]).rows
        left = {row.seq: row.left for row in rows if isinstance(row, EmptiedRow)}
        assert left == {2: {"deleted_at": records[5].at}, 4: {"target_seq": 2}, 6: {"target_seq": 2}}

    def test_the_target_the_preview_and_nothing_else_is_emptied(self) -> None:
        conversation = a_conversation()
        first, second, third = a_log([created(), a_command(a_post("x"), a_post("y")), a_command(a_delete("z", 3))])
        conversation.fold(first)
        conversation.fold(second)
        rows = conversation.fold(third).rows
        assert [row.seq for row in rows if isinstance(row, EmptiedRow)] == [3]
        assert [(row.target_seq, row.state.seq) for row in rows if isinstance(row, StateRow)] == [(3, 4)]
        assert conversation.head.preview is not None
        assert (conversation.head.preview.seq, conversation.head.preview.payload) == (3, {"deleted_at": NOON})


class TestRows:
    def test_a_post_is_stored_with_its_client_id_and_marks_what_was_before_as_read(self) -> None:
        conversation = a_conversation()
        first, second = a_log([created(), a_command(a_post("x"))])
        conversation.fold(first)
        spent, event, sent = conversation.fold(second).rows
        assert isinstance(spent, ClientIdRow)
        assert isinstance(event, EventRow)
        assert isinstance(sent, SentRow)
        assert (spent.key.sender_id, spent.key.client_id, spent.outcome.seq) == (ANN, "x", 2)
        assert event.event.payload == {"content": {"type": "text", "text": "hello"}}
        assert (sent.user_id, sent.seq, sent.messages) == (ANN, 2, 1)

    def test_of_a_refusal_only_the_outcome_is_stored(self) -> None:
        (row,) = a_conversation().fold(a_log([a_command(a_post("x"), sender=MALLORY)])[0]).rows
        assert isinstance(row, ClientIdRow)
        assert row.outcome.refusal == "not_member"
