from natter.domain.attachments import attachment_of
from natter.domain.conversations.members import Standing
from natter.domain.fold.conversation import Turn
from natter.domain.fold.writes import EmptiedRow, RosterRow, StandingRow
from natter.domain.ids import AttachmentId
from natter.domain.privacy.erased import emptied, preview_without, without
from natter.domain.reading.pages import Effects, as_of
from tests.folds import a_conversation, a_roster, folded
from tests.messages import (
    ANN,
    BOB,
    NOON,
    a_command,
    a_delete,
    a_head,
    a_log,
    a_post,
    a_reaction,
    an_edit,
    an_event,
    attached,
    created,
    erased,
    text,
)

AN_EDIT = {"target_seq": 1, "content": text("said better")}


class TestFold:
    def test_is_an_event_from_which_on_they_are_gone(self) -> None:
        *_, decision = folded(created(), a_command(a_post("x")), erased(ANN, client_id="row-1"))
        assert decision.event is not None
        assert (decision.event.seq, decision.event.type, decision.event.payload) == (
            *(3, "member_erased", {"user_id": ANN}),
        )
        assert decision.audience == {BOB}
        assert decision.members_seq == 3

    def test_two_rows_say_it_however_much_they_have_said(self) -> None:
        conversation = a_conversation()
        posts = [a_command(*(a_post(f"{frame}-{index}") for index in range(20))) for frame in range(10)]
        *_, last = [conversation.fold(record) for record in a_log([created(), *posts, erased(ANN, client_id="row-1")])]
        (standing,) = [row.standing for row in last.rows if isinstance(row, StandingRow)]
        ((change,),) = [row.changes for row in last.rows if isinstance(row, RosterRow)]
        assert standing == Standing(seq=202, membership=None, erased=True)
        assert (change.role, change.erased, len(last.rows)) == (None, True, 4)

    def test_the_preview_goes_if_it_is_theirs(self) -> None:
        for sender, left in ((ANN, {"deleted_at": NOON}), (BOB, {"content": text("hello")})):
            conversation = a_conversation()
            for record in a_log([created(), a_command(a_post("x"), sender=sender), erased(ANN, client_id="row-1")]):
                conversation.fold(record)
            assert conversation.head.preview is not None
            assert conversation.head.preview.payload == left

    def test_a_preview_that_was_deleted_before_says_when(self) -> None:
        conversation = a_conversation()
        commands = [created(), a_command(a_post("x")), a_command(a_delete("d", 2)), erased(ANN, client_id="row-1")]
        for record in a_log(commands, at=[NOON, NOON, NOON + 1, NOON + 2]):
            conversation.fold(record)
        assert conversation.head.preview is not None
        assert conversation.head.preview.payload == {"deleted_at": NOON + 1}

    def test_nothing_of_theirs_can_be_changed_any_more(self) -> None:
        amendments = (a_delete("d", 2), a_reaction("r", 2), an_edit("e", 2))
        *_, delete, react, edit, other = folded(
            created(),
            a_command(a_post("x")),
            a_command(a_post("y"), sender=BOB),
            erased(ANN, client_id="row-1"),
            *(a_command(item, sender=BOB) for item in amendments),
            a_command(a_reaction("s", 3), sender=BOB),
        )
        assert [each.outcome.refusal for each in (delete, react, edit, other)] == ["gone", "gone", "gone", None]

    def test_what_they_send_later_is_refused(self) -> None:
        *_, late = folded(created(), erased(ANN, client_id="row-1"), a_command(a_post("x")))
        assert late.outcome.refusal == "not_member"

    def test_nobody_but_the_database_decides_it(self) -> None:
        item = erased(BOB, client_id="c1").items[0]
        *_, asked = folded(created(), a_command(item))
        assert asked.outcome.refusal == "forbidden"

    def test_a_replay_decides_the_same(self) -> None:
        conversation = a_conversation()
        log = a_log([created(), a_command(a_post("x")), erased(ANN, client_id="row-1")])
        rows = [row for record in log for row in conversation.fold(record).rows]
        conversation.past = a_roster(rows, 3, 3)
        (again,) = conversation.fold(log[-1]).decisions
        assert (again.turn, again.outcome.seq, again.audience) == (Turn.REPLAY, 3, frozenset({BOB}))


class TestReaders:
    def test_are_shown_a_message_as_gone_and_an_edit_without_words(self) -> None:
        erasing = {ANN: NOON}
        assert without(erasing, an_event(1)).payload == {"deleted_at": NOON}
        assert without(erasing, an_event(2, type="edit", payload=AN_EDIT)).payload == {"target_seq": 1}

    def test_are_shown_the_rest_as_it_is(self) -> None:
        deleted = an_event(1, payload={"deleted_at": NOON - 1})
        reaction = an_event(2, type="reaction", payload={"target_seq": 1, "reaction": "👍"})
        emptied_edit = an_event(3, type="edit", payload={"target_seq": 1})
        for event in (deleted, reaction, emptied_edit, an_event(4, sender=BOB)):
            assert without({ANN: NOON}, event) == event

    def test_are_shown_no_preview_of_theirs(self) -> None:
        head = a_head(1, preview=an_event(1))
        shown = preview_without({ANN: NOON}, head).preview
        assert shown is not None
        assert shown.payload == {"deleted_at": NOON}
        assert preview_without({BOB: NOON}, head) == head
        assert preview_without({ANN: NOON}, a_head(1)) == a_head(1)


class TestEmptied:
    def test_a_message_says_when_it_went(self) -> None:
        (row,) = emptied(an_event(1), at=NOON, written_at=7)
        assert row == EmptiedRow(
            conversation_id=an_event(1).conversation_id, seq=1, left={"deleted_at": NOON}, written_at=7
        )

    def test_of_an_edit_its_target_is_left(self) -> None:
        edit = an_event(2, type="edit", payload=AN_EDIT)
        left = EmptiedRow(conversation_id=edit.conversation_id, seq=2, left={"target_seq": 1}, written_at=7)
        assert list(emptied(edit, at=NOON, written_at=7)) == [left]
        assert list(emptied(without({ANN: NOON}, edit), at=NOON, written_at=7)) == []

    def test_what_has_no_words_stays(self) -> None:
        assert list(emptied(an_event(1, payload={"deleted_at": 1}), at=NOON, written_at=7)) == []
        created_ = an_event(1, type="conversation_created", payload={"kind": "direct", "members": []})
        assert list(emptied(created_, at=NOON, written_at=7)) == []

    def test_is_shown_as_it_was_hidden(self) -> None:
        message = without({ANN: NOON}, an_event(1))
        assert as_of([message], Effects(), reader=BOB) == [message]


def test_the_file_of_a_message() -> None:
    file = AttachmentId("a1")
    assert attachment_of(an_event(1, payload={"content": attached(file)})) == file
    assert attachment_of(an_event(1)) is None
    assert attachment_of(an_event(1, payload={"deleted_at": 1})) is None
