"""The list of conversations: a line each, drawn only where it is looked at."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from natter_terminal.inbox import Entry
from natter_terminal.safe import fill
from natter_terminal.widgets.strips import strip_of

DOTS = {"online": "●", "away": "◐", "offline": "○"}
MOST_SHOWN = 99


class Conversations(ScrollView, can_focus=True):
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"conversations--{name}"
        for name in ("title", "unread", "quiet", "online", "away", "offline", "draft", "cursor", "open")
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "move(-10)", "Page up", show=False),
        Binding("pagedown", "move(10)", "Page down", show=False),
        Binding("home", "move(-100000)", "First", show=False),
        Binding("end", "move(100000)", "Last", show=False),
        Binding("enter", "pick", "Open", show=False),
    ]

    class Picked(Message):
        """To be opened."""

        def __init__(self, conversation_id: str) -> None:
            super().__init__()
            self.conversation_id = conversation_id

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._entries: Sequence[Entry] = ()
        self._states: Mapping[str, str] = {}
        self._cursor: str | None = None
        self._open: str | None = None

    def show(self, entries: Sequence[Entry], states: Mapping[str, str], opened: str | None) -> None:
        """`states`: how people are, by user id."""
        self._entries, self._states, self._open = entries, states, opened
        if self._at() is None:
            self._cursor = opened or (entries[0].conversation_id if entries else None)
        self.virtual_size = Size(self.size.width, len(entries))
        self.refresh()

    @property
    def cursor(self) -> str | None:
        """The conversation under the cursor."""
        return self._cursor

    @cursor.setter
    def cursor(self, conversation_id: str | None) -> None:
        self._cursor = conversation_id
        self._reveal()

    def _at(self) -> int | None:
        return next((at for at, each in enumerate(self._entries) if each.conversation_id == self._cursor), None)

    def action_move(self, by: int) -> None:
        if self._entries:
            at = min(max((self._at() or 0) + by, 0), len(self._entries) - 1)
            self._cursor = self._entries[at].conversation_id
            self._reveal()

    def _reveal(self) -> None:
        if (at := self._at()) is not None:
            self.scroll_to_region(Region(0, at, 1, 1), animate=False, force=True)
        self.refresh()

    def action_pick(self) -> None:
        if self._cursor is not None:
            self.post_message(self.Picked(self._cursor))

    def on_click(self, event: events.Click) -> None:
        at = event.y + round(self.scroll_y)
        if 0 <= at < len(self._entries):
            self._cursor = self._entries[at].conversation_id
            self.refresh()
            self.action_pick()

    def render_line(self, y: int) -> Strip:
        width, at = self.size.width, y + round(self.scroll_y)
        if at >= len(self._entries):
            return Strip.blank(width, self.rich_style)
        entry = self._entries[at]
        base = self.rich_style
        if entry.conversation_id == self._open:
            base += self.get_component_rich_style("conversations--open", partial=True)
        if entry.conversation_id == self._cursor and self.has_focus:
            base += self.get_component_rich_style("conversations--cursor", partial=True)
        state = self._states.get(entry.peer_id or "", "")
        count = (f"{entry.unread}" if entry.unread <= MOST_SHOWN else f"{MOST_SHOWN}+") if entry.unread else ""
        badge = f" {'✎' if entry.has_draft else ''}{count}".rstrip()
        room = max(width - 2 - cell_len(badge), 0)
        is_quiet = entry.is_archived or entry.is_muted
        title = "quiet" if is_quiet else "unread" if entry.unread else "title"
        mark = DOTS.get(state, "#" if entry.kind == "group" else " ")
        pieces = [(f"{mark} ", state or "quiet"), (fill(entry.title, room), title), (badge, title)]
        return strip_of(self, pieces, width, base)
