from pathlib import Path

import pytest

from tests.support.confidential import leaked, named

SAID = {"alice_0123456789ab", "eyJhbGciOi.eyJzdWIi.c2lnbmF0dXJl", "meet me at noon", "päckchen für dich"}


@pytest.mark.parametrize("said", sorted(SAID))
def test_what_was_said_is_found_wherever_it_stands(tmp_path: Path, said: str) -> None:
    (tmp_path / "natter-local-send.log").write_text(f'START\n{{"message":"refused","detail":"{said}"}}\nEND\n')
    assert leaked(tmp_path, SAID) == [f"natter-local-send.log: {said}"]


def test_other_words_are_not(tmp_path: Path) -> None:
    (tmp_path / "natter-local-send.log").write_text('{"user_id":"alice_0123456789abcdef","message":"at noon"}\n')
    assert leaked(tmp_path, SAID) == []


@pytest.mark.parametrize("said", sorted(SAID))
def test_so_it_is_in_a_trace(said: str) -> None:
    assert named(f'[{{"attributes": {{"key": "{said}"}}}}]'.encode(), SAID) == [said]
