"""Consumer of the queue of files: keeps what messages show, discards what they have ceased to show."""

from collections.abc import Callable

from natter.bootstrap import settle_files as bootstrap
from natter.domain.attachments import UnsettledFiles
from natter.entrypoints.lazily import LambdaHandler, lazily
from natter.entrypoints.queue import queue_consumer
from natter.records.attachments import load_unsettled
from natter.settings import SettleFilesSettings


def build(settle: Callable[[UnsettledFiles], None]) -> LambdaHandler:
    return queue_consumer(lambda body: settle(load_unsettled(body)))


lambda_handler = lazily(lambda: build(bootstrap.settle_files(SettleFilesSettings())))
