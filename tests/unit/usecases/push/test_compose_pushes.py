from collections.abc import Collection, Mapping
from dataclasses import replace
from threading import Barrier

import pytest

from natter.domain.accounts.notifications import Notifications
from natter.domain.attachments import Download
from natter.domain.budgets import PREVIEWS_S
from natter.domain.fold.writes import Place
from natter.domain.ids import AttachmentId, ConversationId, UserId
from natter.domain.messages.states import MessageState
from natter.domain.push.wording import Push
from tests.memory.attachments import MemoryAttachments
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


def a_burst(stage: PushStage) -> None:
    """Of Ann's, who is gone when the push that stands for all of them is due."""
    stage.schedule([stage.say(f"message {number}") for number in range(6)])
    (wave,) = stage.take()
    stage.wake(wave)
    del stage.reachables.named[ANN]
    stage.hand_out()


def test_what_others_have_said_in_a_group_too_is_told_though_an_author_is_gone() -> None:
    """Whoever's message came to stand for all of them."""
    stage = PushStage(BOB)
    a_burst(stage)

    (*_, (_, push)) = stage.pushed
    assert (push.title, push.body) == ("Lobby", "6 new messages")


def test_in_a_direct_conversation_nobody_else_has_said_anything() -> None:
    stage = PushStage(BOB)
    wishes = stage.reachables.members[LOBBY, BOB]
    stage.reachables.members[LOBBY, BOB] = replace(wishes, kind="direct", title=None)
    a_burst(stage)

    assert stage.bodies == ["message 0", "message 1", "message 2"]


class Files(MemoryAttachments):
    """Files whose kind is told when as many are asked about at once."""

    def __init__(self, at_once: int) -> None:
        super().__init__()
        self.asked = 0
        self.meeting = Barrier(at_once, timeout=10)

    def link(self, conversation: ConversationId, uploader: UserId, attachment: AttachmentId) -> Download | None:
        self.asked += 1
        self.meeting.wait()
        return super().link(conversation, uploader, attachment)


def say_files(stage: PushStage) -> None:
    stage.schedule([stage.say(content=attached(AttachmentId(f"file {number}"))) for number in range(3)])
    stage.hand_out()


def test_files_are_asked_about_at_once() -> None:
    stage = PushStage(BOB)
    stage.attachments = files = Files(at_once=3)
    say_files(stage)

    assert (stage.bodies, files.asked) == (["File"] * 3, 3)


def test_without_previews_nobody_asks_about_them() -> None:
    stage = PushStage(BOB)
    stage.attachments = files = Files(at_once=1)
    wishes = stage.reachables.members[LOBBY, BOB]
    stage.reachables.members[LOBBY, BOB] = replace(wishes, notifications=Notifications(previews=False))
    say_files(stage)

    assert (stage.bodies, files.asked) == (["Message"] * 3, 0)


def test_files_that_take_long_are_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is asked any more when the time for it is over."""
    stage = PushStage(BOB)
    stage.attachments = files = Files(at_once=1)
    times = iter([0.0, PREVIEWS_S / 2, PREVIEWS_S + 0.1, PREVIEWS_S + 0.2])
    monkeypatch.setattr("natter.usecases.push.compose_pushes.monotonic", lambda: next(times))
    say_files(stage)

    assert (stage.bodies, files.asked) == (["File"] * 3, 1)


def test_what_messages_say_by_now_is_asked_for_once() -> None:
    """Of all messages of a conversation together."""
    stage = PushStage(BOB)
    asked: list[Collection[Place]] = []
    states = stage.tables.states

    def counted(places: Collection[Place], *, up_to: int) -> Mapping[Place, MessageState]:
        asked.append(places)
        return states(places, up_to=up_to)

    stage.tables.states = counted  # type: ignore[method-assign]
    said = [stage.say(f"message {number}") for number in range(3)]
    stage.edit(said[0].events[0].seq, "first")
    stage.edit(said[2].events[0].seq, "last")
    stage.schedule(said)
    stage.hand_out()

    assert (stage.bodies, len(asked)) == (["first", "message 1", "last"], 1)
