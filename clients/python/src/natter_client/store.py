"""
What survives a crash: outbox, timelines, cursors and tokens of one user on one device, in an SQLite file.

Every step of the client is one transaction, and frames are sent after it is committed: killed between any two
statements, the file holds what it held before the step or after it. The journal is a write-ahead log, so others may
read meanwhile, and commits reach the disk (`synchronous=FULL`). Several processes may have it open; one leads
(`natter_client.locks`), the others see `changed_elsewhere`.
"""

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from natter_client.core.part import Event

BUSY_S = 10.0
"""How long to wait for another process's transaction; each takes milliseconds."""
OWNER_ONLY = 0o600
"""There are messages and tokens in it."""

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE outbox (
        position INTEGER PRIMARY KEY AUTOINCREMENT,
        client_id TEXT NOT NULL UNIQUE,
        entry TEXT NOT NULL
    );
    CREATE TABLE conversations (
        conversation_id TEXT PRIMARY KEY,
        first_seq INTEGER NOT NULL DEFAULT 1,
        head_seq INTEGER NOT NULL DEFAULT 0,
        position INTEGER NOT NULL DEFAULT 0,
        cursors TEXT NOT NULL DEFAULT '{}',
        settings TEXT NOT NULL DEFAULT '{}'
    ) WITHOUT ROWID;
    CREATE TABLE events (
        conversation_id TEXT NOT NULL,
        seq INTEGER NOT NULL,
        event TEXT NOT NULL,
        known INTEGER NOT NULL,
        client_id TEXT,
        fresh INTEGER NOT NULL,
        created INTEGER NOT NULL,
        revision INTEGER NOT NULL,
        PRIMARY KEY (conversation_id, seq)
    ) WITHOUT ROWID;
    CREATE INDEX events_by_revision ON events (revision) WHERE fresh;
    CREATE INDEX events_by_client_id ON events (client_id) WHERE client_id IS NOT NULL;
    CREATE TABLE consumers (name TEXT PRIMARY KEY, revision INTEGER NOT NULL) WITHOUT ROWID;
    """,
    """
    DROP INDEX events_by_revision;
    CREATE INDEX events_by_created ON events (created) WHERE fresh;
    CREATE INDEX events_by_change ON events (revision) WHERE revision > created;
    CREATE TABLE skips (revision INTEGER PRIMARY KEY, conversation_id TEXT NOT NULL, from_seq INTEGER NOT NULL);
    CREATE TABLE dropped (client_id TEXT PRIMARY KEY) WITHOUT ROWID;
    """,
    """
    CREATE TABLE places (
        conversation_id TEXT NOT NULL, client_id TEXT NOT NULL, seq INTEGER NOT NULL,
        PRIMARY KEY (conversation_id, client_id)
    ) WITHOUT ROWID;
    """,
)
"""Each brings the file from one version to the next (`PRAGMA user_version`). What has been released never changes."""
TOKENS, ACCOUNT = "tokens", "account"
"""Settings: what a session is made of, and whose it is."""
SKIPPED = "history.skipped"
"""The type of what stands in the stream of changes for events that were never held; no type of the protocol's."""


@contextmanager
def all_or_nothing(sql: sqlite3.Connection) -> Iterator[None]:
    """A transaction of a connection that commits by itself; nobody else writes meanwhile."""
    sql.execute("BEGIN IMMEDIATE")
    try:
        yield
        sql.execute("COMMIT")
    except BaseException:
        if sql.in_transaction:  # a full disk ends it by itself
            sql.execute("ROLLBACK")
        raise


class StoreTooNewError(Exception):
    """The file was written by a later version of this package: update the package."""


class Change(NamedTuple):
    """An event that is new, or looks different now; or `SKIPPED`."""

    revision: int
    is_new: bool
    conversation_id: str
    event: Event


class Standing(NamedTuple):
    """How a conversation stands."""

    conversation_id: str
    cursors: Mapping[str, Any]
    settings: Mapping[str, Any]
    at: int | None
    """Of the last event that is held: milliseconds since the epoch."""


