"""`NatterApp`: what all screens share: store, book, the client, and how things stand."""

import asyncio
import gc
import time
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

from textual.app import App
from textual.worker import Worker

from natter_client import BadCredentials, ClientEvent, SignedOut, Unreachable
from natter_client.search import Search
from natter_client.store import ACCOUNT, TOKENS, Store
from natter_terminal.book import Book
from natter_terminal.commands import Conversations as ConversationCommands
from natter_terminal.inbox import Inbox
from natter_terminal.live import Live
from natter_terminal.safe import safe_line
from natter_terminal.screens.chat import ChatScreen
from natter_terminal.screens.sign_in import Credentials, SignIn

BOOK = ".terminal"
"""Behind the name of the store: the file beside it."""
THEME = "theme"


def _now() -> int:
    return int(time.time() * 1000)


class NatterApp(App[None]):
    TITLE = "Natter"
    CSS_PATH = "natter.tcss"
    COMMANDS = App.COMMANDS | {ConversationCommands}
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - as Textual has it
        (0, "-narrow"),
        (64, "-normal"),
        (120, "-wide"),
    ]

    def __init__(
        self,
        path: Path,
        *,
        url: str | None = None,
        username: str | None = None,
        password: str | None = None,
        now: Callable[[], int] = _now,
        zone: tzinfo | None = None,
    ) -> None:
        """`path`: of the store. The rest is needed where that holds no session."""
        super().__init__()
        self._path, self._url, self._username, self._password = path, url, username, password
        self.now, self.zone = now, zone or datetime.now().astimezone().tzinfo or UTC
        self._link: Worker[None] | None = None
        self._ended = asyncio.Event()
        self._search: Search | None = None
        self.chat: ChatScreen | None = None

    # beginning and end

    def on_mount(self) -> None:
        self.store = Store(self._path)
        self.book = Book(self._path.with_name(self._path.name + BOOK))
        self.inbox = Inbox(self.store, self.book)
        self.live = Live(self._path, self._told)
        if (theme := self.book.get(THEME)) in self.available_themes:
            self.theme = theme
        account = self.store.get(ACCOUNT)
        if account is not None and self.store.get(TOKENS) is not None:
            self._open(account)
            who = Credentials(self._url or account["url"], self._username or "", "")
            self.call_after_refresh(self._begin, who)  # what is here is on the screen before anybody is asked
        elif self._url and self._username and self._password:
            self._begin(Credentials(self._url, self._username, self._password))
        else:
            self._ask_who()

    def on_ready(self) -> None:
        gc.enable()  # the command line turns it off

    async def on_unmount(self) -> None:
        if self._link is not None:
            self._link.cancel()
            await self._ended.wait()
        for each in (self._search, self.book, self.store):
            if each is not None:
                each.close()

    def _begin(self, who: Credentials) -> None:
        self._ended.clear()
        self._link = self.run_worker(self._live(who), exclusive=True, group="link", name="link")

    async def _live(self, who: Credentials) -> None:
        try:
            await self.live.run(
                who.url, username=who.username or None, password=who.password or None, begun=self._begun
            )
        except (BadCredentials, SignedOut, Unreachable, ValueError) as error:
            self._ask_who(who, str(error))
        finally:
            self._ended.set()

    def _begun(self) -> None:
        if self.chat is None:
            self._open(self.store.get(ACCOUNT))
        assert self.chat is not None
        self.chat.begun()

    def _open(self, account: Any) -> None:
        self.me, self.username = str(account["user_id"]), safe_line(str(account["username"]))
        self.chat = ChatScreen()
        self.push_screen(self.chat)

    def _ask_who(self, who: Credentials | None = None, error: str = "") -> None:
        if self.chat is not None:
            while self.screen is not self.chat and len(self.screen_stack) > 1:
                self.pop_screen()  # what is asked on top of it
            self.pop_screen()
            self.chat = None
        account = self.store.get(ACCOUNT) or {}
        url = (who.url if who else None) or self._url or account.get("url", "")
        username = (who.username if who else None) or self._username or account.get("username", "")
        self.push_screen(SignIn(url=url, username=username, error=safe_line(error)), self._answered)

    def _answered(self, who: Credentials | None) -> None:
        if who is not None:
            self._begin(who)

    # what happens

    def _told(self, event: ClientEvent) -> None:
        if self.chat is not None:
            self.chat.told(event)

    @property
    def search(self) -> Search:
        """Made when it is first wanted; filling it takes a thread."""
        if self._search is None:
            self._search = Search(self._path)
            self.run_worker(self._search.fill, thread=True, group="search", exit_on_error=False)
        return self._search

    def watch_theme(self, theme: str) -> None:
        if hasattr(self, "book"):
            self.book.put(THEME, theme)
