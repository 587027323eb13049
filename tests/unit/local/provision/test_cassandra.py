from local.assembly import Column, Table
from local.provision.cassandra import create_statement


class TestCreateStatement:
    def test_has_key_order_and_time_to_live(self) -> None:
        table = Table(
            keyspace="shop",
            name="lines",
            partition_key=(Column("order_id", "text"), Column("bucket", "int")),
            clustering=(Column("line", "int", "DESC"),),
            columns=(Column("at", "bigint"),),
            ttl_s=60,
        )
        assert create_statement(table) == (
            'CREATE TABLE "shop"."lines" ("order_id" text, "bucket" int, "line" int, "at" bigint, '
            'PRIMARY KEY (("order_id", "bucket"), "line")) '
            'WITH CLUSTERING ORDER BY ("line" DESC) AND default_time_to_live = 60'
        )

    def test_without_clustering_has_only_the_partition_key(self) -> None:
        table = Table("shop", "orders", (Column("id", "text"),), (), (Column("total", "bigint"),), 0)
        assert create_statement(table) == (
            'CREATE TABLE "shop"."orders" ("id" text, "total" bigint, PRIMARY KEY (("id"))) '
            "WITH default_time_to_live = 0"
        )
