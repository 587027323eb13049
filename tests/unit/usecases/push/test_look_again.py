from natter.domain.ids import UserId
from natter.domain.push.registrations import Handed, Outcome
from natter.domain.push.waking import Message
from natter.domain.push.waves import Candidates, Wave
from natter.usecases.push.look_again import MAX_DELAY_S, LookAgain, Watched
from tests.memory.push import MemoryWaveQueue
from tests.messages import ANN, BOB, CID, LOBBY, NOON

WAVE = Wave(attempt=3, crowd=True)


def a_message(seq: int, *mentions: UserId) -> Message:
    return Message(conversation_id=LOBBY, seq=seq, at=NOON, sender_id=ANN, mentions=frozenset(mentions))


def refused(retry_after_ms: int | None = None) -> Handed:
    return Handed(outcome=Outcome.REFUSED, retry_after_ms=retry_after_ms)


class TestLookAgain:
    def again(self) -> tuple[LookAgain, MemoryWaveQueue]:
        queue = MemoryWaveQueue()
        return LookAgain(queue=queue, now_ms=lambda: NOON, delay_s=lambda attempt: 2**attempt), queue

    def test_each_has_its_time_and_no_attempt_less(self) -> None:
        again, queue = self.again()
        one, other = Watched(message=a_message(1), user_id=BOB), Watched(message=a_message(1), user_id=CID)
        again.at([(one, NOON + 1_500), (other, NOON - 1), (other, NOON + 10**9)], WAVE)

        found = [(delay_s, wave.attempt, wave.crowd, wave.candidates) for delay_s, wave in queue.waiting]
        assert found == [
            (2, 0, True, (Candidates(messages=(a_message(1),), users=(BOB,)),)),
            (0, 0, True, (Candidates(messages=(a_message(1),), users=(CID,)),)),
            (MAX_DELAY_S, 0, True, (Candidates(messages=(a_message(1),), users=(CID,)),)),
        ]

    def test_those_together_who_are_looked_at_for_the_same_and_mentions_stay(self) -> None:
        again, queue = self.again()
        for_bob, for_cid = a_message(1, BOB), a_message(1)
        both = a_message(2)
        several = [(for_bob, BOB), (both, BOB), (for_cid, CID), (both, CID), (both, BOB), (for_cid, ANN), (both, ANN)]
        again.for_want_of_time([Watched(message=each, user_id=user) for each, user in several], WAVE, got_on=True)

        ((delay_s, wave),) = queue.waiting
        assert (delay_s, wave.attempt) == (0, 3)
        assert wave.candidates == (
            Candidates(messages=(for_bob, both), users=(BOB,)),
            Candidates(messages=(for_cid, both), users=(CID, ANN)),
        )

    def test_a_platform_is_left_alone_as_long_as_it_says_and_longer_each_time(self) -> None:
        again, queue = self.again()
        bob, cid = Watched(message=a_message(1), user_id=BOB), Watched(message=a_message(1), user_id=CID)
        again.after_refusals([(bob, refused()), (cid, refused(60_001))], WAVE)

        assert [(delay_s, wave.attempt) for delay_s, wave in queue.waiting] == [(16, 4), (61, 4)]

    def test_one_that_wants_to_be_left_alone_for_longer_than_the_queue_keeps_anything_is(self) -> None:
        again, queue = self.again()
        again.after_refusals([(Watched(message=a_message(1), user_id=BOB), refused(2_000_000))], WAVE)
        ((delay_s, wave),) = queue.waiting
        assert (delay_s, wave.not_before) == (MAX_DELAY_S, NOON + 2_000_000)
        queue.waiting.clear()
        again.when_it_is_time(wave)
        assert queue.waiting == [(MAX_DELAY_S, wave)]

    def test_where_there_was_no_time_for_anybody_it_is_tried_later(self) -> None:
        again, queue = self.again()
        again.for_want_of_time([Watched(message=a_message(1), user_id=BOB)], WAVE, got_on=False)

        assert [(delay_s, wave.attempt) for delay_s, wave in queue.waiting] == [(16, 4)]

    def test_nobody_is_nobody(self) -> None:
        again, queue = self.again()
        again.at([], WAVE)
        again.after_refusals([], WAVE)
        again.for_want_of_time([], WAVE, got_on=False)

        assert queue.waiting == []
