from dataclasses import replace

from natter.domain.accounts.notifications import Notifications
from natter.domain.ids import AttachmentId
from natter.domain.push.wording import Push
from tests.messages import ANN, BOB, LOBBY, attached
from tests.pushing import PushStage


def test_nothing_is_said_of_a_message_that_was_deleted_or_whose_author_is_gone() -> None:
    stage = PushStage(BOB)
    stage.said()
    del stage.reachables.named[ANN]
    (woken,) = stage.hand_out()

    assert stage.pushed == []
    assert woken.never["gone"] == 1


def test_a_file_is_told_by_its_kind() -> None:
    stage = PushStage(BOB)
    stage.said(content=attached(AttachmentId("unknown")))
    stage.hand_out()

    assert stage.bodies == ["File"]


def test_a_direct_conversation_has_no_title_and_no_preview_says_nothing() -> None:
    stage = PushStage(BOB)
    wishes = stage.reachables.members[LOBBY, BOB]
    stage.reachables.members[LOBBY, BOB] = replace(
        wishes, kind="direct", title=None, notifications=Notifications(previews=False)
    )
    stage.said("Tea?")
    stage.hand_out()

    push = Push(conversation_id=LOBBY, seq=2, kind="direct", title="Ann", body="Message", badge=1)
    assert [each for _, each in stage.pushed] == [push]


def test_a_message_that_was_edited_meanwhile_says_what_it_says_now() -> None:
    stage = PushStage(BOB)
    stage.said("Tee?")
    stage.edit(2, "Tea?")
    stage.hand_out()

    assert stage.bodies == ["Tea?"]
