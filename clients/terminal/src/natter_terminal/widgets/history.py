"""What was said: drawn line by line, of a window on the conversation that follows where one scrolls."""

from bisect import bisect_right
from collections.abc import Callable
from functools import lru_cache
from itertools import accumulate
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from natter_terminal.layout import COLOURS, Line, lay_out
from natter_terminal.reader import Reader
from natter_terminal.rows import Row, rows_of
from natter_terminal.widgets.strips import strip_of

NEAR = 8
"""Lines from the end of the window at which more of it is read."""
STYLES = (
    *(f"name{number}" for number in range(COLOURS)),
    *("me", "time", "text", "quote", "reaction", "mine", "state", "error", "mention", "file", "deleted"),
    *("edge", "note", "day", "new", "selected", "mentions-me"),
)
_lines = lru_cache(maxsize=4096)(lay_out)


class History(ScrollView, can_focus=True):
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"history--{name}" for name in STYLES}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "select(-1)", "Message above", show=False),
        Binding("down,j", "select(1)", "Message below", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home,g", "top", "Oldest here", show=False),
        Binding("end,G", "bottom", "Newest", show=False),
        Binding("r", "screen.reply", "Reply"),
        Binding("e", "screen.edit", "Edit"),
        Binding("d,delete", "screen.delete", "Delete"),
        Binding("plus,x", "screen.react", "React"),
        Binding("c,y", "screen.copy", "Copy"),
        Binding("s", "screen.save", "Save the file"),
        Binding("enter", "screen.answered", "What it answers"),
        Binding("R", "screen.again", "Send again"),
        Binding("D", "screen.drop", "Take back"),
        Binding("slash", "screen.search_here", "Search here"),
    ]

    class Moved(Message):
        """Scrolled, or another message was selected."""

    class NeedsOlder(Message):
        """The top of what the store holds is near, and there is more."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.reader: Reader | None = None
        self.is_online: Callable[[], bool] = lambda: False
        self.follows = True
        """Whether the newest is on the screen, and stays there."""
        self._rows: list[Row] = []
        self._laid: list[tuple[Line, ...]] = []
        self._tops: list[int] = [0]
        """The first line of each row, and behind them how many lines there are."""
        self._selected: str | None = None
        self._is_placing = False

    # what is shown

    def open(self, reader: Reader | None) -> None:
        self.reader, self._selected, self.follows = reader, None, True
        self.reload()
        new = next((at for at, row in enumerate(self._rows) if row.kind == "new"), None)
        if new is not None and self._tops[-1] - self._tops[new] > self.size.height:
            self._place(self._tops[new] - 1)

    def reload(self) -> None:
        """What the store holds now, with what was on the screen where it was."""
        anchor = self._anchor()
        self._rows = rows_of(self.reader.talk(is_online=self.is_online())) if self.reader is not None else []
        self._laid = [_lines(row, self._width) for row in self._rows]
        self._tops = [0, *accumulate(map(len, self._laid))]
        self.virtual_size = Size(self._width, self._tops[-1])
        if self.follows:
            self._place(self.max_scroll_y)
        elif anchor is not None:
            key, offset = anchor
            if (at := self._at_key(key)) is not None:
                self._place(self._tops[at] + offset)
        self.refresh()

    @property
    def _width(self) -> int:
        return max(self.scrollable_content_region.width, 10)

    def _anchor(self) -> tuple[str, int] | None:
        """The first message that is on the screen, and how far from the top."""
        top = round(self.scroll_y)
        for at in range(self._at_line(top), len(self._rows)):
            if self._rows[at].kind == "message":
                return self._rows[at].key, top - self._tops[at]
        return None

    def _at_line(self, line: int) -> int:
        return max(bisect_right(self._tops, line) - 1, 0)

    def _at_key(self, key: str | None) -> int | None:
        return next((at for at, row in enumerate(self._rows) if row.key == key), None)

    def _place(self, line: float) -> None:
        self._is_placing = True
        try:
            self.set_reactive(History.scroll_target_y, min(max(line, 0), self.max_scroll_y))
            self.scroll_y = self.scroll_target_y
            self.follows = self.reader is None or (self.reader.is_at_end and self.scroll_y >= self.max_scroll_y)
        finally:
            self._is_placing = False

    def on_resize(self, event: events.Resize) -> None:
        del event
        self.reload()

    # where one is

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if self._is_placing or self.reader is None:
            return
        self.follows = self.reader.is_at_end and new_value >= self.max_scroll_y
        self.call_next(self._reach)
        self.post_message(self.Moved())

    def _reach(self) -> None:
        """Read more of it where one comes near the end of the window."""
        if self.reader is None:
            return
        is_near_top = self.scroll_y <= NEAR
        is_near_end = self.scroll_y >= self.max_scroll_y - NEAR
        if (is_near_top and self.reader.older()) or (is_near_end and self.reader.newer()):
            self.reload()
        elif is_near_top and self.reader.lacks_older:
            self.post_message(self.NeedsOlder())

    def action_page(self, pages: int) -> None:
        self._place(self.scroll_y + pages * max(self.size.height - 2, 1))
        self._moved()

    def action_top(self) -> None:
        self._place(0)
        self._moved()

    def action_bottom(self) -> None:
        self._selected = None
        if self.reader is not None and not self.reader.is_at_end:
            self.reader.to_end()
        self.follows = True
        self.reload()
        self._moved()

    def _moved(self) -> None:
        self._reach()
        self.refresh()
        self.post_message(self.Moved())

    # what is selected

    @property
    def selected(self) -> Row | None:
        at = self._at_key(self._selected)
        return None if at is None else self._rows[at]

    @property
    def rows(self) -> list[Row]:
        return self._rows

    def action_select(self, by: int) -> None:
        places = [at for at, row in enumerate(self._rows) if row.kind == "message"]
        if not places:
            return
        if (at := self._at_key(self._selected)) is None:
            bottom = round(self.scroll_y) + self.size.height - 1
            shown = [place for place in places if self._tops[place] <= bottom]
            to = shown[-1] if shown else places[0]
        else:
            to = places[min(max(places.index(at) + by, 0), len(places) - 1)]
        self._select(to)

    def select(self, key: str | None) -> None:
        self._selected = key
        if (at := self._at_key(key)) is not None:
            self._select(at)
        else:
            self._moved()

    def show_place(self, seq: int) -> bool:
        """Go to a message and select it; whether the store holds it."""
        if self.reader is None or not self.reader.around(seq):
            return False
        self.follows = False
        self.reload()
        at = next((at for at, row in enumerate(self._rows) if row.seq == seq), None)
        if at is not None:
            self._place(self._tops[at] - self.size.height // 2)
            self._select(at)
        return True

    def _select(self, at: int) -> None:
        self._selected = self._rows[at].key
        top, end, height = self._tops[at], self._tops[at + 1], self.size.height
        if top < self.scroll_y:
            self._place(top)
        elif end > self.scroll_y + height:
            self._place(end - height)
        self._moved()

    def on_click(self, event: events.Click) -> None:
        line = event.y + round(self.scroll_y)
        at = self._at_line(line)
        if line < self._tops[-1] and self._rows[at].kind == "message":
            self._select(at)

    def on_blur(self) -> None:
        self.refresh()

    # drawing

    def render_line(self, y: int) -> Strip:
        line = y + round(self.scroll_y)
        if line >= self._tops[-1]:
            return Strip.blank(self.size.width, self.rich_style)
        at = self._at_line(line)
        row, base = self._rows[at], self.rich_style
        if row.mentions_me:
            base += self.get_component_rich_style("history--mentions-me", partial=True)
        if row.key == self._selected:
            base += self.get_component_rich_style("history--selected", partial=True)
        return strip_of(self, self._laid[at][line - self._tops[at]], self.size.width, base)
