from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from natter.domain.accounts.refresh_tokens import GRACE_MS, RefreshToken, Turns
from natter.domain.errors import BadToken
from natter.domain.ids import SessionId

FIRST = RefreshToken.first(SessionId("s1"))


class TestRefreshToken:
    def test_text_and_back(self) -> None:
        assert RefreshToken.parse(str(FIRST)) == FIRST

    def test_every_turn_is_another_token_of_the_same_family(self) -> None:
        following = FIRST.next()
        assert following.digests() != FIRST.digests()
        assert FIRST.digests().recognise(following.digests())

    def test_another_session_is_another_family(self) -> None:
        assert not FIRST.digests().recognise(RefreshToken.first(SessionId("s1")).digests())

    def test_what_is_kept_does_not_give_the_token_away(self) -> None:
        kept = FIRST.digests()
        assert FIRST.family.encode() not in kept.family
        assert len(kept.family) == len(kept.turn) == 32

    def test_repr_keeps_the_secret(self) -> None:
        assert repr(FIRST) == "RefreshToken(s1)"

    @pytest.mark.parametrize("text", ["", "a", "a.b", "a.b.c.d", "a.b.\0", "a.b.é", "a.b.\ud800"])
    def test_another_shape_is_no_token(self, text: str) -> None:
        with pytest.raises(BadToken):
            RefreshToken.parse(text)


def turned(turns: Turns, shown: str, following: str, *, at: int = 0) -> Turns:
    changed = turns.turned(shown.encode(), following.encode(), at=at)
    assert changed is not None
    return changed


class TestTurns:
    def test_the_current_one_turns_and_dies(self) -> None:
        assert turned(Turns(b"a"), "a", "b", at=5) == Turns(b"b", spent=b"a", spent_at=5)

    def test_the_one_that_died_last_turns_once_more_within_the_grace(self) -> None:
        one = turned(Turns(b"a"), "a", "b", at=5)
        both = turned(one, "a", "c", at=5 + GRACE_MS)
        assert (both.current, both.other) == (b"b", b"c")
        assert not both.accepts(b"a", at=5)
        assert one.turned(b"a", b"c", at=6 + GRACE_MS) is None

    @pytest.mark.parametrize("used", ["b", "c"])
    def test_of_two_that_are_good_the_one_not_used_dies(self, used: str) -> None:
        both = turned(turned(Turns(b"a"), "a", "b"), "a", "c")
        last = turned(both, used, "d")
        assert [each for each in "abcd" if last.accepts(each.encode(), at=0)] == [used, "d"]
        assert not last.accepts(used.encode(), at=GRACE_MS + 1)

    def test_older_ones_never_turn(self) -> None:
        later = turned(turned(Turns(b"a"), "a", "b"), "b", "c")
        assert later.turned(b"a", b"d", at=0) is None

    def test_a_step_that_was_taken_may_be_repeated(self) -> None:
        """Its answer was lost on the way from the store."""
        one = turned(Turns(b"a"), "a", "b")
        both = turned(one, "a", "c")
        assert turned(one, "a", "b", at=9 * GRACE_MS) == one
        assert turned(both, "a", "b") == turned(both, "a", "c") == both

    @given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2 * GRACE_MS)), max_size=30))
    def test_never_more_than_two_follow_one(self, steps: list[tuple[int, int]]) -> None:
        """Whoever shows what, and when: and at most two tokens are good for longer than the grace."""
        turns, given_out, now = Turns(b"0"), [b"0"], 0
        followers: Counter[bytes] = Counter()
        for back, wait_ms in steps:
            now += wait_ms
            shown, following = given_out[-1 - back % len(given_out)], str(len(given_out)).encode()
            changed = turns.turned(shown, following, at=now)
            assert (changed is not None) == turns.accepts(shown, at=now)
            if changed is not None:
                turns, followers[shown] = changed, followers[shown] + 1
                given_out.append(following)
            good = [each for each in given_out if turns.accepts(each, at=now + GRACE_MS + 1)]
            assert given_out[-1] in good
            assert len(good) <= 2
        assert max(followers.values(), default=0) <= 2
