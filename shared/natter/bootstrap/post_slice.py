"""Puts `post_slice` together."""

import boto3

from natter.adapters.cassandra.client import CassandraSession
from natter.adapters.cassandra.timeline import READ_EVENT, CassandraTimeline
from natter.adapters.gateway.gateway import ApiGateway
from natter.adapters.valkey.connections import ValkeyConnections
from natter.bootstrap.common import aws_credentials, now_ms, valkey
from natter.bootstrap.queues import slice_queue
from natter.bootstrap.warming import warmed
from natter.settings import PostSliceSettings
from natter.usecases.delivery.post_slice import PostSlice
from natter.usecases.delivery.settle_posts import SettlePosts
from natter.wire.json_frames import JsonFrames


def post_slice(settings: PostSliceSettings) -> PostSlice:
    cache, session = valkey(settings.valkey), CassandraSession(settings.keyspaces)
    queue = slice_queue(settings.deliveries)
    warmed(cache.warm, queue.warm, lambda: session.warm([READ_EVENT]))
    aws = boto3.Session()
    gateway = ApiGateway(aws_credentials(aws), aws.region_name)
    return PostSlice(
        timeline=CassandraTimeline(session),
        gateway=gateway,
        frames=JsonFrames(),
        settle=SettlePosts(
            connections=ValkeyConnections(cache, now_ms),
            gateway=gateway,
            queue=queue,
            now_ms=now_ms,
        ),
    )
