"""Reads all that the stores hold, as text: whether anything is left of somebody."""

from collections.abc import Iterator
from typing import Any

import boto3
import psycopg
import redis
from cassandra.cluster import Cluster
from cassandra.query import dict_factory
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from local.cloud import Cloud

_TIMEOUT_S = 10


def database(cloud: Cloud, name: str = "natter") -> psycopg.Connection[Any]:
    """A connection of the superuser's."""
    engine = cloud.engines["postgres"]
    host, _, port = engine.address.rpartition(":")
    password = (engine.home / "superuser").read_text()
    login = make_conninfo(host=host, port=int(port), user="postgres", password=password, dbname=name)
    return psycopg.connect(login, autocommit=True, connect_timeout=_TIMEOUT_S)


def found(cloud: Cloud, words: list[str]) -> list[str]:
    """Each of `words` that is left, with where."""
    sources = {
        "postgres": _in_postgres(cloud),
        "cassandra": _in_cassandra(cloud),
        "valkey": _in_valkey(cloud),
        "s3": ((key, key) for key in files(cloud)),
    }
    return [
        f"{word} in {source}: {place}"
        for source, texts in sources.items()
        for place, text in texts
        for word in words
        if word in text
    ]


def files(cloud: Cloud) -> list[str]:
    """The keys of all that is in the buckets."""
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")
    s3 = session.client("s3", endpoint_url=cloud.engines.localstack.address)
    return [
        found["Key"]
        for bucket in s3.list_buckets()["Buckets"]
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket["Name"])
        for found in page.get("Contents", ())
    ]


def _in_postgres(cloud: Cloud) -> Iterator[tuple[str, str]]:
    with database(cloud) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (table,) in tables:
            for (row,) in connection.execute(SQL("SELECT t::text FROM {} t").format(Identifier(table))):
                yield table, row


def _in_cassandra(cloud: Cloud) -> Iterator[tuple[str, str]]:
    host, _, port = cloud.engines["cassandra"].address.rpartition(":")
    cluster = Cluster([host], port=int(port), protocol_version=4)
    session = cluster.connect()
    session.row_factory = dict_factory
    try:
        names = session.execute("SELECT keyspace_name, table_name FROM system_schema.tables")
        for name in [each for each in names if each["keyspace_name"].startswith("natter_")]:
            table = f"{name['keyspace_name']}.{name['table_name']}"
            for row in session.execute(f"SELECT * FROM {table}"):  # noqa: S608 - names of tables
                yield table, repr(row)
    finally:
        cluster.shutdown()


def _in_valkey(cloud: Cloud) -> Iterator[tuple[str, str]]:
    host, _, port = cloud.engines["valkey"].address.rpartition(":")
    readers = {"string": "get", "hash": "hgetall", "set": "smembers", "list": "lrange", "zset": "zrange"}
    ends = {"list": (0, -1), "zset": (0, -1)}
    with redis.Redis(host=host, port=int(port), decode_responses=True, socket_timeout=_TIMEOUT_S) as client:
        for key in client.scan_iter():
            kind = str(client.type(key))
            yield key, key
            yield key, repr(client.execute_command(readers[kind].upper(), key, *ends.get(kind, ())))
