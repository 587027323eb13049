"""What a deleted message has shown goes with it."""

from unittest.mock import patch

import pytest

from natter.domain.errors import Unavailable
from natter.domain.ids import AttachmentId
from natter.domain.messages.states import MAX_EDITS
from natter.usecases.messages.forgotten_files import FILES_AT_ONCE
from tests.messages import (
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


class TestForgottenFiles:
    def test_they_go_as_first_sent_and_as_edited_whichever_batch_that_was_in(self) -> None:
        edit = a_command(an_edit("e", 2, content=attached(DOG)))
        commands = [created(), a_command(a_post("x", content=attached(CAT))), edit, a_command(a_delete("d", 2))]
        records = a_log(commands)
        for cuts in ([4], [3, 4], [2, 4], [1, 2, 3, 4]):
            stage, begin = Stage(), 0
            for end in cuts:
                stage.environment()(records[begin:end])
                begin = end
            assert stage.gone() == [{CAT, DOG}], cuts

    def test_they_go_whoever_deletes(self) -> None:
        stage = Stage()
        posted = a_command(a_post("x", content=attached(CAT)), sender=BOB)
        stage.persist(a_log([created(), posted, a_command(a_delete("d", 2))]))
        assert stage.gone() == [{CAT}]

    def test_those_of_one_message_may_be_very_many(self) -> None:
        stage = Stage()
        edits = [a_command(an_edit(f"e{n}", 2, content=attached(AttachmentId(f"f{n}")))) for n in range(MAX_EDITS)]
        posted = a_command(a_post("x", content=attached(CAT)))
        stage.persist(a_log([created(), posted, *edits, a_command(a_delete("d", 2))]))
        assert [len(files) for files in stage.gone()] == [FILES_AT_ONCE, MAX_EDITS + 1 - FILES_AT_ONCE]

    def test_nothing_else_touches_the_queue(self) -> None:
        """A refused deletion, one of mere words, an edit that shows something else, a retry, a replay."""
        stage = Stage()
        records = a_log(
            [
                created(),
                a_command(a_post("x", content=attached(CAT)), a_post("y")),
                a_command(an_edit("e", 2)),
                a_command(a_delete("no", 2), sender=BOB),
                a_command(a_delete("d", 3)),
                a_command(a_delete("d", 3)),
            ]
        )
        stage.persist(records)
        stage.environment()(records)
        assert stage.gone() == []

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
        assert stage.gone() == [{CAT}]

    def test_no_reader_finds_their_ids(self) -> None:
        stage = Stage()
        commands = [created(), a_command(a_post("x", content=attached(CAT))), a_command(a_delete("d", 2))]
        stage.persist(a_log(commands))
        assert stage.gone() == [{CAT}]
        assert CAT not in str([*stage.tables.said(), *stage.stored(), stage.tables.heads([LOBBY])])
