import base64
from collections.abc import Callable

from local.assembly import Column, Database, Resolver, Table, Topic, databases, keyspaces, tables, topics

type Make = Callable[..., Resolver]

CONFIGS = base64.b64encode(b'{"min.insync.replicas": "2", "retention.ms": "5"}').decode()
STORES = {
    "Resources": {
        "Orders": {
            "Type": "AWS::MSK::Topic",
            "Properties": {"TopicName": "orders", "PartitionCount": 4, "ReplicationFactor": 3, "Configs": CONFIGS},
        },
        "Keys": {"Type": "AWS::Cassandra::Keyspace", "Properties": {"KeyspaceName": "shop"}},
        "Lines": {
            "Type": "AWS::Cassandra::Table",
            "Properties": {
                "KeyspaceName": {"Ref": "Keys"},
                "TableName": "lines",
                "PartitionKeyColumns": [{"ColumnName": "order_id", "ColumnType": "text"}],
                "ClusteringKeyColumns": [{"Column": {"ColumnName": "line", "ColumnType": "int"}, "OrderBy": "DESC"}],
                "RegularColumns": [{"ColumnName": "text", "ColumnType": "text"}],
                "DefaultTimeToLive": 60,
                "EncryptionSpecification": {"KmsKeyIdentifier": {"Ref": "NoSuchKey"}},
            },
        },
        "People": {
            "Type": "AWS::RDS::DBCluster",
            "Properties": {"DatabaseName": "people", "MasterUsername": "root", "MasterUserPassword": "{{resolve:x}}"},
        },
    }
}


class TestStores:
    def test_topics_ask_for_one_replica_in_sync_as_there_is_one(self, resolver: Make) -> None:
        (topic,) = topics(resolver(main=STORES))
        assert topic == Topic("orders", 4, {"min.insync.replicas": "1", "retention.ms": "5"})

    def test_tables_need_nothing_that_only_aws_has(self, resolver: Make) -> None:
        made = resolver(main=STORES)
        assert keyspaces(made) == ["shop"]
        assert tables(made) == [
            Table(
                keyspace="shop",
                name="lines",
                partition_key=(Column("order_id", "text"),),
                clustering=(Column("line", "int", "DESC"),),
                columns=(Column("text", "text"),),
                ttl_s=60,
            )
        ]

    def test_databases_have_their_login(self, resolver: Make) -> None:
        assert databases(resolver(main=STORES)) == [Database("people", "root", "{{resolve:x}}")]
