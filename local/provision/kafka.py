from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # they are public, but not marked as exported
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)

from local.assembly import Topic
from local.provision.errors import ProvisionFailed

TIMEOUT_S = 20.0


def provision_topics(bootstrap: str, topics: Iterable[Topic]) -> None:
    """
    Creates what is missing, with one replica, and sets the configuration of what is there. Blocks.

    Raises:
        ProvisionFailed: a topic has another number of partitions than the template says.
        KafkaException: the broker did not do it within `TIMEOUT_S`.
    """
    admin = AdminClient({"bootstrap.servers": bootstrap, "socket.timeout.ms": int(TIMEOUT_S * 1000)})
    existing = admin.list_topics(timeout=TIMEOUT_S).topics
    wanted = {topic.name: topic for topic in topics}
    for name in wanted.keys() & existing.keys():
        partitions = len(existing[name].partitions)
        if partitions != wanted[name].partitions:
            raise ProvisionFailed(
                f"topic {name} has {partitions} partitions, the template says {wanted[name].partitions}: "
                "records would change their order. `natter-local reset` starts with empty engines"
            )
    _create(admin, [wanted[name] for name in wanted.keys() - existing.keys()])
    _configure(admin, [wanted[name] for name in wanted.keys() & existing.keys()])


def provision_acls(bootstrap: str, wanted: AbstractSet[AclBinding]) -> None:
    """
    Has the broker keep exactly these access control lists. Blocks.

    Raises:
        KafkaException: the broker did not do it within `TIMEOUT_S`, or has been started without them.
    """
    admin = AdminClient({"bootstrap.servers": bootstrap, "socket.timeout.ms": int(TIMEOUT_S * 1000)})
    any_name: Any = None  # which its types do not have, and its documentation does
    anything = AclBindingFilter(
        restype=ResourceType.ANY,
        name=any_name,
        resource_pattern_type=ResourcePatternType.ANY,
        principal=any_name,
        host=any_name,
        operation=AclOperation.ANY,
        permission_type=AclPermissionType.ANY,
    )
    kept = set(admin.describe_acls(anything, request_timeout=TIMEOUT_S).result(TIMEOUT_S))
    surplus = [_only(binding) for binding in kept - wanted]
    under_way = [
        *(admin.delete_acls(surplus, request_timeout=TIMEOUT_S).values() if surplus else ()),
        *(admin.create_acls(list(wanted - kept), request_timeout=TIMEOUT_S).values() if wanted - kept else ()),
    ]
    for future in under_way:
        future.result(TIMEOUT_S)


def _only(binding: AclBinding) -> AclBindingFilter:
    return AclBindingFilter(
        restype=binding.restype,
        name=binding.name,
        resource_pattern_type=binding.resource_pattern_type,
        principal=binding.principal,
        host=binding.host,
        operation=binding.operation,
        permission_type=binding.permission_type,
    )


def _create(admin: AdminClient, topics: list[Topic]) -> None:
    if not topics:
        return
    new = [NewTopic(topic.name, topic.partitions, 1, config=dict(topic.configs)) for topic in topics]
    for future in admin.create_topics(new, operation_timeout=TIMEOUT_S, request_timeout=TIMEOUT_S).values():
        try:
            future.result(TIMEOUT_S)
        except KafkaException as failure:
            if failure.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise


def _configure(admin: AdminClient, topics: list[Topic]) -> None:
    if not topics:
        return
    changes = [
        ConfigResource(
            ConfigResource.Type.TOPIC,
            topic.name,
            incremental_configs=[
                ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
                for name, value in topic.configs.items()
            ],
        )
        for topic in topics
    ]
    for future in admin.incremental_alter_configs(changes, request_timeout=TIMEOUT_S).values():
        future.result(TIMEOUT_S)
