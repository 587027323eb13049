"""Consumer of the queue of slices: posts events to some connections, again where that has failed."""

from natter.bootstrap import post_slice as bootstrap
from natter.entrypoints.lazily import LambdaHandler, lazily
from natter.entrypoints.queue import queue_consumer
from natter.records.delivery import load_slice
from natter.settings import PostSliceSettings
from natter.telemetry import record_slice
from natter.usecases.delivery.post_slice import PostSlice


def build(post: PostSlice) -> LambdaHandler:
    def consume(body: str) -> None:
        slice_ = load_slice(body)
        record_slice(slice_.attempt, post(slice_))

    return queue_consumer(consume)


lambda_handler = lazily(lambda: build(bootstrap.post_slice(PostSliceSettings())))
