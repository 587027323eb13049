from collections.abc import Iterable

from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile, Session
from cassandra.policies import RoundRobinPolicy

from local.assembly import Column, Table
from local.keyspaces import Switches, Tables, read, refusal_of_text
from local.provision.errors import ProvisionFailed

TIMEOUT_S = 20.0
PROTOCOL_VERSION = 5


def provision_tables(address: str, keyspaces: Iterable[str], tables: Iterable[Table]) -> None:
    """
    Creates keyspaces, tables and columns that are missing. Blocks.

    Raises:
        ProvisionFailed: a table exists with another primary key, or Amazon Keyspaces would not make it so.
        cassandra.DriverException: the engine did not do it within `TIMEOUT_S`.
    """
    host, _, port = address.rpartition(":")
    profile = ExecutionProfile(load_balancing_policy=RoundRobinPolicy(), request_timeout=TIMEOUT_S)
    cluster = Cluster(
        [host],
        port=int(port),
        protocol_version=PROTOCOL_VERSION,
        connect_timeout=TIMEOUT_S,
        execution_profiles={EXEC_PROFILE_DEFAULT: profile},
        schema_metadata_enabled=False,
        token_metadata_enabled=False,
    )
    try:
        session = cluster.connect()
        for keyspace in keyspaces:
            _define(
                session,
                f'CREATE KEYSPACE IF NOT EXISTS "{keyspace}" '
                "WITH replication = {'class': 'NetworkTopologyStrategy', 'replication_factor': 1}",
            )
        for table in tables:
            _provision_table(session, table)
    finally:
        cluster.shutdown()


def create_statement(table: Table) -> str:
    columns = (*table.partition_key, *table.clustering, *table.columns)
    partition = ", ".join(f'"{column.name}"' for column in table.partition_key)
    key = ", ".join([f"({partition})", *(f'"{column.name}"' for column in table.clustering)])
    options = [f"default_time_to_live = {table.ttl_s}"]
    if table.clustering:
        order = ", ".join(f'"{column.name}" {column.order}' for column in table.clustering)
        options.insert(0, f"CLUSTERING ORDER BY ({order})")
    return (
        f'CREATE TABLE "{table.keyspace}"."{table.name}" ('
        + ", ".join(f'"{column.name}" {column.type}' for column in columns)
        + f", PRIMARY KEY ({key})) WITH "
        + " AND ".join(options)
    )


def switches(tables: Iterable[Table]) -> Tables:
    """What is on in them, for whoever checks statements."""
    return {
        (table.keyspace, table.name): Switches(timestamps=table.client_timestamps, ttl=table.ttl_s > 0)
        for table in tables
    }


def _provision_table(session: Session, table: Table) -> None:
    rows = list(
        session.execute(
            "SELECT column_name, kind, position FROM system_schema.columns "
            "WHERE keyspace_name = %s AND table_name = %s",
            (table.keyspace, table.name),
        )
    )
    if not rows:
        _define(session, create_statement(table))
        return
    for kind, expected in (("partition_key", table.partition_key), ("clustering", table.clustering)):
        found = sorted((row.position, row.column_name) for row in rows if row.kind == kind)
        if [name for _, name in found] != [column.name for column in expected]:
            raise ProvisionFailed(
                f"table {table.keyspace}.{table.name} exists with another primary key: "
                "`natter-local reset` starts with empty engines"
            )
    names = {row.column_name for row in rows}
    for column in table.columns:
        if column.name not in names:
            _add(session, table, column)


def _add(session: Session, table: Table, column: Column) -> None:
    _define(session, f'ALTER TABLE "{table.keyspace}"."{table.name}" ADD "{column.name}" {column.type}')


def _define(session: Session, text: str) -> None:
    refusal = refusal_of_text(read(text), {})
    if refusal is not None:
        raise ProvisionFailed(f"{refusal}: {text}")
    session.execute(text)
