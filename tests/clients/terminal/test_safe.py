"""Nothing that somebody writes controls the terminal, or is wider than it is taken for."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from natter_terminal.safe import cut, fill, safe, safe_line, wrap

CODES = st.one_of(
    st.integers(0, 0xA0),
    st.integers(0x200B, 0x206F),
    st.integers(0x1F1E0, 0x1F6FF),
    st.integers(0, 0x10FFFF),
    st.sampled_from([0x200D, 0xFE0F, 0x1F3FD, 0x20E3, 0x0301, 0x65E5, 0x1F468, 0x1F1E9, 0xD800, 0xE000, 0x20]),
)
TEXTS = st.lists(CODES).map(lambda codes: "".join(map(chr, codes)))
BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class TestSafe:
    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("\x1b[2J\x1b]0;owned\x07", "␛[2J␛]0;owned␇"),
            ("\x9b31m", "<U+009B>31m"),
            ("\r\x08\x7f\x00", "␍␈␡␀"),
            ("a\u202eb", "a<U+202E>b"),
            ("a\tb\u2028c", "a    b\nc"),
            ("\ud800", "<U+D800>"),
            ("👨\u200d👩\u200d👧", "👨👩👧"),
            ("👍🏽 ❤\ufe0f 1\ufe0f\u20e3", "👍 ❤ 1\u20e3"),
            ("🇩🇪 and 🇨🇭", "[DE] and [CH]"),
            ("e\u0301", "e\u0301"),
            ("e" + 50 * "\u0301", "e" + 4 * "\u0301"),
            ("日本 ok", "日本 ok"),
        ],
    )
    def test_it_is_shown_and_not_run(self, text: str, shown: str) -> None:
        assert safe(text) == shown

    @given(TEXTS)
    def test_no_control_is_left(self, text: str) -> None:
        shown = safe(text)
        assert not {unicodedata.category(each) for each in shown} & {"Cs", "Co", "Cn", "Cf", "Zl", "Zp"}
        assert {each for each in shown if unicodedata.category(each) == "Cc"} <= {"\n"}
        assert not BIDI & set(shown)
        shown.encode()

    @given(TEXTS)
    def test_its_width_is_that_of_its_characters(self, text: str) -> None:
        assert all(cell_len(line) == sum(map(cell_len, line)) for line in safe(text).split("\n"))

    @given(TEXTS)
    def test_what_is_safe_stays_as_it_is(self, text: str) -> None:
        assert safe(safe(text)) == safe(text)

    @given(TEXTS)
    def test_a_line_is_one_line(self, text: str) -> None:
        assert "\n" not in safe_line(text)


class TestWidth:
    @given(TEXTS.map(safe), st.integers(2, 40))
    def test_lines_are_never_wider_and_lose_nothing_but_spaces(self, text: str, width: int) -> None:
        lines = wrap(text, width)
        assert all(cell_len(line) <= width for line in lines)
        assert "".join(lines).replace(" ", "") == text.replace(" ", "").replace("\n", "")

    def test_at_spaces_or_between_wide_characters(self) -> None:
        assert wrap("one two  three\nfour", 8) == ["one two", "three", "four"]
        assert wrap("東京で会う", 4) == ["東京", "で会", "う"]
        assert wrap("abcdefgh", 3) == ["abc", "def", "gh"]

    @given(TEXTS.map(safe_line), st.integers(0, 20))
    def test_filled_it_is_as_wide_as_asked(self, text: str, width: int) -> None:
        assert cell_len(fill(text, width)) == width
        assert cell_len(cut(text, width)) <= width
