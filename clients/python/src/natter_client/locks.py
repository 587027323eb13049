"""
One process at a time, on every platform, and free again the moment its process dies.

It is an exclusive transaction on an SQLite file of its own: SQLite knows how to lock files on Linux, macOS and
Windows, and operating systems release such locks when a process ends, however it ends.
"""

import asyncio
import sqlite3
from pathlib import Path

POLL_S = 0.05
"""No platform tells a waiting process of a lock that is free, at least not all in one way."""


class FileLock:
    def __init__(self, path: Path) -> None:
        self._sql: sqlite3.Connection | None = None
        self._path = path

    @property
    def is_held(self) -> bool:
        return self._sql is not None

    def try_acquire(self) -> bool:
        """Whether it is ours now."""
        if self._sql is not None:
            return True
        sql = sqlite3.connect(self._path, timeout=0, autocommit=True)
        try:
            sql.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            sql.close()
            if error.sqlite_errorcode & 0xFF not in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
                raise
            return False
        self._sql = sql
        return True

    async def acquire(self) -> None:
        while not self.try_acquire():  # noqa: ASYNC110 - of another process no event comes
            await asyncio.sleep(POLL_S)

    def release(self) -> None:
        if self._sql is not None:
            self._sql.close()  # which rolls back: nothing is ever written
            self._sql = None
