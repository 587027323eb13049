"""From what was said to the devices of who is away: once each, whatever fails and is repeated (P7)."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from natter.domain.budgets import LOOK_S, PUSHES_S, WAVE_MOST_S, WAVE_S
from natter.domain.errors import Unavailable
from natter.domain.ids import DeviceId, UserId
from natter.domain.push.bursts import WINDOW_MS
from natter.domain.push.registrations import Handed, Outcome
from natter.domain.push.waking import MAX_AGE_MS, WAIT_MS, WAIT_ONLINE_MS
from natter.domain.push.waves import WAVE_USERS
from natter.domain.push.wording import Push
from natter.usecases.push.wake_devices import USERS_AT_ONCE
from tests.messages import ANN, BOB, CID, LOBBY, NOON
from tests.pushing import PushStage, a_registration

PHONE = DeviceId("bob-phone")
REFUSED = Handed(outcome=Outcome.REFUSED)


def test_who_is_away_is_woken_after_two_seconds() -> None:
    stage = PushStage(BOB)
    stage.said("Tea?")
    (woken,) = stage.hand_out()

    push = Push(conversation_id=LOBBY, seq=2, kind="group", title="Ann in Lobby", body="Tea?", badge=1)
    assert stage.pushed == [(PHONE, push)]
    assert stage.now == NOON + WAIT_MS
    assert woken.handed == {("fcm", Outcome.ACCEPTED): 1}
    assert woken.ages == [WAIT_MS]
    assert stage.service.taken[0].expires_at == NOON + MAX_AGE_MS


def test_nobody_is_woken_for_what_they_say_themselves() -> None:
    stage = PushStage(BOB)
    stage.registrations.all.append(a_registration(ANN))
    stage.said()
    stage.hand_out()

    assert [device for device, _ in stage.pushed] == [PHONE]


def test_who_reads_on_another_device_meanwhile_is_left_alone() -> None:
    stage = PushStage(BOB)
    stage.connect(BOB, "laptop")
    stage.said()
    (wave,) = stage.take()
    stage.wake(wave)
    (wave,) = stage.take()
    assert stage.now == NOON + WAIT_ONLINE_MS
    stage.read(BOB, 2)

    assert stage.wake(wave).never == Counter(read=1)
    assert stage.pushed == []


def test_who_is_online_elsewhere_and_does_not_read_is_woken_later() -> None:
    stage = PushStage(BOB)
    stage.connect(BOB, "laptop")
    stage.said()
    stage.hand_out()

    assert [device for device, _ in stage.pushed] == [PHONE]
    assert stage.now == NOON + WAIT_ONLINE_MS


def test_a_device_that_is_connected_is_not_woken_and_the_other_is() -> None:
    stage = PushStage(BOB)
    stage.registrations.all.append(a_registration(BOB, "tablet"))
    stage.connect(BOB)
    stage.said()
    stage.hand_out()

    assert [device for device, _ in stage.pushed] == ["bob-tablet"]


def test_records_and_messages_that_come_again_wake_nobody_again() -> None:
    stage = PushStage(BOB, CID)
    emission = stage.said()
    (wave,) = stage.take()
    stage.wake(wave)
    stage.schedule([emission, emission])
    stage.wake(wave)
    stage.hand_out()

    assert sorted(device for device, _ in stage.pushed) == [PHONE, "cid-phone"]


def test_what_happened_before_somebody_joined_or_after_they_left_does_not_wake_them() -> None:
    """P8: CID was never a member, BOB is none any more."""
    stage = PushStage(BOB)
    stage.registrations.all.append(a_registration(CID))
    stage.said()
    del stage.reachables.members[LOBBY, BOB]
    (woken,) = stage.hand_out()

    assert stage.pushed == []
    assert woken.never["not_member"] == 1


def test_many_messages_at_once_are_one_push_after_three() -> None:
    stage = PushStage(BOB)
    for number in range(20):
        stage.now += 10
        stage.said(f"message {number}")
    stage.hand_out()

    assert stage.bodies == ["message 0", "message 1", "message 2", "20 new messages"]
    assert len({push.conversation_id for _, push in stage.pushed}) == 1


def test_they_are_when_they_are_looked_at_together() -> None:
    """One wave has all of them, and then all that stand for the window."""
    stage = PushStage(BOB)
    stage.schedule([stage.say(f"message {number}") for number in range(6)])
    stage.hand_out()

    assert stage.bodies == ["message 0", "message 1", "message 2", "6 new messages"]


def test_those_of_a_window_are_looked_at_again_by_their_newest() -> None:
    """Who reads some of them has read no others, so the newest stands for all."""
    stage = PushStage(BOB, CID)
    stage.schedule([stage.say(f"message {number}") for number in range(10)])
    (wave,) = stage.take()
    stage.wake(wave)

    ((_, again),) = stage.queue.waiting
    (candidates,) = again.candidates
    assert [message.seq for message in candidates.messages] == [stage.seq]
    assert candidates.users == (BOB, CID)


class TestTime:
    """What is left of a wave goes back, unclaimed, before the function's own time is over."""

    def stage(self, *, people: int, composing_s: float) -> PushStage:
        stage = PushStage(*(UserId(f"u{number:03}") for number in range(people)))

        def compose() -> None:
            stage.now += round(composing_s * 1000)

        stage.before_composing = compose
        return stage

    def test_nobody_is_claimed_when_it_is_late(self) -> None:
        stage = self.stage(people=3 * USERS_AT_ONCE - WAVE_USERS // 2, composing_s=WAVE_S)
        stage.said()
        (wave,) = stage.take()
        began = stage.now
        stage.wake(wave)

        assert len(stage.pushed) == USERS_AT_ONCE
        assert stage.now - began == WAVE_S * 1000
        ((delay_s, rest),) = stage.queue.waiting
        assert (delay_s, rest.attempt, rest.crowd) == (0, 0, True)
        stage.hand_out()
        assert len({device for device, _ in stage.pushed}) == len(stage.pushed) == WAVE_USERS

    def test_who_was_looked_at_a_while_ago_is_looked_at_again(self) -> None:
        """The last of a hundred could have read it for seconds when they were woken, or be signed out."""
        stage = self.stage(people=2 * USERS_AT_ONCE, composing_s=LOOK_S)
        last, compose = UserId(f"u{2 * USERS_AT_ONCE - 1:03}"), stage.before_composing

        def read_meanwhile() -> None:
            compose()
            stage.read(last, stage.seq)

        stage.before_composing = read_meanwhile
        stage.said()
        woken = stage.hand_out()
        assert len({device for device, _ in stage.pushed}) == len(stage.pushed) == 2 * USERS_AT_ONCE - 1
        assert sum(each.never["read"] for each in woken) == 1

    def test_who_is_claimed_when_it_is_too_late_is_not_pushed_but_can_be(self) -> None:
        stage = self.stage(people=1, composing_s=WAVE_MOST_S)
        stage.said()
        (wave,) = stage.take()
        stage.wake(wave)

        assert stage.service.asked == []
        ((delay_s, again),) = stage.queue.waiting
        assert (delay_s, again.attempt) == (2, 1)  # a second time at once would end no sooner
        stage.before_composing = lambda: None
        stage.hand_out()
        assert stage.bodies == ["hello"]

    def test_platforms_are_given_what_is_left_of_it(self) -> None:
        stage = self.stage(people=1, composing_s=WAVE_MOST_S - 1)
        stage.said()
        stage.hand_out()
        assert stage.service.budgets == [1.0]
        stage = self.stage(people=1, composing_s=0)
        stage.said()
        stage.hand_out()
        assert stage.service.budgets == [PUSHES_S]

    def test_somebody_with_many_devices_is_woken_on_all_of_them_whatever_is_claimed_together(self) -> None:
        stage = PushStage(BOB, CID)
        stage.registrations.all += [a_registration(BOB, f"tablet {number}") for number in range(19)]
        stage.schedule([stage.say(at=stage.now + number * WINDOW_MS) for number in range(15)])
        stage.hand_out()

        assert len(stage.pushed) == len({(device, push.seq) for device, push in stage.pushed}) == 21 * 15


def test_a_platform_that_refuses_is_asked_again_later_each_time_until_the_hour_is_over() -> None:
    stage = PushStage(BOB)
    stage.service.answers[PHONE] = REFUSED
    stage.said()
    counted = stage.hand_out()

    assert stage.pushed == []
    assert 5 < len(stage.service.asked) < 20
    assert counted[-1].never["old"] == 1


def test_one_that_has_recovered_gets_it() -> None:
    stage = PushStage(BOB)
    stage.service.answers[PHONE] = replace(REFUSED, retry_after_ms=30_000)
    stage.said()
    (wave,) = stage.take()
    stage.wake(wave)
    assert [delay_s for delay_s, _ in stage.queue.waiting] == [30]
    del stage.service.answers[PHONE]
    stage.hand_out()

    assert stage.bodies == ["hello"]


def test_one_that_wants_to_be_left_alone_for_half_an_hour_is() -> None:
    """Longer than the queue keeps anything: it was asked again after a quarter."""
    stage = PushStage(BOB)
    stage.service.answers[PHONE] = replace(REFUSED, retry_after_ms=30 * 60_000)
    stage.said()
    (wave,) = stage.take()
    began = stage.now
    stage.wake(wave)
    stage.service.answers.clear()
    stage.hand_out()
    assert (stage.bodies, len(stage.service.asked)) == (["hello"], 2)
    assert stage.now - began == 30 * 60_000


def test_no_answer_is_not_asked_again() -> None:
    stage = PushStage(BOB)
    stage.service.answers[PHONE] = Handed(outcome=Outcome.UNKNOWN)
    emission = stage.said()
    stage.hand_out()
    stage.schedule([emission])
    stage.hand_out()

    assert len(stage.service.asked) == 1


def test_a_dead_token_is_forgotten() -> None:
    stage = PushStage(BOB, CID)
    stage.service.answers[PHONE] = Handed(outcome=Outcome.DEAD)
    stage.said()
    stage.hand_out()

    assert stage.registrations.all == [a_registration(CID)]


def test_a_store_that_fails_between_mark_and_call_loses_nothing() -> None:
    stage = PushStage(BOB)
    stage.said()
    (wave,) = stage.take()

    def fail() -> None:
        raise Unavailable("store")

    stage.before_composing = fail
    with pytest.raises(Unavailable):
        stage.wake(wave)
    stage.before_composing = lambda: None
    stage.wake(wave)

    assert stage.bodies == ["hello"]


def test_who_has_no_device_to_wake_any_more_costs_one_look() -> None:
    stage = PushStage(BOB)
    stage.said()
    stage.registrations.all.clear()
    (woken,) = stage.hand_out()

    assert woken.never == Counter(unregistered=1)
    assert stage.queue.waiting == []


outcomes = st.sampled_from([*Outcome])


@given(st.data())
def test_no_device_is_handed_a_message_twice(data: st.DataObject) -> None:
    """Whatever platforms answer, and however often and in whatever order waves are handed out."""
    stage = PushStage(BOB, CID)
    stage.registrations.all.append(a_registration(BOB, "tablet"))
    emissions = [stage.say(f"message {number}", at=NOON + number * 900) for number in range(6)]
    stage.now = NOON + 6 * 900
    waves = []
    for _ in range(data.draw(st.integers(1, 12))):
        stage.schedule(data.draw(st.lists(st.sampled_from(emissions), max_size=6)))
        waves += stage.take()
        stage.service.answers = {
            each.device_id: Handed(outcome=data.draw(outcomes)) for each in stage.registrations.all
        }
        for wave in data.draw(st.lists(st.sampled_from(waves), max_size=4)) if waves else ():
            stage.now += data.draw(st.integers(0, 8_000))
            stage.wake(wave)
    handed = Counter((device, push.seq) for device, push in stage.pushed)

    assert all(count == 1 for count in handed.values())
