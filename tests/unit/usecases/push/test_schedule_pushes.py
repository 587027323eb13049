from dataclasses import replace

from natter.domain.ids import UserId
from natter.domain.push.waking import MAX_AGE_MS, WAIT_MS
from natter.domain.push.waves import CROWD, WAVE_USERS
from tests.messages import ANN, BOB, CID
from tests.pushing import PushStage, a_registration


def queued(stage: PushStage) -> list[tuple[int, int, tuple[UserId, ...]]]:
    """Delay, place and people of what is in the queue."""
    return [
        (delay_s, message.seq, each.users)
        for delay_s, wave in stage.queue.waiting
        for each in wave.candidates
        for message in each.messages
    ]


def test_all_but_the_sender_are_looked_at_when_it_is_time() -> None:
    stage = PushStage(BOB, CID)
    stage.said()

    assert queued(stage) == [(WAIT_MS // 1000, 2, (BOB, CID))]


def test_who_has_said_something_has_read_what_was_there_before() -> None:
    """Also who is alone: their other devices may show a number."""
    for others in ((BOB, CID), ()):
        stage = PushStage(*others)
        stage.said()
        assert stage.have_read == {ANN: None}


def test_what_is_late_is_looked_at_at_once_and_what_is_too_old_never() -> None:
    stage = PushStage(BOB)
    late, old = stage.say(at=stage.now - WAIT_MS), stage.say(at=stage.now - MAX_AGE_MS - 1)
    stage.schedule([late, old])

    assert queued(stage) == [(0, 2, (BOB,))]


def test_only_messages_wake_anybody() -> None:
    stage = PushStage(BOB)
    emission = stage.say()
    stage.schedule([replace(emission, events=(replace(emission.events[0], type="edit"),))])

    assert stage.queue.waiting == []


def test_who_is_alone_wakes_nobody() -> None:
    stage = PushStage()
    stage.said()

    assert stage.queue.waiting == []


def test_who_has_no_device_that_can_be_woken_is_not_looked_at() -> None:
    stage = PushStage(BOB, CID)
    stage.registrations.all = [each for each in stage.registrations.all if each.user_id != BOB]
    stage.said()
    assert queued(stage) == [(WAIT_MS // 1000, 2, (CID,))]

    stage.registrations.all.clear()
    stage.said()
    assert len(stage.queue.waiting) == 1


def test_a_large_group_is_looked_at_in_waves() -> None:
    people = [UserId(f"u{number:03}") for number in range(2 * WAVE_USERS + 1)]
    stage = PushStage(*people)
    stage.said()

    assert [sum(len(each.users) for each in wave.candidates) for _, wave in stage.queue.waiting] == [100, 100, 1]
    assert all(wave.crowd for _, wave in stage.queue.waiting)
    stage.hand_out()
    assert len(stage.pushed) == len(people)


def test_a_crowd_is_told_from_few_by_how_many_there_are() -> None:
    for others, crowd in ((CROWD, False), (CROWD + 1, True)):
        stage = PushStage(*(UserId(f"u{number:03}") for number in range(others)))
        stage.said()
        assert [wave.crowd for _, wave in stage.queue.waiting] == [crowd]


def test_all_that_a_batch_has_of_a_conversation_is_looked_at_together() -> None:
    """By whoever: each is looked at for what the others have said."""
    stage = PushStage(BOB, CID)
    stage.registrations.all.append(a_registration(ANN))
    stage.schedule([stage.say(), stage.say(sender=BOB), stage.say()])

    ((_, wave),) = stage.queue.waiting
    found = {user: [message.seq for message in each.messages] for each in wave.candidates for user in each.users}
    assert found == {ANN: [3], BOB: [2, 4], CID: [2, 3, 4]}
