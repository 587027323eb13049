"""
What the SDK's store does not keep and a terminal needs offline: titles, names, drafts, what was written, settings.

It is a file beside the store, its owner's alone. Losing it loses drafts; the rest is asked for again.
"""

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from natter_client.store import OWNER_ONLY, all_or_nothing

BUSY_S = 5.0
MOST_WRITTEN = 200
_SCHEMA = """
CREATE TABLE IF NOT EXISTS conversations (
    conversation_id TEXT PRIMARY KEY, kind TEXT NOT NULL, title TEXT, peer_id TEXT, members INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS people (user_id TEXT PRIMARY KEY, name TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS members (
    conversation_id TEXT NOT NULL, user_id TEXT NOT NULL, PRIMARY KEY (conversation_id, user_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS drafts (conversation_id TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS written (id INTEGER PRIMARY KEY, text TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS files (attachment_id TEXT PRIMARY KEY, name TEXT NOT NULL, size INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Known:
    """A conversation as the inbox last had it."""

    conversation_id: str
    kind: str
    title: str | None
    peer_id: str | None
    members: int


class Book:
    def __init__(self, path: str | Path) -> None:
        """
        Open the file at `path`, made if there is none.

        Raises:
            sqlite3.Error: it cannot be opened.
        """
        with contextlib.suppress(OSError):  # SQLite says what is wrong
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, OWNER_ONLY))
        self._sql = sqlite3.connect(path, timeout=BUSY_S, autocommit=True)
        self._sql.execute("PRAGMA journal_mode = WAL")
        self._sql.execute("PRAGMA synchronous = NORMAL")
        self._sql.executescript(_SCHEMA)
        self._names = dict(self._sql.execute("SELECT user_id, name FROM people"))
        rows = self._sql.execute("SELECT attachment_id, name, size FROM files")
        self._files: dict[str, tuple[str, int]] = {attachment_id: (name, size) for attachment_id, name, size in rows}

    def close(self) -> None:
        self._sql.close()

    # who and where

    def keep(self, views: Iterable[Mapping[str, Any]]) -> None:
        """Conversations as the protocol shows them."""
        with all_or_nothing(self._sql):
            for view in views:
                peer = view.get("peer") or {}
                row = (view["conversation_id"], view["kind"], view.get("title"), peer.get("user_id"))
                count = int(view.get("member_count") or 0)
                self._sql.execute("INSERT OR REPLACE INTO conversations VALUES (?, ?, ?, ?, ?)", (*row, count))
                if peer.get("user_id") and peer.get("display_name"):
                    self._meet(peer["user_id"], peer["display_name"])

    def rename(self, conversation_id: str, title: str) -> None:
        self._sql.execute("UPDATE conversations SET title = ? WHERE conversation_id = ?", (title, conversation_id))

    def known(self) -> dict[str, Known]:
        rows = self._sql.execute("SELECT conversation_id, kind, title, peer_id, members FROM conversations")
        return {row[0]: Known(*row) for row in rows}

    def conversation(self, conversation_id: str) -> Known | None:
        row = self._sql.execute(
            "SELECT conversation_id, kind, title, peer_id, members FROM conversations WHERE conversation_id = ?",
            (conversation_id,),
        ).fetchone()
        return None if row is None else Known(*row)

    def forget(self, conversation_id: str) -> None:
        for table in ("conversations", "members", "drafts"):
            self._sql.execute(f"DELETE FROM {table} WHERE conversation_id = ?", (conversation_id,))  # noqa: S608

    def meet(self, people: Mapping[str, str]) -> None:
        """Names, by user id."""
        with all_or_nothing(self._sql):
            for user_id, name in people.items():
                self._meet(user_id, name)

    def _meet(self, user_id: str, name: str) -> None:
        if self._names.get(user_id) != name:
            self._names[user_id] = name
            self._sql.execute("INSERT OR REPLACE INTO people VALUES (?, ?)", (user_id, name))

    def knows(self, user_id: str) -> bool:
        return user_id in self._names

    def name_of(self, user_id: str) -> str:
        """As they call themselves: not yet safe to draw."""
        return self._names.get(user_id) or "somebody"

    def put_members(self, conversation_id: str, members: Mapping[str, str]) -> None:
        """Who is in it, with their names."""
        self.meet(members)
        with all_or_nothing(self._sql):
            self._sql.execute("DELETE FROM members WHERE conversation_id = ?", (conversation_id,))
            rows = [(conversation_id, user_id) for user_id in members]
            self._sql.executemany("INSERT INTO members VALUES (?, ?)", rows)

    def members(self, conversation_id: str) -> dict[str, str]:
        """As far as they are known: names by user id."""
        rows = self._sql.execute("SELECT user_id FROM members WHERE conversation_id = ?", (conversation_id,))
        return {user_id: self.name_of(user_id) for (user_id,) in rows}

    # files

    def file(self, attachment_id: str) -> tuple[str, int] | None:
        """Its name, not yet safe to draw, and its size in bytes."""
        return self._files.get(attachment_id)

    def keep_file(self, attachment_id: str, name: str, size: int) -> None:
        self._files[attachment_id] = name, size
        self._sql.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?)", (attachment_id, name, size))

    # what one writes

    def draft(self, conversation_id: str) -> str:
        row = self._sql.execute("SELECT text FROM drafts WHERE conversation_id = ?", (conversation_id,)).fetchone()
        return "" if row is None else str(row[0])

    def put_draft(self, conversation_id: str, text: str) -> None:
        if text.strip():
            self._sql.execute("INSERT OR REPLACE INTO drafts VALUES (?, ?)", (conversation_id, text))
        else:
            self._sql.execute("DELETE FROM drafts WHERE conversation_id = ?", (conversation_id,))

    def drafts(self) -> set[str]:
        return {name for (name,) in self._sql.execute("SELECT conversation_id FROM drafts")}

    def wrote(self, text: str) -> None:
        """For the composer's history."""
        self._sql.execute("DELETE FROM written WHERE text = ?", (text,))
        self._sql.execute("INSERT INTO written (text) VALUES (?)", (text,))
        self._sql.execute("DELETE FROM written WHERE id <= (SELECT max(id) FROM written) - ?", (MOST_WRITTEN,))

    def written(self) -> list[str]:
        """Oldest first."""
        return [text for (text,) in self._sql.execute("SELECT text FROM written ORDER BY id")]

    # settings

    def get(self, name: str) -> Any:
        row = self._sql.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
        return None if row is None else json.loads(row[0])

    def put(self, name: str, value: Any) -> None:
        self._sql.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, json.dumps(value)))
