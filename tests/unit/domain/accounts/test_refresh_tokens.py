import pytest

from natter.domain.accounts.refresh_tokens import RefreshToken
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
