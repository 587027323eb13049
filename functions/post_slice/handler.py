"""Consumer of the queue of slices: posts events to some connections, again where that has failed."""

from natter.bootstrap.engines import Engines
from natter.entrypoints.lazily import LambdaHandler, lazily
from natter.entrypoints.queue import queue_consumer
from natter.records.delivery import load_slice
from natter.settings import PostSliceSettings
from natter.telemetry.measured import record_slice
from natter.usecases.delivery.post_slice import PostSlice


def build(post: PostSlice) -> LambdaHandler:
    def consume(body: str) -> None:
        slice_ = load_slice(body)
        record_slice(slice_.attempt, post(slice_))

    return queue_consumer(consume)


def _made() -> LambdaHandler:
    engines = Engines(PostSliceSettings())
    engines.warm(engines.valkey.warm, engines.sqs, engines.prepare_slices)
    post = PostSlice(
        timeline=engines.timeline, gateway=engines.gateway, frames=engines.frames, settle=engines.settle_posts
    )
    return build(post)


lambda_handler = lazily(_made)
