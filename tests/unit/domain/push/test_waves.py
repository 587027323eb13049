from hypothesis import given
from hypothesis import strategies as st

from natter.domain.ids import UserId
from natter.domain.push.waking import Message
from natter.domain.push.waves import WAVE_MESSAGES, WAVE_USERS, Candidates, waves
from tests.messages import ANN, LOBBY, NOON

candidates = st.lists(
    st.builds(
        lambda seq, users, mentioned: Candidates(
            message=Message(
                conversation_id=LOBBY,
                seq=seq,
                at=NOON,
                sender_id=ANN,
                mentions=frozenset(UserId(f"u{each}") for each in range(mentioned)),
            ),
            users=tuple(UserId(f"u{each}") for each in range(users)),
        ),
        seq=st.integers(1, 9),
        users=st.integers(0, 3 * WAVE_USERS),
        mentioned=st.integers(0, 3),
    ),
    max_size=8,
)


@given(candidates)
def test_everybody_is_in_one_wave_for_each_message_and_no_wave_is_too_large(several: list[Candidates]) -> None:
    cut = list(waves(several, attempt=2))

    assert [(each.message.seq, user) for wave in cut for each in wave.candidates for user in each.users] == [
        (each.message.seq, user) for each in several for user in each.users
    ]
    assert all(0 < sum(len(each.users) for each in wave.candidates) <= WAVE_USERS for wave in cut)
    assert all(wave.attempt == 2 for wave in cut)


def test_many_messages_for_few_are_cut_as_well() -> None:
    message = Message(conversation_id=LOBBY, seq=1, at=NOON, sender_id=ANN)
    several = [Candidates(message=message, users=(UserId("u"),))] * (WAVE_MESSAGES + 1)

    assert [len(wave.candidates) for wave in waves(several)] == [WAVE_MESSAGES, 1]


def mentioned(several: list[Candidates]) -> list[tuple[int, UserId]]:
    return [(each.message.seq, user) for each in several for user in each.users if user in each.message.mentions]


@given(candidates)
def test_a_mention_goes_with_those_whom_it_mentions(several: list[Candidates]) -> None:
    cut = [each for wave in waves(several) for each in wave.candidates]

    assert mentioned(cut) == mentioned(several)
    assert all(each.message.mentions <= set(each.users) for each in cut)
