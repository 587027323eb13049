import pytest
from hypothesis import given
from hypothesis import strategies as st

from natter.domain.accounts.identities import display_name_like, usernames
from natter.domain.accounts.users import is_username


class TestUsernames:
    @pytest.mark.parametrize(
        ("wished", "first"),
        [
            ("ann", "ann"),
            ("Ann.Smith@corp.example", "ann.smith"),
            ("Jörg Müller", "jorg_muller"),
            ("CORP\\ann", "corp_ann"),
            ("a" * 40, "a" * 32),
            ("Анна", "user"),
            ("an", "user"),
            ("@", "user"),
            ("", "user"),
            (None, "user"),
        ],
    )
    def test_the_first_is_the_nearest(self, wished: str | None, first: str) -> None:
        assert next(usernames(wished)) == first

    def test_the_others_are_told_apart_by_a_suffix(self) -> None:
        first, *others = usernames("a" * 40)
        assert len({first, *others}) == 4
        assert all(name.startswith("a" * 25 + "_") for name in others)

    @given(wished=st.text(alphabet=st.characters(codec=None)) | st.none())
    def test_anybody_can_be_called_so(self, wished: str | None) -> None:
        """Whatever the provider sends, lone surrogates included."""
        assert all(is_username(name) for name in usernames(wished))


class TestDisplayNameLike:
    @pytest.mark.parametrize(
        ("wished", "shown"),
        [
            ("Zoë \N{SNOWMAN}", "Zoë \N{SNOWMAN}"),
            ("  Ann\n\0 ", "Ann"),
            ("x" * 70, "x" * 64),
            ("\ud800", None),
            ("  ", None),
            ("", None),
            (None, None),
        ],
    )
    def test_is_one_line_or_nothing(self, wished: str | None, shown: str | None) -> None:
        assert display_name_like(wished) == shown
