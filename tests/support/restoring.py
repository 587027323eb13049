"""
A keyspace beside a cloud's own, as a restore to a moment would make it of one conversation.

`python -m tests.support.restoring restore|stored|forget CASSANDRA KEYSPACE CONVERSATION`, a process of its own: in that
of the tests, what Keyspaces would refuse is refused.
"""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from cassandra.cluster import Cluster, Session
from cassandra.query import dict_factory, tuple_factory

from local.cloud import Cloud
from local.model import Function

RESTORED = "natter_restored"
TIMEOUT_S = 30.0


WITHIN_S = 120.0
ROOT = Path(__file__).parents[2]


class Restored:
    """That of one conversation."""

    def __init__(self, cloud: Cloud, conversation: str) -> None:
        self.keyspace = f"natter_{cloud.app.outputs['Stage']}"
        self._arguments = (cloud.engines["cassandra"].address, self.keyspace, conversation)

    async def restore(self) -> int:
        """Make it of what there is now, each cell with its own timestamp; how many rows."""
        return await self._run("restore")

    async def stored(self) -> int:
        """How many events it has."""
        return await self._run("stored")

    async def forget(self) -> None:
        await self._run("forget")

    async def _run(self, what: str) -> int:
        command = [sys.executable, "-m", "tests.support.restoring", what, *self._arguments]
        ran = await asyncio.to_thread(
            subprocess.run, command, cwd=ROOT, capture_output=True, text=True, timeout=WITHIN_S, check=False
        )
        assert ran.returncode == 0, ran.stderr
        return int(ran.stdout)


def pointed_at(functions: list[Function], keyspace: str, other: str) -> list[Function]:
    """The functions, deployed with the name of another keyspace wherever they were told one."""
    return [
        replace(each, environment={name: value.replace(keyspace, other) for name, value in each.environment.items()})
        for each in functions
    ]


def restore(session: Session, keyspace: str, conversation: str) -> int:
    forget(session, keyspace, conversation)  # of a test that was interrupted
    session.execute(
        f"CREATE KEYSPACE {RESTORED} WITH replication = {{'class': 'NetworkTopologyStrategy', 'replication_factor': 1}}"
    )
    rows = 0
    query = "SELECT table_name FROM system_schema.tables WHERE keyspace_name = %s"
    for (table,) in list(session.execute(query, [keyspace])):
        (described,) = session.execute(f"DESCRIBE TABLE {keyspace}.{table}")
        session.execute(described[-1].replace(f"{keyspace}.", f"{RESTORED}.", 1))
        rows += _copied(session, keyspace, table, conversation)
    return rows


def stored(session: Session, _: str, conversation: str) -> int:
    query = f"SELECT seq FROM {RESTORED}.events WHERE conversation_id = %s ALLOW FILTERING"  # noqa: S608 - a name
    return len(list(session.execute(query, [conversation])))


def forget(session: Session, _keyspace: str, _conversation: str) -> int:
    session.execute(f"DROP KEYSPACE IF EXISTS {RESTORED}")
    return 0


def _copied(session: Session, keyspace: str, table: str, conversation: str) -> int:
    query = "SELECT column_name, kind FROM system_schema.columns WHERE keyspace_name = %s AND table_name = %s"
    kinds = dict(session.execute(query, [keyspace, table]))
    keys = [name for name, kind in kinds.items() if kind in {"partition_key", "clustering"}]
    if "conversation_id" not in keys:
        return 0
    cells = [name for name in kinds if name not in keys]
    asked = ", ".join(
        [*keys, *(f"{each}, WRITETIME({each}) AS at_{each}, TTL({each}) AS ttl_{each}" for each in cells)]
    )
    session.row_factory = dict_factory
    found = list(
        session.execute(
            f"SELECT {asked} FROM {keyspace}.{table} WHERE conversation_id = %s ALLOW FILTERING",  # noqa: S608 - names
            [conversation],
        )
    )
    session.row_factory = tuple_factory
    for row in found:
        for cell in cells:
            _write(session, table, keys, cell, row)
    return len(found)


def _write(session: Session, table: str, keys: list[str], cell: str, row: dict[str, Any]) -> None:
    if row[cell] is None:
        return
    names = ", ".join([*keys, cell])
    places = ", ".join(["%s"] * (len(keys) + 1))
    session.execute(
        f"INSERT INTO {RESTORED}.{table} ({names}) VALUES ({places}) USING TIMESTAMP %s AND TTL %s",  # noqa: S608 - names
        [*(row[key] for key in keys), row[cell], row[f"at_{cell}"], row[f"ttl_{cell}"] or 0],
    )


@contextmanager
def _connected(address: str) -> Iterator[Session]:
    host, _, port = address.rpartition(":")
    cluster = Cluster([host], port=int(port), protocol_version=5, connect_timeout=TIMEOUT_S)
    session = cluster.connect()
    session.default_timeout = TIMEOUT_S
    session.row_factory = tuple_factory
    try:
        yield session
    finally:
        cluster.shutdown()


ACTS: Mapping[str, Callable[[Session, str, str], int]] = {"restore": restore, "stored": stored, "forget": forget}


def main(arguments: Sequence[str]) -> None:
    what, address, keyspace, conversation = arguments
    with _connected(address) as session:
        sys.stdout.write(f"{ACTS[what](session, keyspace, conversation)}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
