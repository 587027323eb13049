"""Who settles files is told of all that a message comes to show, or ceases to show."""

from unittest.mock import patch

import pytest

from natter.domain.errors import Unavailable
from natter.domain.ids import AttachmentId
from natter.domain.messages.states import MAX_EDITS
from natter.usecases.messages.unsettled_files import FILES_AT_ONCE, READ_AT_ONCE
from tests.messages import (
    ANN,
    BOB,
    LOBBY,
    a_command,
    a_delete,
    a_log,
    a_post,
    an_edit,
    attached,
    created,
)
from tests.persisting import CAT, DOG, Stage


class TestUnsettledFiles:
    def test_what_a_deletion_takes_away_is_told_whichever_batch_it_was_in(self) -> None:
        """As first sent and as edited."""
        edit = a_command(an_edit("e", 2, content=attached(DOG)))
        commands = [created(), a_command(a_post("x", content=attached(CAT))), edit, a_command(a_delete("d", 2))]
        records = a_log(commands)
        for cuts in ([4], [3, 4], [2, 4], [1, 2, 3, 4]):
            stage, begin = Stage(), 0
            for end in cuts:
                stage.environment()(records[begin:end])
                begin = end
            assert stage.told()[-1] == (ANN, {CAT, DOG}, 3), cuts

    def test_what_is_shown_is_told_with_the_place_that_shows_it(self) -> None:
        stage = Stage()
        stage.persist(a_log([created(), a_command(a_post("x"), a_post("y", content=attached(CAT)))]))
        assert stage.told() == [(ANN, {CAT}, 1)]

    @pytest.mark.parametrize("cuts", [[5], [2, 5], [3, 5], [4, 5]], ids=str)
    def test_an_edit_takes_away_what_was_shown_before_it(self, cuts: list[int]) -> None:
        edits = [a_command(an_edit(f"e{file}", 2, content=attached(file))) for file in (DOG, CAT)]
        commands = [created(), a_command(a_post("x", content=attached(CAT))), *edits, a_command(an_edit("words", 2))]
        records = a_log(commands)
        stage, begin = Stage(), 0
        for end in cuts:
            stage.environment()(records[begin:end])
            begin = end
        assert set().union(*(files for _, files, _ in stage.told())) == {CAT, DOG}
        assert CAT in stage.told()[-1][1]
        assert stage.told()[-1][2] == 4

    def test_they_are_their_senders_whoever_deletes(self) -> None:
        stage = Stage()
        posted = a_command(a_post("x", content=attached(CAT)), sender=BOB)
        stage.persist(a_log([created(), posted]))
        stage.persist(a_log([created(), posted, a_command(a_delete("d", 2))])[2:])
        assert stage.told() == [(BOB, {CAT}, 1), (BOB, {CAT}, 2)]

    def test_those_of_one_message_may_be_very_many(self) -> None:
        stage = Stage()
        edits = [a_command(an_edit(f"e{n}", 2, content=attached(AttachmentId(f"f{n}")))) for n in range(MAX_EDITS)]
        posted = a_command(a_post("x", content=attached(CAT)))
        stage.persist(a_log([created(), posted, *edits, a_command(a_delete("d", 2))]))
        assert sum(len(files) for _, files, _ in stage.told()) == MAX_EDITS + 1
        assert {len(files) for _, files, _ in stage.told()} == {FILES_AT_ONCE, 1}

    def test_of_all_that_many_messages_have_said_little_is_read_at_once(self) -> None:
        """A batch of deletions read every edit of theirs whole: hundreds of megabytes, and the function died of it."""
        stage = Stage()
        messages = range(2, 7)
        edits = [
            a_command(an_edit(f"e{target}-{n}", target, content=attached(AttachmentId(f"f{target}-{n}"))))
            for target in messages
            for n in range(MAX_EDITS)
        ]
        posts = [a_command(a_post(f"m{target}")) for target in messages]
        deletions = [a_command(a_delete(f"d{target}", target)) for target in messages]
        records = a_log([created(), *posts, *edits, *deletions])
        begin = len(records) - len(deletions)
        stage.persist(records[:begin])
        told = len(stage.told())
        with patch.object(stage.tables, "events_at", wraps=stage.tables.events_at) as events_at:
            stage.persist(records[begin:])
        asked = [len(call.args[0]) for call in events_at.call_args_list]
        assert max(asked) == READ_AT_ONCE
        assert sum(asked) >= len(messages) * (MAX_EDITS + 1)
        assert sum(len(files) for _, files, _ in stage.told()[told:]) == len(edits)

    def test_nothing_else_touches_the_queue(self) -> None:
        """A refused edit or deletion, mere words, a retry, a replay."""
        stage = Stage()
        shown = a_command(a_post("x", content=attached(CAT)), a_post("y"))
        records = a_log(
            [
                created(),
                shown,
                a_command(an_edit("no", 2, content=attached(DOG)), sender=BOB),
                a_command(a_delete("no", 2), sender=BOB),
                a_command(an_edit("e", 3)),
                a_command(a_delete("d", 3)),
                a_command(a_delete("d", 3)),
                shown,
            ]
        )
        stage.persist(records)
        stage.environment()(records)
        assert stage.told() == [(ANN, {CAT}, 7)]

    def test_a_queue_that_does_not_answer_gives_the_batch_back_before_anything_is_written(self) -> None:
        """P9. Else what named the files could be gone before they are told of."""
        stage = Stage()
        records = a_log([created(), a_command(a_post("x", content=attached(CAT))), a_command(a_delete("d", 2))])
        stage.persist(records[:2])
        unchanged = stage.stored()
        down = Unavailable("the queue of files")
        with patch.object(stage.files, "add", side_effect=down), pytest.raises(Unavailable):
            stage.persist(records[2:])
        assert stage.stored() == unchanged
        stage.persist(records[2:])
        assert stage.told() == [(ANN, {CAT}, 1), (ANN, {CAT}, 2)]

    def test_no_reader_finds_the_ids_of_a_deleted_message(self) -> None:
        stage = Stage()
        commands = [created(), a_command(a_post("x", content=attached(CAT))), a_command(a_delete("d", 2))]
        stage.persist(a_log(commands))
        assert CAT not in str([*stage.stored(), stage.tables.heads([LOBBY])])
