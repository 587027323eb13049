"""Finding words and conversations, choosing how it looks, and small and large windows."""

from pathlib import Path
from typing import Any

import pytest
from textual.screen import Screen
from textual.widgets import Input, OptionList

from natter_terminal.screens.search import excerpt
from natter_terminal.widgets.conversations import Conversations
from tests.clients.terminal.world import Kept, alone, history, lines_of, said, shows, until


def some(path: Path) -> Path:
    kept = Kept(path)
    kept.direct("c-ben", "ben", *(said(seq, f"word {seq}", at=1_000_000 * seq) for seq in range(1, 200)))
    kept.group(
        "c-team", "Team", said(1, "東京で会いましょう [b]not bold[/b]", "eve"), said(2, "@Ann look", mentions=["ann"])
    )
    kept.opened("c-team")
    kept.close()
    return path


def offered(screen: Screen[Any]) -> set[str]:
    """By the palette, wherever in its list: other providers' come before or after."""
    options = [option for each in screen.query(OptionList) for option in each.options]
    return {str(option.prompt).partition("\n")[0].strip() for option in options}


class TestSearch:
    async def test_what_is_found_is_gone_to(self, tmp_path: Path) -> None:
        app = alone(some(tmp_path / "a.db"))
        async with app.run_test(size=(80, 24)) as pilot:
            await shows(pilot, "@Ann look")
            await pilot.press("ctrl+f", *"word 7")
            await until(
                pilot, lambda: app.screen.query(OptionList) and app.screen.query_one(OptionList).option_count == 38
            )
            await pilot.press("end", "7")
            await shows(pilot, "2 found")
            await pilot.press("down", "down", "down", "enter")
            await until(pilot, lambda: any("word 77" in line for line in history(app)))
            assert app.chat is not None
            assert app.chat.history.selected is not None
            assert app.chat.history.selected.seq == 77
            assert app.chat.conversation_id == "c-ben"

    async def test_languages_without_spaces_and_markup_of_others(self, tmp_path: Path) -> None:
        app = alone(some(tmp_path / "a.db"))
        async with app.run_test(size=(80, 24)) as pilot:
            await shows(pilot, "@Ann look")
            await pilot.press("ctrl+f")
            await until(pilot, lambda: app.screen.query(OptionList))
            app.screen.query_one(Input).value = "会い bold"
            await shows(pilot, "東京で会いましょう [b]not bold[/b]")

    def test_an_excerpt_begins_before_the_word(self) -> None:
        assert excerpt("x" * 50 + " the word", "word") == "…" + "x" * 15 + " the word"
        assert excerpt("the\nword", "word") == "the word"


class TestGoing:
    async def test_by_some_letters_of_the_title(self, tmp_path: Path) -> None:
        app = alone(some(tmp_path / "a.db"))
        async with app.run_test(size=(80, 24)) as pilot:
            await shows(pilot, "@Ann look")
            await pilot.press("ctrl+k", *"be", "enter")
            await shows(pilot, "word 199")

    async def test_the_palette_has_what_one_can_do(self, tmp_path: Path) -> None:
        app = alone(some(tmp_path / "a.db"))
        async with app.run_test(size=(80, 24)) as pilot:
            await shows(pilot, "@Ann look")
            await pilot.press("ctrl+p")
            await until(pilot, lambda: "Begin a conversation" in offered(app.screen))


class TestLooks:
    async def test_a_theme_is_kept(self, tmp_path: Path) -> None:
        app = alone(some(tmp_path / "a.db"))
        async with app.run_test(size=(80, 24)):
            app.theme = "nord"
        again = alone(tmp_path / "a.db")
        async with again.run_test(size=(80, 24)):
            assert again.theme == "nord"

    @pytest.mark.parametrize(("size", "list_width", "history_width"), [((80, 24), 25, 53), ((140, 40), 35, 103)])
    async def test_from_80x24_to_wide(
        self, tmp_path: Path, size: tuple[int, int], list_width: int, history_width: int
    ) -> None:
        app = alone(some(tmp_path / "a.db"))
        async with app.run_test(size=size) as pilot:
            await shows(pilot, "@Ann look")
            assert app.chat is not None
            assert (app.chat.list.size.width, app.chat.history.container_size.width) == (list_width, history_width)

    async def test_in_a_narrow_window_there_is_one_pane_at_a_time(self, tmp_path: Path) -> None:
        app = alone(some(tmp_path / "a.db"))
        async with app.run_test(size=(40, 15)) as pilot:
            await shows(pilot, "@Ann look")
            assert not app.screen.query_one(Conversations).is_on_screen
            await pilot.press("ctrl+b")
            await until(pilot, lambda: app.screen.query_one(Conversations).is_on_screen)
            assert [line.split()[-1] for line in lines_of(app.screen.query_one(Conversations))[:2]] == ["Team", "Ben"]
            await pilot.press("down", "enter")
            await shows(pilot, "word 199")
