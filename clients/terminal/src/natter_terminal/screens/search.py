"""Finding what was said, in what is on this device."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from natter_client.search import Found, Search
from natter_terminal.safe import cut, safe_line

MOST = 100
PAUSE_S = 0.1
"""Of who types, before it is looked for."""
BEFORE = 20
"""Characters of a text that are shown before the first word that was looked for."""


def excerpt(text: str, words: str) -> str:
    """The part of a text in which the first of the words is."""
    line = safe_line(text)
    places = [at for word in words.split() if (at := line.casefold().find(word.casefold())) > BEFORE]
    return f"…{line[min(places) - BEFORE :]}" if places else line


class SearchScreen(ModalScreen[Found | None]):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Close"),
        Binding("down", "results", "Results", show=False),
    ]

    def __init__(
        self,
        search: Search,
        *,
        title_of: Callable[[str], str],
        name_of: Callable[[str], str],
        only: str | None = None,
        zone: tzinfo = UTC,
    ) -> None:
        """`only`: the conversation to search, all if there is none."""
        super().__init__()
        self._search, self._title_of, self._name_of, self._only, self._zone = search, title_of, name_of, only, zone
        self._found: list[Found] = []

    def compose(self) -> ComposeResult:
        where = "in this conversation" if self._only else "in all conversations"
        with Vertical():
            yield Input(placeholder=f"search {where}, on this device")
            yield Static("", id="count")
            yield OptionList(markup=False)

    def action_results(self) -> None:
        self.query_one(OptionList).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        self._look(event.value)

    def on_input_submitted(self) -> None:
        if self._found:
            self.dismiss(self._found[0])

    @work(exclusive=True)
    async def _look(self, words: str) -> None:
        await asyncio.sleep(PAUSE_S)
        find = self._search.find
        found = await asyncio.to_thread(find, words, conversation_id=self._only, limit=MOST)
        results, width = self.query_one(OptionList), max(self.size.width - 16, 20)
        self._found = found
        results.clear_options()
        results.add_options(
            Option(Content(f"{self._head(each)}\n  {cut(excerpt(each.text, words), width)}")) for each in found
        )
        more = "+" if len(found) == MOST else ""
        self.query_one("#count", Static).update(f"{len(found)}{more} found" if words.strip() else "")

    def _head(self, found: Found) -> str:
        name, title = safe_line(self._name_of(found.sender_id)), self._title_of(found.conversation_id)
        return f"{datetime.fromtimestamp(found.at / 1000, self._zone):%Y-%m-%d %H:%M}  {name} in {title}"

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._found[event.option_index])
