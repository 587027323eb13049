"""Puts `close_connections` together, and what every function uses that closes connections for good."""

import boto3

from natter.adapters.gateway.gateway import ApiGateway
from natter.adapters.valkey.client import Valkey
from natter.adapters.valkey.connections import ValkeyConnections
from natter.bootstrap.common import aws_credentials, now_ms, valkey
from natter.bootstrap.queues import closure_queue
from natter.settings import CloseConnectionsSettings, ClosureQueueSettings
from natter.usecases.accounts.close_connections import CloseConnections
from natter.wire.json_frames import JsonFrames


def close_connections(settings: CloseConnectionsSettings) -> CloseConnections:
    return closing(valkey(settings.valkey), settings.closures)


def closing(cache: Valkey, settings: ClosureQueueSettings) -> CloseConnections:
    aws = boto3.Session()
    return CloseConnections(
        connections=ValkeyConnections(cache, now_ms),
        gateway=ApiGateway(aws_credentials(aws), aws.region_name),
        frames=JsonFrames(),
        queue=closure_queue(settings),
        now_ms=now_ms,
    )
