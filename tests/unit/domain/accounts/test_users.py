import pytest

from natter.domain.accounts.users import SignedIn, is_username
from tests.identity import a_principal


@pytest.mark.parametrize("name", ["ann", "a.b_c", "x" * 32, "000"])
def test_names(name: str) -> None:
    assert is_username(name)


@pytest.mark.parametrize("name", ["", "an", "x" * 33, "Ann", "änn", "a b", "ann\n", "ann\0", "\u0661\u0662\u0663"])
def test_not_names(name: str) -> None:
    assert not is_username(name)


def test_tokens_stay_out_of_repr() -> None:
    signed_in = SignedIn(principal=a_principal(), access_token="top", refresh_token="secret", expires_in_s=900)
    assert "top" not in repr(signed_in)
    assert "secret" not in repr(signed_in)
