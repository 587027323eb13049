import sys
import unicodedata

import pytest

from natter.domain.lines import breaks, line_like, shows_nothing, turns_what_follows

LRE, RLE, PDF, LRO, RLO = "\u202a", "\u202b", "\u202c", "\u202d", "\u202e"
LRI, RLI, FSI, PDI = "\u2066", "\u2067", "\u2068", "\u2069"


class TestBreaks:
    @pytest.mark.parametrize("character", ["\n", "\r", "\t", "\0", "\x7f", "\x85", "\u2028", "\u2029"])
    def test_a_line_is_one_line(self, character: str) -> None:
        assert breaks(f"a{character}b")

    def test_what_is_one_line(self) -> None:
        assert not breaks("a b\u00a0c\u200d\u202f")


class TestShowsNothing:
    @pytest.mark.parametrize(
        "text",
        [
            "",
            " \u3000\u00a0",
            "\u200b\u200c\u200d\u2060\ufeff",
            "\u00ad",
            "\u200e\u200f\u061c",
            LRI + PDI,
            "\u3164 \u115f\uffa0",
            "\u2800",
            "\ufe0f\U000e0101\u034f\u180b",
            "\U000e0041\U000e007f",
        ],
        ids=ascii,
    )
    def test_of_such_a_name_there_is_nothing_to_be_seen(self, text: str) -> None:
        assert shows_nothing(text)
        assert not shows_nothing(text + "x")

    @pytest.mark.parametrize(
        "text",
        ["a", "\u5b57", "\u05d0", "e\u0301", "\u0301", "\u2764\ufe0f", "\U0001f469\u200d\U0001f680", "_", "\ue000"],
    )
    def test_of_these_there_is(self, text: str) -> None:
        assert not shows_nothing(text)

    def test_no_format_character_or_space_is_seen(self) -> None:
        """Of all that Python's version of Unicode has."""
        hidden = [c for c in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(c) in {"Cf", "Zs"}]
        assert len(hidden) > 150
        assert shows_nothing("".join(hidden))


class TestTurnsWhatFollows:
    @pytest.mark.parametrize("begin", [LRE, RLE, LRO, RLO])
    def test_embeddings_and_overrides_are_ended_by_their_own(self, begin: str) -> None:
        assert turns_what_follows(f"a{begin}b")
        assert turns_what_follows(f"a{begin}b{PDI}")
        assert not turns_what_follows(f"a{begin}b{PDF}c")

    @pytest.mark.parametrize("begin", [LRI, RLI, FSI])
    def test_isolates_are_ended_by_theirs(self, begin: str) -> None:
        assert turns_what_follows(f"a{begin}b")
        assert turns_what_follows(f"a{begin}b{PDF}")
        assert not turns_what_follows(f"a{begin}b{PDI}c")

    @pytest.mark.parametrize(
        "text", [PDF, PDI, f"a{PDI}b", f"{RLI}a{PDI}{PDI}", f"{PDI}{RLI}", f"{RLI}{LRE}{PDI}{PDF}"]
    )
    def test_what_was_not_begun_is_not_ended(self, text: str) -> None:
        """It would end what the app has put around the name."""
        assert turns_what_follows(text)

    @pytest.mark.parametrize("text", ["", "\u05d0\u200f!", f"{RLI}{LRE}a{PDF}{PDI}{FSI}{PDI}"])
    def test_the_rest_is_left_as_it_is(self, text: str) -> None:
        assert not turns_what_follows(text)


class TestLineLike:
    @pytest.mark.parametrize(
        ("text", "line"),
        [
            ("Ann", "Ann"),
            (" a\nb\u2028c ", "abc"),
            ("a" * 9, "a" * 8),
            (f"{RLO}Ann", "Ann"),
            (f"{RLI}\u05d0{PDI}", f"{RLI}\u05d0{PDI}"),
            (f"{RLI}1234567{PDI}", "1234567"),
            ("\u200b\u3164", None),
            (RLO, None),
            ("\ud800", None),
        ],
        ids=ascii,
    )
    def test_is_the_nearest_that_harms_nothing(self, text: str, line: str | None) -> None:
        assert line_like(text, 8) == line
