from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from natter.domain.ids import ConversationId, UserId
from natter.domain.push.waking import Message
from natter.domain.push.waves import WAVE_MESSAGES, WAVE_USERS, Candidates, waves
from tests.messages import ANN, NOON


def a_candidates(conversation: int, messages: int, users: int, mentioned: int) -> Candidates:
    said = tuple(
        Message(
            conversation_id=ConversationId(f"c{conversation}"),
            seq=seq,
            at=NOON,
            sender_id=ANN,
            mentions=frozenset(UserId(f"u{each}") for each in range(mentioned)),
        )
        for seq in range(messages)
    )
    return Candidates(messages=said, users=tuple(UserId(f"u{each}") for each in range(users)))


candidates = st.lists(
    st.builds(
        a_candidates,
        conversation=st.integers(1, 9),
        messages=st.integers(1, 2 * WAVE_MESSAGES + 1),
        users=st.integers(0, 3 * WAVE_USERS),
        mentioned=st.integers(0, 3),
    ),
    max_size=6,
)


def pairs(several: list[Candidates], *, mentioned: bool = False) -> Counter[tuple[ConversationId, int, UserId]]:
    return Counter(
        (each.conversation_id, message.seq, user)
        for each in several
        for message in each.messages
        for user in each.users
        if not mentioned or user in message.mentions
    )


@given(candidates)
def test_everybody_is_looked_at_for_each_message_once_and_no_wave_is_too_large(several: list[Candidates]) -> None:
    cut = list(waves(several, attempt=2, crowd=True))

    assert pairs([each for wave in cut for each in wave.candidates]) == pairs(several)
    for wave in cut:
        assert 0 < sum(len(each.users) for each in wave.candidates) <= WAVE_USERS
        assert sum(len(each.messages) for each in wave.candidates) <= WAVE_MESSAGES
        assert (wave.attempt, wave.crowd) == (2, True)


def test_many_messages_cost_a_large_group_no_more_waves_than_one() -> None:
    def count(messages: int) -> int:
        return len(list(waves([a_candidates(1, messages, 10 * WAVE_USERS, 0)])))

    assert count(1) == count(WAVE_MESSAGES) == 10


@given(candidates)
def test_a_mention_goes_with_those_whom_it_mentions(several: list[Candidates]) -> None:
    cut = [each for wave in waves(several) for each in wave.candidates]

    assert pairs(cut, mentioned=True) == pairs(several, mentioned=True)
    assert all(message.mentions <= set(each.users) for each in cut for message in each.messages)
