"""What the store promises beside what crashes and the simulation show: versions, several processes, locks."""

import sqlite3
from pathlib import Path

import pytest

from natter_client.locks import FileLock
from natter_client.store import MIGRATIONS, Store, StoreTooNewError

ANOTHER = "CREATE TABLE drafts (conversation_id TEXT PRIMARY KEY, text TEXT NOT NULL)"


def an_entry(client_id: str) -> dict[str, object]:
    names = {"client_id": client_id, "conversation_id": "c", "action": "send"}
    return {**names, "fields": {"content": {"type": "text", "text": "ä 😀"}}, "state": "queued"}


class TestVersions:
    def test_an_older_file_is_brought_up_to_date_and_keeps_all(self, tmp_path: Path) -> None:
        store = Store(tmp_path / "x.db")
        store.save(an_entry("a"))
        store.close()
        newer = Store(tmp_path / "x.db", (*MIGRATIONS, ANOTHER))
        assert [entry for _, entry in newer.entries()] == [an_entry("a")]
        newer.close()

    def test_a_migration_that_fails_changes_nothing(self, tmp_path: Path) -> None:
        Store(tmp_path / "x.db").close()
        with pytest.raises(sqlite3.OperationalError):
            Store(tmp_path / "x.db", (*MIGRATIONS, f"{ANOTHER}; CREATE TABLE outbox (x)"))
        Store(tmp_path / "x.db", (*MIGRATIONS, ANOTHER)).close()

    def test_a_newer_file_is_let_be(self, tmp_path: Path) -> None:
        Store(tmp_path / "x.db", (*MIGRATIONS, ANOTHER)).close()
        with pytest.raises(StoreTooNewError, match="has version 4, this package knows 3"):
            Store(tmp_path / "x.db")


class TestFile:
    def test_it_is_its_owners_alone(self, tmp_path: Path) -> None:
        store = Store(tmp_path / "x.db")
        store.save(an_entry("a"))
        modes = {path.name: path.stat().st_mode & 0o077 for path in tmp_path.iterdir()}
        assert modes == {"x.db": 0, "x.db-shm": 0, "x.db-wal": 0}
        store.close()


class TestSeveral:
    def test_each_sees_what_the_other_has_done_and_when(self, tmp_path: Path) -> None:
        one, other = Store(tmp_path / "x.db"), Store(tmp_path / "x.db")
        assert not other.changed_elsewhere()
        one.save(an_entry("a"))
        assert (other.changed_elsewhere(), other.changed_elsewhere(), one.changed_elsewhere()) == (True, False, False)
        assert other.entry("a") == an_entry("a")
        one.close()
        other.close()

    def test_a_transaction_is_all_or_nothing(self, tmp_path: Path) -> None:
        store = Store(tmp_path / "x.db")

        def half() -> None:
            with store.transaction():
                store.save(an_entry("a"))
                raise KeyError

        with pytest.raises(KeyError):
            half()
        assert store.entries() == []
        store.close()


class TestChanges:
    def test_what_is_new_and_what_is_different(self, tmp_path: Path) -> None:
        store = Store(tmp_path / "x.db")
        events = [{"seq": seq, "type": "message", "sender_id": "ben", "at": seq} for seq in (1, 2, 3)]
        with store.transaction():
            store.show("c", [(event, 0) for event in events[:2]], fresh=True)
        revision = store.revision()
        with store.transaction():
            store.show("c", [({**events[0], "edited_at": 9}, 0), (events[2], 0)], fresh=True)
            store.show("d", [(events[0], 0)], fresh=False)
            store.show("c", [({**events[1], "edited_at": 9}, 0)], fresh=False)
        found = [(change.is_new, change.conversation_id, change.event["seq"]) for change in store.changes(revision)]
        assert found == [(False, "c", 1), (True, "c", 3)]
        store.close()

    def test_a_change_is_news_whatever_it_is_of(self, tmp_path: Path) -> None:
        store = Store(tmp_path / "x.db")
        event = {"seq": 1, "type": "message", "sender_id": "ben", "at": 1}
        with store.transaction():
            store.show("c", [(event, 0)], fresh=False)
            store.show("c", [({**event, "edited_at": 9}, 0)], fresh=True)
        assert [(change.is_new, change.event["edited_at"]) for change in store.changes(0)] == [(False, 9)]
        store.close()


class TestLocks:
    def test_one_at_a_time(self, tmp_path: Path) -> None:
        one, other = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
        assert (one.try_acquire(), one.try_acquire(), other.try_acquire()) == (True, True, False)
        one.release()
        assert (one.is_held, other.try_acquire()) == (False, True)
        other.release()
