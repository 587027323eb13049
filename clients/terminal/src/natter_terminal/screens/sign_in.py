"""Name and password, once: then the store has the session."""

from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Button, Input, Static

FIELDS = ("url", "username", "password")


class Credentials(NamedTuple):
    url: str
    username: str
    password: str


class SignIn(Screen[Credentials]):
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+q", "app.quit", "Quit")]

    def __init__(self, *, url: str = "", username: str = "", error: str = "") -> None:
        super().__init__()
        self._given, self._error = {"url": url, "username": username, "password": ""}, error

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static("Sign in to Natter")
            for name, hint in zip(FIELDS, ("https://… of the deployment", "user name", "password"), strict=True):
                yield Input(self._given[name], placeholder=hint, password=name == "password", id=name)
            yield Static(Content(self._error), id="error")
            yield Button("Sign in", variant="primary", id="go")

    def on_mount(self) -> None:
        missing = next((name for name in FIELDS if not self._given[name]), "password")
        self.query_one(f"#{missing}", Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        at = FIELDS.index(event.input.id or "")
        if at + 1 < len(FIELDS):
            self.query_one(f"#{FIELDS[at + 1]}", Input).focus()
        else:
            self._go()

    def on_button_pressed(self) -> None:
        self._go()

    def _go(self) -> None:
        given = Credentials(*(self.query_one(f"#{name}", Input).value for name in FIELDS))
        missing = [name for name, value in given._asdict().items() if not value.strip()]
        if missing:
            self.say(f"say {', '.join(missing)}, too")
        else:
            self.dismiss(given._replace(url=given.url.strip(), username=given.username.strip()))

    def say(self, error: str) -> None:
        self.query_one("#error", Static).update(Content(error))
