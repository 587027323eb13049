"""What every `PushMarks` promises: it decides as the domain does, whoever asks, and remembers little."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from natter.adapters.valkey.client import Valkey
from natter.adapters.valkey.push_marks import ValkeyPushMarks
from natter.domain.ids import ConversationId, DeviceId, new_id
from natter.domain.push.bursts import MOST_REMEMBERED, WINDOW_MS, Claim, Claimed, Woken, claim, release
from natter.domain.push.waking import WAIT_MS
from natter.ports.push import PushMarks
from tests.memory.push import MemoryPushMarks
from tests.messages import BOB, NOON

PHONE, LAPTOP = DeviceId("phone"), DeviceId("laptop: {of} Bob")
OVER = WINDOW_MS + WAIT_MS


@pytest.fixture(params=["memory", pytest.param("valkey", marks=pytest.mark.engines)])
def marks(request: pytest.FixtureRequest) -> PushMarks:
    if request.param == "memory":
        return MemoryPushMarks()
    valkey: Valkey = request.getfixturevalue("valkey")
    return ValkeyPushMarks(valkey)


class Conversation:
    """A new one; of its messages, `at` counts from noon."""

    def __init__(self, marks: PushMarks) -> None:
        self._marks, self._id = marks, ConversationId(new_id())

    def a_claim(self, seq: int, at: int = 0, *, device: DeviceId = PHONE, by: str | None = None) -> Claim:
        """By somebody new, unless they have a name."""
        name = new_id() if by is None else by
        return Claim(conversation_id=self._id, user_id=BOB, device_id=device, seq=seq, at=NOON + at, by=name)

    def claim(self, *claims: Claim, now: int = WAIT_MS) -> Sequence[Claimed]:
        return self._marks.claim(claims, now=NOON + now)

    def turns(self, *claims: Claim, now: int = WAIT_MS) -> list[str]:
        return [each.turn for each in self.claim(*claims, now=now)]

    def release(self, *claims: Claim) -> None:
        self._marks.release(claims)


class TestPushMarksContract:
    def test_each_device_is_woken_once_for_each_message(self, marks: PushMarks) -> None:
        lobby, kitchen = Conversation(marks), Conversation(marks)

        def claims() -> list[Claim]:
            return [lobby.a_claim(1), lobby.a_claim(1, device=LAPTOP), lobby.a_claim(2), kitchen.a_claim(1)]

        assert lobby.turns(*claims()) == ["single"] * 4
        assert lobby.turns(*claims()) == ["again"] * 4

    def test_an_answer_that_was_lost_comes_again(self, marks: PushMarks) -> None:
        lobby = Conversation(marks)
        mine = [lobby.a_claim(seq, by="me") for seq in range(1, 5)]
        for _ in range(2):
            assert lobby.turns(*mine, now=WAIT_MS) == ["single"] * 3 + ["later"]
        for _ in range(2):
            assert lobby.turns(mine[-1], now=OVER) == ["summary"]
        lobby.release(lobby.a_claim(1), lobby.a_claim(4))
        assert lobby.turns(lobby.a_claim(1), lobby.a_claim(4), now=OVER) == ["again"] * 2

    def test_of_those_who_ask_at_once_one_may(self, marks: PushMarks) -> None:
        lobby = Conversation(marks)
        for seq in range(1, 4):
            claims = [lobby.a_claim(seq) for _ in range(8)]
            with ThreadPoolExecutor(max_workers=8) as threads:
                turns = list(threads.map(lambda each: lobby.turns(each)[0], claims))
            assert sorted(turns) == ["again"] * 7 + ["single"]

    def test_many_at_once_become_one_push_when_their_time_is_over(self, marks: PushMarks) -> None:
        lobby = Conversation(marks)
        claims = [lobby.a_claim(seq, at=seq) for seq in range(1, 7)]
        later = Claimed(turn="later", due_at=NOON + 1 + OVER)
        assert list(lobby.claim(*claims))[3:] == [later] * 3
        with ThreadPoolExecutor(max_workers=3) as threads:
            answers = list(threads.map(lambda seq: lobby.claim(lobby.a_claim(seq, at=seq), now=1 + OVER)[0], (4, 5, 6)))
        assert sorted((each.turn, each.count) for each in answers) == [("again", 0)] * 2 + [("summary", 6)]

    def test_what_is_taken_back_may_be_claimed_again(self, marks: PushMarks) -> None:
        lobby = Conversation(marks)
        one, *_, last = claims = [lobby.a_claim(seq) for seq in range(1, 5)]
        lobby.claim(*claims)
        lobby.claim(last, now=OVER)
        lobby.release(one, last)
        assert lobby.turns(lobby.a_claim(1), lobby.a_claim(4), now=OVER) == ["single", "summary"]
        assert lobby.turns(one, last, now=OVER) == ["again"] * 2

    def test_what_nobody_claimed_is_not_taken_back(self, marks: PushMarks) -> None:
        lobby = Conversation(marks)
        lobby.release(lobby.a_claim(1))
        assert lobby.turns(lobby.a_claim(1)) == ["single"]

    def test_nothing_is_asked_for_nothing(self, marks: PushMarks) -> None:
        lobby = Conversation(marks)
        assert list(lobby.claim()) == []
        lobby.release()

    @pytest.mark.parametrize("step", [1, WINDOW_MS])
    def test_what_is_forgotten_counts_as_told(self, marks: PushMarks, step: int) -> None:
        lobby = Conversation(marks)
        claims = [lobby.a_claim(seq, at=seq * step) for seq in range(1, 2 * MOST_REMEMBERED)]
        lobby.claim(*claims)
        after = lobby.a_claim(3 * MOST_REMEMBERED, at=3 * MOST_REMEMBERED * WINDOW_MS)
        assert lobby.turns(after, lobby.a_claim(1, at=step), now=after.at - NOON) == ["single", "again"]


@given(
    st.lists(
        st.tuples(st.sampled_from(["claim", "claim", "release"]), st.integers(1, 8), st.integers(0, 40_000)),
        max_size=40,
    ),
    st.lists(st.integers(0, 25_000), min_size=8, max_size=8),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_it_decides_as_the_domain_does(marks: PushMarks, asked: list[tuple[str, int, int]], times: list[int]) -> None:
    lobby, woken = Conversation(marks), Woken()
    for what, seq, now in asked:
        each = lobby.a_claim(seq, times[seq - 1], by=f"number {now % 2}")
        if what == "release":
            woken = release(woken, seq=seq, by=each.by)
            lobby.release(each)
        else:
            woken, expected = claim(woken, seq=seq, at=each.at, by=each.by, now=NOON + now)
            assert list(lobby.claim(each, now=now)) == [expected]
