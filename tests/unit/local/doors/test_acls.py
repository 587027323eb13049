"""What roles may do with topics and groups, as Kafka is told."""

import pytest
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # they are public, but not marked as exported
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)

from local.assembly import Unresolvable
from local.doors.acls import acls, action_of
from local.doors.iam import Grants, Statement

PLACE = "arn:aws:kafka:eu-west-1:123456789012:"
CLUSTER = f"{PLACE}cluster/log/1-2"
ALL_BUT_NAME = {"Topic": f"{PLACE}topic/log/1-2/", "Group": f"{PLACE}group/log/1-2/"}


def state(actions: str, resource: str, *, allows: bool = True) -> Statement:
    return Statement(
        allows=allows,
        actions=tuple(f"kafka-cluster:{action}" for action in actions.split()),
        resources=(f"{PLACE}{resource}" if not resource.startswith(("arn", "*")) else resource,),
    )


def told(*statements: Statement) -> set[str]:
    """In one line each: whether it allows, what, to which kind of thing, of which name."""
    found = set()
    for each in acls(Grants({"me": statements}), [CLUSTER]):
        assert (each.principal, each.host) == ("User:me", "*")
        name = f"{each.name}…" if each.resource_pattern_type == ResourcePatternType.PREFIXED else each.name
        kinds = (AclPermissionType(each.permission_type), AclOperation(each.operation), ResourceType(each.restype))
        found.add(" ".join([*(kind.name.lower() for kind in kinds), name]))
    return found


class TestAcls:
    def test_each_action_is_the_list_that_msk_says_it_is(self) -> None:
        assert told(
            state("Connect DescribeTopic WriteData ReadData", "topic/log/1-2/orders"),
            state("DescribeGroup AlterGroup", "group/log/1-2/count"),
            state("Connect WriteDataIdempotently", "cluster/log/1-2"),
            state("DescribeTransactionalId AlterTransactionalId", "transactional-id/log/1-2/till"),
        ) == {
            "allow describe topic orders",
            "allow write topic orders",
            "allow read topic orders",
            "allow describe group count",
            "allow read group count",
            "allow idempotent_write broker kafka-cluster",
            "allow describe transactional_id till",
            "allow write transactional_id till",
        }

    def test_what_msk_wants_beside_an_action_has_to_be_granted(self) -> None:
        """Kafka lets who may write a topic describe it; MSK does not."""
        assert told(state("WriteData", "topic/log/1-2/orders"), state("DescribeTopic", "topic/log/1-2/others")) == {
            "allow describe topic others"
        }
        assert told(state("WriteData", "topic/log/1-2/orders"), state("DescribeTopic", "topic/log/*"))
        assert told(state("AlterGroup", "group/log/1-2/count")) == set()

    @pytest.mark.parametrize(
        ("resource", "name"),
        [
            ("topic/log/1-2/orders*", "orders…"),
            ("topic/log/1-2/*", "*"),
            ("topic/log/*", "*"),
            ("topic/*/*/orders", "orders"),
            ("topic/log/*/orders", "orders"),
            ("*", "*"),
            ("arn:aws:kafka:*:*:topic/log/*", "*"),
            ("arn:aws:kafka:*:*:*/log/*/orders", "orders"),
        ],
    )
    def test_names_may_be_left_open_at_their_end(self, resource: str, name: str) -> None:
        assert f"allow describe topic {name}" in told(state("DescribeTopic", resource))

    @pytest.mark.parametrize("resource", ["topic/other/1-2/orders", "group/log/1-2/orders", "cluster/log/1-2"])
    def test_what_is_of_something_else_says_nothing_of_topics(self, resource: str) -> None:
        assert told(state("DescribeTopic", resource)) == set()

    def test_other_patterns_are_named(self) -> None:
        with pytest.raises(Unresolvable, match=r"me: Kafka has no names like o\*s"):
            told(state("DescribeTopic", "topic/log/1-2/o*s"))

    def test_a_denial_denies(self) -> None:
        assert told(state("*", "topic/log/1-2/*", allows=False)) >= {"deny write topic *", "deny read topic *"}

    def test_what_holds_under_a_condition_that_kafka_cannot_meet_is_not_granted(self) -> None:
        held = Statement(
            allows=True,
            actions=("kafka-cluster:DescribeTopic",),
            resources=("*",),
            conditions=(("StringEquals", "aws:sourcevpce", ("v",)),),
        )
        assert told(held) == set()


class TestActions:
    @pytest.mark.parametrize(
        ("operation", "kind", "name", "action", "resource"),
        [
            ("WRITE", "Topic", "orders", "WriteData", ALL_BUT_NAME["Topic"] + "orders"),
            ("READ", "Group", "count", "AlterGroup", ALL_BUT_NAME["Group"] + "count"),
            ("DESCRIBE_CONFIGS", "Cluster", "kafka-cluster", "DescribeClusterDynamicConfiguration", CLUSTER),
            ("CLUSTER_ACTION", "Cluster", "kafka-cluster", "CLUSTER_ACTION", CLUSTER),
        ],
    )
    def test_what_the_broker_refused_is_known_by_its_name_in_iam(
        self, operation: str, kind: str, name: str, action: str, resource: str
    ) -> None:
        assert action_of(operation, kind, name, CLUSTER) == (f"kafka-cluster:{action}", resource)