class Store:
    def __init__(self, path: str | Path, migrations: Sequence[str] = MIGRATIONS) -> None:
        """
        Open the file at `path`, made if there is none, and bring it up to date.

        Raises:
            StoreTooNewError
            sqlite3.Error: it cannot be opened, or is no such file.
        """
        self.path = Path(path)
        with contextlib.suppress(OSError):  # SQLite says what is wrong; its other files get the same rights
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, OWNER_ONLY))
        self._sql = sqlite3.connect(self.path, timeout=BUSY_S, autocommit=True)
        try:
            self._sql.execute("PRAGMA journal_mode = WAL")
            self._sql.execute("PRAGMA synchronous = FULL")
            self._migrate(migrations)
        except BaseException:
            self._sql.close()  # which rolls back
            raise
        self._revision = self.revision()
        self._data_version = self._version()

    def close(self) -> None:
        self._sql.close()

    def trace(self, callback: Any) -> None:
        """Call `callback` before each statement, for tests that stop there."""
        self._sql.set_trace_callback(callback)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing."""
        with all_or_nothing(self._sql):
            self._revision = self.revision()
            yield

    def changed_elsewhere(self) -> bool:
        """Whether another connection has committed anything since this was last asked."""
        before, self._data_version = self._data_version, self._version()
        return before != self._data_version

    def _version(self) -> int:
        return int(self._sql.execute("PRAGMA data_version").fetchone()[0])

    def _migrate(self, migrations: Sequence[str]) -> None:
        def version() -> int:
            return int(self._sql.execute("PRAGMA user_version").fetchone()[0])

        if version() > len(migrations):
            raise StoreTooNewError(f"{self.path} has version {version()}, this package knows {len(migrations)}")
        while version() < len(migrations):
            self._sql.execute("BEGIN IMMEDIATE")
            if (at := version()) < len(migrations):  # else another process was faster
                for statement in migrations[at].split(";"):
                    if statement.strip():
                        self._sql.execute(statement)
                self._sql.execute(f"PRAGMA user_version = {at + 1}")
            self._sql.execute("COMMIT")

    # settings

    def get(self, name: str) -> Any:
        """None if there is none."""
        row = self._sql.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
        return None if row is None else json.loads(row[0])

    def put(self, name: str, value: Any) -> None:
        """None takes it away."""
        if value is None:
            self._sql.execute("DELETE FROM settings WHERE name = ?", (name,))
        else:
            self._sql.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, json.dumps(value)))

    # outbox

    def entries(self, after: int = 0) -> list[tuple[int, dict[str, Any]]]:
        """Those that were written after a position, in the order of writing."""
        rows = self._sql.execute("SELECT position, entry FROM outbox WHERE position > ? ORDER BY position", (after,))
        return [(position, json.loads(entry)) for position, entry in rows]

    def entry(self, client_id: str) -> dict[str, Any] | None:
        row = self._sql.execute("SELECT entry FROM outbox WHERE client_id = ?", (client_id,)).fetchone()
        return None if row is None else dict(json.loads(row[0]))

    def save(self, entry: Mapping[str, Any]) -> int:
        """Keep it, in the place of an older form of it; its position."""
        stored = json.dumps({**entry, "state": "queued" if entry["state"] == "in_flight" else entry["state"]})
        self._sql.execute(
            "INSERT INTO outbox (client_id, entry) VALUES (?, ?)"
            " ON CONFLICT (client_id) DO UPDATE SET entry = excluded.entry",
            (entry["client_id"], stored),
        )
        self._sql.execute("DELETE FROM dropped WHERE client_id = ?", (entry["client_id"],))  # written once more
        row = self._sql.execute("SELECT position FROM outbox WHERE client_id = ?", (entry["client_id"],)).fetchone()
        return int(row[0])

    def forget(self, client_id: str, *, dropped: bool = False) -> None:
        """It has its place, or was `dropped`: taken back by its author."""
        self._sql.execute("DELETE FROM outbox WHERE client_id = ?", (client_id,))
        if dropped:
            self._sql.execute("INSERT OR IGNORE INTO dropped VALUES (?)", (client_id,))

    def was_dropped(self, client_id: str) -> bool:
        return self._sql.execute("SELECT 1 FROM dropped WHERE client_id = ?", (client_id,)).fetchone() is not None

    # conversations

    def conversation_ids(self) -> list[str]:
        return [row[0] for row in self._sql.execute("SELECT conversation_id FROM conversations")]

    def positions(self) -> Iterator[tuple[str, int, dict[str, Any]]]:
        """Of every conversation: up to where it is complete, and its cursors."""
        rows = self._sql.execute("SELECT conversation_id, position, cursors FROM conversations")
        return ((name, position, json.loads(cursors)) for name, position, cursors in rows)

    def overview(self, conversation: str | None = None) -> Iterator[Standing]:
        """Of every conversation, or of one."""
        rows = self._sql.execute(
            "SELECT conversation_id, cursors, settings, (SELECT json_extract(event, '$.at') FROM events AS e"  # noqa: S608 - a test of ours
            " WHERE e.conversation_id = c.conversation_id ORDER BY seq DESC LIMIT 1) FROM conversations AS c"
            f" WHERE {'TRUE' if conversation is None else 'conversation_id = ?'}",
            () if conversation is None else (conversation,),
        )
        return (Standing(name, json.loads(cursors), json.loads(settings), at) for name, cursors, settings, at in rows)

    def bounds(self, conversation: str) -> tuple[int, int, int, int] | None:
        """`first_seq`, `head_seq`, the lowest place that is held, `position`."""
        row = self._sql.execute(
            "SELECT first_seq, head_seq, position FROM conversations WHERE conversation_id = ?", (conversation,)
        ).fetchone()
        if row is None:
            return None
        query = "SELECT min(seq) FROM events WHERE conversation_id = ?"
        (low,) = self._sql.execute(query, (conversation,)).fetchone()
        return row[0], row[1], row[2] + 1 if low is None else low, row[2]

    def timeline(self, conversation: str, low: int, below: int = 2**62) -> dict[str, Any] | None:
        """What is stored, from `low` on and below `below`, as `Timeline` takes it."""
        bounds = self.bounds(conversation)
        if bounds is None or bounds[3] < bounds[2]:
            return None
        rows = self._sql.execute(
            "SELECT seq, event, known FROM events WHERE conversation_id = ? AND seq >= ? AND seq < ? ORDER BY seq",
            (conversation, low, below),
        ).fetchall()
        return {
            "first_seq": bounds[0],
            "head_seq": bounds[1],
            "events": [json.loads(event) for _, event, _ in rows],
            "known": {seq: known for seq, _, known in rows if known > seq},
        }

    def move(self, conversation: str, first_seq: int, head_seq: int, position: int) -> None:
        self._sql.execute(
            "INSERT INTO conversations (conversation_id, first_seq, head_seq, position) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET first_seq = excluded.first_seq, head_seq = excluded.head_seq,"
            " position = excluded.position",
            (conversation, first_seq, head_seq, position),
        )
        self._sql.execute("DELETE FROM events WHERE conversation_id = ? AND seq < ?", (conversation, first_seq))

    def show(self, conversation: str, events: Iterable[tuple[Event, int]], *, fresh: bool) -> None:
        """
        Keep events, each with up to where it is known. Of `fresh` ones who reads `changes` is told: that they are
        there, or that they look different, whatever they were before.
        """
        rows = []
        for event, known in events:
            self._revision += 1
            text = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
            place = (conversation, event["seq"], text, known, event.get("client_id"))
            rows.append((*place, fresh, self._revision, self._revision))
        self._sql.executemany(
            "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
            " event = excluded.event, known = excluded.known,"
            " revision = CASE WHEN excluded.fresh THEN excluded.revision ELSE events.revision END",
            rows,
        )
        self.put("revision", self._revision)

    def skip(self, conversation: str, from_seq: int) -> None:
        """Events were passed over, which who reads `changes` is told: what is held begins anew at `from_seq`."""
        self._revision += 1
        self._sql.execute("INSERT INTO skips VALUES (?, ?, ?)", (self._revision, conversation, from_seq))
        self.put("revision", self._revision)

    def reset(self, conversation: str) -> None:
        """Drop the events."""
        self._sql.execute("DELETE FROM events WHERE conversation_id = ?", (conversation,))

    def drop(self, conversation: str) -> None:
        self.reset(conversation)
        self._sql.execute("DELETE FROM conversations WHERE conversation_id = ?", (conversation,))

    def put_cursors(self, conversation: str, cursors: Mapping[str, Any]) -> None:
        self._put(conversation, "cursors", cursors)

    def put_settings(self, conversation: str, settings: Mapping[str, Any]) -> None:
        self._put(conversation, "settings", settings)

    def _put(self, conversation: str, column: str, value: Mapping[str, Any]) -> None:
        self._sql.execute(
            f"INSERT INTO conversations (conversation_id, {column}) VALUES (?, ?)"  # noqa: S608 - a name of ours
            f" ON CONFLICT DO UPDATE SET {column} = excluded.{column}",
            (conversation, json.dumps(value)),
        )

    def cursors(self, conversation: str) -> dict[str, Any]:
        return self._json("SELECT cursors FROM conversations WHERE conversation_id = ?", conversation)

    def settings(self, conversation: str) -> dict[str, Any]:
        return self._json("SELECT settings FROM conversations WHERE conversation_id = ?", conversation)

    def _json(self, query: str, conversation: str) -> dict[str, Any]:
        row = self._sql.execute(query, (conversation,)).fetchone()
        return {} if row is None else dict(json.loads(row[0]))

    # events

    def events(self, conversation: str, *, before: int | None = None, limit: int = 50) -> list[Event]:
        """The newest that are held, or those below a place; ascending."""
        rows = self._sql.execute(
            "SELECT event FROM events WHERE conversation_id = ? AND seq < ? ORDER BY seq DESC LIMIT ?",
            (conversation, 2**62 if before is None else before, limit),
        ).fetchall()
        return [json.loads(event) for (event,) in reversed(rows)]

    def event(self, conversation: str, seq: int) -> Event | None:
        row = self._sql.execute(
            "SELECT event FROM events WHERE conversation_id = ? AND seq = ?", (conversation, seq)
        ).fetchone()
        return None if row is None else dict(json.loads(row[0]))

    def place(self, conversation: str, client_id: str, seq: int) -> None:
        """A command that was written here has its place, which stays known when its event is not held any more."""
        self._sql.execute("INSERT OR IGNORE INTO places VALUES (?, ?, ?)", (conversation, client_id, seq))

    def placed(self, conversation: str, sender: str, client_id: str) -> int | None:
        """The place of a command; written here, or by another device of `sender` if its event is held."""
        row = self._sql.execute(
            "SELECT seq FROM places WHERE conversation_id = ?1 AND client_id = ?2"
            " UNION ALL SELECT seq FROM events WHERE conversation_id = ?1 AND client_id = ?2"
            " AND json_extract(event, '$.sender_id') = ?3 LIMIT 1",
            (conversation, client_id, sender),
        ).fetchone()
        return None if row is None else int(row[0])

    def revision(self) -> int:
        """Of the last change to any event, or skip."""
        return int(self.get("revision") or 0)

    def changes(self, after: int, limit: int = 100) -> list[Change]:
        """
        What has happened since a revision, in that order: an event has come, looks different, or some were skipped.
        An event that has come and changed since is there twice, both times as it looks now.
        """
        rows = self._sql.execute(
            "SELECT * FROM (SELECT created AS at, 1, conversation_id, event FROM events"
            " WHERE fresh AND created > ?1 ORDER BY created LIMIT ?2)"
            " UNION ALL SELECT * FROM (SELECT revision, 0, conversation_id, event FROM events"
            " WHERE revision > created AND revision > ?1 ORDER BY revision LIMIT ?2)"
            " UNION ALL SELECT * FROM (SELECT revision, 1, conversation_id,"
            " json_object('type', ?3, 'from_seq', from_seq) FROM skips WHERE revision > ?1 ORDER BY revision LIMIT ?2)"
            " ORDER BY at LIMIT ?2",
            (after, limit, SKIPPED),
        )
        return [Change(revision, bool(is_new), name, json.loads(event)) for revision, is_new, name, event in rows]

    def consumed(self, consumer: str) -> int | None:
        """Up to which revision a consumer has taken changes; None: there is no such consumer."""
        row = self._sql.execute("SELECT revision FROM consumers WHERE name = ?", (consumer,)).fetchone()
        return None if row is None else int(row[0])

    def consume(self, consumer: str, revision: int) -> None:
        self._sql.execute("INSERT OR REPLACE INTO consumers VALUES (?, ?)", (consumer, revision))
