"""Where one writes: Enter sends, Ctrl+J begins a line, what was written before comes back with the arrow up."""

import re
from collections.abc import Sequence

from textual import events
from textual.message import Message
from textual.widgets import TextArea

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_MENTION = re.compile(r"@(\w[^@\n]*)?$")


def writable(text: str) -> str:
    """Without what no message may hold."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


class Composer(TextArea):
    class Said(Message):
        """To be sent."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Typed(Message):
        """By a person, not by the program."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, soft_wrap=True, show_line_numbers=False, tab_behavior="focus", compact=True)
        self.names: Sequence[str] = ()
        """Whom one can mention."""
        self.before: list[str] = []
        """What was written, oldest first."""
        self._back = 0
        self._kept = ""
        self._is_filling = False

    def fill(self, text: str) -> None:
        """Put a text there, the cursor behind it."""
        self._is_filling = True
        self.load_text(writable(text))
        self.move_cursor(self.document.end)
        self._back = 0

    def action_say(self) -> None:
        text = self.text.strip("\n")
        if text.strip():
            self.post_message(self.Said(text))

    def _on_paste(self, event: events.Paste) -> None:  # type: ignore[override]
        """As it comes it may control the terminal; Textual hands it on to the class below."""
        event.text = writable(event.text)

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        if self._is_filling:
            self._is_filling = False
            event.stop()
        elif self.has_focus:
            self.post_message(self.Typed())

    async def _on_key(self, event: events.Key) -> None:
        """What is not taken here Textual hands on to the class below."""
        if self._takes(event.key):
            event.prevent_default()
            event.stop()

    def _takes(self, key: str) -> bool:
        row, _ = self.cursor_location
        match key:
            case "up" if row == 0:
                return self._recall(1)
            case "down" if self._back and row == self.document.line_count - 1:
                return self._recall(-1)
            case "tab":
                return self.complete()
            case "enter":  # no binding, which would come before the letters that are still under way to here
                self.action_say()
                return True
            case "ctrl+j" | "shift+enter" | "alt+enter":
                self.insert("\n")
                return True
        return False

    def _recall(self, by: int) -> bool:
        """One of those that were written before, or what was there first."""
        to = self._back + by
        if to > len(self.before):
            return False
        if self._back == 0:
            self._kept = self.text
        text = self.before[-to] if to else self._kept
        self.fill(text)
        self._back = to
        return True

    def candidates(self) -> list[str]:
        """Who is meant by the `@…` before the cursor."""
        row, column = self.cursor_location
        found = _MENTION.search(self.document.get_line(row)[:column])
        if found is None:
            return []
        begun = (found.group(1) or "").casefold()
        return [name for name in self.names if name.casefold().startswith(begun)]

    def complete(self) -> bool:
        """Write out the first that is meant; whether there was somebody."""
        names = self.candidates()
        if not names:
            return False
        row, column = self.cursor_location
        begin = self.document.get_line(row)[:column].rindex("@")
        self.replace(f"@{names[0]} ", (row, begin), (row, column))
        return True
