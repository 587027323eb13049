"""The app against the fake cloud or alone with its store, and how to wait for what it shows."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from textual.pilot import Pilot
from textual.strip import Strip
from textual.widget import Widget

from natter_client.store import ACCOUNT, TOKENS, Store
from natter_client.testing import FakeServer
from natter_client.testing.world import User
from natter_terminal.app import BOOK, NatterApp
from natter_terminal.book import Book
from natter_terminal.widgets.history import History

WITHIN_S = 60.0
NOON = int(datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp() * 1000)
SIZE = (80, 24)


def lines_of(widget: Widget) -> list[str]:
    """What a widget that draws lines shows now."""
    render: Callable[[int], Strip] = widget.render_line
    return [render(y).text.rstrip() for y in range(widget.size.height)]


def screen_of(app: NatterApp) -> str:
    """All that is on the screen."""
    return "\n".join("".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips())


async def until(pilot: Pilot[Any], what: Callable[[], object]) -> None:
    """Wait for a condition, told with what is on the screen if it does not come."""
    try:
        async with asyncio.timeout(WITHIN_S):
            while not what():
                await pilot.pause(0.01)
    except TimeoutError:
        raise AssertionError(screen_of(pilot.app)) from None  # type: ignore[arg-type]


async def shows(pilot: Pilot[Any], text: str) -> None:
    await until(pilot, lambda: text in screen_of(pilot.app))  # type: ignore[arg-type]


async def hides(pilot: Pilot[Any], text: str) -> None:
    await until(pilot, lambda: text not in screen_of(pilot.app))  # type: ignore[arg-type]


@contextlib.asynccontextmanager
async def chatting(
    server: FakeServer, user: User, path: Path, size: tuple[int, int] = SIZE
) -> AsyncIterator[tuple[NatterApp, Pilot[None]]]:
    """The app of somebody who has signed in, connected."""
    app = NatterApp(path, url=server.http_url, username=user.username, password=user.password, zone=UTC)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.chat is not None and app.chat.state == "open")
        yield app, pilot


def alone(path: Path, **more: Any) -> NatterApp:
    """The app of somebody whose store has a session, where nothing answers."""
    return NatterApp(path, now=lambda: NOON, zone=UTC, **more)


def said(seq: int, text: str, sender: str = "ben", at: int = NOON, **more: Any) -> dict[str, Any]:
    content = {"type": "text", "text": text}
    return {"seq": seq, "type": "message", "at": at, "sender_id": sender, "content": content} | more


class Kept:
    """A store as the SDK leaves it, and the book beside it."""

    def __init__(self, path: Path, url: str = "http://127.0.0.1:9") -> None:
        self.path = path
        self._store, self._book = Store(path), Book(path.with_name(path.name + BOOK))
        self._store._sql.execute("PRAGMA synchronous = OFF")
        self._book.meet({"ben": "Ben", "eve": "Eve"})
        account = {"url": url, "username": "ann", "user_id": "ann", "device_id": "d", "session_id": "s"}
        self._store.put(ACCOUNT, account)
        self._store.put(TOKENS, {"access_token": "a", "refresh_token": "r", "expires_at": 2**52})

    def direct(self, name: str, peer: str, *events: dict[str, Any], unread: int = 0, **cursors: Any) -> None:
        self._keep(name, events, unread, cursors)
        view = {"conversation_id": name, "kind": "direct", "member_count": 2}
        self._book.keep([view | {"peer": {"user_id": peer, "display_name": self._book.name_of(peer)}}])

    def group(self, name: str, title: str, *events: dict[str, Any], unread: int = 0, **cursors: Any) -> None:
        self._keep(name, events, unread, cursors)
        self._book.keep([{"conversation_id": name, "kind": "group", "title": title, "member_count": 3}])

    def refused(self, name: str, text: str, why: str) -> None:
        """Something that was written here and is not taken."""
        fields = {"content": {"type": "text", "text": text}}
        entry = {"client_id": "refused", "conversation_id": name, "action": "send", "fields": fields}
        error = {"code": "forbidden", "detail": why}
        self._store.save({**entry, "state": "refused", "error": error, "first_sent_at": NOON})

    def opened(self, name: str) -> None:
        """It is the one that was open last."""
        self._book.put("open", name)

    def _keep(self, name: str, events: tuple[dict[str, Any], ...], unread: int, cursors: dict[str, Any]) -> None:
        low, head = (events[0]["seq"], events[-1]["seq"]) if events else (1, 0)
        first = cursors.pop("first_seq", low)
        with self._store.transaction():
            self._store.move(name, first, head, head)
            self._store.show(name, [(event, event["seq"]) for event in events], fresh=False)
            told = {"read_seq": 0, "delivered_seq": 0}
            known = {"head_seq": head, "low": low, "read_seq": head - unread, "delivered_seq": head, "told": told}
            self._store.put_cursors(name, {**known, "unread": unread, "others": {}} | cursors)

    def close(self) -> None:
        self._store.close()
        self._book.close()


def history(app: NatterApp) -> list[str]:
    return lines_of(app.screen.query_one(History))
