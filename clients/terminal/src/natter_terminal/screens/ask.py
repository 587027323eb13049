"""One question, answered in a line."""

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static


class Ask(ModalScreen[str | None]):
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Cancel")]

    def __init__(self, question: str, *, value: str = "", quick: Mapping[str, str] | None = None) -> None:
        """`quick`: answers by the key that gives them, while nothing else is written."""
        super().__init__()
        self._question, self._value, self._quick = question, value, quick or {}

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(Content(self._question))
            if self._quick:
                yield Static(Content("  ".join(f"{key} {answer}" for key, answer in self._quick.items())))
            yield Input(value=self._value)

    def on_input_changed(self, event: Input.Changed) -> None:
        if event.value in self._quick:
            self.dismiss(self._quick[event.value])

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip() or None)
