"""The stores that a template defines, as values: Kafka topics, Cassandra tables, database logins."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.assembly.intrinsics import Resolver


@dataclass(frozen=True)
class Topic:
    name: str
    partitions: int
    configs: Mapping[str, str]


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    order: str = "ASC"


@dataclass(frozen=True)
class Table:
    keyspace: str
    name: str
    partition_key: tuple[Column, ...]
    clustering: tuple[Column, ...]
    columns: tuple[Column, ...]
    ttl_s: int
    client_timestamps: bool = False
    """Whether writes may state their timestamps."""


@dataclass(frozen=True)
class Database:
    """User and password may be dynamic references, `{{resolve:secretsmanager:…}}`."""

    name: str
    user: str
    password: str


def topics(resolver: Resolver) -> list[Topic]:
    """One broker holds one replica, so of the replicas that must be in sync one is asked for as well."""
    found = []
    for resource in resolver.assembly.resources("AWS::MSK::Topic"):
        properties = resolver.properties(resource, "TopicName", "PartitionCount", "Configs")
        configs = json.loads(base64.b64decode(properties.get("Configs", "e30=")))
        if "min.insync.replicas" in configs:
            configs["min.insync.replicas"] = "1"
        found.append(Topic(properties["TopicName"], int(properties["PartitionCount"]), configs))
    return found


def keyspaces(resolver: Resolver) -> list[str]:
    return [
        str(resolver.attribute(resource.stack, resource.logical_id, "Ref"))
        for resource in resolver.assembly.resources("AWS::Cassandra::Keyspace")
    ]


def tables(resolver: Resolver) -> list[Table]:
    found = []
    for resource in resolver.assembly.resources("AWS::Cassandra::Table"):
        properties = resolver.properties(
            resource,
            *("KeyspaceName", "PartitionKeyColumns", "ClusteringKeyColumns", "RegularColumns", "DefaultTimeToLive"),
            "ClientSideTimestampsEnabled",
        )
        found.append(
            Table(
                keyspace=properties["KeyspaceName"],
                name=str(resolver.attribute(resource.stack, resource.logical_id, "Ref")),
                partition_key=tuple(_column(column) for column in properties["PartitionKeyColumns"]),
                clustering=tuple(
                    _column(entry["Column"], entry.get("OrderBy", "ASC"))
                    for entry in properties.get("ClusteringKeyColumns", [])
                ),
                columns=tuple(_column(column) for column in properties.get("RegularColumns", [])),
                ttl_s=int(properties.get("DefaultTimeToLive", 0)),
                client_timestamps=str(properties.get("ClientSideTimestampsEnabled", False)).lower() == "true",
            )
        )
    return found


def databases(resolver: Resolver) -> list[Database]:
    found = []
    for resource in resolver.assembly.resources("AWS::RDS::DBCluster"):
        properties = resolver.properties(resource, "DatabaseName", "MasterUsername", "MasterUserPassword")
        found.append(
            Database(properties["DatabaseName"], properties["MasterUsername"], properties["MasterUserPassword"])
        )
    return found


def _column(column: Mapping[str, Any], order: str = "ASC") -> Column:
    return Column(column["ColumnName"], column["ColumnType"], order)
