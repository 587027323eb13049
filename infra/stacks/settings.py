"""What functions are told of what they depend on; `natter.settings` has the other half."""

import json
from collections.abc import Mapping

from aws_cdk import Aws

from infra.blocks.push_sink import PushSink
from infra.blocks.queues import Queues
from infra.blocks.sockets import Sockets
from infra.config import Stage
from infra.stacks.data import DataStack
from infra.stacks.streams import StreamsStack
from natter import names


def settings_of(
    *,
    stage: Stage,
    data: DataStack,
    streams: StreamsStack,
    sockets: Sockets,
    queues: Queues,
    sink: PushSink | None,
) -> dict[str, Mapping[str, str]]:
    """By dependency, as it is called in the names of variables, the value of each of its settings."""
    return {
        **_stores(stage, data, streams),
        **queues.settings(),
        "TOKENS": {"KEY_ARNS": json.dumps([key.key_arn for key in data.token_keys])},
        "SOCKETS": {"URL": sockets.url, "ENDPOINT": sockets.management_endpoint},
        "REBUILDING": {"PARTS": str(-(-names.REGISTRY_PARTS // stage.rebuilders))},
        "EXPORTER": {"FUNCTION": f"natter-{stage.name}-export"},
        "WEB_PUSH": _web_push(stage, data, sink),
        **_visitors_are_woken(stage, sink),
        "CREDENTIALS": data.push_credentials.settings,
        "TRACES": {"ENDPOINT": f"https://xray.{Aws.REGION}.{Aws.URL_SUFFIX}/v1/traces", "RATIO": str(stage.traced)},
        "LIMITS": {"PER_ADDRESS": str(stage.limit_per_address).lower(), "RATES": json.dumps(stage.limits)},
    }


def _visitors_are_woken(stage: Stage, sink: PushSink | None) -> dict[str, Mapping[str, str]]:
    if sink is not None:
        return {"SINK": sink.settings}
    (host,) = stage.web_push_private_hosts
    trusting = {} if stage.web_push_ca_file is None else {"CA_FILE": stage.web_push_ca_file}
    return {"PUSH_SERVICE": {"URL": f"https://{host}", **trusting}}


def _web_push(stage: Stage, data: DataStack, sink: PushSink | None) -> Mapping[str, str]:
    own = () if sink is None else (sink.host,)
    settings = {
        "SECRET_ARNS": json.dumps([secret.secret_arn for secret in data.web_push_keys.secrets]),
        "CONTACT": stage.web_push_contact,
        "HOSTS": json.dumps([*stage.web_push_hosts, *own]),
    }
    if stage.web_push_private_hosts:
        settings["PRIVATE_HOSTS"] = json.dumps(stage.web_push_private_hosts)
    if stage.web_push_ca_file is not None:
        settings["CA_FILE"] = stage.web_push_ca_file
    return settings


def _stores(stage: Stage, data: DataStack, streams: StreamsStack) -> dict[str, Mapping[str, str]]:
    return {
        "KAFKA": {"BROKERS": streams.brokers, "AUTH": stage.kafka_auth},
        "COMMANDS": {"PARTITIONS": str(stage.partitions)},
        "KEYSPACES": {
            "ENDPOINT": f"cassandra.{Aws.REGION}.{Aws.URL_SUFFIX}:9142",
            "KEYSPACE": data.tables.keyspace,
            "AUTH": stage.keyspaces_auth,
        },
        "VALKEY": {
            "ENDPOINT": data.cache.endpoint,
            "AUTH": stage.valkey_auth,
            "USER": data.cache.user_name,
            "CACHE": data.cache.name,
        },
        "POSTGRES": {
            "ENDPOINT": f"{data.database.proxy.endpoint}:{data.database.port}",
            "DATABASE": names.DATABASE,
            "SECRET_ARN": data.database.secret.secret_arn,
            "TLS": stage.postgres_tls,
        },
        "OWNER": {"SECRET_ARN": data.database.owner.secret_arn},
        "ATTACHMENTS": {"BUCKET": data.attachments.bucket_name},
    }
