"""The Keyspaces tables. Columns are as `docs/` and the adapters know them; a key column never changes."""

from dataclasses import dataclass

from aws_cdk import Stack
from aws_cdk import aws_cassandra as cassandra
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.blocks.logs import removal
from infra.config import Stage
from natter import names


@dataclass(frozen=True, kw_only=True)
class TableSpec:
    """Columns as `name type`, in the order of the primary key; a clustering column may descend (`name type desc`)."""

    name: str
    partition: tuple[str, ...]
    clustering: tuple[str, ...] = ()
    columns: tuple[str, ...]
    ttl_s: int | None = None


TABLES = (
    TableSpec(
        name="events",
        partition=("conversation_id text", "bucket int"),
        clustering=("seq bigint",),
        columns=(
            "type text",
            "at bigint",
            "sender_id text",
            "client_id text",
            "payload text",
            "messages bigint",
            "amended_by bigint",
        ),
    ),
    TableSpec(
        name="client_ids",
        partition=("conversation_id text", "sender_id text", "client_id text"),
        clustering=("log_epoch int", "log_offset bigint", "item int"),
        columns=(
            "seq bigint",
            "refusal text",
            "at bigint",
        ),
        ttl_s=names.CLIENT_ID_TTL_S,
    ),
    TableSpec(
        name="heads",
        partition=("conversation_id text",),
        columns=(
            "seq bigint",
            "messages bigint",
            "members_seq bigint",
            "log_epoch int",
            "log_partition int",
            "log_offset bigint",
            "at bigint",
            "written_at bigint",
            "preview text",
            "history text",
            "voids bigint",
        ),
    ),
    TableSpec(
        name="message_states",
        partition=("conversation_id text", "bucket int"),
        clustering=("target_seq bigint", "seq bigint desc"),
        columns=("state text",),
    ),
    TableSpec(
        name="reaction_marks",
        partition=("conversation_id text", "bucket int"),
        clustering=("target_seq bigint", "reaction text", "user_id text", "seq bigint desc"),
        columns=("is_set boolean",),
    ),
    TableSpec(
        name="files",
        partition=("conversation_id text", "attachment_id text"),
        clustering=("seq bigint",),
        columns=(),
    ),
    TableSpec(
        name="rosters",
        partition=("conversation_id text",),
        clustering=("seq bigint desc",),
        columns=("changes text", "members text"),
    ),
    TableSpec(
        name="standings",
        partition=("conversation_id text", "user_id text"),
        clustering=("seq bigint desc",),
        columns=("role text", "joined_seq bigint", "joined_messages bigint"),
    ),
    TableSpec(
        name="cursors",
        partition=("conversation_id text",),
        clustering=("user_id text",),
        columns=(
            "read_seq bigint",
            "read_messages bigint",
            "delivered_seq bigint",
            "written_at bigint",
            "sent_seq bigint",
            "sent_messages bigint",
        ),
    ),
)


class Tables(Construct):
    """
    The keyspace and its tables: on demand, encrypted with the customer's key, restorable to any second in prod.

    Client-side timestamps are on everywhere: the fold states the time of every write, so an old writer cannot
    overwrite a newer cell.
    """

    def __init__(self, scope: Construct, id_: str, *, stage: Stage, key: kms.IKey) -> None:
        super().__init__(scope, id_)
        self._in_vpc = stage.endpoints_in_vpc
        self.keyspace = f"natter_{stage.name}"
        keyspace = cassandra.CfnKeyspace(self, "Keyspace", keyspace_name=self.keyspace)
        keyspace.apply_removal_policy(removal(stage))
        for spec in TABLES:
            table = cassandra.CfnTable(
                self,
                "".join(word.title() for word in spec.name.split("_")),
                keyspace_name=self.keyspace,
                table_name=spec.name,
                partition_key_columns=[_column(text) for text in spec.partition],
                clustering_key_columns=[
                    cassandra.CfnTable.ClusteringKeyColumnProperty(
                        column=_column(text.removesuffix(" desc")), order_by="DESC" if text.endswith(" desc") else "ASC"
                    )
                    for text in spec.clustering
                ],
                regular_columns=[_column(text) for text in spec.columns],
                default_time_to_live=spec.ttl_s,
                client_side_timestamps_enabled=True,
                point_in_time_recovery_enabled=stage.retain_data,
                billing_mode=cassandra.CfnTable.BillingModeProperty(mode="ON_DEMAND"),
                encryption_specification=cassandra.CfnTable.EncryptionSpecificationProperty(
                    encryption_type="CUSTOMER_MANAGED_KMS_KEY", kms_key_identifier=key.key_arn
                ),
            )
            table.apply_removal_policy(removal(stage))
            table.node.add_dependency(keyspace)

    def grant(self, grantee: iam.IGrantable, *, read: tuple[str, ...] = (), write: tuple[str, ...] = ()) -> None:
        """Access to exactly these tables, and to the system tables from which the driver learns the schema."""
        unknown = {*read, *write} - {spec.name for spec in TABLES}
        if unknown:
            raise ValueError(f"no such tables: {sorted(unknown)}")
        self._allow(grantee, "cassandra:Select", [*read, *write])
        if write:
            self._allow(grantee, "cassandra:Modify", write)
        if self._in_vpc:
            # So that `system.peers` has the endpoint's address in each zone, and the driver a connection to each: one
            # serves 3,000 requests/s. EC2 knows no resources for these.
            describe = ["ec2:DescribeNetworkInterfaces", "ec2:DescribeVpcEndpoints"]
            iam.Grant.add_to_principal(grantee=grantee, actions=describe, resource_arns=["*"])
        stack = Stack.of(self)
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["cassandra:Select"],
            resource_arns=[
                stack.format_arn(service="cassandra", resource="/keyspace", resource_name=f"{system}/table/*")
                for system in ("system", "system_schema", "system_schema_mcs")
            ],
        )

    def _allow(self, grantee: iam.IGrantable, action: str, tables: list[str] | tuple[str, ...]) -> None:
        stack = Stack.of(self)
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=[action],
            resource_arns=[
                stack.format_arn(
                    service="cassandra", resource="/keyspace", resource_name=f"{self.keyspace}/table/{table}"
                )
                for table in sorted(set(tables))
            ],
        )


def _column(text: str) -> cassandra.CfnTable.ColumnProperty:
    name, _, type_ = text.partition(" ")
    return cassandra.CfnTable.ColumnProperty(column_name=name, column_type=type_)
