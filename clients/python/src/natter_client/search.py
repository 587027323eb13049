"""
Finding what was said in what the store holds: offline, in every language, parts of words too.

The index is in the store's own file: SQLite's FTS5 over each three characters that follow each other, so languages
that put no spaces between words need no dictionary. It is made when it is first wanted. From then on the database
keeps it, by triggers, in the transaction that changes an event, whichever process that is: what is edited, deleted,
erased or dropped is not found any more.
"""

import sqlite3
import threading
from pathlib import Path
from typing import NamedTuple

from natter_client.store import BUSY_S, all_or_nothing

GRAM = 3
"""Characters that the index knows together: what is shorter is looked for in every text."""
AT_ONCE = 2_000
"""Events that one transaction of the first filling covers: others may write between them."""


def _text(event: str) -> str:
    name, text = (f"json_extract({event}, '$.content.{each}')" for each in ("name", "text"))
    return f"coalesce({name} || ' ', '') || coalesce({text}, '')"


def _is_message(event: str) -> str:
    return f"json_extract({event}, '$.type') = 'message' AND json_extract({event}, '$.content') IS NOT NULL"


def _place(row: str) -> str:
    return f"FROM search_places WHERE conversation_id = {row}.conversation_id AND seq = {row}.seq"


_ADD = f"""
    INSERT INTO search_places (conversation_id, seq)
        SELECT new.conversation_id, new.seq WHERE {_is_message("new.event")};
    INSERT INTO search_grams (rowid, text) SELECT id, {_text("new.event")} {_place("new")};
"""
_TAKE = f"""
    INSERT INTO search_grams (search_grams, rowid, text) SELECT 'delete', id, {_text("old.event")} {_place("old")};
    DELETE {_place("old")};
"""
_SCHEMA = (
    (
        "CREATE TABLE IF NOT EXISTS search_places (id INTEGER PRIMARY KEY, conversation_id TEXT NOT NULL,"
        " seq INTEGER NOT NULL, UNIQUE (conversation_id, seq))"
    ),
    (
        f"CREATE VIEW IF NOT EXISTS search_texts AS SELECT id, {_text('event')} AS text"  # noqa: S608
        " FROM search_places JOIN events USING (conversation_id, seq)"
    ),
    (
        "CREATE VIRTUAL TABLE IF NOT EXISTS search_grams"
        " USING fts5 (text, content = 'search_texts', content_rowid = 'id', tokenize = 'trigram')"
    ),
    f"CREATE TRIGGER IF NOT EXISTS search_added AFTER INSERT ON events BEGIN {_ADD} END",
    (
        "CREATE TRIGGER IF NOT EXISTS search_changed AFTER UPDATE OF event ON events"
        f" WHEN old.event <> new.event BEGIN {_TAKE} {_ADD} END"
    ),
    f"CREATE TRIGGER IF NOT EXISTS search_taken AFTER DELETE ON events BEGIN {_TAKE} END",
)


class Found(NamedTuple):
    """A message in which all words are."""

    conversation_id: str
    seq: int
    sender_id: str
    at: int
    """Milliseconds since the epoch."""
    text: str
    """Of a file its name, then the caption."""


class Search:
    """
    Of one store; a connection of its own, for any thread.

    Making it is quick. `fill` has to run once in the life of a store.
    """

    def __init__(self, path: str | Path) -> None:
        """
        `path`: of a store that is there.

        Raises:
            sqlite3.Error: this SQLite has no FTS5 with trigrams (it came with 3.34).
        """
        self._sql = sqlite3.connect(path, timeout=BUSY_S, autocommit=True, check_same_thread=False)
        self._lock = threading.Lock()
        self._is_closed = False
        if self._sql.execute("SELECT 1 FROM sqlite_master WHERE name = 'search_taken'").fetchone() is None:
            with all_or_nothing(self._sql):
                for statement in _SCHEMA:
                    self._sql.execute(statement)

    def close(self) -> None:
        """What is being filled in stops, and goes on the next time."""
        self._is_closed = True
        with self._lock:
            self._sql.close()

    def fill(self) -> None:
        """Take in what was there before the index was. Interrupted, it goes on the next time."""
        with self._lock:
            if self._sql.execute("SELECT 1 FROM settings WHERE name = 'search'").fetchone() is not None:
                return
            names = [name for (name,) in self._sql.execute("SELECT conversation_id FROM conversations")]
        for name in names:
            seq: int | None = -1
            while seq is not None:
                with self._lock:
                    if self._is_closed:
                        return
                    seq = self._fill(name, seq)
        with self._lock:
            if not self._is_closed:
                self._sql.execute("INSERT OR REPLACE INTO settings VALUES ('search', 'true')")

    def _fill(self, name: str, after: int) -> int | None:
        """Some of a conversation; the last place that was looked at, if there may be more."""
        with all_or_nothing(self._sql):
            rows = self._sql.execute(
                f"SELECT seq, {_text('event')}, {_is_message('event')} AND NOT EXISTS"  # noqa: S608
                " (SELECT 1 FROM search_places AS p WHERE p.conversation_id = e.conversation_id AND p.seq = e.seq)"
                " FROM events AS e WHERE conversation_id = ? AND seq > ? ORDER BY seq LIMIT ?",
                (name, after, AT_ONCE),
            ).fetchall()
            for seq, text, is_missing in rows:
                if is_missing:
                    place = self._sql.execute(
                        "INSERT INTO search_places (conversation_id, seq) VALUES (?, ?)", (name, seq)
                    )
                    self._sql.execute("INSERT INTO search_grams (rowid, text) VALUES (?, ?)", (place.lastrowid, text))
        return rows[-1][0] if len(rows) == AT_ONCE else None

    def find(self, words: str, *, conversation_id: str | None = None, limit: int = 50) -> list[Found]:
        """
        The newest messages in which each of `words` is, anywhere. Letters are equal whatever their case; in words of
        one or two characters that is so for A to Z alone.
        """
        wanted = words.replace("\0", " ").split()
        if not wanted:
            return []
        long, short = [each for each in wanted if len(each) >= GRAM], [each for each in wanted if len(each) < GRAM]
        tests, values = [], list[str | int]()
        if long:
            tests.append("id IN (SELECT rowid FROM search_grams WHERE search_grams MATCH ?)")
            values.append(" AND ".join('"' + each.replace('"', '""') + '"' for each in long))
        for each in short:
            tests.append("text LIKE ? ESCAPE '\\'")
            values.append("%" + each.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%")
        if conversation_id is not None:
            tests.append("conversation_id = ?")
            values.append(conversation_id)
        query = (
            "SELECT conversation_id, seq, json_extract(event, '$.sender_id'), json_extract(event, '$.at') AS at, text"  # noqa: S608
            " FROM search_texts JOIN search_places USING (id) JOIN events USING (conversation_id, seq)"
            f" WHERE {' AND '.join(tests)} ORDER BY at DESC LIMIT ?"
        )
        with self._lock:
            return [Found(*row) for row in self._sql.execute(query, (*values, limit))]
